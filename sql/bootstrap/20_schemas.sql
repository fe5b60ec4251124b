CREATE SCHEMA IF NOT EXISTS ref AUTHORIZATION gemba_migrator;
CREATE SCHEMA IF NOT EXISTS raw AUTHORIZATION gemba_migrator;
CREATE SCHEMA IF NOT EXISTS ops AUTHORIZATION gemba_migrator;
CREATE SCHEMA IF NOT EXISTS agg AUTHORIZATION gemba_migrator;
CREATE SCHEMA IF NOT EXISTS rollup AUTHORIZATION gemba_migrator;
CREATE SCHEMA IF NOT EXISTS gemba AUTHORIZATION gemba_migrator;
-- dbt makes and drops what is inside these three.
CREATE SCHEMA IF NOT EXISTS staging AUTHORIZATION gemba_transformer;
CREATE SCHEMA IF NOT EXISTS intermediate AUTHORIZATION gemba_transformer;
CREATE SCHEMA IF NOT EXISTS marts AUTHORIZATION gemba_transformer;

COMMENT ON SCHEMA ref IS 'Master data: sites, lines, machines, sensors, products, people, shifts, reasons. Written by migrations and people.';
COMMENT ON SCHEMA raw IS 'What machines sent, append-only hypertables. Written by ingest.';
COMMENT ON SCHEMA ops IS 'What happens in the plant: runs, inspections, maintenance, faults, dead letters. Written by ingest, jobs and people.';
COMMENT ON SCHEMA agg IS 'Rollups of raw by minute, quarter hour, hour and day. Written by the database; the same on both editions.';
COMMENT ON SCHEMA rollup IS 'The engine behind agg: definitions, policies, change log, status.';
COMMENT ON SCHEMA gemba IS 'The platform itself: ledger of migrations.';
COMMENT ON SCHEMA staging IS 'dbt: one view per source table, renamed and typed.';
COMMENT ON SCHEMA intermediate IS 'dbt: steps between sources and marts; not for reports.';
COMMENT ON SCHEMA marts IS 'dbt: the tables and views that people, pages and BI tools read.';

GRANT USAGE ON SCHEMA marts TO gemba_reader, gemba_app;
GRANT USAGE ON SCHEMA staging, intermediate, marts TO gemba_migrator;
ALTER DEFAULT PRIVILEGES FOR ROLE gemba_transformer IN SCHEMA marts GRANT SELECT ON TABLES TO gemba_reader, gemba_app;
