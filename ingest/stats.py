"""What ingest does, by minute, in ops.ingest_stats: rates, lag, and the sign of life of each process."""

from dataclasses import astuple, dataclass

import psycopg


@dataclass(frozen=True)
class Minute:
    """Counts to add to the running minute. lag_s: largest delay from a row's ts to now."""

    messages: int = 0
    stored: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    batches: int = 0
    lag_s: float | None = None


def record_minute(conn: psycopg.Connection, process_name: str, minute: Minute) -> None:
    """Add to the current minute of the process, within the caller's transaction."""
    conn.execute(
        "INSERT INTO ops.ingest_stats AS stats (bucket_at, process_name, message_count, stored_count, duplicate_count,"
        " dead_letter_count, batch_count, lag_max_s)"
        " VALUES (date_trunc('minute', clock_timestamp()), %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (process_name, bucket_at) DO UPDATE SET"
        " message_count = stats.message_count + excluded.message_count,"
        " stored_count = stats.stored_count + excluded.stored_count,"
        " duplicate_count = stats.duplicate_count + excluded.duplicate_count,"
        " dead_letter_count = stats.dead_letter_count + excluded.dead_letter_count,"
        " batch_count = stats.batch_count + excluded.batch_count,"
        " lag_max_s = greatest(stats.lag_max_s, excluded.lag_max_s),"
        " updated_at = clock_timestamp()",
        (process_name, *astuple(minute)),
    )
