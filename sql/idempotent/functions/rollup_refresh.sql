-- Recomputing the buckets whose source changed.

CREATE OR REPLACE FUNCTION rollup.dropped(p_relation text) RETURNS tstzmultirange
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$ SELECT coalesce(range_agg(dropped), '{}') FROM rollup.dropped_ranges WHERE relation = p_relation $$;
COMMENT ON FUNCTION rollup.dropped(text) IS 'What retention removed from a relation.';

-- Buckets are stored once they are over by the policy's lag, and not before their source has stored them.
CREATE OR REPLACE FUNCTION rollup.closed_before(p_name text, p_time_zone text) RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog
AS $$
    SELECT rollup.floor_to_bucket(
        least(now() - policy.refresh_lag, (SELECT watermark_at FROM rollup.parts WHERE 'agg.' || name = definition.source)),
        definition.bucket_width, p_time_zone)
    FROM rollup.definitions AS definition
    JOIN rollup.policies AS policy ON policy.relation = 'agg.' || definition.name
    WHERE definition.name = p_name
$$;
COMMENT ON FUNCTION rollup.closed_before(text, text) IS 'Buckets before this instant may be stored now.';

-- Recomputes the buckets of one window. Many separate ranges in it are done in one pass, a few one by one.
CREATE OR REPLACE FUNCTION rollup.store_buckets(
    p_stored text, p_query text, p_source text, p_relation text, p_time_zone text, p_ranges tstzmultirange
) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
    v_range tstzrange;
    v_rows bigint;
    v_total bigint := 0;
BEGIN
    IF (SELECT count(*) FROM unnest(p_ranges)) > 8 THEN
        EXECUTE format('DELETE FROM %s WHERE bucket_at >= $1 AND bucket_at < $2 AND $3 @> bucket_at', p_stored)
        USING lower(p_ranges), upper(p_ranges), p_ranges;
        EXECUTE format('INSERT INTO %s %s', p_stored, rollup.fill_in(
            p_query, p_source, p_relation, p_time_zone, 'column >= $1 AND column < $2 AND $3 @> column'))
        USING lower(p_ranges), upper(p_ranges), p_ranges;
        GET DIAGNOSTICS v_total = ROW_COUNT;
        RETURN v_total;
    END IF;
    FOREACH v_range IN ARRAY (SELECT array_agg(piece) FROM unnest(p_ranges) AS piece) LOOP
        EXECUTE format('DELETE FROM %s WHERE bucket_at >= $1 AND bucket_at < $2', p_stored)
        USING lower(v_range), upper(v_range);
        EXECUTE format('INSERT INTO %s %s', p_stored, rollup.fill_in(
            p_query, p_source, p_relation, p_time_zone, 'column >= $1 AND column < $2'))
        USING lower(v_range), upper(v_range);
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_total := v_total + v_rows;
    END LOOP;
    RETURN v_total;
END
$$;
COMMENT ON FUNCTION rollup.store_buckets(text, text, text, text, text, tstzmultirange) IS 'Deletes and recomputes the stored buckets of some ranges; returns the rows written.';

-- One refresh at a time per part; writers of the source are never kept waiting. Only log rows that are visible are
-- consumed: a writer that commits later leaves its own, which the next refresh finds.
CREATE OR REPLACE FUNCTION rollup.refresh_part(
    p_part_id integer, p_from timestamptz DEFAULT '-infinity', p_to timestamptz DEFAULT 'infinity',
    p_deadline_at timestamptz DEFAULT 'infinity'
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET work_mem = '64MB' SET jit = off
AS $$
DECLARE
    v_part rollup.parts;
    v_definition rollup.definitions;
    v_window interval;
    v_source text;
    v_closed_before timestamptz;
    v_taken tstzmultirange;
    v_todo tstzmultirange;
    v_step tstzmultirange;
    v_step_end timestamptz;
    v_done tstzmultirange := '{}';
    v_gone tstzmultirange;
    v_rows bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('rollup.refresh_part'), p_part_id);
    SELECT * INTO STRICT v_part FROM rollup.parts WHERE part_id = p_part_id;
    SELECT * INTO STRICT v_definition FROM rollup.definitions WHERE name = v_part.name;
    SELECT refresh_window INTO v_window FROM rollup.policies WHERE relation = 'agg.' || v_part.name;
    SELECT stored_relation INTO v_source FROM rollup.parts WHERE 'agg.' || name = v_definition.source;
    v_source := coalesce(v_source, v_definition.source);
    v_closed_before := rollup.closed_before(v_part.name, v_part.time_zone);

    WITH taken AS (
        DELETE FROM rollup.changes
        WHERE part_id = p_part_id AND touched && tstzrange(p_from, p_to) RETURNING touched
    )
    SELECT coalesce(range_agg(touched), '{}') INTO v_taken FROM taken;

    v_gone := rollup.whole_buckets(
        rollup.dropped(v_source) + rollup.dropped(v_part.stored_relation), v_definition.bucket_width, v_part.time_zone);
    v_todo := rollup.whole_buckets(
        v_taken * tstzmultirange(tstzrange(p_from, p_to)), v_definition.bucket_width, v_part.time_zone)
        * tstzmultirange(tstzrange(NULL, v_closed_before)) - v_gone;

    WHILE NOT isempty(v_todo) AND clock_timestamp() < p_deadline_at LOOP
        v_step_end := greatest(
            rollup.floor_to_bucket(lower(v_todo) + v_window, v_definition.bucket_width, v_part.time_zone),
            rollup.next_bucket(lower(v_todo), v_definition.bucket_width, v_part.time_zone));
        v_step := v_todo * tstzmultirange(tstzrange(NULL, v_step_end));
        v_rows := v_rows + rollup.store_buckets(
            v_part.stored_relation, v_definition.query, v_definition.source, v_source, v_part.time_zone, v_step);
        v_done := v_done + v_step;
        v_todo := v_todo - v_step;
    END LOOP;

    -- back into the log: what is still open, outside the asked range, or beyond the deadline
    INSERT INTO rollup.changes (part_id, touched)
    SELECT p_part_id, rest FROM unnest(v_taken - v_done - v_gone) AS rest;
    -- what is made from these buckets has changed with them
    INSERT INTO rollup.changes (part_id, touched)
    SELECT part.part_id, piece
    FROM unnest(v_done) AS piece
    CROSS JOIN rollup.parts AS part JOIN rollup.definitions AS definition ON definition.name = part.name
    WHERE definition.source = 'agg.' || v_part.name AND part.stored_relation IS NOT NULL;

    -- the watermark goes up to the first bucket that is not stored yet
    UPDATE rollup.parts
    SET refreshed_at = clock_timestamp(),
        watermark_at = greatest(watermark_at, least(v_closed_before, (
            SELECT rollup.floor_to_bucket(min(lower(touched)), v_definition.bucket_width, v_part.time_zone)
            FROM rollup.changes WHERE part_id = p_part_id AND upper(touched) > watermark_at)))
    WHERE part_id = p_part_id;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION rollup.refresh_part(integer, timestamptz, timestamptz, timestamptz) IS 'Recomputes the changed buckets of one stored part, oldest first, until the deadline; what is left stays logged. Returns the rows written.';

