SELECT
    area_id,
    site_id,
    area_code,
    name AS area_name
FROM {{ source('ref', 'areas') }}
