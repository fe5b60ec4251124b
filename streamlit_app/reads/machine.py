"""What the Machine page shows. Instants are timezone-aware UTC, windows are [starts_at, ends_at)."""

from datetime import datetime

import pandas as pd

from streamlit_app.reads.database import live, reference
from streamlit_app.reads.resolution import Resolution

SUBJECT = "machine"


def machines() -> pd.DataFrame:
    """All machines with their place in the plant: machine_id, machine_name, line_name, site_name, time_zone."""
    return reference(SUBJECT, "machines")


def now(machine_id: int) -> pd.DataFrame:
    """One row: the machine's state now, last data, and why it has no OEE where it has none."""
    return live(SUBJECT, "machine_now", machine_id=machine_id)


def sensors(machine_id: int) -> pd.DataFrame:
    """Its sensors: sensor_id, tag, name, kind, unit, sampling_interval_s, the four limits."""
    return reference(SUBJECT, "sensors", machine_id=machine_id)


def states(machine_id: int, starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    """State intervals clipped to the window: started_at, ended_at, duration_s, state_name, color, reason_name."""
    return live(SUBJECT, "states", machine_id=machine_id, starts_at=starts_at, ends_at=ends_at)


def shifts(machine_id: int, starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    """OEE by shift of the window, or of the last 21 shifts before its end where the window is shorter."""
    return live(SUBJECT, "shifts", machine_id=machine_id, starts_at=starts_at, ends_at=ends_at)


def readings(
    sensor_ids: tuple[int, ...], starts_at: datetime, ends_at: datetime, resolution: Resolution
) -> pd.DataFrame:
    """Series of the sensors at the resolution: sensor_id, bucket_at, value_mean, value_min, value_max."""
    return live(SUBJECT, resolution.query, sensor_ids=sensor_ids, starts_at=starts_at, ends_at=ends_at)


def labels(machine_id: int, starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    """Labels that came with imported data, as spans: event_type, started_at, ended_at."""
    return live(SUBJECT, "labels", machine_id=machine_id, starts_at=starts_at, ends_at=ends_at)
