SELECT
    dead_letter_id,
    received_at,
    source,
    topic,
    line_number,
    reason_code,
    detail,
    -- what can be shown of the bytes: printable ASCII, the rest as \nnn
    left(encode(substring(payload FROM 1 FOR 200), 'escape'), 200) AS payload_text,
    octet_length(payload) AS payload_bytes
FROM {{ ref('stg_ops__dead_letters') }}
WHERE replayed_at IS NULL
