SELECT
    product_id,
    product_code,
    name AS product_name,
    product_family,
    unit
FROM {{ source('ref', 'products') }}
