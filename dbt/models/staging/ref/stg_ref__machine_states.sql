SELECT
    state_code,
    name AS state_name,
    time_class,
    color AS state_color
FROM {{ source('ref', 'machine_states') }}
