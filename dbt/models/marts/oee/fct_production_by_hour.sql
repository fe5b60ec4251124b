{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ replace_touched_shifts() }}",
    indexes=[{'columns': ['machine_id', 'hour_at']}, {'columns': ['shift_id', 'machine_id']}]) }}
-- The pre-hook deletes by these. depends_on: {{ ref('int_oee__shifts_touched') }}
-- depends_on: {{ ref('stg_ref__shifts') }}
SELECT
    machine_id,
    shift_id,
    hour_at,
    product_id,
    sum(total_count)::bigint AS total_count,
    sum(good_count)::bigint AS good_count,
    sum(scrap_count)::bigint AS scrap_count,
    sum(rework_count)::bigint AS rework_count,
    -- numeric: the sum must not hang on the order of the rows
    CASE
        WHEN count(*) FILTER (WHERE ideal_cycle_s IS NULL AND total_count > 0) = 0
            THEN coalesce(sum(total_count * ideal_cycle_s::numeric), 0)
    END::double precision AS ideal_time_s
FROM {{ ref('int_production__increments') }}
GROUP BY machine_id, shift_id, hour_at, product_id
