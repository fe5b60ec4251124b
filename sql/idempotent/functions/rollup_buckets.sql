-- Where buckets begin and end, and which rows a SELECT of sql/rollups/ is to read.

CREATE OR REPLACE FUNCTION rollup.edition() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$ SELECT CASE current_setting('timescaledb.license') WHEN 'timescale' THEN 'community' ELSE 'apache' END $$;
COMMENT ON FUNCTION rollup.edition() IS 'community: TimescaleDB has continuous aggregates and policies of its own here; apache: the engine of this schema does their work.';

CREATE OR REPLACE FUNCTION rollup.floor_to_bucket(p_at timestamptz, p_width interval, p_time_zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN CASE
        WHEN NOT isfinite(p_at) THEN p_at
        WHEN p_time_zone IS NULL THEN time_bucket(p_width, p_at)
        ELSE time_bucket(p_width, p_at, p_time_zone)
    END;
END
$$;
COMMENT ON FUNCTION rollup.floor_to_bucket(timestamptz, interval, text) IS 'Start of the bucket that holds the instant; infinity stays as it is.';

-- Through local time, so that the day after a day of 23 or 25 hours starts at local midnight too.
CREATE OR REPLACE FUNCTION rollup.next_bucket(p_at timestamptz, p_width interval, p_time_zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN CASE
        WHEN NOT isfinite(p_at) THEN p_at
        WHEN p_time_zone IS NULL THEN time_bucket(p_width, p_at) + p_width
        ELSE (time_bucket(p_width, p_at AT TIME ZONE p_time_zone) + p_width) AT TIME ZONE p_time_zone
    END;
END
$$;
COMMENT ON FUNCTION rollup.next_bucket(timestamptz, interval, text) IS 'Start of the bucket after the one that holds the instant.';

CREATE OR REPLACE FUNCTION rollup.whole_buckets(
    p_ranges tstzmultirange, p_width interval, p_time_zone text
) RETURNS tstzmultirange
LANGUAGE sql STABLE SET search_path = pg_catalog, public
AS $$
    SELECT coalesce(range_agg(tstzrange(
        rollup.floor_to_bucket(lower(piece), p_width, p_time_zone),
        CASE WHEN upper(piece) = rollup.floor_to_bucket(upper(piece), p_width, p_time_zone) THEN upper(piece)
             ELSE rollup.next_bucket(upper(piece), p_width, p_time_zone) END)), '{}')
    FROM unnest(p_ranges) AS piece
$$;
COMMENT ON FUNCTION rollup.whole_buckets(tstzmultirange, interval, text) IS 'The ranges, widened to whole buckets.';

-- p_window is a condition with "column" where the source's time column belongs.
CREATE OR REPLACE FUNCTION rollup.fill_in(
    p_query text, p_source text, p_relation text, p_time_zone text, p_window text
) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
AS $$
    SELECT replace(replace(
        regexp_replace(p_query, '\{window\(([a-z_.]+)\)\}', replace(p_window, 'column', '\1'), 'g'),
        '{time_zone}', quote_literal(coalesce(p_time_zone, 'UTC'))), p_source || ' ', p_relation || ' ')
$$;
COMMENT ON FUNCTION rollup.fill_in(text, text, text, text, text) IS 'A declared SELECT, made runnable: {time_zone} and {window(column)} filled in, its source replaced by the relation to read.';

-- Marked IMMUTABLE although it reads a table, as TimescaleDB does with the watermarks of its own aggregates: the
-- planner then sees a constant and leaves out chunks of raw data at planning. A plan that outlives a refresh stays
-- right: a watermark only grows, and whoever reads with an older one computes a little more from the source.
CREATE OR REPLACE FUNCTION rollup.watermark(p_part_id integer) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    RETURN (SELECT watermark_at FROM rollup.parts WHERE part_id = p_part_id);
END
$$;
COMMENT ON FUNCTION rollup.watermark(integer) IS 'Buckets before this instant are stored; later ones are computed when read.';

CREATE OR REPLACE FUNCTION rollup.raise_unknown(p_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION 'there is no rollup %', p_name
        USING HINT = 'SELECT name FROM rollup.definitions lists them', ERRCODE = 'undefined_object';
END
$$;
COMMENT ON FUNCTION rollup.raise_unknown(text) IS 'Raises the error for a rollup that is not defined.';
