SELECT machine_id, shift_id
FROM {{ ref('fct_oee_by_shift') }}
WHERE abs(apt_s + aust_s + adet_s + planned_downtime_s + unknown_s - calendar_s) > 1e-6
