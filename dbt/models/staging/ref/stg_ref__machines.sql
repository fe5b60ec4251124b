SELECT
    machine_id,
    line_id,
    machine_code,
    name AS machine_name,
    machine_type,
    manufacturer,
    model,
    installation_date,
    parent_machine_id,
    position_in_line,
    minor_stop_limit_s,
    silence_timeout_s
FROM {{ source('ref', 'machines') }}
