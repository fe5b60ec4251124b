CREATE TABLE ops.dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT dead_letters_dead_letter_id_pk PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source text NOT NULL,
    topic text NOT NULL,
    line_number bigint,
    payload bytea NOT NULL,
    reason_code text NOT NULL,
    detail text NOT NULL,
    payload_sha256 bytea NOT NULL GENERATED ALWAYS AS (sha256(payload)) STORED,
    replayed_at timestamptz,
    replay_outcome text
);
CREATE INDEX dead_letters_received_at_idx ON ops.dead_letters (received_at);
CREATE UNIQUE INDEX dead_letters_topic_payload_key ON ops.dead_letters (md5(topic), coalesce(line_number, -1), payload_sha256, reason_code)
    WHERE replayed_at IS NULL;
COMMENT ON TABLE ops.dead_letters IS 'What could not be stored, byte for byte, with the reason. Grain: one refused message, file row or reading; an open letter is kept once.';
COMMENT ON COLUMN ops.dead_letters.source IS 'mqtt, file, and so on.';
COMMENT ON COLUMN ops.dead_letters.topic IS 'MQTT topic, or path of the file.';
COMMENT ON COLUMN ops.dead_letters.line_number IS 'Line in the file, 1 first; NULL for messages.';
COMMENT ON COLUMN ops.dead_letters.reason_code IS 'undecodable, unknown_machine, unknown_tag, not_a_number, bad_timestamp, too_large, good_above_total, conflict, ...';
COMMENT ON COLUMN ops.dead_letters.detail IS 'The reason in words, for a person.';
COMMENT ON COLUMN ops.dead_letters.replayed_at IS 'When it was sent through again; NULL: still open.';

CREATE TABLE ops.ingest_stats (
    bucket_at timestamptz NOT NULL,
    process_name text NOT NULL,
    message_count bigint NOT NULL DEFAULT 0,
    stored_count bigint NOT NULL DEFAULT 0,
    duplicate_count bigint NOT NULL DEFAULT 0,
    dead_letter_count bigint NOT NULL DEFAULT 0,
    batch_count bigint NOT NULL DEFAULT 0,
    lag_max_s double precision,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ingest_stats_process_name_bucket_at_pk PRIMARY KEY (process_name, bucket_at)
);
COMMENT ON TABLE ops.ingest_stats IS 'What each ingest process did, by minute. Grain: process, minute; also its sign of life.';
COMMENT ON COLUMN ops.ingest_stats.message_count IS 'Messages received in the minute.';
COMMENT ON COLUMN ops.ingest_stats.stored_count IS 'Readings, samples and events stored in the minute.';
COMMENT ON COLUMN ops.ingest_stats.duplicate_count IS 'Rows that were there already.';
COMMENT ON COLUMN ops.ingest_stats.dead_letter_count IS 'Letters put aside in the minute.';
COMMENT ON COLUMN ops.ingest_stats.batch_count IS 'Commits in the minute.';
COMMENT ON COLUMN ops.ingest_stats.lag_max_s IS 'Largest delay from a row''s ts to its commit, seconds.';

CREATE TABLE ops.job_runs (
    job_run_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_runs_job_run_id_pk PRIMARY KEY,
    job_name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    is_success boolean,
    detail jsonb
);
CREATE INDEX job_runs_job_name_started_at_idx ON ops.job_runs (job_name, started_at DESC);
COMMENT ON TABLE ops.job_runs IS 'Runs of jobs outside Dagster''s own record (imports, history loads). Grain: run.';
