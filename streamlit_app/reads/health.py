"""What the Data health page shows."""

import pandas as pd

from streamlit_app.reads.database import live

SUBJECT = "data_health"


def checks() -> pd.DataFrame:
    """One row per check: check_name, status (ok, attention, problem), finding, remedy; worst first."""
    return live(SUBJECT, "checks")


def ingest_by_minute(minutes: int) -> pd.DataFrame:
    """Rates of the last minutes by process: bucket_at, process_name, messages_per_s, rows_per_s, duplicate_count,
    dead_letter_count, lag_max_s."""
    return live(SUBJECT, "ingest_by_minute", minutes=minutes)


def dead_letter_reasons() -> pd.DataFrame:
    """Open dead letters by reason: reason_code, letter_count, first and last received_at, remedy."""
    return live(SUBJECT, "dead_letter_reasons")


def dead_letters_latest() -> pd.DataFrame:
    """The latest open dead letters: received_at, source, topic, line_number, reason_code, detail, payload_text."""
    return live(SUBJECT, "dead_letters_latest")


def freshness() -> pd.DataFrame:
    """Age of each machine's last data: machine_name, last_data_at, age_s, status."""
    return live(SUBJECT, "freshness")


def rollups() -> pd.DataFrame:
    """How far each rollup is behind: rollup_name, materialized_until, behind_s, pending_count, status."""
    return live(SUBJECT, "rollups")
