-- Refresh, retention and compression, from the one table rollup.policies.

-- A chunk goes when its data and the chunk itself are older than the policy says: imported history, old by its
-- timestamps and new here, stays as long as if it had been measured on the day of the import.
CREATE OR REPLACE FUNCTION rollup.apply_retention() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '5s'
AS $$
DECLARE
    v_chunk record;
    v_count integer := 0;
BEGIN
    FOR v_chunk IN
        SELECT stored.relation, chunk.range_start, chunk.range_end
        FROM rollup.policies AS policy
        JOIN rollup.stored_hypertables AS stored ON stored.policy_relation = policy.relation
        JOIN timescaledb_information.chunks AS chunk
            ON chunk.hypertable_schema = stored.hypertable_schema AND chunk.hypertable_name = stored.hypertable_name
        WHERE chunk.range_end < now() - policy.retain_for AND chunk.chunk_creation_time < now() - policy.retain_for
        ORDER BY stored.relation, chunk.range_start
    LOOP
        BEGIN
            INSERT INTO rollup.dropped_ranges (relation, dropped)
            VALUES (v_chunk.relation, tstzrange(v_chunk.range_start, v_chunk.range_end));
            PERFORM drop_chunks(v_chunk.relation::regclass, older_than => v_chunk.range_end, newer_than => v_chunk.range_start);
            v_count := v_count + 1;
        EXCEPTION WHEN lock_not_available THEN
            RAISE NOTICE 'a chunk of % is in use; retention takes it the next time', v_chunk.relation;
        END;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION rollup.apply_retention() IS 'Drops chunks that are past retain_for and notes their ranges, so that no refresh erases what was made from them. Returns the number of chunks.';

