"""Cells to instants, a whole column at a time."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gemba.errors import InputError

OK, EMPTY, UNREADABLE, WITHOUT_ZONE, AMBIGUOUS, NONEXISTENT, IMPLAUSIBLE = range(7)
EPOCH_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1, "epoch_ns": -1_000}
AMBIGUOUS_CHOICES = ("reject", "earlier", "later")
_ZONED = r":[0-9]{2}([.,][0-9]+)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"
# Clocks that were never set say 1970, 1980 or 2000; nothing that this plant measured is older or from the future.
EARLIEST_US = int(pd.Timestamp("1990-01-01", tz="UTC").value // 1000)
LATEST_AHEAD_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class TimeReader:
    """How a file writes its times.

    format: None for ISO 8601, strptime's form ("%d/%m/%Y %H:%M"), or epoch_s, epoch_ms, epoch_us, epoch_ns.
    timezone: IANA name for times without zone; None: such times are refused.
    ambiguous: what to do with a local time that the end of summer time gives twice: reject, earlier or later.
    """

    format: str | None = None
    timezone: str | None = None
    ambiguous: str = "reject"

    def __post_init__(self) -> None:
        if self.timezone is not None:
            try:
                ZoneInfo(self.timezone)
            except (KeyError, ValueError, OSError):
                raise InputError(
                    f"The time zone {self.timezone!r} is not known",
                    "use an IANA name such as Europe/Berlin, Asia/Yangon or UTC",
                ) from None
        if self.ambiguous not in AMBIGUOUS_CHOICES:
            raise InputError(f"ambiguous can't be {self.ambiguous!r}", f"use one of {', '.join(AMBIGUOUS_CHOICES)}")
        if self.format and not self.format.startswith("epoch_") and "%" not in self.format:
            raise InputError(
                f"The timestamp format {self.format!r} has no % in it",
                f"write it like '%d/%m/%Y %H:%M', or use {', '.join(EPOCH_UNITS)}",
            )
        if self.format and self.format.startswith("epoch_") and self.format not in EPOCH_UNITS:
            raise InputError(f"The timestamp format {self.format!r} is not known", f"use {', '.join(EPOCH_UNITS)}")

    def parse(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """int64 microseconds since 1970 UTC and a uint8 verdict per cell (OK, EMPTY, UNREADABLE, ...).

        column: text, a timestamp or date type, or numbers with an epoch_ format. Instants of cells that are not OK
        mean nothing.
        """
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if self.format in EPOCH_UNITS:
            micros, verdict = self._parse_epoch(column)
        elif pa.types.is_timestamp(column.type):
            zone = column.type.tz
            column = column.cast(pa.timestamp("us", zone), safe=False)
            micros, verdict = _micros(column)
            if zone is None:
                micros, verdict = self._localise(micros, verdict)
        elif pa.types.is_date(column.type):
            micros, verdict = self._localise(*_micros(column.cast(pa.timestamp("us"))))
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            micros, verdict = self._parse_text(column)
        else:
            micros, verdict = np.zeros(len(column), np.int64), np.full(len(column), UNREADABLE, np.uint8)
        latest = pd.Timestamp.now("UTC").value // 1000 + LATEST_AHEAD_US
        verdict[(verdict == OK) & ((micros < EARLIEST_US) | (micros > latest))] = IMPLAUSIBLE
        return micros, verdict

    def _parse_epoch(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        factor = EPOCH_UNITS[self.format or ""]
        text = column.cast(pa.string()) if not pa.types.is_string(column.type) else column
        numbers = pd.to_numeric(pd.Series(text.to_pylist(), dtype=object).replace("", None), errors="coerce")
        is_empty = np.array(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True))
        bad = numbers.isna().to_numpy()
        numbers = numbers.fillna(0).to_numpy()
        if numbers.dtype.kind == "f" and np.abs(numbers).max(initial=0) > 9e18 / max(factor, 1):
            bad |= np.abs(numbers) > 9e18 / max(factor, 1)
            numbers = np.where(bad, 0, numbers)
        micros = np.round(numbers * factor).astype(np.int64) if factor > 0 else (numbers // -factor).astype(np.int64)
        verdict = np.where(bad, UNREADABLE, OK).astype(np.uint8)
        verdict[is_empty] = EMPTY
        return micros, verdict

    def _parse_text(self, text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        text = pc.utf8_trim_whitespace(text.fill_null(""))
        if self.format:
            return self._parse_with_format(text)
        for kind in (
            pa.timestamp("us"),
            pa.timestamp("us", "UTC"),
        ):  # all without zone, or all with one: the usual file
            try:
                micros, verdict = _micros(text.cast(kind))
            except pa.ArrowInvalid:
                continue
            return (micros, verdict) if kind.tz else self._localise(micros, verdict)
        is_zoned = np.array(pc.match_substring_regex(text, _ZONED))
        is_empty = np.array(pc.equal(text, ""))
        series = pd.Series(text.to_pylist(), dtype=object)
        micros, verdict = np.zeros(len(series), np.int64), np.full(len(series), UNREADABLE, np.uint8)
        if is_zoned.any():
            micros[is_zoned], verdict[is_zoned] = _from_pandas(
                pd.to_datetime(series[is_zoned], format="ISO8601", errors="coerce", utc=True)
            )
        naive = ~is_zoned & ~is_empty
        if naive.any():
            micros[naive], verdict[naive] = self._localise(*_from_pandas(_iso_naive(series[naive])))
        verdict[is_empty] = EMPTY
        return micros, verdict

    def _parse_with_format(self, text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        is_zoned = "%z" in (self.format or "").lower()
        parsed = pd.to_datetime(
            pd.Series(text.to_pylist(), dtype=object), format=self.format, errors="coerce", utc=is_zoned
        )
        micros, verdict = _from_pandas(parsed)
        if not is_zoned:
            micros, verdict = self._localise(micros, verdict)
        verdict[np.array(pc.equal(text, ""))] = EMPTY
        return micros, verdict

    def _localise(self, micros: np.ndarray, verdict: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Local wall clock to instants."""
        verdict = verdict.copy()
        if self.timezone is None:
            verdict[verdict == OK] = WITHOUT_ZONE
            return micros, verdict
        if self.timezone in ("UTC", "Etc/UTC"):
            return micros, verdict
        wall = pd.DatetimeIndex(np.where(verdict == OK, micros, 0).astype("datetime64[us]"))
        earlier = wall.tz_localize(self.timezone, ambiguous=np.ones(len(wall), bool), nonexistent="NaT")
        later = wall.tz_localize(self.timezone, ambiguous=np.zeros(len(wall), bool), nonexistent="NaT")
        chosen = later if self.ambiguous == "later" else earlier
        instants, readable = _from_pandas(pd.Series(chosen))
        verdict[(verdict == OK) & (readable != OK)] = NONEXISTENT
        if self.ambiguous == "reject":
            verdict[(verdict == OK) & np.asarray(earlier != later)] = AMBIGUOUS
        return instants, verdict


def explain(verdict: int, timezone: str | None) -> tuple[str, str]:
    """reason_code and detail of a refused time."""
    return {
        EMPTY: ("bad_timestamp", "the row has values but no time"),
        UNREADABLE: ("bad_timestamp", "the time can't be read"),
        WITHOUT_ZONE: ("bad_timestamp", "the time has no zone and no --timezone was given"),
        AMBIGUOUS: (
            "ambiguous_time",
            f"the clock of {timezone} shows this time twice (end of summer time); see --ambiguous",
        ),
        NONEXISTENT: ("nonexistent_time", f"the clock of {timezone} never shows this time (start of summer time)"),
        IMPLAUSIBLE: ("bad_timestamp", "the time lies before 1990 or more than a day in the future"),
    }[verdict]


def _micros(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    verdict = np.where(column.is_null().to_numpy(zero_copy_only=False), EMPTY, OK).astype(np.uint8)
    return column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), verdict


def _from_pandas(series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    bad = series.isna().to_numpy()
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    micros = series.to_numpy(dtype="datetime64[us]").astype(np.int64)
    return np.where(bad, 0, micros), np.where(bad, UNREADABLE, OK).astype(np.uint8)


def _iso_naive(series: pd.Series) -> pd.Series:
    return pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
