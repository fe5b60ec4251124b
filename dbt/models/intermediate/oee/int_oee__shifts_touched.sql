{{ config(materialized='table', indexes=[{'columns': ['machine_id', 'shift_id'], 'unique': true}]) }}
{#- What this build computes: every shift the first time (or with --full-refresh), later those that were open at the last
    build and those that something late has touched. The last build's instant stands in int_oee__builds, which is written
    after everything else; asking for it by ref() would be a circle. A fact table that is missing makes the build a full one. -#}
{%- set facts = ['fct_oee_by_shift', 'fct_state_intervals', 'fct_downtime_events', 'fct_production_by_hour'] -%}
{%- set ns = namespace(is_full=flags.FULL_REFRESH) -%}
{%- set builds = adapter.get_relation(target.database, 'intermediate', 'int_oee__builds') -%}
{%- if builds is none -%}{%- set ns.is_full = true -%}{%- endif -%}
{%- for fact in facts if execute -%}
    {%- if adapter.get_relation(target.database, 'marts', fact) is none -%}{%- set ns.is_full = true -%}{%- endif -%}
{%- endfor -%}

-- used only in builds that are not full, which dbt can't see while it parses:
-- depends_on: {{ ref('stg_raw__machine_events') }}
-- depends_on: {{ ref('stg_raw__machine_samples') }}
-- depends_on: {{ ref('stg_ops__production_runs') }}
WITH last_build AS (
    -- rows are stamped when they are written and seen when they are committed; ten minutes cover the difference
    SELECT {% if ns.is_full %}'-infinity'::timestamptz{% else %}(SELECT max(built_at) - INTERVAL '10 minutes' FROM {{ builds }}){% endif %} AS since
),

machine_shifts AS (
    SELECT
        machine.machine_id,
        shift.shift_id,
        site.site_id,
        line.line_id,
        site.changeover_counts_as,
        shift.shift_code,
        shift.production_date,
        shift.started_at,
        shift.ended_at,
        least(shift.ended_at, {{ build_instant() }}) AS observed_until,
        machine.minor_stop_limit_s,
        machine.silence_timeout_s
    FROM {{ ref('stg_ref__machines') }} AS machine
    JOIN {{ ref('int_oee__lifespans_found') }} AS lifespan USING (machine_id)
    JOIN {{ ref('stg_ref__lines') }} AS line USING (line_id)
    JOIN {{ ref('stg_ref__areas') }} AS area USING (area_id)
    JOIN {{ ref('stg_ref__sites') }} AS site USING (site_id)
    JOIN {{ ref('stg_ref__shifts') }} AS shift USING (site_id)
    WHERE shift.started_at < {{ build_instant() }} AND shift.ended_at > lifespan.first_signal_at
)
{%- if not ns.is_full %},

-- Late rows, and how far their influence reaches: a state holds until the next one, a sample is a sign of life for the
-- time-out and the base of the next sample's increments, a run lasts until the next run.
late_ranges AS (
    SELECT late.machine_id, late.ts AS from_at, coalesce(following.ts, 'infinity') AS to_at
    FROM {{ ref('stg_raw__machine_events') }} AS late
    CROSS JOIN last_build
    LEFT JOIN LATERAL (
        SELECT ts FROM {{ ref('stg_raw__machine_events') }} AS event
        WHERE event.machine_id = late.machine_id AND event.event_type = 'state' AND event.ts > late.ts
        ORDER BY ts LIMIT 1
    ) AS following ON true
    WHERE late.received_at > last_build.since AND late.ts < last_build.since AND late.event_type = 'state'

    UNION ALL

    SELECT
        late.machine_id,
        late.ts,
        greatest(coalesce(following.ts, 'infinity'), late.ts + machine.silence_timeout_s * INTERVAL '1 second')
    FROM {{ ref('stg_raw__machine_samples') }} AS late
    JOIN {{ ref('stg_ref__machines') }} AS machine USING (machine_id)
    CROSS JOIN last_build
    LEFT JOIN LATERAL (
        SELECT ts FROM {{ ref('stg_raw__machine_samples') }} AS sample
        WHERE sample.machine_id = late.machine_id AND sample.ts > late.ts
        ORDER BY ts LIMIT 1
    ) AS following ON true
    WHERE late.received_at > last_build.since AND late.ts < last_build.since

    UNION ALL

    SELECT
        run.machine_id,
        run.started_at,
        coalesce(lead(run.started_at) OVER (PARTITION BY run.machine_id ORDER BY run.started_at), 'infinity')
    FROM {{ ref('stg_ops__production_runs') }} AS run
    WHERE run.updated_at > (SELECT since FROM last_build)
)
{%- endif %}

SELECT machine_shifts.*
FROM machine_shifts
CROSS JOIN last_build
WHERE machine_shifts.ended_at > last_build.since
{%- if not ns.is_full %}
    OR EXISTS (
        SELECT FROM late_ranges
        WHERE late_ranges.machine_id = machine_shifts.machine_id
            AND late_ranges.from_at <= machine_shifts.ended_at AND late_ranges.to_at >= machine_shifts.started_at
    )
{%- endif %}
