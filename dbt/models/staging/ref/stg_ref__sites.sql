SELECT
    site_id,
    site_code,
    name AS site_name,
    country_code,
    time_zone,
    currency_code,
    changeover_counts_as
FROM {{ source('ref', 'sites') }}