CREATE OR REPLACE PROCEDURE rollup.retention_job(job_id integer, config jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM rollup.apply_retention();
END
$$;
COMMENT ON PROCEDURE rollup.retention_job(integer, jsonb) IS 'rollup.apply_retention as a job of the database''s own scheduler (community edition).';

-- How far back the database itself looks for late data (community): short of what retention or the columnstore has taken.
CREATE OR REPLACE FUNCTION rollup.refresh_reach(p_name text) RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
    SELECT least(
        source_policy.retain_for - INTERVAL '8 days',
        policy.retain_for - INTERVAL '8 days',
        policy.compress_after - INTERVAL '1 day')
    FROM rollup.definitions AS definition
    JOIN rollup.policies AS policy ON policy.relation = 'agg.' || definition.name
    LEFT JOIN rollup.policies AS source_policy ON source_policy.relation = definition.source
    WHERE definition.name = p_name
$$;
COMMENT ON FUNCTION rollup.refresh_reach(text) IS 'How far back the scheduled native refresh of a rollup reaches; NULL: to the beginning.';

CREATE OR REPLACE FUNCTION rollup.apply_policy(p_relation text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_policy rollup.policies;
    v_definition rollup.definitions;
    v_relation regclass;
    v_segment_by text;
    v_time_column text;
    v_batch integer;
BEGIN
    IF rollup.edition() <> 'community' THEN
        RETURN; -- run_policies reads the table each time
    END IF;
    SELECT * INTO STRICT v_policy FROM rollup.policies WHERE relation = p_relation;
    SELECT * INTO v_definition FROM rollup.definitions WHERE 'agg.' || name = p_relation;
    FOR v_relation IN
        SELECT to_regclass(relation) FROM rollup.parts WHERE 'agg.' || name = p_relation AND stored_relation IS NULL
        UNION ALL SELECT to_regclass(p_relation) WHERE p_relation LIKE 'raw.%'
    LOOP
        CONTINUE WHEN v_relation IS NULL;
        IF v_definition.name IS NOT NULL THEN
            v_segment_by := v_definition.key_column;
            v_time_column := 'bucket_at';
            v_batch := greatest(1, extract(epoch FROM v_policy.refresh_window) / extract(epoch FROM v_definition.bucket_width));
            IF NOT rollup.has_job(v_relation, 'policy_refresh_continuous_aggregate', jsonb_build_object(
                'start_offset', rollup.refresh_reach(v_definition.name), 'end_offset', v_policy.refresh_lag, 'buckets_per_batch', v_batch)) THEN
                PERFORM remove_compression_policy(v_relation, if_exists => true);
                PERFORM remove_continuous_aggregate_policy(v_relation, if_exists => true);
                PERFORM add_continuous_aggregate_policy(
                    v_relation, start_offset => rollup.refresh_reach(v_definition.name), end_offset => v_policy.refresh_lag,
                    schedule_interval => INTERVAL '1 minute', buckets_per_batch => v_batch);
            END IF;
        ELSE
            v_segment_by := CASE p_relation WHEN 'raw.sensor_readings' THEN 'sensor_id' ELSE 'machine_id' END;
            v_time_column := 'ts';
        END IF;
        CONTINUE WHEN rollup.has_job(v_relation, 'policy_compression', jsonb_build_object('compress_after', v_policy.compress_after));
        PERFORM remove_compression_policy(v_relation, if_exists => true);
        CONTINUE WHEN v_policy.compress_after IS NULL;
        IF NOT rollup.is_columnstore_enabled(v_relation) THEN
            EXECUTE format(
                'ALTER %s %s SET (timescaledb.compress = true, timescaledb.compress_segmentby = %L, timescaledb.compress_orderby = %L)',
                CASE WHEN v_definition.name IS NULL THEN 'TABLE' ELSE 'MATERIALIZED VIEW' END, v_relation, v_segment_by,
                v_time_column || ' DESC');
        END IF;
        PERFORM add_compression_policy(v_relation, compress_after => v_policy.compress_after);
    END LOOP;
    IF NOT EXISTS (SELECT FROM timescaledb_information.jobs WHERE proc_schema = 'rollup' AND proc_name = 'retention_job') THEN
        PERFORM add_job('rollup.retention_job'::regproc, INTERVAL '1 hour');
    END IF;
END
$$;
COMMENT ON FUNCTION rollup.apply_policy(text) IS 'Hands a row of rollup.policies to the database''s own scheduler (community edition; nothing to do on the other).';

CREATE OR REPLACE FUNCTION rollup.is_columnstore_enabled(p_relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
    SELECT EXISTS (
        SELECT FROM timescaledb_information.hypertables
        WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = p_relation AND compression_enabled
        UNION ALL
        SELECT FROM timescaledb_information.continuous_aggregates
        WHERE format('%I.%I', view_schema, view_name)::regclass = p_relation AND compression_enabled)
$$;
COMMENT ON FUNCTION rollup.is_columnstore_enabled(regclass) IS 'Whether chunks of a hypertable or continuous aggregate can go to the columnstore.';

-- Adding a policy anew would put off its next run, so one that is there with the same settings is left alone.
CREATE OR REPLACE FUNCTION rollup.has_job(p_relation regclass, p_procedure text, p_config jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
    SELECT EXISTS (
        SELECT FROM timescaledb_information.jobs AS job
        LEFT JOIN timescaledb_information.continuous_aggregates AS native
            ON native.materialization_hypertable_schema = job.hypertable_schema
            AND native.materialization_hypertable_name = job.hypertable_name
        WHERE job.proc_name LIKE p_procedure || '%' AND job.config @> p_config
            AND format('%I.%I', coalesce(native.view_schema, job.hypertable_schema), coalesce(native.view_name, job.hypertable_name))::regclass
                = p_relation)
$$;
COMMENT ON FUNCTION rollup.has_job(regclass, text, jsonb) IS 'Whether the database''s scheduler has this job with these settings for a relation.';

CREATE OR REPLACE FUNCTION rollup.apply_edited_policy() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    PERFORM rollup.apply_policy(NEW.relation);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rollup.apply_edited_policy() IS 'Trigger: an edited policy takes effect at once.';
CREATE OR REPLACE TRIGGER policies_apply_edited AFTER UPDATE ON rollup.policies
    FOR EACH ROW EXECUTE FUNCTION rollup.apply_edited_policy();

-- Called every minute by Dagster. On the community edition the database refreshes and compresses by itself and only
-- parts for new time zones are left to do.
CREATE OR REPLACE FUNCTION rollup.run_policies(p_time_limit interval DEFAULT INTERVAL '50 seconds')
RETURNS TABLE (name text, written_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    v_part record;
    v_deadline_at CONSTANT timestamptz := clock_timestamp() + p_time_limit;
BEGIN
    -- one run at a time; who comes second has nothing to do
    IF NOT pg_try_advisory_xact_lock(hashtext('rollup.run_policies'), 0) THEN
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM ref.sites AS site CROSS JOIN rollup.definitions AS definition
        WHERE definition.is_per_time_zone AND NOT EXISTS (
            SELECT FROM rollup.parts AS part WHERE part.name = definition.name AND part.time_zone = site.time_zone)
    ) THEN
        PERFORM rollup.build_missing();
    END IF;
    FOR v_part IN
        SELECT part.part_id, part.name FROM rollup.parts AS part
        JOIN rollup.definitions AS definition ON definition.name = part.name
        WHERE part.stored_relation IS NOT NULL ORDER BY definition.level, part.name, part.part_id
    LOOP
        EXIT WHEN clock_timestamp() >= v_deadline_at;
        name := v_part.name;
        written_count := rollup.refresh_part(v_part.part_id, p_deadline_at => v_deadline_at);
        RETURN NEXT;
    END LOOP;
    IF rollup.edition() <> 'community' THEN
        PERFORM rollup.apply_retention();
    END IF;
END
$$;
COMMENT ON FUNCTION rollup.run_policies(interval) IS 'Refresh and retention as rollup.policies says, as far as the database does not do it itself; stops at the time limit and carries on at the next call. Returns the rows written by part.';
