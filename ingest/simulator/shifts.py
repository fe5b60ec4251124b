"""Production days and shift instances of a site as instants. All instants are epoch milliseconds (int)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ingest.simulator.plant import Site


@dataclass(frozen=True)
class ShiftInstance:
    shift_code: str
    production_date: date
    start_ms: int
    end_ms: int
    breaks: tuple[tuple[int, int], ...]  # [start, end) instants


def local_ms(site: Site, day: date, hour: int) -> int:
    """The instant of a local full hour; where a clock change makes it ambiguous, the first one."""
    local = datetime.combine(day, time(hour), ZoneInfo(site.time_zone))
    return round(local.timestamp() * 1000)


@lru_cache(maxsize=4096)
def day_bounds(site: Site, day: date) -> tuple[int, int]:
    """[start, end) of a production day; 23 or 25 hours long where the clocks change."""
    return local_ms(site, day, site.day_start_hour), local_ms(site, day + timedelta(days=1), site.day_start_hour)


def day_of(site: Site, at_ms: int) -> date:
    """The production day an instant belongs to."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(site.time_zone)).date()
    while at_ms < day_bounds(site, local)[0]:
        local -= timedelta(days=1)
    return local


def days_between(site: Site, from_ms: int, until_ms: int) -> list[date]:
    """Production days that share an instant with [from, until)."""
    days, day = [], day_of(site, from_ms)
    while day_bounds(site, day)[0] < until_ms:
        days.append(day)
        day += timedelta(days=1)
    return days


def opening_of(site: Site, at_ms: int) -> int:
    """Where a history that is to reach back to an instant begins: with the production day of the site."""
    return day_bounds(site, day_of(site, at_ms))[0]


@lru_cache(maxsize=4096)
def shifts_of(site: Site, day: date) -> tuple[ShiftInstance, ...]:
    """Shift instances that start on a local date, in order; empty where the site is closed."""
    instances = []
    for shift in site.shifts:
        if day.isoweekday() not in shift.weekdays:
            continue
        # hours before the day's start hour belong to the next calendar day
        start = local_ms(site, day, shift.start_hour)
        end_day = day + timedelta(days=int(shift.end_hour <= shift.start_hour))
        end = local_ms(site, end_day, shift.end_hour)
        breaks = tuple(
            (start + after * 1000, min(start + (after + length) * 1000, end)) for after, length in shift.breaks
        )
        instances.append(ShiftInstance(shift.code, day, start, end, breaks))
    return tuple(sorted(instances, key=lambda instance: instance.start_ms))
