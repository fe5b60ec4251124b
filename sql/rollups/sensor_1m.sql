-- Readings by minute. Bad readings (OPC quality below 64) are left out.
SELECT rollup.define(
    p_name => 'sensor_1m',
    p_source => 'raw.sensor_readings',
    p_key_column => 'sensor_id',
    p_bucket_width => INTERVAL '1 minute',
    p_chunk_interval => INTERVAL '7 days',
    p_refresh_lag => INTERVAL '1 minute',
    p_refresh_window => INTERVAL '6 hours',
    p_retain_for => NULL,
    p_compress_after => INTERVAL '100 days',
    p_comment => 'Sensor readings by minute (UTC). Grain: sensor, minute that has usable readings.',
    p_query => $query$
        SELECT r.sensor_id, time_bucket(INTERVAL '1 minute', r.ts) AS bucket_at,
               count(*) AS reading_count,
               sum(r.value) AS value_sum,
               var_pop(r.value) * count(*) AS value_m2,
               min(r.value) AS value_min,
               max(r.value) AS value_max,
               first(r.value, r.ts) AS value_first,
               last(r.value, r.ts) AS value_last,
               count(*) FILTER (WHERE r.value > s.high_warning OR r.value < s.low_warning) AS warning_count,
               count(*) FILTER (WHERE r.value > s.high_critical OR r.value < s.low_critical) AS critical_count
        FROM raw.sensor_readings AS r
        LEFT JOIN ref.sensors AS s ON s.sensor_id = r.sensor_id
        WHERE r.quality >= 64 AND {window(r.ts)}
        GROUP BY 1, 2
    $query$,
    p_reader => $reader$
        SELECT b.sensor_id, b.bucket_at, b.reading_count, b.value_sum / b.reading_count AS value_mean,
               b.value_min, b.value_max,
               CASE WHEN b.reading_count > 1 THEN sqrt(b.value_m2 / (b.reading_count - 1)) END AS value_stddev,
               b.value_first, b.value_last,
               b.warning_count * s.sampling_interval_s AS warning_s, b.critical_count * s.sampling_interval_s AS critical_s,
               b.warning_count, b.critical_count, b.value_sum, b.value_m2
        FROM {rollup} AS b LEFT JOIN ref.sensors AS s ON s.sensor_id = b.sensor_id
    $reader$
);
