SELECT
    production_run_id,
    machine_id,
    product_id,
    order_code,
    started_at,
    ended_at,
    planned_count,
    updated_at
FROM {{ source('ops', 'production_runs') }}
