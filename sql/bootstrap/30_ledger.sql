CREATE TABLE IF NOT EXISTS gemba.migrations (
    version integer CONSTRAINT migrations_version_pk PRIMARY KEY,
    name text NOT NULL,
    body text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_s double precision NOT NULL
);
CREATE TABLE IF NOT EXISTS gemba.applied_files (
    path text CONSTRAINT applied_files_path_pk PRIMARY KEY,
    body_sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE gemba.migrations OWNER TO gemba_migrator;
ALTER TABLE gemba.applied_files OWNER TO gemba_migrator;
COMMENT ON TABLE gemba.migrations IS 'One row per numbered migration that ran here, with the text that ran. Grain: version.';
COMMENT ON COLUMN gemba.migrations.body IS 'The text of the file as it ran; a file that differs from it later is an error.';
COMMENT ON COLUMN gemba.migrations.duration_s IS 'How long it took, in seconds.';
COMMENT ON TABLE gemba.applied_files IS 'The re-applied (idempotent, rollup) files as last applied. Grain: path.';
COMMENT ON COLUMN gemba.applied_files.body_sha256 IS 'SHA-256 of the text as last applied.';
