{# The instant this build stands for: open intervals end here. One value for all models of a build. #}
{% macro build_instant() -%}
    {%- if var('build_instant', none) -%}
        '{{ var("build_instant") }}'::timestamptz
    {%- else -%}
        '{{ run_started_at.isoformat() }}'::timestamptz
    {%- endif -%}
{%- endmacro %}
