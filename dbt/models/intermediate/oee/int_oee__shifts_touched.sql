{{ config(materialized='table', indexes=[{'columns': ['machine_id', 'shift_id'], 'unique': true}]) }}
{#- What this build computes: every shift the first time (or with --full-refresh), later those that were open at the last
    build, those that something late has touched, and those that the calendar has changed. The last build's instant stands in int_oee__builds, which is written
    after everything else; asking for it by ref() would be a circle. A fact table that is missing makes the build a full one. -#}
{%- set facts = ['fct_oee_by_shift', 'fct_state_intervals', 'fct_downtime_events', 'fct_production_by_hour'] -%}
{%- set ns = namespace(is_full=flags.FULL_REFRESH) -%}
{%- set builds = adapter.get_relation(target.database, 'intermediate', 'int_oee__builds') -%}
{%- if builds is none -%}{%- set ns.is_full = true -%}{%- endif -%}
{%- set computed = adapter.get_relation(target.database, 'marts', 'fct_oee_by_shift') -%}
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
-- time-out, the base of the next counts (found up to an hour later), and a state where there are no events; a run lasts
-- until the next run. Samples often come late by the thousand (a line that was off the network), so those less than an
-- hour apart make one batch, and only what follows the batch is looked up.
late_samples AS (
    SELECT *, count(*) FILTER (WHERE is_first) OVER (PARTITION BY machine_id ORDER BY ts) AS batch
    FROM (
        SELECT
            sample.machine_id, sample.ts, sample.total_count, sample.state_code,
            coalesce(sample.ts - lag(sample.ts) OVER (PARTITION BY sample.machine_id ORDER BY sample.ts) > INTERVAL '1 hour', true) AS is_first
        FROM {{ ref('stg_raw__machine_samples') }} AS sample
        CROSS JOIN last_build
        WHERE sample.received_at > last_build.since AND sample.ts <= last_build.since
    ) AS marked
),

late_batches AS (
    SELECT
        machine_id,
        min(ts) AS from_at,
        max(ts) AS to_at,
        max(ts) FILTER (WHERE total_count IS NOT NULL) AS last_count_at,
        max(ts) FILTER (WHERE state_code IS NOT NULL) AS last_state_at
    FROM late_samples
    GROUP BY machine_id, batch
),

late_ranges AS (
    SELECT late.machine_id, late.ts AS from_at, coalesce(following.ts, 'infinity') AS to_at
    FROM {{ ref('stg_raw__machine_events') }} AS late
    CROSS JOIN last_build
    LEFT JOIN LATERAL (
        SELECT ts FROM {{ ref('stg_raw__machine_events') }} AS event
        WHERE event.machine_id = late.machine_id AND event.event_type = 'state' AND event.ts > late.ts
        ORDER BY ts LIMIT 1
    ) AS following ON true
    WHERE late.received_at > last_build.since AND late.ts <= last_build.since AND late.event_type = 'state'

    UNION ALL

    SELECT
        late.machine_id,
        late.from_at,
        greatest(
            coalesce(following.ts, 'infinity'),
            CASE WHEN late.last_count_at IS NOT NULL THEN coalesce(following_count.ts, 'infinity') END,
            CASE WHEN late.last_state_at IS NOT NULL THEN coalesce(following_state.ts, 'infinity') END,
            late.to_at + greatest(machine.silence_timeout_s, 3600) * INTERVAL '1 second'
        )
    FROM late_batches AS late
    JOIN {{ ref('stg_ref__machines') }} AS machine USING (machine_id)
    {%- for name, since, condition in [
        ('following', 'to_at', 'true'),
        ('following_count', 'last_count_at', 'sample.total_count IS NOT NULL'),
        ('following_state', 'last_state_at', 'sample.state_code IS NOT NULL'),
    ] %}
    LEFT JOIN LATERAL (
        SELECT ts FROM {{ ref('stg_raw__machine_samples') }} AS sample
        WHERE sample.machine_id = late.machine_id AND sample.ts > late.{{ since }} AND {{ condition }}
        ORDER BY ts LIMIT 1
    ) AS {{ name }} ON true
    {%- endfor %}

    UNION ALL

    SELECT run.machine_id, run.started_at, coalesce(run.next_started_at, 'infinity')
    FROM (
        SELECT *, lead(started_at) OVER (PARTITION BY machine_id ORDER BY started_at) AS next_started_at
        FROM {{ ref('stg_ops__production_runs') }}
    ) AS run
    WHERE run.updated_at > (SELECT since FROM last_build)
),

late_by_machine AS (
    SELECT machine_id, range_agg(tstzrange(from_at, to_at, '[]')) AS ranges FROM late_ranges GROUP BY machine_id
)
{%- endif %}

SELECT machine_shifts.*
FROM machine_shifts
CROSS JOIN last_build
{%- if ns.is_full %}
WHERE machine_shifts.ended_at > last_build.since
{%- else %}
LEFT JOIN late_by_machine AS late USING (machine_id)
LEFT JOIN {{ computed }} AS computed
    ON computed.machine_id = machine_shifts.machine_id AND computed.shift_id = machine_shifts.shift_id
    AND computed.started_at = machine_shifts.started_at AND computed.ended_at = machine_shifts.ended_at
    AND computed.changeover_counts_as = machine_shifts.changeover_counts_as
WHERE machine_shifts.ended_at > last_build.since
    OR late.ranges && tstzrange(machine_shifts.started_at, machine_shifts.ended_at, '[]')
    OR computed.machine_id IS NULL
{%- endif %}
