-- What each role may do, whole and from scratch, so that a right taken out of this file is taken away.
-- Applied as gemba_migrator, the owner of these schemas; dbt's schemas grant theirs in bootstrap and in dbt itself.
REVOKE ALL ON ALL TABLES IN SCHEMA ref, raw, ops, agg FROM gemba_ingest, gemba_transformer, gemba_app, gemba_reader;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ref, raw, ops FROM PUBLIC;

GRANT USAGE ON SCHEMA ref, raw, ops TO gemba_ingest, gemba_transformer, gemba_app;
GRANT USAGE ON SCHEMA ref, agg TO gemba_reader, gemba_app, gemba_transformer;
GRANT USAGE ON SCHEMA gemba TO gemba_transformer;

-- reader: BI tools and pages
GRANT SELECT ON ALL TABLES IN SCHEMA ref, agg TO gemba_reader, gemba_app;

-- ingest: appends what machines send and keeps what it could not store
GRANT SELECT, INSERT ON raw.sensor_readings, raw.machine_samples, raw.machine_events TO gemba_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA ref TO gemba_ingest;
GRANT SELECT, INSERT, UPDATE ON ops.dead_letters, ops.ingest_stats, ops.job_runs TO gemba_ingest;
GRANT SELECT, INSERT ON ops.production_runs, ops.quality_inspections, ops.defects, ops.sensor_health TO gemba_ingest;
GRANT EXECUTE ON FUNCTION ops.start_production_run, ops.end_production_run TO gemba_ingest, gemba_app;

-- transformer: dbt and Dagster's jobs
GRANT SELECT ON ALL TABLES IN SCHEMA ref, raw, ops, agg TO gemba_transformer;
GRANT INSERT, UPDATE ON ops.job_runs TO gemba_transformer;
GRANT EXECUTE ON FUNCTION ref.generate_shift_calendar TO gemba_transformer;

-- app: what people enter
GRANT SELECT ON ALL TABLES IN SCHEMA ops TO gemba_app;
GRANT INSERT, UPDATE ON ops.quality_inspections, ops.defects, ops.maintenance_events, ops.machine_faults TO gemba_app;
