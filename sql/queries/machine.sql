-- The Machine page. Windows are [starts_at, ends_at). Reads marts, agg and ref only.

-- name: machines
SELECT machine_id, machine_name, machine_code, machine_type, line_name, area_name, site_name, site_code, time_zone
FROM marts.dim_machines
ORDER BY site_name, area_name, line_name, position_in_line NULLS LAST, machine_code

-- name: machine_now
-- State now, last data, and why there is no OEE where there is none.
SELECT
    machine.machine_id, state_kind.name AS state_name, state_kind.color, state.started_at AS since,
    extract(epoch FROM now() - state.started_at)::float8 AS state_for_s,
    reason.name AS reason_name, state.product_name,
    fresh.last_data_at, fresh.last_data_at > now() - INTERVAL '1 hour' AS is_current,
    CASE
        WHEN NOT EXISTS (SELECT FROM ref.shift_calendar AS shift WHERE shift.site_id = machine.site_id)
            THEN 'its site has no shift calendar (ref.shift_calendar), so there is no planned time to compare with'
        WHEN NOT EXISTS (SELECT FROM ref.product_rates AS rate WHERE rate.machine_id = machine.machine_id)
            THEN 'it has no ideal cycle time (ref.product_rates), so there is no plan to compare with'
        WHEN state.state_code IS NULL THEN 'it never reported a state'
    END AS no_oee_because
FROM marts.dim_machines AS machine
LEFT JOIN marts.rpt_machine_states_now AS state USING (machine_id)
JOIN ref.machine_states AS state_kind ON state_kind.state_code = coalesce(state.state_code, 'unknown')
LEFT JOIN ref.reason_codes AS reason ON reason.reason_code = state.reason_code
LEFT JOIN marts.rpt_freshness AS fresh USING (machine_id)
WHERE machine.machine_id = %(machine_id)s

-- name: sensors
SELECT
    sensor_id, tag, name, kind, unit, sampling_interval_s, low_critical, low_warning, high_warning, high_critical
FROM ref.sensors
WHERE machine_id = %(machine_id)s
ORDER BY sensor_id

-- name: states
-- State intervals clipped to the window.
SELECT
    greatest(state.started_at, %(starts_at)s) AS started_at,
    least(coalesce(state.ended_at, now()), %(ends_at)s) AS ended_at,
    extract(epoch FROM coalesce(state.ended_at, now()) - state.started_at)::float8 AS duration_s,
    state.state_code, state_kind.name AS state_name, state_kind.color, reason.name AS reason_name
FROM marts.fct_state_intervals AS state
JOIN ref.machine_states AS state_kind USING (state_code)
LEFT JOIN ref.reason_codes AS reason USING (reason_code)
WHERE state.machine_id = %(machine_id)s
    AND state.started_at < %(ends_at)s AND coalesce(state.ended_at, now()) > %(starts_at)s
ORDER BY state.started_at

-- name: shifts
-- OEE by shift: all of the window, and at least the last 21 shifts before its end.
SELECT *
FROM (
    SELECT
        shift_id, started_at, ended_at, production_date || ' ' || shift_code AS shift_label, is_open,
        oee_ratio, availability_ratio, performance_ratio, quality_ratio, total_count, good_count,
        pbt_s, apt_s, adet_s,
        CASE oee_null_reason
            WHEN 'no_data' THEN 'no signal in this shift'
            WHEN 'no_planned_time' THEN 'no planned time in this shift'
            WHEN 'no_production_time' THEN 'did not produce in this shift'
            WHEN 'no_production' THEN 'nothing was counted in this shift'
            WHEN 'no_ideal_cycle' THEN 'no ideal cycle time for its product'
            WHEN 'no_counter' THEN 'it sends no counter of parts'
            WHEN 'no_good_counter' THEN 'it sends no counter of good parts'
        END AS oee_note,
        row_number() OVER (ORDER BY started_at DESC) AS place
    FROM marts.fct_oee_by_shift
    WHERE machine_id = %(machine_id)s AND started_at < %(ends_at)s
        AND started_at > least(%(starts_at)s::timestamptz, %(ends_at)s::timestamptz - INTERVAL '14 days') - INTERVAL '1 day'
) AS shift
WHERE place <= 21 OR ended_at > %(starts_at)s
ORDER BY started_at

-- name: labels
SELECT event_type, event_code, started_at, ended_at
FROM marts.rpt_machine_labels
WHERE machine_id = %(machine_id)s AND started_at < %(ends_at)s AND ended_at >= %(starts_at)s
ORDER BY started_at

-- name: sensor_readings
SELECT sensor_id, ts AS bucket_at, value AS value_mean, value AS value_min, value AS value_max
FROM marts.fct_sensor_readings
WHERE sensor_id = ANY (%(sensor_ids)s) AND ts >= %(starts_at)s AND ts < %(ends_at)s
ORDER BY sensor_id, ts

-- name: sensor_1m
SELECT sensor_id, bucket_at, reading_count, value_mean, value_min, value_max
FROM agg.sensor_1m
WHERE sensor_id = ANY (%(sensor_ids)s) AND bucket_at >= %(starts_at)s AND bucket_at < %(ends_at)s
ORDER BY sensor_id, bucket_at

-- name: sensor_15m
SELECT sensor_id, bucket_at, reading_count, value_mean, value_min, value_max
FROM agg.sensor_15m
WHERE sensor_id = ANY (%(sensor_ids)s) AND bucket_at >= %(starts_at)s AND bucket_at < %(ends_at)s
ORDER BY sensor_id, bucket_at

-- name: sensor_1h
SELECT sensor_id, bucket_at, reading_count, value_mean, value_min, value_max
FROM agg.sensor_1h
WHERE sensor_id = ANY (%(sensor_ids)s) AND bucket_at >= %(starts_at)s AND bucket_at < %(ends_at)s
ORDER BY sensor_id, bucket_at

-- name: sensor_1d
SELECT sensor_id, bucket_at, reading_count, value_mean, value_min, value_max
FROM agg.sensor_1d
WHERE sensor_id = ANY (%(sensor_ids)s) AND bucket_at >= %(starts_at)s AND bucket_at < %(ends_at)s
ORDER BY sensor_id, bucket_at
