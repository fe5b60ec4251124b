-- Declaring rollups and building what is declared.

CREATE OR REPLACE FUNCTION rollup.define(
    p_name text, p_source text, p_key_column text, p_bucket_width interval, p_chunk_interval interval,
    p_refresh_lag interval, p_refresh_window interval, p_retain_for interval, p_compress_after interval,
    p_query text, p_reader text, p_comment text, p_is_per_time_zone boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_old rollup.definitions;
BEGIN
    SELECT * INTO v_old FROM rollup.definitions WHERE name = p_name;
    IF v_old.name IS NULL THEN
        INSERT INTO rollup.definitions (
            name, source, key_column, bucket_width, chunk_interval, is_per_time_zone, query, reader, comment
        ) VALUES (
            p_name, p_source, p_key_column, p_bucket_width, p_chunk_interval, p_is_per_time_zone, p_query, p_reader, p_comment
        );
    ELSIF (v_old.source, v_old.key_column, v_old.bucket_width, v_old.is_per_time_zone, v_old.query)
        IS DISTINCT FROM (p_source, p_key_column, p_bucket_width, p_is_per_time_zone, p_query) THEN
        RAISE EXCEPTION 'the buckets of rollup % are defined differently in the database than in its file', p_name
            USING HINT = format(
                'stored buckets can not be changed in place: write a migration with SELECT rollup.undefine(%L), which drops '
                'them and the rollups made from them; they are then built anew, as far back as raw data is kept', p_name);
    ELSE
        UPDATE rollup.definitions
        SET reader = p_reader, comment = p_comment, chunk_interval = p_chunk_interval
        WHERE name = p_name;
    END IF;
    -- people may have edited the settings: only what is missing is filled in
    INSERT INTO rollup.policies (relation, refresh_lag, refresh_window, retain_for, compress_after)
    VALUES ('agg.' || p_name, p_refresh_lag, p_refresh_window, p_retain_for, p_compress_after)
    ON CONFLICT (relation) DO NOTHING;
    PERFORM rollup.build_missing();
    IF v_old.level IS NOT NULL THEN
        PERFORM rollup.build_reader(p_name);
    END IF;
END
$$;
COMMENT ON FUNCTION rollup.define(text, text, text, interval, interval, interval, interval, interval, interval, text, text, text, boolean)
IS 'Declares one rollup and builds it once its source is there; may be run again. The policy is a default: rollup.policies rules.';

-- Files come in the order of their names, so a rollup may be declared before its source: it waits here for it.
CREATE OR REPLACE FUNCTION rollup.build_missing() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_definition rollup.definitions;
    v_zone text;
    v_is_changed boolean;
BEGIN
    LOOP
        UPDATE rollup.definitions AS definition
        SET level = 1 + coalesce(source.level, 0)
        FROM rollup.definitions AS this
        LEFT JOIN rollup.definitions AS source ON this.source = 'agg.' || source.name
        WHERE this.name = definition.name AND definition.level IS NULL
            AND (this.source LIKE 'raw.%' OR source.level IS NOT NULL);
        EXIT WHEN NOT FOUND;
    END LOOP;
    FOR v_definition IN SELECT * FROM rollup.definitions WHERE level IS NOT NULL ORDER BY level, name LOOP
        v_is_changed := to_regclass('agg.' || quote_ident(v_definition.name)) IS NULL;
        FOR v_zone IN
            SELECT wanted.time_zone
            FROM (
                SELECT NULL AS time_zone WHERE NOT v_definition.is_per_time_zone
                UNION SELECT time_zone FROM ref.sites WHERE v_definition.is_per_time_zone
            ) AS wanted
            WHERE NOT EXISTS (
                SELECT FROM rollup.parts AS part
                WHERE part.name = v_definition.name AND part.time_zone IS NOT DISTINCT FROM wanted.time_zone)
            ORDER BY 1
        LOOP
            PERFORM rollup.build_part(v_definition, v_zone);
            v_is_changed := true;
        END LOOP;
        IF v_is_changed THEN
            PERFORM rollup.build_reader(v_definition.name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rollup.build_missing() IS 'Builds what is declared and not there yet: rollups whose source has come, parts for time zones of new sites.';

CREATE OR REPLACE FUNCTION rollup.build_part(p_definition rollup.definitions, p_time_zone text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_is_native CONSTANT boolean := rollup.edition() = 'community';
    v_table CONSTANT text := p_definition.name
        || coalesce('_' || lower(regexp_replace(p_time_zone, '[^A-Za-z0-9]+', '_', 'g')), '');
    v_relation CONSTANT text := 'rollup.' || v_table;
    v_stored CONSTANT text := 'rollup.' || v_table || '_stored';
    v_source CONSTANT text := rollup.live_relation(p_definition.source);
    v_columns text;
    v_part_id integer;
    v_time_column CONSTANT text := CASE WHEN p_definition.level = 1 THEN 'ts' ELSE 'bucket_at' END;
BEGIN
    INSERT INTO rollup.parts (name, time_zone, relation, stored_relation)
    VALUES (p_definition.name, p_time_zone, v_relation, CASE WHEN NOT v_is_native THEN v_stored END)
    RETURNING part_id INTO v_part_id;

    IF v_is_native THEN
        EXECUTE format(
            'CREATE MATERIALIZED VIEW %s WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS %s WITH NO DATA',
            v_relation, rollup.fill_in(p_definition.query, p_definition.source, v_source, p_time_zone, 'true'));
        PERFORM set_chunk_time_interval(
            format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass, p_definition.chunk_interval)
        FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'rollup' AND view_name = v_table;
        PERFORM rollup.comment_columns(v_relation, 'VIEW', format('Continuous aggregate behind agg.%s; read that.', p_definition.name));
        PERFORM rollup.apply_policy('agg.' || p_definition.name);
        RETURN;
    END IF;

    EXECUTE format('CREATE TABLE %s AS %s WITH NO DATA', v_stored,
        rollup.fill_in(p_definition.query, p_definition.source, v_source, p_time_zone, 'false'));
    EXECUTE format('ALTER TABLE %s ALTER bucket_at SET NOT NULL, ALTER %I SET NOT NULL', v_stored, p_definition.key_column);
    PERFORM create_hypertable(v_stored::regclass, by_range('bucket_at', p_definition.chunk_interval), create_default_indexes => false);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %s (%I, bucket_at)', v_table || '_stored_key', v_stored, p_definition.key_column);
    EXECUTE format('CREATE INDEX %I ON %s (bucket_at)', v_table || '_stored_bucket_at_idx', v_stored);
    PERFORM rollup.comment_columns(v_stored, 'TABLE', format('Stored buckets of agg.%s; read that.', p_definition.name));

    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO v_columns
    FROM pg_attribute WHERE attrelid = v_stored::regclass AND attnum > 0 AND NOT attisdropped;
    EXECUTE format(
        'CREATE VIEW %s AS SELECT %s FROM %s WHERE bucket_at < rollup.watermark(%s) UNION ALL %s',
        v_relation, v_columns, v_stored, v_part_id,
        rollup.fill_in(p_definition.query, p_definition.source, v_source, p_time_zone, format('column >= rollup.watermark(%s)', v_part_id)));
    PERFORM rollup.comment_columns(v_relation, 'VIEW', format('Stored and newest buckets behind agg.%s; read that.', p_definition.name));

    IF p_definition.level = 1 THEN
        PERFORM rollup.watch(p_definition.source::regclass, p_definition.bucket_width);
    END IF;
    -- what the source holds already is waiting to be stored
    EXECUTE format(
        'INSERT INTO rollup.changes (part_id, touched)
         SELECT $1, tstzrange(min(%1$I), max(%1$I) + INTERVAL ''1 microsecond'') FROM %2$s HAVING count(*) > 0', v_time_column, v_source)
    USING v_part_id;
END
$$;
COMMENT ON FUNCTION rollup.build_part(rollup.definitions, text) IS 'Makes one materialisation: a continuous aggregate, or a hypertable with a view that adds the newest buckets.';

CREATE OR REPLACE FUNCTION rollup.live_relation(p_source text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
    SELECT coalesce((SELECT relation FROM rollup.parts WHERE 'agg.' || name = p_source), p_source)
$$;
COMMENT ON FUNCTION rollup.live_relation(text) IS 'Where a source is read with its newest rows: a raw hypertable itself, or the relation of a rollup''s only part.';

CREATE OR REPLACE FUNCTION rollup.build_reader(p_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_definition rollup.definitions;
    v_parts text;
BEGIN
    SELECT * INTO STRICT v_definition FROM rollup.definitions WHERE name = p_name;
    SELECT string_agg(relation, E'\n UNION ALL SELECT * FROM ' ORDER BY part_id) INTO v_parts
    FROM rollup.parts WHERE name = p_name;
    v_parts := coalesce(
        '(SELECT * FROM ' || v_parts || ')',
        -- no site yet: the columns without rows
        '(' || rollup.fill_in(v_definition.query, v_definition.source, rollup.live_relation(v_definition.source), NULL, 'false') || ')');
    EXECUTE format('CREATE OR REPLACE VIEW agg.%I AS %s', p_name, replace(v_definition.reader, '{rollup}', v_parts));
    PERFORM rollup.comment_columns(format('agg.%I', p_name), 'VIEW', v_definition.comment);
    EXECUTE format('GRANT SELECT ON agg.%I TO gemba_reader, gemba_transformer, gemba_app', p_name);
END
$$;
COMMENT ON FUNCTION rollup.build_reader(text) IS 'Makes the view agg.<name> that everybody reads, over all parts of the rollup.';

CREATE OR REPLACE FUNCTION rollup.undefine(p_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_dependant text;
    v_part rollup.parts;
BEGIN
    FOR v_dependant IN SELECT name FROM rollup.definitions WHERE source = 'agg.' || p_name LOOP
        PERFORM rollup.undefine(v_dependant);
    END LOOP;
    EXECUTE format('DROP VIEW IF EXISTS agg.%I', p_name);
    FOR v_part IN SELECT * FROM rollup.parts WHERE name = p_name LOOP
        IF v_part.stored_relation IS NULL THEN
            EXECUTE format('DROP MATERIALIZED VIEW IF EXISTS %s', v_part.relation);
        ELSE
            EXECUTE format('DROP VIEW IF EXISTS %s', v_part.relation);
            EXECUTE format('DROP TABLE IF EXISTS %s', v_part.stored_relation);
        END IF;
        DELETE FROM rollup.changes WHERE part_id = v_part.part_id;
        DELETE FROM rollup.dropped_ranges WHERE relation = v_part.stored_relation;
    END LOOP;
    DELETE FROM rollup.parts WHERE name = p_name;
    DELETE FROM rollup.definitions WHERE name = p_name;
END
$$;
COMMENT ON FUNCTION rollup.undefine(text) IS 'Drops a rollup with its stored buckets, and the rollups made from it; its policy stays. For migrations that change a definition.';
