-- The Data health page. Reads marts and ref only.

-- name: checks
-- Is the data to be trusted: one row per check, worst first. Status is ok, attention or problem.
WITH ingest AS (
    SELECT
        max(bucket_at) AS last_at,
        max(lag_max_s) FILTER (WHERE bucket_at > now() - INTERVAL '10 minutes') AS lag_max_s,
        sum(dead_letter_count) FILTER (WHERE bucket_at > now() - INTERVAL '1 hour') AS dead_letter_count
    FROM marts.rpt_ingest_by_minute
    WHERE bucket_at > now() - INTERVAL '7 days'
),

letters AS (SELECT count(*) AS open_count FROM marts.rpt_dead_letters),

fresh AS (
    SELECT
        count(*) AS machine_count,
        count(*) FILTER (WHERE last_data_at > now() - make_interval(secs => silence_timeout_s)) AS fresh_count
    FROM marts.rpt_freshness
),

behind AS (SELECT count(*) FILTER (WHERE behind_s > 900) AS behind_count, max(behind_s) AS behind_max_s FROM marts.rpt_rollup_status),

checks AS (
    SELECT
        1 AS place, 'Ingest' AS check_name,
        CASE WHEN last_at > now() - INTERVAL '3 minutes' THEN 'ok' WHEN last_at IS NULL THEN 'attention' ELSE 'problem' END AS status,
        coalesce('last message taken in ' || round(extract(epoch FROM now() - last_at) / 60) || ' min ago', 'nothing taken in for 7 days')
            AS finding,
        'Start it with `gemba up` or `gemba ingest`; `gemba status` shows whether it runs.' AS remedy
    FROM ingest
    UNION ALL
    SELECT
        2, 'Lag',
        CASE WHEN lag_max_s IS NULL THEN 'attention' WHEN lag_max_s <= 60 THEN 'ok' WHEN lag_max_s <= 600 THEN 'attention' ELSE 'problem' END,
        coalesce(round(lag_max_s::numeric, 1) || ' s at most in the last 10 min', 'nothing to measure it by'),
        'A machine''s clock is off, it sends what it had kept, or ingest is behind: compare machines under Freshness.'
    FROM ingest
    UNION ALL
    SELECT
        3, 'Dead letters',
        CASE WHEN open_count = 0 THEN 'ok' WHEN coalesce(dead_letter_count, 0) = 0 THEN 'attention' ELSE 'problem' END,
        open_count || ' open, ' || coalesce(dead_letter_count, 0) || ' new in the last hour',
        'Mend the cause named below, then `gemba dead-letters replay`.'
    FROM letters, ingest
    UNION ALL
    SELECT
        4, 'Machines',
        CASE WHEN fresh_count = machine_count THEN 'ok' WHEN fresh_count = 0 THEN 'problem' ELSE 'attention' END,
        fresh_count || ' of ' || machine_count || ' sent something within their time-out',
        'See Freshness below: machine off, gateway down, or wrong topic.'
    FROM fresh
    UNION ALL
    SELECT
        5, 'Rollups',
        CASE WHEN behind_max_s IS NULL THEN 'attention' WHEN behind_count = 0 THEN 'ok' ELSE 'problem' END,
        coalesce(behind_count || ' more than 15 min behind', 'never refreshed'),
        'Dagster refreshes them every minute: see its rollup policies job.'
    FROM behind
)

SELECT check_name, status, finding, CASE WHEN status <> 'ok' THEN remedy END AS remedy
FROM checks
ORDER BY array_position(ARRAY['problem', 'attention', 'ok'], status), place

-- name: ingest_by_minute
-- Rates of the last %(minutes)s minutes, all processes together; minutes without a message are zeros.
SELECT
    minute AS bucket_at,
    coalesce(sum(message_count), 0) / 60.0 AS messages_per_s,
    coalesce(sum(stored_count), 0) / 60.0 AS rows_per_s,
    coalesce(sum(duplicate_count), 0) AS duplicate_count,
    coalesce(sum(dead_letter_count), 0) AS dead_letter_count,
    max(lag_max_s) AS lag_max_s
FROM generate_series(
    date_trunc('minute', now()) - make_interval(mins => %(minutes)s), date_trunc('minute', now()), INTERVAL '1 minute'
) AS minute
LEFT JOIN marts.rpt_ingest_by_minute AS stats ON stats.bucket_at = minute
WHERE EXISTS (
    SELECT FROM marts.rpt_ingest_by_minute WHERE bucket_at > now() - make_interval(mins => %(minutes)s)
)
GROUP BY minute
ORDER BY minute

-- name: dead_letter_reasons
-- Open dead letters by reason, most first, with what mends each.
SELECT
    reason_code, count(*) AS letter_count, min(received_at) AS first_received_at, max(received_at) AS last_received_at,
    CASE reason_code
        WHEN 'unknown_machine' THEN 'Add the machine to ref.machines or mend the topic, then replay.'
        WHEN 'unknown_tag' THEN 'Add the tag to ref.sensors or mend its name at the source, then replay.'
        WHEN 'undecodable' THEN 'The payload is not JSON in UTF-8: mend the sender.'
        WHEN 'not_a_number' THEN 'A value is not a finite number: mend the sender or the sensor.'
        WHEN 'bad_timestamp' THEN 'The time is missing or far off: set the sender''s clock.'
        WHEN 'too_large' THEN 'The message is over the limit: let the sender split it.'
        WHEN 'good_above_total' THEN 'Good parts exceed the total: mend the counters in the PLC.'
        WHEN 'conflict' THEN 'The same reading came with another value; the first stands. Decide, then replay or discard.'
        ELSE 'See the detail of the latest ones.'
    END AS remedy
FROM marts.rpt_dead_letters
GROUP BY reason_code
ORDER BY letter_count DESC, reason_code

-- name: dead_letters_latest
SELECT received_at, source, topic, line_number, reason_code, detail, payload_text
FROM marts.rpt_dead_letters
ORDER BY received_at DESC
LIMIT 50

-- name: freshness
-- Age of each machine's last data against its own time-out, stalest first.
SELECT
    machine.machine_id, machine.machine_name, machine.line_name, fresh.last_data_at,
    extract(epoch FROM now() - fresh.last_data_at)::float8 AS age_s,
    CASE
        WHEN fresh.last_data_at > now() - make_interval(secs => fresh.silence_timeout_s) THEN 'ok'
        WHEN fresh.last_data_at IS NULL OR fresh.last_data_at < now() - INTERVAL '1 day' THEN 'attention'
        ELSE 'problem'
    END AS status,
    CASE
        WHEN fresh.last_data_at IS NULL THEN 'Never sent anything: check its topic, or import its data.'
        WHEN fresh.last_data_at < now() - INTERVAL '1 day' THEN 'Silent for more than a day: retired, imported, or its gateway is gone.'
        WHEN fresh.last_data_at <= now() - make_interval(secs => fresh.silence_timeout_s)
            THEN 'Silent beyond its time-out: machine off, gateway or network down.'
    END AS remedy
FROM marts.dim_machines AS machine
JOIN marts.rpt_freshness AS fresh USING (machine_id)
ORDER BY fresh.last_data_at NULLS FIRST, machine.machine_name

-- name: rollups
SELECT
    rollup_name, materialized_until, behind_s, pending_count,
    CASE WHEN behind_s IS NULL THEN 'attention' WHEN behind_s <= 900 THEN 'ok' ELSE 'problem' END AS status
FROM marts.rpt_rollup_status
ORDER BY rollup_name
