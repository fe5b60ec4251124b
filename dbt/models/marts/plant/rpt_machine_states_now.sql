-- A view, so that it is never older than the question. One index probe per machine and source.
SELECT
    machine.machine_id,
    CASE WHEN life.is_silent THEN 'unknown' ELSE coalesce(event.event_code, sample.state_code, 'unknown') END AS state_code,
    CASE WHEN life.is_silent THEN life.silent_from ELSE coalesce(event.ts, sample.ts) END AS started_at,
    CASE WHEN NOT life.is_silent THEN coalesce(event.reason_code, sample.reason_code) END AS reason_code,
    life.last_signal_at,
    coalesce(life.is_silent, true) AS is_silent,
    run.order_code,
    product.product_code,
    product.product_name
FROM {{ ref('stg_ref__machines') }} AS machine
LEFT JOIN LATERAL (
    SELECT ts, event_code, reason_code FROM {{ ref('stg_raw__machine_events') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.event_type = 'state' AND candidate.ts <= now()
    ORDER BY ts DESC LIMIT 1
) AS event ON true
LEFT JOIN LATERAL (
    SELECT ts, state_code, reason_code FROM {{ ref('stg_raw__machine_samples') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.ts <= now()
    ORDER BY ts DESC LIMIT 1
) AS sample ON true
LEFT JOIN LATERAL (
    SELECT
        greatest(event.ts, sample.ts) AS last_signal_at,
        greatest(event.ts, sample.ts) + machine.silence_timeout_s * INTERVAL '1 second' AS silent_from,
        greatest(event.ts, sample.ts) + machine.silence_timeout_s * INTERVAL '1 second' < now() AS is_silent
) AS life ON true
LEFT JOIN LATERAL (
    SELECT order_code, product_id FROM {{ ref('stg_ops__production_runs') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.started_at <= now()
        AND coalesce(candidate.ended_at, 'infinity') > now()
    ORDER BY started_at DESC LIMIT 1
) AS run ON true
LEFT JOIN {{ ref('stg_ref__products') }} AS product ON product.product_id = run.product_id
