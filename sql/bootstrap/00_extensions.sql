-- Runs before every migration, each time, as the database's owner or a superuser. Everything here may be run again.
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS btree_gist; -- EXCLUDE constraints over (machine_id, time range)
