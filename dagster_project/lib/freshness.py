"""When a table counts as fresh."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Freshness:
    """The finding about one table. age_s: seconds since its newest row or last build, None where there is none."""

    is_fresh: bool
    age_s: float | None
    description: str


def judge_age(table: str, newest_at: datetime | None, now: datetime, allowed: timedelta) -> Freshness:
    """Fresh when the newest instant is at most `allowed` old; what lies in the future is fresh and says so."""
    if newest_at is None:
        return Freshness(False, None, f"{table} is empty")
    age = now - newest_at
    age_s = age.total_seconds()
    if age < timedelta(0):
        return Freshness(True, age_s, f"{table} reaches {-age_s:.0f} s into the future: check the clocks")
    verdict = "within" if age <= allowed else "over"
    description = f"newest of {table} is {age_s:.0f} s old, {verdict} the {allowed.total_seconds():.0f} s allowed"
    return Freshness(age <= allowed, age_s, description)


def check_name(table: str) -> str:
    """Name of a table's freshness check: `<table>_is_fresh`."""
    return f"{table}_is_fresh"
