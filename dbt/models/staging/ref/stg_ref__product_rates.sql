SELECT
    product_rate_id,
    product_id,
    machine_id,
    ideal_cycle_s,
    valid_from,
    valid_to
FROM {{ source('ref', 'product_rates') }}
