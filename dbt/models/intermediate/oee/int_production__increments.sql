{{ config(materialized='table', indexes=[{'columns': ['machine_id', 'shift_id']}]) }}
-- Cumulative counters made into increments. An increment was made in (previous sample, this sample], so a sample on the
-- stroke of a shift's end, or of an order change, still belongs to what ended. A counter that drops was reset and starts
-- again from zero. The first value ever is only a base. A message without one of the counters leaves it where it was: its
-- next value is compared with its own last one, up to an hour before the shift.
{%- set counters = ['total_count', 'good_count', 'scrap_count', 'rework_count'] %}
WITH touched AS (
    SELECT * FROM {{ ref('int_oee__shifts_touched') }}
),

samples AS (
    SELECT touched.machine_id, touched.shift_id, true AS is_seed, seed.*
    FROM touched
    CROSS JOIN LATERAL (
        SELECT
            sample.ts,
            sample.total_count
            {%- for counter in counters[1:] %},
            coalesce(sample.{{ counter }}, (
                SELECT earlier.{{ counter }} FROM {{ ref('stg_raw__machine_samples') }} AS earlier
                WHERE earlier.machine_id = touched.machine_id AND earlier.{{ counter }} IS NOT NULL AND earlier.total_count IS NOT NULL
                    AND earlier.ts > touched.started_at - INTERVAL '1 hour' AND earlier.ts <= touched.started_at
                ORDER BY earlier.ts DESC LIMIT 1
            )) AS {{ counter }}
            {%- endfor %}
        FROM {{ ref('stg_raw__machine_samples') }} AS sample
        WHERE sample.machine_id = touched.machine_id AND sample.total_count IS NOT NULL AND sample.ts <= touched.started_at
        ORDER BY sample.ts DESC LIMIT 1
    ) AS seed

    UNION ALL

    SELECT
        touched.machine_id, touched.shift_id, false,
        sample.ts, sample.total_count, sample.good_count, sample.scrap_count, sample.rework_count
    FROM touched
    JOIN {{ ref('stg_raw__machine_samples') }} AS sample
        ON sample.machine_id = touched.machine_id AND sample.total_count IS NOT NULL
        AND sample.ts > touched.started_at AND sample.ts <= touched.observed_until
),

numbered AS (
    SELECT *, count(*) FILTER (WHERE is_restart) OVER in_order AS restart
    FROM (
        SELECT *, coalesce(total_count < lag(total_count) OVER in_order, false) AS is_restart
        FROM samples
        WINDOW in_order AS (PARTITION BY machine_id, shift_id ORDER BY ts, is_seed DESC)
    ) AS marked
    WINDOW in_order AS (PARTITION BY machine_id, shift_id ORDER BY ts, is_seed DESC)
),

increments AS (
    SELECT
        machine_id,
        shift_id,
        ts,
        is_seed,
        CASE
            WHEN is_restart THEN total_count
            ELSE total_count - coalesce(lag(total_count) OVER in_order, total_count)
        END AS total_count
        {%- for counter in counters[1:] %},
        CASE
            WHEN {{ counter }} IS NULL THEN NULL
            WHEN lag({{ counter }}) OVER in_{{ counter }} IS NULL
                -- nothing to compare with: a base, unless the machine was restarted since its first sample
                THEN CASE WHEN restart > 0 THEN {{ counter }} ELSE 0 END
            WHEN restart > lag(restart) OVER in_{{ counter }} OR {{ counter }} < lag({{ counter }}) OVER in_{{ counter }} THEN {{ counter }}
            ELSE {{ counter }} - lag({{ counter }}) OVER in_{{ counter }}
        END AS {{ counter }}
        {%- endfor %}
    FROM numbered
    -- NULL or not is part of the partition, so lag() is the last value there was
    WINDOW
        in_order AS (PARTITION BY machine_id, shift_id ORDER BY ts, is_seed DESC)
        {%- for counter in counters[1:] %},
        in_{{ counter }} AS (PARTITION BY machine_id, shift_id, {{ counter }} IS NULL ORDER BY ts, is_seed DESC)
        {%- endfor %}
),

runs AS (
    SELECT touched.machine_id, touched.shift_id, run.product_id, run.order_code, run.started_at, coalesce(run.ended_at, 'infinity') AS ended_at
    FROM touched
    JOIN {{ ref('stg_ops__production_runs') }} AS run
        ON run.machine_id = touched.machine_id
        AND run.started_at < touched.observed_until AND coalesce(run.ended_at, 'infinity') > touched.started_at
)

SELECT
    increments.machine_id,
    increments.shift_id,
    increments.ts,
    date_trunc('hour', increments.ts - INTERVAL '1 microsecond') AS hour_at,
    runs.product_id,
    rate.ideal_cycle_s,
    increments.total_count,
    increments.good_count,
    increments.scrap_count,
    increments.rework_count
FROM increments
LEFT JOIN runs
    ON runs.machine_id = increments.machine_id AND runs.shift_id = increments.shift_id
    AND increments.ts > runs.started_at AND increments.ts <= runs.ended_at
LEFT JOIN {{ ref('stg_ref__product_rates') }} AS rate
    ON rate.machine_id = increments.machine_id AND rate.product_id = runs.product_id
    AND increments.ts > rate.valid_from AND increments.ts <= rate.valid_to
WHERE NOT increments.is_seed
