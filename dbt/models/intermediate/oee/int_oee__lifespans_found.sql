-- The first sign of life of each machine. Before it there is nothing to account for.
SELECT
    machine.machine_id,
    least(first_event.ts, first_sample.ts) AS first_signal_at
FROM {{ ref('stg_ref__machines') }} AS machine
LEFT JOIN LATERAL (
    SELECT ts FROM {{ ref('stg_raw__machine_events') }} AS event
    WHERE event.machine_id = machine.machine_id AND event.event_type = 'state'
    ORDER BY ts LIMIT 1
) AS first_event ON true
LEFT JOIN LATERAL (
    SELECT ts FROM {{ ref('stg_raw__machine_samples') }} AS sample
    WHERE sample.machine_id = machine.machine_id
    ORDER BY ts LIMIT 1
) AS first_sample ON true
WHERE coalesce(first_event.ts, first_sample.ts) IS NOT NULL
