SELECT sensor_id, ts, value, quality
FROM {{ ref('stg_raw__sensor_readings') }}