-- A procedure, because the database refreshes its own aggregates only outside a transaction: CALL it with autocommit.
CREATE OR REPLACE PROCEDURE rollup.refresh(
    p_name text, p_from timestamptz DEFAULT '-infinity', p_to timestamptz DEFAULT 'infinity'
)
LANGUAGE plpgsql
AS $$
DECLARE
    -- arrays and not loops over queries: a native refresh commits on its way
    v_parts rollup.parts[];
    v_part rollup.parts;
    v_ranges tstzrange[];
    v_range tstzrange;
BEGIN
    IF NOT EXISTS (SELECT FROM rollup.definitions WHERE name = p_name) THEN
        PERFORM rollup.raise_unknown(p_name);
    END IF;
    v_parts := ARRAY(SELECT part FROM rollup.parts AS part WHERE name = p_name ORDER BY part_id);
    FOREACH v_part IN ARRAY v_parts LOOP
        IF v_part.stored_relation IS NOT NULL THEN
            PERFORM rollup.refresh_part(v_part.part_id, p_from, p_to);
        ELSE
            v_ranges := ARRAY(SELECT reachable FROM rollup.native_ranges(v_part.part_id, p_from, p_to) AS reachable);
            FOREACH v_range IN ARRAY v_ranges LOOP
                CALL public.refresh_continuous_aggregate(v_part.relation::regclass, lower(v_range), upper(v_range));
            END LOOP;
        END IF;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE rollup.refresh(text, timestamptz, timestamptz) IS 'Brings the closed buckets of a rollup between two instants up to date; only changed ones are recomputed. Its source comes first: refresh that before. On the community edition: as gemba_migrator, outside a transaction.';

CREATE OR REPLACE PROCEDURE rollup.refresh_pending(p_name text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_names text[];
    v_name text;
BEGIN
    IF p_name IS NOT NULL AND NOT EXISTS (SELECT FROM rollup.definitions WHERE name = p_name) THEN
        PERFORM rollup.raise_unknown(p_name);
    END IF;
    v_names := ARRAY(
        SELECT name FROM rollup.definitions WHERE name = coalesce(p_name, name) AND level IS NOT NULL ORDER BY level, name);
    FOREACH v_name IN ARRAY v_names LOOP
        CALL rollup.refresh(v_name);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE rollup.refresh_pending(text) IS 'Refreshes whatever changed in a rollup; without a name in all of them, sources first.';

-- Native refreshes recompute everything that changed in the range they get, dropped chunks included, so those are left out.
CREATE OR REPLACE FUNCTION rollup.native_ranges(p_part_id integer, p_from timestamptz, p_to timestamptz)
RETURNS SETOF tstzrange
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
    SELECT piece
    FROM rollup.parts AS part
    JOIN rollup.definitions AS definition ON definition.name = part.name
    JOIN rollup.policies AS policy ON policy.relation = 'agg.' || definition.name
    CROSS JOIN LATERAL unnest(
        tstzmultirange(tstzrange(nullif(p_from, '-infinity'), least(
            nullif(p_to, 'infinity'),
            rollup.floor_to_bucket(now() - policy.refresh_lag, definition.bucket_width, part.time_zone))))
        - rollup.whole_buckets(
            rollup.dropped(definition.source) + rollup.dropped(part.relation), definition.bucket_width, part.time_zone)
    ) AS piece
    WHERE part.part_id = p_part_id
        -- the database refuses a range that holds no whole bucket
        AND (lower_inf(piece) OR rollup.next_bucket(lower(piece), definition.bucket_width, part.time_zone) <= upper(piece))
$$;
COMMENT ON FUNCTION rollup.native_ranges(integer, timestamptz, timestamptz) IS 'The closed ranges between two instants that a native refresh may reach.';
