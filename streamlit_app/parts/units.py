"""How numbers, units and times read on a page. Presentation only: every number itself comes from SQL."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

_UNIT_SIGNS = {"Cel": "°C", "deg": "°", "Ohm": "Ω", "m3/h": "m³/h", "1": "", "um": "µm", "%": "%", "[g]": "g"}
NOTHING = "–"


def unit_sign(unit: str | None) -> str:
    """UCUM spelling as people write it: Cel -> °C."""
    return _UNIT_SIGNS.get(unit or "", unit or "")


def percent(ratio: float | None, digits: int = 1) -> str:
    """A ratio 0..1 as a percentage; a dash where it is not known."""
    return NOTHING if ratio is None or pd.isna(ratio) else f"{ratio:.{digits}%}".replace("%", " %")


def count(number: float | None) -> str:
    """A count with thin thousands separators; a dash where it is not known."""
    return NOTHING if number is None or pd.isna(number) else f"{number:,.0f}".replace(",", "\u202f")


def duration(seconds: float | None) -> str:
    """Seconds in the two largest units: 2 h 05 min, 3 d 4 h, 12 s."""
    if seconds is None or pd.isna(seconds):
        return NOTHING
    whole = int(max(seconds, 0))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    if whole < 86400 * 1000:
        return f"{whole // 86400} d {whole % 86400 // 3600} h"
    return f"{whole // 86400:,} d".replace(",", "\u202f")


def clock(instant: datetime | pd.Timestamp | None, zone: str, *, with_date: bool | None = None) -> str:
    """An instant as the site's wall clock shows it; with its date unless that is today (or as with_date says)."""
    if instant is None or pd.isna(instant):
        return NOTHING
    local = pd.Timestamp(instant).tz_convert(ZoneInfo(zone))
    if with_date is None:
        with_date = local.date() != datetime.now(ZoneInfo(zone)).date()
    return local.strftime("%Y-%m-%d %H:%M" if with_date else "%H:%M")


def zone_now(zone: str) -> str:
    """The zone's name with its present offset: Asia/Yangon (UTC+06:30)."""
    offset = datetime.now(ZoneInfo(zone)).strftime("%z")
    return f"{zone} (UTC{offset[:3]}:{offset[3:]})"


def at_site(times: pd.Series, zone: str) -> pd.Series:
    """Instants as wall-clock times of the zone, without zone: what axes and tables show."""
    return pd.to_datetime(times, utc=True).dt.tz_convert(zone).dt.tz_localize(None)
