-- Samples of machines by minute.
SELECT rollup.define(
    p_name => 'machine_1m',
    p_source => 'raw.machine_samples',
    p_key_column => 'machine_id',
    p_bucket_width => INTERVAL '1 minute',
    p_chunk_interval => INTERVAL '30 days',
    p_refresh_lag => INTERVAL '1 minute',
    p_refresh_window => INTERVAL '2 days',
    p_retain_for => NULL,
    p_compress_after => INTERVAL '16 months',
    p_comment => 'Machine samples by minute (UTC). Grain: machine, minute that has samples.',
    p_query => $query$
        SELECT r.machine_id, time_bucket(INTERVAL '1 minute', r.ts) AS bucket_at,
               count(*) AS sample_count,
               count(*) FILTER (WHERE r.state_code = 'running') AS running_count,
               last(r.state_code, r.ts) FILTER (WHERE r.state_code IS NOT NULL) AS state_last,
               first(r.total_count, r.ts) FILTER (WHERE r.total_count IS NOT NULL) AS total_count_first,
               last(r.total_count, r.ts) FILTER (WHERE r.total_count IS NOT NULL) AS total_count_last,
               first(r.good_count, r.ts) FILTER (WHERE r.good_count IS NOT NULL) AS good_count_first,
               last(r.good_count, r.ts) FILTER (WHERE r.good_count IS NOT NULL) AS good_count_last,
               sum(r.cycle_time_s) AS cycle_time_sum_s,
               count(r.cycle_time_s) AS cycle_time_count,
               sum(r.power_kw) AS power_sum_kw,
               count(r.power_kw) AS power_count,
               max(r.power_kw) AS power_max_kw
        FROM raw.machine_samples AS r
        WHERE {window(r.ts)}
        GROUP BY 1, 2
    $query$,
    p_reader => $reader$
        SELECT b.machine_id, b.bucket_at, b.sample_count, b.running_count, b.state_last,
               b.total_count_first, b.total_count_last, b.good_count_first, b.good_count_last,
               b.cycle_time_sum_s / nullif(b.cycle_time_count, 0) AS cycle_time_mean_s,
               b.power_sum_kw / nullif(b.power_count, 0) AS power_mean_kw, b.power_max_kw,
               b.cycle_time_sum_s, b.cycle_time_count, b.power_sum_kw, b.power_count
        FROM {rollup} AS b
    $reader$
);
