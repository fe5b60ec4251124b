SELECT machine_id, shift_id, oee_ratio, oee_null_reason
FROM {{ ref('fct_oee_by_shift') }}
WHERE (oee_ratio IS NULL) <> (oee_null_reason IS NOT NULL)
