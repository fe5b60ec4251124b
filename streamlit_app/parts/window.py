"""The time a page looks at: a length and an end, or two instants, all in the URL."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from streamlit_app.parts import url

LENGTHS = {
    "1h": timedelta(hours=1),
    "8h": timedelta(hours=8),
    "24h": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_NAMES = {"1h": "1 h", "8h": "8 h", "24h": "24 h", "3d": "3 d", "7d": "7 d", "30d": "30 d", "custom": "Custom"}
_GRAIN_S = 5  # windows end on full 5 s, so that viewers share cached queries
EARLIEST = datetime(1990, 1, 1)


@dataclass(frozen=True)
class Window:
    """[starts_at, ends_at), timezone-aware UTC; ends_with: `now`, `last` (the machine's last data) or `custom`."""

    starts_at: datetime
    ends_at: datetime
    ends_with: str

    @property
    def length_s(self) -> float:
        return (self.ends_at - self.starts_at).total_seconds()


def choose_window(zone: str, last_data_at: pd.Timestamp | None, is_current: bool) -> Window:
    """Draw the range picker and return the window. A machine without current data starts at its last data."""
    has_data = last_data_at is not None and not pd.isna(last_data_at)
    default_end = "now" if is_current or not has_data else "last"
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        length = url.segments("Range", "range", _NAMES, default="8h")
        if length == "custom":
            return _custom(zone, last_data_at if has_data and not is_current else pd.Timestamp.now(tz="UTC"))
        ends_with = url.segments("Ending", "end", {"now": "Now", "last": "Last data"}, default=default_end)
    return ending(length, ends_with if has_data else "now", last_data_at)


def ending(length: str, ends_with: str, last_data_at: pd.Timestamp | None) -> Window:
    """The window of a named length that ends now, or just after the last data."""
    if ends_with == "last" and last_data_at is not None:
        ends_at = pd.Timestamp(last_data_at).to_pydatetime() + timedelta(seconds=1)
    else:
        seconds = datetime.now(UTC).timestamp()
        ends_at = datetime.fromtimestamp(seconds - seconds % _GRAIN_S + _GRAIN_S, UTC)
    return Window(ends_at - LENGTHS[length], ends_at, ends_with)


def _custom(zone: str, reference: pd.Timestamp) -> Window:
    end_default = reference.tz_convert(zone).tz_localize(None).ceil("min").to_pydatetime()
    chosen = []
    for label, key, default in (("From", "from", end_default - timedelta(hours=8)), ("To", "to", end_default)):
        widget = f"window_{key}"
        if widget not in st.session_state:
            st.session_state[widget] = _parsed(st.query_params.get(key)) or default
        value = st.datetime_input(f"{label} ({zone})", key=widget, min_value=EARLIEST, step=60)
        st.query_params[key] = value.isoformat(timespec="minutes")
        chosen.append(value.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))
    starts_at, ends_at = chosen
    if starts_at >= ends_at:
        st.warning("From is not before To: showing the hour before To.", icon=":material/schedule:")
        starts_at = ends_at - timedelta(hours=1)
    return Window(starts_at, ends_at, "custom")


def _parsed(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError:
        return None
