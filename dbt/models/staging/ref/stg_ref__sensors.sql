SELECT
    sensor_id,
    machine_id,
    tag,
    name AS sensor_name,
    kind,
    unit,
    sampling_interval_s,
    low_critical,
    low_warning,
    high_warning,
    high_critical
FROM {{ source('ref', 'sensors') }}
