{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ replace_touched_shifts() }}",
    indexes=[{'columns': ['machine_id', 'started_at']}, {'columns': ['started_at']}, {'columns': ['shift_id', 'machine_id']}]) }}
-- The pre-hook deletes by these. depends_on: {{ ref('int_oee__shifts_touched') }}
-- depends_on: {{ ref('stg_ref__shifts') }}
SELECT
    interval.machine_id,
    interval.shift_id,
    interval.started_at,
    interval.ended_at,
    extract(epoch FROM interval.ended_at - interval.started_at)::double precision AS duration_s,
    interval.state_code,
    interval.reason_code,
    coalesce(reason.reason_name, state.state_name) AS reason_name,
    interval.time_class,
    reason.six_big_loss,
    interval.is_continuation,
    -- one that may be longer than seen here is none: it began before the shift, or still lasts where the shift or build ends
    interval.time_class = 'delay' AND NOT interval.is_continuation AND interval.ended_at < touched.observed_until
    AND interval.ended_at - interval.started_at < touched.minor_stop_limit_s * INTERVAL '1 second' AS is_minor_stop,
    interval.ended_at = touched.observed_until AND touched.observed_until < touched.ended_at AS is_open
FROM {{ ref('int_states__intervals_classified') }} AS interval
JOIN {{ ref('int_oee__shifts_touched') }} AS touched USING (machine_id, shift_id)
LEFT JOIN {{ ref('stg_ref__machine_states') }} AS state USING (state_code)
LEFT JOIN {{ ref('stg_ref__reason_codes') }} AS reason USING (reason_code)
WHERE interval.time_class <> 'production'
