SELECT
    machine.machine_id,
    reading.last_reading_at,
    sample.last_sample_at,
    event.last_event_at,
    greatest(reading.last_reading_at, sample.last_sample_at, event.last_event_at) AS last_data_at,
    machine.silence_timeout_s
FROM {{ ref('stg_ref__machines') }} AS machine
LEFT JOIN LATERAL (
    -- the newest of each sensor by index, not a scan of the machine's readings
    SELECT max(newest.ts) AS last_reading_at
    FROM {{ ref('stg_ref__sensors') }} AS sensor
    CROSS JOIN LATERAL (
        SELECT ts FROM {{ ref('stg_raw__sensor_readings') }} AS candidate
        WHERE candidate.sensor_id = sensor.sensor_id
        ORDER BY ts DESC LIMIT 1
    ) AS newest
    WHERE sensor.machine_id = machine.machine_id
) AS reading ON true
LEFT JOIN LATERAL (
    SELECT ts AS last_sample_at FROM {{ ref('stg_raw__machine_samples') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id ORDER BY ts DESC LIMIT 1
) AS sample ON true
LEFT JOIN LATERAL (
    SELECT ts AS last_event_at FROM {{ ref('stg_raw__machine_events') }} AS candidate
    WHERE candidate.machine_id = machine.machine_id AND candidate.event_type = 'state' ORDER BY ts DESC LIMIT 1
) AS event ON true
