{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ replace_touched_shifts() }}",
    indexes=[{'columns': ['machine_id', 'started_at']}, {'columns': ['started_at']}, {'columns': ['shift_id', 'machine_id'], 'unique': true}]) }}
-- The pre-hook deletes by these. depends_on: {{ ref('int_oee__shifts_touched') }}
-- depends_on: {{ ref('stg_ref__shifts') }}
-- Seconds and counts are added up first; ratios come last, from the sums.
WITH seconds AS (
    SELECT
        machine_id,
        shift_id,
        {% for time_class in ['production', 'setup', 'delay', 'planned_downtime', 'closed', 'unknown'] -%}
        coalesce(sum(extract(epoch FROM ended_at - started_at)) FILTER (WHERE time_class = '{{ time_class }}'), 0) AS {{ time_class }}_s,
        {% endfor -%}
        sum(extract(epoch FROM ended_at - started_at)) AS calendar_s
    FROM {{ ref('int_states__intervals_classified') }}
    GROUP BY machine_id, shift_id
),

production AS (
    SELECT
        machine_id,
        shift_id,
        sum(total_count) AS total_count,
        sum(good_count) AS good_count,
        sum(scrap_count) AS scrap_count,
        sum(rework_count) AS rework_count,
        -- one sum per product and rate, so that the result does not hang on the order of the rows
        sum(total_count) FILTER (WHERE ideal_cycle_s IS NULL) AS without_rate_count
    FROM {{ ref('int_production__increments') }}
    GROUP BY machine_id, shift_id
),

ideal AS (
    SELECT machine_id, shift_id, sum(total_count * ideal_cycle_s::numeric) AS ideal_time_s
    FROM {{ ref('int_production__increments') }}
    WHERE ideal_cycle_s IS NOT NULL
    GROUP BY machine_id, shift_id
),

summed AS (
    SELECT
        touched.*,
        seconds.calendar_s,
        seconds.production_s AS apt_s,
        seconds.setup_s AS aust_s,
        seconds.delay_s AS adet_s,
        seconds.planned_downtime_s + seconds.closed_s AS planned_downtime_s,
        seconds.unknown_s,
        seconds.calendar_s - seconds.planned_downtime_s - seconds.closed_s
        - CASE WHEN touched.changeover_counts_as = 'planned_downtime' THEN seconds.setup_s ELSE 0 END AS pbt_s,
        production.total_count,
        production.good_count,
        production.scrap_count,
        production.rework_count,
        CASE
            WHEN production.total_count IS NOT NULL AND coalesce(production.without_rate_count, 0) = 0
                THEN coalesce(ideal.ideal_time_s, 0)
        END AS ideal_time_s
    FROM {{ ref('int_oee__shifts_touched') }} AS touched
    JOIN seconds USING (machine_id, shift_id)
    LEFT JOIN production USING (machine_id, shift_id)
    LEFT JOIN ideal USING (machine_id, shift_id)
),

ratios AS (
    SELECT
        *,
        CASE WHEN unknown_s < calendar_s THEN apt_s / nullif(pbt_s, 0) END AS availability_ratio,
        ideal_time_s / nullif(apt_s, 0) AS performance_ratio,
        good_count / nullif(total_count, 0)::numeric AS quality_ratio
    FROM summed
)

SELECT
    machine_id,
    shift_id,
    site_id,
    line_id,
    production_date,
    shift_code,
    started_at,
    ended_at,
    observed_until < ended_at AS is_open,
    calendar_s::double precision AS calendar_s,
    pbt_s::double precision AS pbt_s,
    apt_s::double precision AS apt_s,
    aust_s::double precision AS aust_s,
    adet_s::double precision AS adet_s,
    planned_downtime_s::double precision AS planned_downtime_s,
    unknown_s::double precision AS unknown_s,
    changeover_counts_as,
    total_count::bigint AS total_count,
    good_count::bigint AS good_count,
    scrap_count::bigint AS scrap_count,
    rework_count::bigint AS rework_count,
    ideal_time_s::double precision AS ideal_time_s,
    availability_ratio::double precision AS availability_ratio,
    performance_ratio::double precision AS performance_ratio,
    quality_ratio::double precision AS quality_ratio,
    (availability_ratio * performance_ratio * quality_ratio)::double precision AS oee_ratio,
    CASE
        WHEN unknown_s >= calendar_s THEN 'no_data'
        WHEN pbt_s = 0 THEN 'no_planned_time'
        WHEN apt_s = 0 THEN 'no_production_time'
        WHEN total_count IS NULL THEN 'no_counter'
        WHEN total_count = 0 THEN 'no_production'
        WHEN ideal_time_s IS NULL THEN 'no_ideal_cycle'
        WHEN good_count IS NULL THEN 'no_good_counter'
    END AS oee_null_reason,
    coalesce(performance_ratio > 1, false) AS is_performance_over_1,
    coalesce(good_count > total_count, false) AS is_good_over_total
FROM ratios
