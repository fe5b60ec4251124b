{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ replace_touched_shifts() }}",
    indexes=[{'columns': ['machine_id', 'started_at']}, {'columns': ['shift_id', 'machine_id']}]) }}
-- The pre-hook deletes by these. depends_on: {{ ref('int_oee__shifts_touched') }}
-- depends_on: {{ ref('stg_ref__shifts') }}
SELECT
    machine_id,
    shift_id,
    started_at,
    ended_at,
    state_code,
    reason_code,
    time_class,
    extract(epoch FROM ended_at - started_at)::double precision AS duration_s,
    is_continuation
FROM {{ ref('int_states__intervals_classified') }}
