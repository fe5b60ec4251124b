CREATE OR REPLACE FUNCTION ref.generate_shift_calendar(p_site_id integer, p_from_date date, p_to_date date) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, ref
AS $$
    WITH inserted AS (
        INSERT INTO ref.shift_calendar (site_id, shift_pattern_id, shift_code, production_date, started_at, ended_at)
        SELECT
            pattern.site_id,
            pattern.shift_pattern_id,
            pattern.shift_code,
            day::date,
            -- local wall-clock times become instants here: over a clock change a night shift lasts 7 or 9 hours
            (day::date + pattern.starts_at_local) AT TIME ZONE site.time_zone,
            (day::date + (pattern.ends_at_local <= pattern.starts_at_local)::integer + pattern.ends_at_local) AT TIME ZONE site.time_zone
        FROM ref.shift_patterns AS pattern
        JOIN ref.sites AS site USING (site_id)
        CROSS JOIN generate_series(p_from_date::timestamp, p_to_date::timestamp, INTERVAL '1 day') AS day
        WHERE pattern.site_id = p_site_id
            AND day::date >= pattern.valid_from_date AND day::date < pattern.valid_to_date
            AND extract(isodow FROM day)::integer = ANY (pattern.iso_weekdays)
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*)::integer FROM inserted
$$;
COMMENT ON FUNCTION ref.generate_shift_calendar IS
'Makes the shift instances of a site for the local dates from_date..to_date, both included, from its patterns. What exists, or would overlap it, is left alone. Returns how many were made.';
