{# The columns together identify a row. #}
{% test unique_combination(model, columns) %}
    SELECT {{ columns | join(', ') }}, count(*) AS row_count
    FROM {{ model }}
    GROUP BY {{ columns | join(', ') }}
    HAVING count(*) > 1
{% endtest %}
