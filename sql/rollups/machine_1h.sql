-- Samples of machines by hour, from minutes.
SELECT rollup.define(
    p_name => 'machine_1h',
    p_source => 'agg.machine_1m',
    p_key_column => 'machine_id',
    p_bucket_width => INTERVAL '1 hour',
    p_chunk_interval => INTERVAL '1 year',
    p_refresh_lag => INTERVAL '1 minute',
    p_refresh_window => INTERVAL '14 days',
    p_retain_for => NULL,
    p_compress_after => INTERVAL '2 years',
    p_comment => 'Machine samples by hour (UTC). Grain: machine, hour that has samples.',
    p_query => $query$
        SELECT q.machine_id, time_bucket(INTERVAL '1 hour', q.bucket_at) AS bucket_at,
               sum(q.sample_count)::bigint AS sample_count,
               sum(q.running_count)::bigint AS running_count,
               last(q.state_last, q.bucket_at) FILTER (WHERE q.state_last IS NOT NULL) AS state_last,
               first(q.total_count_first, q.bucket_at) FILTER (WHERE q.total_count_first IS NOT NULL) AS total_count_first,
               last(q.total_count_last, q.bucket_at) FILTER (WHERE q.total_count_last IS NOT NULL) AS total_count_last,
               first(q.good_count_first, q.bucket_at) FILTER (WHERE q.good_count_first IS NOT NULL) AS good_count_first,
               last(q.good_count_last, q.bucket_at) FILTER (WHERE q.good_count_last IS NOT NULL) AS good_count_last,
               sum(q.cycle_time_sum_s) AS cycle_time_sum_s,
               sum(q.cycle_time_count)::bigint AS cycle_time_count,
               sum(q.power_sum_kw) AS power_sum_kw,
               sum(q.power_count)::bigint AS power_count,
               max(q.power_max_kw) AS power_max_kw
        FROM agg.machine_1m AS q
        WHERE {window(q.bucket_at)}
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
