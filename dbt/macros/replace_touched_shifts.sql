{# Deletes the rows of the shifts this build computes again, before their new rows come in, and those of shifts that the
   calendar no longer has. Unlike delete+insert by key it also removes rows whose shift has none any more. A model that
   uses it says `depends_on` for both refs, since dbt doesn't find them in a hook. #}
{% macro replace_touched_shifts() -%}
    {%- if is_incremental() -%}
        DELETE FROM {{ this }} AS old USING {{ ref('int_oee__shifts_touched') }} AS touched
        WHERE old.machine_id = touched.machine_id AND old.shift_id = touched.shift_id;
        DELETE FROM {{ this }} AS old
        WHERE NOT EXISTS (SELECT FROM {{ ref('stg_ref__shifts') }} AS shift WHERE shift.shift_id = old.shift_id)
    {%- endif -%}
{%- endmacro %}
