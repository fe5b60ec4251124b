SELECT
    sensor_id,
    ts,
    value,
    quality
FROM {{ source('raw', 'sensor_readings') }}
