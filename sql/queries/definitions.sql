-- What numbers mean, read from the comments that dbt and the migrations put on relations and columns.

-- name: comments
SELECT
    target,
    CASE
        WHEN split_part(target, '.', 3) = '' THEN obj_description(relation, 'pg_class')
        ELSE col_description(relation, (
            SELECT attnum FROM pg_catalog.pg_attribute
            WHERE attrelid = relation AND attname = split_part(target, '.', 3)
        ))
    END AS comment
FROM unnest(%(targets)s::text[]) AS target
CROSS JOIN LATERAL to_regclass(split_part(target, '.', 1) || '.' || split_part(target, '.', 2)) AS relation
