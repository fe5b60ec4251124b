SELECT shift.machine_id, shift.shift_id, shift.total_count, sum(hour.total_count) AS total_count_by_hour
FROM {{ ref('fct_oee_by_shift') }} AS shift
LEFT JOIN {{ ref('fct_production_by_hour') }} AS hour USING (machine_id, shift_id)
GROUP BY shift.machine_id, shift.shift_id, shift.total_count, shift.good_count
HAVING shift.total_count IS DISTINCT FROM sum(hour.total_count) OR shift.good_count IS DISTINCT FROM sum(hour.good_count)
