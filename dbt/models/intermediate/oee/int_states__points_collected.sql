-- Step 1: where a state begins, per machine and shift. The last state before the shift seeds it. State events come first;
-- only where a machine has none, the states of its samples stand in.
WITH touched AS (
    SELECT * FROM {{ ref('int_oee__shifts_touched') }}
),

event_points AS (
    SELECT touched.machine_id, touched.shift_id, touched.started_at AS ts, seed.event_code AS state_code, seed.reason_code, true AS is_seed
    FROM touched
    CROSS JOIN LATERAL (
        SELECT event.event_code, event.reason_code FROM {{ ref('stg_raw__machine_events') }} AS event
        WHERE event.machine_id = touched.machine_id AND event.event_type = 'state' AND event.ts < touched.started_at
        ORDER BY event.ts DESC LIMIT 1
    ) AS seed

    UNION ALL

    SELECT touched.machine_id, touched.shift_id, event.ts, event.event_code, event.reason_code, false
    FROM touched
    JOIN {{ ref('stg_raw__machine_events') }} AS event
        ON event.machine_id = touched.machine_id AND event.event_type = 'state'
        AND event.ts >= touched.started_at AND event.ts < touched.observed_until
),

without_events AS (
    SELECT * FROM touched
    WHERE NOT EXISTS (
        SELECT FROM event_points WHERE event_points.machine_id = touched.machine_id AND event_points.shift_id = touched.shift_id
    )
),

sample_points AS (
    SELECT without_events.machine_id, without_events.shift_id, without_events.started_at AS ts, seed.state_code, seed.reason_code, true AS is_seed
    FROM without_events
    CROSS JOIN LATERAL (
        SELECT sample.state_code, sample.reason_code FROM {{ ref('stg_raw__machine_samples') }} AS sample
        WHERE sample.machine_id = without_events.machine_id AND sample.state_code IS NOT NULL AND sample.ts < without_events.started_at
        ORDER BY sample.ts DESC LIMIT 1
    ) AS seed

    UNION ALL

    SELECT without_events.machine_id, without_events.shift_id, sample.ts, sample.state_code, sample.reason_code, false
    FROM without_events
    JOIN {{ ref('stg_raw__machine_samples') }} AS sample
        ON sample.machine_id = without_events.machine_id AND sample.state_code IS NOT NULL
        AND sample.ts >= without_events.started_at AND sample.ts < without_events.observed_until
)

SELECT * FROM event_points
UNION ALL
SELECT * FROM sample_points
