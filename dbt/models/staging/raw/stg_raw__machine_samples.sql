SELECT
    machine_id,
    ts,
    received_at,
    state_code,
    reason_code,
    total_count,
    good_count,
    scrap_count,
    rework_count,
    cycle_time_s,
    power_kw
FROM {{ source('raw', 'machine_samples') }}
