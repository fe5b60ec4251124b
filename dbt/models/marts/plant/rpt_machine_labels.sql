-- A label comes with every labelled row of a file; equal neighbours are one interval. It holds until the next other value of
-- its type, the last one until the machine's last data.
WITH marked AS (
    SELECT
        machine_id,
        event_type,
        event_code,
        ts,
        event_code IS DISTINCT FROM lag(event_code) OVER (PARTITION BY machine_id, event_type ORDER BY ts) AS is_change
    FROM {{ ref('stg_raw__machine_events') }}
    WHERE event_type NOT IN ('state', 'run_started', 'run_ended')
)

SELECT
    label.machine_id,
    label.event_type,
    label.event_code,
    label.ts AS started_at,
    coalesce(
        lead(label.ts) OVER (PARTITION BY label.machine_id, label.event_type ORDER BY label.ts),
        greatest(fresh.last_data_at, label.ts)
    ) AS ended_at
FROM marked AS label
LEFT JOIN {{ ref('rpt_freshness') }} AS fresh USING (machine_id)
WHERE label.is_change
