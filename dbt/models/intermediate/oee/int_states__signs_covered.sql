-- Step 3: when the machine was heard. Each message speaks for the time-out after it; silence beyond that is unknown.
SELECT
    touched.machine_id,
    touched.shift_id,
    range_agg(tstzrange(sign.ts, sign.ts + touched.silence_timeout_s * INTERVAL '1 second')) AS heard
FROM {{ ref('int_oee__shifts_touched') }} AS touched
CROSS JOIN LATERAL (
    SELECT sample.ts FROM {{ ref('stg_raw__machine_samples') }} AS sample
    WHERE sample.machine_id = touched.machine_id
        AND sample.ts > touched.started_at - touched.silence_timeout_s * INTERVAL '1 second' AND sample.ts < touched.observed_until
    UNION ALL
    SELECT event.ts FROM {{ ref('stg_raw__machine_events') }} AS event
    WHERE event.machine_id = touched.machine_id AND event.event_type = 'state'
        AND event.ts > touched.started_at - touched.silence_timeout_s * INTERVAL '1 second' AND event.ts < touched.observed_until
) AS sign
GROUP BY touched.machine_id, touched.shift_id
