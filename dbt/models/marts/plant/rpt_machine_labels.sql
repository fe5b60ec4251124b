-- A label that comes with every row of a file ends when the rows stop; one that was given once holds until the next.
WITH labels AS (
    SELECT
        label.machine_id,
        label.event_type,
        label.event_code,
        label.ts,
        machine.silence_timeout_s * INTERVAL '1 second' AS silence_timeout,
        lag(label.ts) OVER in_order AS previous_ts,
        lead(label.ts) OVER in_order AS next_ts
    FROM {{ ref('stg_raw__machine_events') }} AS label
    JOIN {{ ref('stg_ref__machines') }} AS machine USING (machine_id)
    WHERE label.event_type NOT IN ('state', 'run_started', 'run_ended')
    WINDOW in_order AS (PARTITION BY label.machine_id, label.event_type ORDER BY label.ts)
),

spans AS (
    SELECT
        machine_id,
        event_type,
        event_code,
        ts AS started_at,
        CASE
            WHEN next_ts - ts <= silence_timeout THEN next_ts
            WHEN ts - previous_ts <= silence_timeout THEN ts
            ELSE coalesce(next_ts, greatest(fresh.last_data_at, ts))
        END AS ended_at
    FROM labels
    LEFT JOIN {{ ref('rpt_freshness') }} AS fresh USING (machine_id)
),

islands AS (
    SELECT
        *,
        count(*) FILTER (WHERE is_first) OVER (PARTITION BY machine_id, event_type ORDER BY started_at) AS island
    FROM (
        SELECT
            *,
            (lag(ended_at) OVER in_order, lag(event_code) OVER in_order) IS DISTINCT FROM (started_at, event_code) AS is_first
        FROM spans
        WINDOW in_order AS (PARTITION BY machine_id, event_type ORDER BY started_at)
    ) AS marked
)

SELECT machine_id, event_type, min(event_code) AS event_code, min(started_at) AS started_at, max(ended_at) AS ended_at
FROM islands
GROUP BY machine_id, event_type, island
