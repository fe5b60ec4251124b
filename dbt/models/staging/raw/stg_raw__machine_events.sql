SELECT
    machine_id,
    ts,
    received_at,
    event_type,
    event_code,
    reason_code,
    payload
FROM {{ source('raw', 'machine_events') }}
