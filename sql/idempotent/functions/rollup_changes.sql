-- The change log: every statement on a source says which time ranges it touched.

-- Runs after each statement, as the owner, whoever writes. Arguments: bucket width, name of the source.
-- Touched buckets are merged as islands: a batch with one reading of two days ago does not log the two days between.
CREATE OR REPLACE FUNCTION rollup.log_changed_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET jit = off
AS $$
DECLARE
    v_width CONSTANT interval := TG_ARGV[0];
BEGIN
    INSERT INTO rollup.changes (part_id, touched)
    SELECT part.part_id, island.touched
    FROM (
        SELECT unnest(range_agg(tstzrange(bucket.bucket_at, bucket.bucket_at + v_width))) AS touched
        FROM (SELECT DISTINCT public.time_bucket(v_width, changed.ts) AS bucket_at FROM changed_rows AS changed) AS bucket
    ) AS island
    CROSS JOIN rollup.parts AS part
    JOIN rollup.definitions AS definition ON definition.name = part.name
    WHERE definition.source = TG_ARGV[1] AND part.stored_relation IS NOT NULL;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rollup.log_changed_rows() IS 'Trigger: logs the time ranges of the rows a statement changed, for each rollup made from the table.';

CREATE OR REPLACE FUNCTION rollup.log_truncation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_part record;
BEGIN
    FOR v_part IN
        SELECT part.part_id, part.stored_relation FROM rollup.parts AS part
        JOIN rollup.definitions AS definition ON definition.name = part.name
        WHERE definition.source = TG_ARGV[0] AND part.stored_relation IS NOT NULL
    LOOP
        EXECUTE format(
            'INSERT INTO rollup.changes (part_id, touched)
             SELECT $1, tstzrange(min(bucket_at), max(bucket_at) + INTERVAL ''1 microsecond'') FROM %s HAVING count(*) > 0', v_part.stored_relation)
        USING v_part.part_id;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rollup.log_truncation() IS 'Trigger: a truncated source empties what was made from it at the next refresh.';

CREATE OR REPLACE FUNCTION rollup.watch(p_source regclass, p_width interval) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
DECLARE
    v_source CONSTANT text := (
        SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE pg_class.oid = p_source);
    v_trigger record;
BEGIN
    FOR v_trigger IN
        SELECT * FROM (VALUES
            ('rollup_log_inserted', 'INSERT', 'NEW TABLE'), ('rollup_log_deleted', 'DELETE', 'OLD TABLE'),
            ('rollup_log_updated_old', 'UPDATE', 'OLD TABLE'), ('rollup_log_updated_new', 'UPDATE', 'NEW TABLE')
        ) AS wanted (name, event, rows)
        -- only where missing: making a trigger locks out writers for a moment
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = p_source AND tgname = wanted.name)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s AS changed_rows
             FOR EACH STATEMENT EXECUTE FUNCTION rollup.log_changed_rows(%L, %L)',
            v_trigger.name, v_trigger.event, v_source, v_trigger.rows, p_width, v_source);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = p_source AND tgname = 'rollup_log_truncated') THEN
        EXECUTE format(
            'CREATE TRIGGER rollup_log_truncated AFTER TRUNCATE ON %s
             FOR EACH STATEMENT EXECUTE FUNCTION rollup.log_truncation(%L)', v_source, v_source);
    END IF;
END
$$;
COMMENT ON FUNCTION rollup.watch(regclass, interval) IS 'Puts the triggers on a raw hypertable that log its changes. Width: bucket of its first rollup.';
