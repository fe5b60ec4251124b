{{ config(materialized='table') }}
-- The instant of the last build that ended well; the next one looks for what arrived since. Built last on purpose.
-- depends_on: {{ ref('fct_oee_by_shift') }}
-- depends_on: {{ ref('fct_state_intervals') }}
-- depends_on: {{ ref('fct_downtime_events') }}
-- depends_on: {{ ref('fct_production_by_hour') }}
SELECT {{ build_instant() }} AS built_at
