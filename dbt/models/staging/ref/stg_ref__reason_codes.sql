SELECT
    reason_code,
    parent_reason_code,
    name AS reason_name,
    time_class AS reason_time_class,
    six_big_loss
FROM {{ source('ref', 'reason_codes') }}
