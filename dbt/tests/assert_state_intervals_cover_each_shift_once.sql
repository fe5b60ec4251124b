-- The classes of time of a shift add up to its calendar time, and no two intervals overlap.
SELECT shift.machine_id, shift.shift_id, shift.calendar_s, sum(interval.duration_s) AS covered_s
FROM {{ ref('fct_oee_by_shift') }} AS shift
LEFT JOIN {{ ref('fct_state_intervals') }} AS interval USING (machine_id, shift_id)
GROUP BY shift.machine_id, shift.shift_id, shift.calendar_s
HAVING
    abs(sum(interval.duration_s) - shift.calendar_s) > 1e-6
    OR range_agg(tstzrange(interval.started_at, interval.ended_at)) <> tstzmultirange(
        tstzrange(min(interval.started_at), max(interval.ended_at))
    )
