-- What the Data health page shows of the rollups.

CREATE OR REPLACE VIEW rollup.stored_hypertables AS
SELECT policy.relation AS policy_relation, policy.relation, split_part(policy.relation, '.', 1) AS hypertable_schema,
       split_part(policy.relation, '.', 2) AS hypertable_name
FROM rollup.policies AS policy WHERE policy.relation LIKE 'raw.%'
UNION ALL
SELECT 'agg.' || part.name, coalesce(part.stored_relation, part.relation),
       coalesce(native.materialization_hypertable_schema, split_part(part.stored_relation, '.', 1)),
       coalesce(native.materialization_hypertable_name, split_part(part.stored_relation, '.', 2))
FROM rollup.parts AS part
LEFT JOIN timescaledb_information.continuous_aggregates AS native
    ON part.stored_relation IS NULL AND format('%I.%I', native.view_schema, native.view_name) = part.relation;
COMMENT ON VIEW rollup.stored_hypertables IS 'The hypertables that policies apply to. Grain: hypertable.';
COMMENT ON COLUMN rollup.stored_hypertables.policy_relation IS 'Its row in rollup.policies.';
COMMENT ON COLUMN rollup.stored_hypertables.relation IS 'What drop_chunks takes: a hypertable or a continuous aggregate.';

CREATE OR REPLACE FUNCTION rollup.part_status()
RETURNS TABLE (part_id integer, watermark_at timestamptz, pending_count bigint, pending_from_at timestamptz, stored_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT part.part_id, part.watermark_at, changed.pending_count, changed.pending_from_at,
           approximate_row_count(part.stored_relation::regclass)
    FROM rollup.parts AS part
    CROSS JOIN LATERAL (
        SELECT count(*) AS pending_count, min(lower(merged)) AS pending_from_at
        FROM unnest((
            SELECT range_agg(touched) FROM rollup.changes AS change
            WHERE change.part_id = part.part_id AND lower(touched) < part.watermark_at)) AS merged
    ) AS changed
    WHERE part.stored_relation IS NOT NULL
    UNION ALL
    SELECT part.part_id, edge.watermark_at, changed.pending_count, changed.pending_from_at,
           approximate_row_count(format('%I.%I', hypertable.schema_name, hypertable.table_name)::regclass)
    FROM rollup.parts AS part
    JOIN _timescaledb_catalog.continuous_agg AS native
        ON format('%I.%I', native.user_view_schema, native.user_view_name) = part.relation
    JOIN _timescaledb_catalog.hypertable AS hypertable ON hypertable.id = native.mat_hypertable_id
    CROSS JOIN LATERAL (
        -- where nothing is stored yet its watermark is the beginning of time
        SELECT CASE WHEN native_at > '1900-01-01' THEN native_at ELSE '-infinity' END AS watermark_at
        FROM _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(native.mat_hypertable_id)) AS native_at
    ) AS edge
    CROSS JOIN LATERAL (
        SELECT count(*) AS pending_count, min(_timescaledb_functions.to_timestamp(log.lowest_modified_value)) AS pending_from_at
        FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log AS log
        WHERE log.hypertable_id = native.raw_hypertable_id
            AND _timescaledb_functions.to_timestamp(log.lowest_modified_value) < edge.watermark_at
    ) AS changed
    WHERE part.stored_relation IS NULL
$$;
COMMENT ON FUNCTION rollup.part_status() IS 'How far each part is: watermark, changed ranges before it, stored rows (estimate).';

CREATE OR REPLACE VIEW rollup.status AS
SELECT definition.name, CASE WHEN bool_or(part.stored_relation IS NULL) THEN 'community' ELSE 'apache' END AS edition,
       nullif(min(status.watermark_at), '-infinity') AS watermark_at,
       coalesce(sum(status.pending_count), 0)::bigint AS pending_count,
       min(status.pending_from_at) AS pending_from_at,
       extract(epoch FROM now() - nullif(min(status.watermark_at), '-infinity'))::double precision AS lag_s,
       coalesce(sum(status.stored_count), 0)::bigint AS row_count
FROM rollup.definitions AS definition
LEFT JOIN rollup.parts AS part ON part.name = definition.name
LEFT JOIN rollup.part_status() AS status ON status.part_id = part.part_id
GROUP BY definition.name;
COMMENT ON VIEW rollup.status IS 'How far behind each rollup is. Grain: rollup.';
COMMENT ON COLUMN rollup.status.edition IS 'community: the database refreshes it; apache: rollup.run_policies does.';
COMMENT ON COLUMN rollup.status.watermark_at IS 'Buckets before are stored, later ones are computed when read; NULL: none stored yet.';
COMMENT ON COLUMN rollup.status.pending_count IS 'Ranges of stored buckets whose source changed since: they show the change after the next refresh.';
COMMENT ON COLUMN rollup.status.pending_from_at IS 'Start of the earliest such range.';
COMMENT ON COLUMN rollup.status.lag_s IS 'From the watermark to now, seconds.';
COMMENT ON COLUMN rollup.status.row_count IS 'Stored buckets, an estimate.';
