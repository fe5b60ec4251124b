-- A label holds until the next one of its type, the last one until the machine's last data.
SELECT
    label.machine_id,
    label.event_type,
    label.event_code,
    label.ts AS started_at,
    coalesce(
        lead(label.ts) OVER (PARTITION BY label.machine_id, label.event_type ORDER BY label.ts),
        greatest(fresh.last_data_at, label.ts)
    ) AS ended_at
FROM {{ ref('stg_raw__machine_events') }} AS label
LEFT JOIN {{ ref('rpt_freshness') }} AS fresh USING (machine_id)
WHERE label.event_type NOT IN ('state', 'run_started', 'run_ended')
