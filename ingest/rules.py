"""What a single value must be to be stored: instants, numbers, counters, codes."""

import math
import reprlib
from collections.abc import Collection
from datetime import datetime

EARLIEST_MICROS = 946_684_800_000_000  # 2000-01-01: no plant sends older data live; files have their own bounds
FUTURE_MICROS = 5 * 60 * 1_000_000
LARGEST_COUNT = 2**63 - 1
LONGEST_CODE = 200


class BadValue(Exception):
    """A part of a message that can't be stored. reason_code: of ops.dead_letters; detail: for a person."""

    def __init__(self, reason_code: str, detail: str) -> None:
        super().__init__(detail)
        self.reason_code = reason_code
        self.detail = detail


def instant_micros(value: object, now_micros: int) -> int:
    """Epoch milliseconds or RFC 3339 with an offset -> microseconds since 1970 UTC."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadValue("bad_timestamp", f"ts is {_shown(value)}: give epoch milliseconds or RFC 3339")
    if isinstance(value, str):
        micros = _rfc3339_micros(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadValue("bad_timestamp", f"ts is {value}")
        micros = round(value * 1000)
    else:
        micros = value * 1000
    if micros < EARLIEST_MICROS:
        raise BadValue("bad_timestamp", f"ts {_shown(value)} is before the year 2000")
    if micros > now_micros + FUTURE_MICROS:
        raise BadValue("bad_timestamp", f"ts {_shown(value)} is more than 5 minutes in the future")
    return micros


def _rfc3339_micros(value: str) -> int:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadValue("bad_timestamp", f"ts {_shown(value)} is not RFC 3339") from error
    if instant.tzinfo is None:
        raise BadValue("bad_timestamp", f"ts {_shown(value)} has no offset: add Z or +06:30")
    since = instant - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def number(name: str, value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("not_a_number", f"{name} is {_shown(value)}")
    try:
        result = float(value)
    except OverflowError as error:
        raise BadValue("not_a_number", f"{name} is too large") from error
    if not math.isfinite(result):
        raise BadValue("not_a_number", f"{name} is {result}")
    return result


def optional_number(name: str, value: object) -> float | None:
    """A finite number, or None where the message has none."""
    return None if value is None else number(name, value)


def counter(name: str, value: object) -> int | None:
    """A count: a whole number from 0 up, or None where the message has none."""
    if value is None:
        return None
    result = number(name, value)
    if result != int(result) or not 0 <= result <= LARGEST_COUNT:
        raise BadValue("bad_count", f"{name} is {_shown(value)}: a count is a whole number from 0 up")
    return int(value)  # not from the float: that would lose digits above 2**53


def code(name: str, value: object, known: Collection[str] | None = None, unknown_reason: str = "bad_code") -> str:
    """A short text, one of `known` where given."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE or "\x00" in value:
        raise BadValue("bad_code", f"{name} is {_shown(value)}: a code is a text of 1 to {LONGEST_CODE} characters")
    if known is not None and value not in known:
        raise BadValue(unknown_reason, f"{name} {value!r} is not known")
    return value


def good_within_total(good: int | None, total: int | None) -> None:
    """More good parts than parts means that a counter is wrong; nobody can say which."""
    if good is not None and total is not None and good > total:
        raise BadValue("good_above_total", f"good_count {good} is above total_count {total}")


def _shown(value: object) -> str:
    text = reprlib.repr(value)  # bounded in depth, too: a thousand nested arrays would overflow repr()
    return text if len(text) <= 60 else text[:57] + "..."
