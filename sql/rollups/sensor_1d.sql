-- Readings by local day, from quarter hours: a day in Yangon (UTC+06:30) can not be made from UTC hours. A part per time zone of ref.sites.
SELECT rollup.define(
    p_name => 'sensor_1d',
    p_source => 'agg.sensor_15m',
    p_key_column => 'sensor_id',
    p_bucket_width => INTERVAL '1 day',
    p_is_per_time_zone => true,
    p_chunk_interval => INTERVAL '1 year',
    p_refresh_lag => INTERVAL '1 minute',
    p_refresh_window => INTERVAL '30 days',
    p_retain_for => NULL,
    p_compress_after => INTERVAL '2 years',
    p_comment => 'Sensor readings by local day of the site. Grain: sensor, day that has usable readings; bucket_at is local midnight, days at a clock change last 23 or 25 hours.',
    p_query => $query$
        SELECT q.sensor_id, time_bucket(INTERVAL '1 day', q.bucket_at, {time_zone}) AS bucket_at,
               sum(q.reading_count)::bigint AS reading_count,
               (rollup.merge_stats(ARRAY[q.reading_count, q.value_sum, q.value_m2]))[2] AS value_sum,
               (rollup.merge_stats(ARRAY[q.reading_count, q.value_sum, q.value_m2]))[3] AS value_m2,
               min(q.value_min) AS value_min,
               max(q.value_max) AS value_max,
               first(q.value_first, q.bucket_at) AS value_first,
               last(q.value_last, q.bucket_at) AS value_last,
               sum(q.warning_count)::bigint AS warning_count,
               sum(q.critical_count)::bigint AS critical_count
        FROM agg.sensor_15m AS q
        JOIN ref.sensors AS s ON s.sensor_id = q.sensor_id
        JOIN ref.machines AS m ON m.machine_id = s.machine_id
        JOIN ref.lines AS l ON l.line_id = m.line_id
        JOIN ref.areas AS a ON a.area_id = l.area_id
        JOIN ref.sites AS t ON t.site_id = a.site_id
        WHERE t.time_zone = {time_zone} AND {window(q.bucket_at)}
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
