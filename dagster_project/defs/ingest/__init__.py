"""What ingest writes: seen by Dagster, not run by it."""
