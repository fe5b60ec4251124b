"""What the Overview shows. site_code None: all sites; line_id None: all lines."""

import pandas as pd

from streamlit_app.reads.database import live, reference

SUBJECT = "overview"


def plant() -> pd.DataFrame:
    """Lines of the plant: site_code, site_name, time_zone, line_id, line_name, area_name, machine_count."""
    return reference(SUBJECT, "plant")


def machines_now(site_code: str | None, line_id: int | None) -> pd.DataFrame:
    """One row per machine: its state now, since when, and OEE of the shift in progress."""
    return live(SUBJECT, "machines_now", site_code=site_code, line_id=line_id)


def states_now(site_code: str | None, line_id: int | None) -> pd.DataFrame:
    """How many machines are in each state now: state_name, color, machine_count."""
    return live(SUBJECT, "states_now", site_code=site_code, line_id=line_id)


def oee_now(site_code: str | None, line_id: int | None) -> pd.DataFrame:
    """OEE of the shifts in progress: one row for the whole selection (line_id NULL) and one per line."""
    return live(SUBJECT, "oee_now", site_code=site_code, line_id=line_id)


def last_shifts(site_code: str | None, line_id: int | None) -> pd.DataFrame:
    """OEE by machine over the last seven ended shifts, oldest first."""
    return live(SUBJECT, "last_shifts", site_code=site_code, line_id=line_id)


def downtime_reasons(site_code: str | None, line_id: int | None) -> pd.DataFrame:
    """Unplanned stops of the last seven shifts by reason, longest first."""
    return live(SUBJECT, "downtime_reasons", site_code=site_code, line_id=line_id)
