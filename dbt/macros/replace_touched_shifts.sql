{# Deletes the rows of the shifts this build computes again, before their new rows come in. Unlike delete+insert by key it
   also removes rows whose shift has none any more. #}
{% macro replace_touched_shifts() -%}
    {%- if is_incremental() -%}
        DELETE FROM {{ this }} AS old USING {{ ref('int_oee__shifts_touched') }} AS touched
        WHERE old.machine_id = touched.machine_id AND old.shift_id = touched.shift_id
    {%- endif -%}
{%- endmacro %}
