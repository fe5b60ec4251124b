-- No foreign keys here: they would cost on the hot path; ingest resolves codes to ids before it writes.
CREATE TABLE raw.sensor_readings (
    ts timestamptz NOT NULL,
    value double precision NOT NULL,
    sensor_id integer NOT NULL,
    quality smallint NOT NULL DEFAULT 192
);
SELECT create_hypertable('raw.sensor_readings', by_range('ts', INTERVAL '1 day'), create_default_indexes => false);
CREATE UNIQUE INDEX sensor_readings_sensor_id_ts_key ON raw.sensor_readings (sensor_id, ts);
COMMENT ON TABLE raw.sensor_readings IS 'Readings as sent. Grain: sensor, ts. The first value of a key stands; another value for it is a dead letter.';
COMMENT ON COLUMN raw.sensor_readings.ts IS 'Instant of measurement, from the source.';
COMMENT ON COLUMN raw.sensor_readings.value IS 'Value in the sensor''s unit (ref.sensors.unit); never NaN or infinite.';
COMMENT ON COLUMN raw.sensor_readings.quality IS 'OPC quality: 192 good, 64 uncertain, 0 bad.';

CREATE TABLE raw.machine_samples (
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    total_count bigint,
    good_count bigint,
    scrap_count bigint,
    rework_count bigint,
    cycle_time_s double precision,
    power_kw double precision,
    machine_id integer NOT NULL,
    state_code text,
    reason_code text,
    process_values jsonb
);
SELECT create_hypertable('raw.machine_samples', by_range('ts', INTERVAL '7 days'), create_default_indexes => false);
CREATE UNIQUE INDEX machine_samples_machine_id_ts_key ON raw.machine_samples (machine_id, ts);
CREATE INDEX machine_samples_received_at_idx ON raw.machine_samples (received_at);
COMMENT ON TABLE raw.machine_samples IS 'Periodic samples of a machine, about one a minute. Grain: machine, ts.';
COMMENT ON COLUMN raw.machine_samples.received_at IS 'When it was stored; finds what arrived late.';
COMMENT ON COLUMN raw.machine_samples.total_count IS 'Cumulative counter of parts produced, pieces; a drop is a reset.';
COMMENT ON COLUMN raw.machine_samples.good_count IS 'Cumulative counter of parts good at first pass, pieces.';
COMMENT ON COLUMN raw.machine_samples.scrap_count IS 'Cumulative counter of scrap, pieces.';
COMMENT ON COLUMN raw.machine_samples.rework_count IS 'Cumulative counter of parts to be reworked, pieces.';
COMMENT ON COLUMN raw.machine_samples.cycle_time_s IS 'Measured cycle time of the last part, seconds.';
COMMENT ON COLUMN raw.machine_samples.power_kw IS 'Electric power drawn, kW.';
COMMENT ON COLUMN raw.machine_samples.state_code IS 'State at ts, a code of ref.machine_states; NULL where the message had none.';
COMMENT ON COLUMN raw.machine_samples.process_values IS 'Further numbers of the message by tag.';

CREATE TABLE raw.machine_events (
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    machine_id integer NOT NULL,
    event_type text NOT NULL,
    event_code text NOT NULL,
    reason_code text,
    payload jsonb
);
SELECT create_hypertable('raw.machine_events', by_range('ts', INTERVAL '30 days'), create_default_indexes => false);
CREATE UNIQUE INDEX machine_events_machine_id_event_type_ts_key ON raw.machine_events (machine_id, event_type, ts);
CREATE INDEX machine_events_received_at_idx ON raw.machine_events (received_at);
COMMENT ON TABLE raw.machine_events IS 'Events of machines. Grain: machine, type, ts. A state event holds until the next one.';
COMMENT ON COLUMN raw.machine_events.event_type IS 'state, run_started, run_ended, fault, or a label such as anomaly and changepoint.';
COMMENT ON COLUMN raw.machine_events.event_code IS 'For state: a code of ref.machine_states; for runs: the order code; for labels: their value.';
COMMENT ON COLUMN raw.machine_events.reason_code IS 'A code of ref.reason_codes where the machine or operator gave one.';
