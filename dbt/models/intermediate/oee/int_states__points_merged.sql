-- Step 2: gaps and islands. A state that is reported again while it holds is the same state.
SELECT machine_id, shift_id, ts, state_code, reason_code, is_seed
FROM (
    SELECT
        *,
        is_seed OR lag(ts) OVER in_order IS NULL
        OR lag(state_code) OVER in_order IS DISTINCT FROM state_code
        OR lag(reason_code) OVER in_order IS DISTINCT FROM reason_code AS is_change
    FROM {{ ref('int_states__points_collected') }}
    WINDOW in_order AS (PARTITION BY machine_id, shift_id ORDER BY ts, is_seed DESC)
) AS points
WHERE is_change
