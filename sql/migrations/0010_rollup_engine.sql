-- The engine behind schema agg. sql/rollups/*.sql declare the rollups; sql/idempotent/functions/rollup_*.sql work them.
-- Words: a rollup has one or more parts (one per time zone where its buckets are local days); a part is one
-- materialisation: a continuous aggregate (community edition) or a hypertable of stored buckets with a view on top.
CREATE TABLE rollup.definitions (
    name text CONSTRAINT definitions_name_pk PRIMARY KEY
        CONSTRAINT definitions_name_check CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    level integer,
    source text NOT NULL,
    key_column text NOT NULL,
    bucket_width interval NOT NULL,
    chunk_interval interval NOT NULL,
    is_per_time_zone boolean NOT NULL,
    query text NOT NULL,
    reader text NOT NULL,
    comment text NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE rollup.definitions IS 'What each rollup is, as sql/rollups/ declared it. Grain: rollup.';
COMMENT ON COLUMN rollup.definitions.level IS '1: made from raw, 2: made from such a rollup, and so on; NULL: declared, not built yet.';
COMMENT ON COLUMN rollup.definitions.source IS 'What it is made from: a raw hypertable (raw.table) or another rollup (agg.name).';
COMMENT ON COLUMN rollup.definitions.key_column IS 'What a bucket belongs to: sensor_id or machine_id.';
COMMENT ON COLUMN rollup.definitions.is_per_time_zone IS 'Whether buckets are local days, with one part for each time zone of ref.sites.';
COMMENT ON COLUMN rollup.definitions.query IS 'SELECT that makes buckets, with {window(column)} and {time_zone} to be filled in and its source by name.';
COMMENT ON COLUMN rollup.definitions.reader IS 'SELECT of the view agg.<name>, with {rollup} to be filled in.';

CREATE TABLE rollup.parts (
    part_id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT parts_part_id_pk PRIMARY KEY,
    name text NOT NULL CONSTRAINT parts_name_fk REFERENCES rollup.definitions,
    time_zone text,
    relation text NOT NULL CONSTRAINT parts_relation_key UNIQUE,
    stored_relation text,
    watermark_at timestamptz NOT NULL DEFAULT '-infinity',
    refreshed_at timestamptz,
    CONSTRAINT parts_name_time_zone_key UNIQUE NULLS NOT DISTINCT (name, time_zone)
);
COMMENT ON TABLE rollup.parts IS 'Materialisations of rollups. Grain: rollup, time zone (one row without zone where buckets are in UTC).';
COMMENT ON COLUMN rollup.parts.relation IS 'Where to read it, newest data included.';
COMMENT ON COLUMN rollup.parts.stored_relation IS 'Hypertable of stored buckets; NULL: a native continuous aggregate, which the database refreshes itself.';
COMMENT ON COLUMN rollup.parts.watermark_at IS 'Buckets before it are read as stored, from it on they are computed from the source. Not used where native.';
COMMENT ON COLUMN rollup.parts.refreshed_at IS 'When it was last refreshed by the engine. Not used where native.';

-- Written by every statement that changes a source, read and emptied by refreshes.
CREATE TABLE rollup.changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT changes_change_id_pk PRIMARY KEY,
    part_id integer NOT NULL,
    touched tstzrange NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE rollup.changes IS 'Time ranges whose source rows changed since the part was refreshed. Grain: part, range (they may overlap).';
COMMENT ON COLUMN rollup.changes.touched IS 'Whole buckets of the first level, [from, to).';

CREATE TABLE rollup.dropped_ranges (
    dropped_range_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT dropped_ranges_dropped_range_id_pk PRIMARY KEY,
    relation text NOT NULL,
    dropped tstzrange NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX dropped_ranges_relation_idx ON rollup.dropped_ranges (relation);
COMMENT ON TABLE rollup.dropped_ranges IS 'What retention removed. No refresh reaches into these ranges: it would erase buckets whose source is gone. Grain: relation, chunk.';

CREATE TABLE rollup.policies (
    relation text CONSTRAINT policies_relation_pk PRIMARY KEY,
    refresh_lag interval CONSTRAINT policies_refresh_lag_check CHECK (refresh_lag >= INTERVAL '0'),
    refresh_window interval CONSTRAINT policies_refresh_window_check CHECK (refresh_window > INTERVAL '0'),
    retain_for interval CONSTRAINT policies_retain_for_check CHECK (retain_for > INTERVAL '0'),
    compress_after interval CONSTRAINT policies_compress_after_check CHECK (compress_after > INTERVAL '0')
);
COMMENT ON TABLE rollup.policies IS 'The one table of settings for refresh, retention and compression, to be edited by people; migrations only fill in what is missing. Grain: raw hypertable or rollup.';
COMMENT ON COLUMN rollup.policies.relation IS 'A raw hypertable (raw.table) or a rollup (agg.name).';
COMMENT ON COLUMN rollup.policies.refresh_lag IS 'How long after its end a bucket is stored; until then it is computed at each read. NULL for raw.';
COMMENT ON COLUMN rollup.policies.refresh_window IS 'How much time one step of a refresh covers; bounds its memory. NULL for raw.';
COMMENT ON COLUMN rollup.policies.retain_for IS 'A chunk is dropped when its data and the chunk itself are older; NULL: kept for ever.';
COMMENT ON COLUMN rollup.policies.compress_after IS 'Age at which chunks go to the columnstore; community edition only; NULL: never.';
INSERT INTO rollup.policies (relation, retain_for, compress_after) VALUES
    ('raw.sensor_readings', INTERVAL '90 days', INTERVAL '7 days'),
    ('raw.machine_samples', INTERVAL '15 months', INTERVAL '30 days'),
    ('raw.machine_events', NULL, INTERVAL '3 months');

-- Merges {N, Sx, Sxx} of groups (Sxx: sum of squared deviations from the mean) with the function behind PostgreSQL's
-- own parallel variance, so that hours from minutes are as exact as hours from raw rows.
CREATE AGGREGATE rollup.merge_stats(double precision[]) (
    SFUNC = float8_combine, STYPE = double precision[], INITCOND = '{0,0,0}',
    COMBINEFUNC = float8_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup.merge_stats(double precision[]) IS 'Merges {count, sum, sum of squared deviations} of groups into that of their union.';

-- A refresh reads a few minutes of all sensors at once. The unique indexes lead with the sensor; these find the rows
-- by time and cost ingest next to nothing.
CREATE INDEX sensor_readings_ts_idx ON raw.sensor_readings USING brin (ts) WITH (autosummarize = on);
CREATE INDEX machine_samples_ts_idx ON raw.machine_samples USING brin (ts) WITH (autosummarize = on);
