SELECT
    line_id,
    area_id,
    line_code,
    name AS line_name
FROM {{ source('ref', 'lines') }}
