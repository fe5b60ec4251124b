-- The Overview page. site_code NULL: all sites; line_id NULL: all lines. Reads marts and ref only.

-- name: plant
-- Lines of the plant with the number of their machines.
SELECT
    site_code, site_name, time_zone, line_id, line_name, area_name, count(*) AS machine_count
FROM marts.dim_machines
GROUP BY site_code, site_name, time_zone, line_id, line_name, area_name
ORDER BY site_name, area_name, line_name, line_id

-- name: machines_now
-- Each machine's state now and the OEE of its shift in progress.
SELECT
    machine.machine_id, machine.machine_code, machine.machine_name, machine.machine_type,
    machine.line_id, machine.line_name, machine.area_name, machine.site_code, machine.site_name, machine.time_zone,
    coalesce(state.state_code, 'unknown') AS state_code, state_kind.name AS state_name, state_kind.color,
    state.started_at AS since, extract(epoch FROM now() - state.started_at)::float8 AS state_for_s,
    reason.name AS reason_name, state.last_signal_at, state.product_name,
    oee.oee_ratio, oee.availability_ratio, oee.performance_ratio, oee.quality_ratio, oee.total_count, oee.good_count,
    CASE oee.oee_null_reason
        WHEN 'no_data' THEN 'no signal in this shift'
        WHEN 'no_planned_time' THEN 'no planned time in this shift'
        WHEN 'no_production_time' THEN 'did not produce in this shift'
        WHEN 'no_production' THEN 'nothing was counted in this shift'
        WHEN 'no_ideal_cycle' THEN 'no ideal cycle time for its product'
        WHEN 'no_counter' THEN 'it sends no counter of parts'
        WHEN 'no_good_counter' THEN 'it sends no counter of good parts'
    END AS oee_note
FROM marts.dim_machines AS machine
LEFT JOIN marts.rpt_machine_states_now AS state USING (machine_id)
JOIN ref.machine_states AS state_kind ON state_kind.state_code = coalesce(state.state_code, 'unknown')
LEFT JOIN ref.reason_codes AS reason ON reason.reason_code = state.reason_code
LEFT JOIN marts.fct_oee_by_shift AS oee
    ON oee.machine_id = machine.machine_id AND oee.started_at <= now() AND oee.ended_at > now()
WHERE (%(site_code)s::text IS NULL OR machine.site_code = %(site_code)s)
    AND (%(line_id)s::integer IS NULL OR machine.line_id = %(line_id)s)
ORDER BY machine.site_name, machine.area_name, machine.line_name, machine.line_id, machine.position_in_line NULLS LAST,
    machine.machine_code

-- name: states_now
-- How many machines are in each state now.
SELECT state_kind.name AS state_name, state_kind.color, count(*) AS machine_count
FROM marts.dim_machines AS machine
LEFT JOIN marts.rpt_machine_states_now AS state USING (machine_id)
JOIN ref.machine_states AS state_kind ON state_kind.state_code = coalesce(state.state_code, 'unknown')
WHERE (%(site_code)s::text IS NULL OR machine.site_code = %(site_code)s)
    AND (%(line_id)s::integer IS NULL OR machine.line_id = %(line_id)s)
GROUP BY state_kind.state_code, state_kind.name, state_kind.color
ORDER BY machine_count DESC, state_name

-- name: oee_now
-- OEE of the shifts in progress: the whole selection first (line_id NULL), then each of its lines.
SELECT
    NULL::integer AS line_id, availability_ratio, performance_ratio, quality_ratio, oee_ratio, good_count, total_count, machine_count
FROM marts.rpt_oee_now
WHERE line_id IS NOT DISTINCT FROM %(line_id)s::integer
    AND (%(line_id)s::integer IS NOT NULL OR site_code IS NOT DISTINCT FROM %(site_code)s::text)
UNION ALL
SELECT line_id, availability_ratio, performance_ratio, quality_ratio, oee_ratio, good_count, total_count, machine_count
FROM marts.rpt_oee_now
WHERE line_id IS NOT NULL
    AND (%(site_code)s::text IS NULL OR site_code = %(site_code)s)
    AND (%(line_id)s::integer IS NULL OR line_id = %(line_id)s)
ORDER BY line_id NULLS FIRST

-- name: last_shifts
-- OEE by machine over the last seven ended shifts of its site, oldest first.
WITH ended AS (
    SELECT
        site_id, shift_id, started_at, ended_at,
        row_number() OVER (PARTITION BY site_id ORDER BY ended_at DESC) AS place
    FROM ref.shift_calendar
    WHERE ended_at <= now() AND ended_at > now() - INTERVAL '14 days'
)

SELECT
    machine.machine_id, ended.started_at, calendar.production_date || ' ' || calendar.shift_code AS shift_label,
    shift.oee_ratio,
    CASE shift.oee_null_reason
        WHEN 'no_data' THEN 'no signal in this shift'
        WHEN 'no_planned_time' THEN 'no planned time in this shift'
        WHEN 'no_production_time' THEN 'did not produce in this shift'
        WHEN 'no_production' THEN 'nothing was counted in this shift'
        WHEN 'no_ideal_cycle' THEN 'no ideal cycle time for its product'
        WHEN 'no_counter' THEN 'it sends no counter of parts'
        WHEN 'no_good_counter' THEN 'it sends no counter of good parts'
        ELSE CASE WHEN shift.shift_id IS NULL THEN 'no OEE computed' END
    END AS oee_note
FROM ended
JOIN ref.shift_calendar AS calendar USING (shift_id)
JOIN marts.dim_machines AS machine ON machine.site_id = ended.site_id
LEFT JOIN marts.fct_oee_by_shift AS shift
    ON shift.machine_id = machine.machine_id AND shift.shift_id = ended.shift_id
WHERE ended.place <= 7
    AND (%(site_code)s::text IS NULL OR machine.site_code = %(site_code)s)
    AND (%(line_id)s::integer IS NULL OR machine.line_id = %(line_id)s)
ORDER BY machine.machine_id, ended.started_at

-- name: downtime_reasons
-- Unplanned stops since the start of the seventh last shift, by reason, longest first.
WITH since AS (
    SELECT site_id, min(started_at) AS started_at
    FROM (
        SELECT site_id, started_at, row_number() OVER (PARTITION BY site_id ORDER BY ended_at DESC) AS place
        FROM ref.shift_calendar
        WHERE ended_at <= now() AND ended_at > now() - INTERVAL '14 days'
    ) AS ended
    WHERE place <= 7
    GROUP BY site_id
),

by_reason AS (
    SELECT
        coalesce(reason.name, 'No reason given') AS reason_name,
        sum(stop.duration_s) / 60 AS downtime_min,
        count(*) AS stop_count
    FROM marts.dim_machines AS machine
    JOIN since USING (site_id)
    JOIN marts.fct_downtime_events AS stop ON stop.machine_id = machine.machine_id AND stop.started_at >= since.started_at AND stop.time_class = 'delay'
    LEFT JOIN ref.reason_codes AS reason USING (reason_code)
    WHERE (%(site_code)s::text IS NULL OR machine.site_code = %(site_code)s)
        AND (%(line_id)s::integer IS NULL OR machine.line_id = %(line_id)s)
    GROUP BY 1
)

SELECT
    reason_name, downtime_min, stop_count,
    downtime_min / nullif(sum(downtime_min) OVER (), 0) AS share_ratio,
    sum(downtime_min) OVER (ORDER BY downtime_min DESC, reason_name) / nullif(sum(downtime_min) OVER (), 0) AS cumulative_ratio
FROM by_reason
ORDER BY downtime_min DESC, reason_name
