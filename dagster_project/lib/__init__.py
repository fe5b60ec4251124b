"""Pure parts of the orchestration: no connection, no environment, no Dagster instance."""
