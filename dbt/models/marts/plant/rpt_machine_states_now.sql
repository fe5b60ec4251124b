-- A view, so that it is never older than the question. One index probe per machine and source.
SELECT
    machine.machine_id,
    CASE WHEN life.is_silent THEN 'unknown' ELSE coalesce(event.event_code, state.state_code, 'unknown') END AS state_code,
    CASE WHEN life.is_silent THEN life.silent_from ELSE coalesce(event_since.ts, state_since.ts) END AS started_at,
    CASE WHEN NOT life.is_silent THEN CASE WHEN event.ts IS NULL THEN state.reason_code ELSE event.reason_code END END AS reason_code,
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
    -- the same state reported again is one state: it began with the first report after the last other one
    SELECT min(candidate.ts) AS ts FROM {{ ref('stg_raw__machine_events') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.event_type = 'state' AND candidate.ts <= event.ts
        AND candidate.ts > coalesce((
            SELECT other.ts FROM {{ ref('stg_raw__machine_events') }} AS other
            WHERE other.machine_id = machine.machine_id AND other.event_type = 'state' AND other.ts < event.ts
                AND (other.event_code, other.reason_code) IS DISTINCT FROM (event.event_code, event.reason_code)
            ORDER BY other.ts DESC LIMIT 1
        ), '-infinity')
) AS event_since ON true
LEFT JOIN LATERAL (
    SELECT ts FROM {{ ref('stg_raw__machine_samples') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.ts <= now()
    ORDER BY ts DESC LIMIT 1
) AS sample ON true
LEFT JOIN LATERAL (
    -- only where there are no events do samples tell the state, and how long within the last day
    SELECT ts, state_code, reason_code FROM {{ ref('stg_raw__machine_samples') }} AS candidate
    WHERE event.ts IS NULL AND candidate.machine_id = machine.machine_id AND candidate.state_code IS NOT NULL
        AND candidate.ts <= now() AND candidate.ts > now() - INTERVAL '1 day'
    ORDER BY ts DESC LIMIT 1
) AS state ON true
LEFT JOIN LATERAL (
    SELECT min(candidate.ts) AS ts FROM {{ ref('stg_raw__machine_samples') }} AS candidate
    WHERE event.ts IS NULL AND candidate.machine_id = machine.machine_id AND candidate.state_code IS NOT NULL
        AND candidate.ts <= state.ts
        AND candidate.ts > coalesce((
            SELECT other.ts FROM {{ ref('stg_raw__machine_samples') }} AS other
            WHERE other.machine_id = machine.machine_id AND other.state_code IS NOT NULL
                AND other.ts < state.ts AND other.ts > now() - INTERVAL '1 day'
                AND (other.state_code, other.reason_code) IS DISTINCT FROM (state.state_code, state.reason_code)
            ORDER BY other.ts DESC LIMIT 1
        ), now() - INTERVAL '1 day')
) AS state_since ON true
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
