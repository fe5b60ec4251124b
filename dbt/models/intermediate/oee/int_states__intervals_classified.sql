{{ config(materialized='table', indexes=[{'columns': ['machine_id', 'shift_id']}]) }}
-- Step 4: states last until the next one, are cut where the machine fell silent, and get their class of time. Together the
-- intervals of a shift cover it once, from its start to its end (or to the build, while it is open).
WITH touched AS (
    SELECT * FROM {{ ref('int_oee__shifts_touched') }}
),

bounded AS (
    SELECT
        point.machine_id,
        point.shift_id,
        point.state_code,
        point.reason_code,
        point.is_seed,
        point.ts AS started_at,
        coalesce(
            lead(point.ts) OVER (PARTITION BY point.machine_id, point.shift_id ORDER BY point.ts, point.is_seed DESC),
            touched.observed_until
        ) AS ended_at
    FROM {{ ref('int_states__points_merged') }} AS point
    JOIN touched USING (machine_id, shift_id)
),

heard AS (
    SELECT
        bounded.machine_id,
        bounded.shift_id,
        bounded.state_code,
        bounded.reason_code,
        bounded.is_seed AND lower(piece) = bounded.started_at AS is_continuation,
        piece
    FROM bounded
    JOIN {{ ref('int_states__signs_covered') }} AS covered USING (machine_id, shift_id)
    CROSS JOIN LATERAL unnest(tstzmultirange(tstzrange(bounded.started_at, bounded.ended_at)) * covered.heard) AS piece
    WHERE bounded.started_at < bounded.ended_at
),

unheard AS (
    SELECT touched.machine_id, touched.shift_id, piece
    FROM touched
    LEFT JOIN (SELECT machine_id, shift_id, range_agg(piece) AS pieces FROM heard GROUP BY machine_id, shift_id) AS known USING (machine_id, shift_id)
    CROSS JOIN LATERAL unnest(
        tstzmultirange(tstzrange(touched.started_at, touched.observed_until)) - coalesce(known.pieces, '{}'::tstzmultirange)
    ) AS piece
)

SELECT
    heard.machine_id,
    heard.shift_id,
    lower(heard.piece) AS started_at,
    upper(heard.piece) AS ended_at,
    heard.state_code,
    heard.reason_code,
    coalesce(reason.reason_time_class, state.time_class, 'unknown') AS time_class,
    heard.is_continuation
FROM heard
LEFT JOIN {{ ref('stg_ref__machine_states') }} AS state USING (state_code)
LEFT JOIN {{ ref('stg_ref__reason_codes') }} AS reason USING (reason_code)

UNION ALL

SELECT machine_id, shift_id, lower(piece), upper(piece), 'unknown', NULL, 'unknown', false
FROM unheard
