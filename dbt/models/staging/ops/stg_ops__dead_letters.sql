SELECT
    dead_letter_id,
    received_at,
    source,
    topic,
    line_number,
    payload,
    reason_code,
    detail,
    replayed_at,
    replay_outcome
FROM {{ source('ops', 'dead_letters') }}
