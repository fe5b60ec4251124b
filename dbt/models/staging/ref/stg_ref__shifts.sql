SELECT
    shift_id,
    site_id,
    shift_code,
    production_date,
    started_at,
    ended_at
FROM {{ source('ref', 'shift_calendar') }}
