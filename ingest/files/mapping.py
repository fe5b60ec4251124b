"""What a file's columns mean: read from a YAML file, from flags, or from both (a flag wins)."""

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from gemba.errors import InputError
from ingest.files.times import TimeReader
from ingest.files.units import spelled

MAPPINGS = Path(__file__).parent / "mappings"
_STATE_RULE = re.compile(r"^\s*(?P<column>.+?)\s*>\s*(?P<above>[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*$")
_LIMITS = ("low_critical", "low_warning", "high_warning", "high_critical")


@dataclass(frozen=True)
class SensorColumn:
    """A column (or, in a long file, a name in the tag column) that holds the readings of one sensor.

    unit is stored, source_unit is the file's (None: the stored one). kind as in ref.sensors. Limits in the stored unit.
    """

    column: str
    tag: str = ""
    name: str = ""
    kind: str = "other"
    unit: str = "1"
    source_unit: str | None = None
    sampling_interval_s: float | None = None
    low_critical: float | None = None
    low_warning: float | None = None
    high_warning: float | None = None
    high_critical: float | None = None

    def filled(self) -> "SensorColumn":
        """With tag and name taken from the column where they were not given, units in UCUM spelling."""
        tag = self.tag or self.column
        source_unit = spelled(self.source_unit) if self.source_unit else None
        return replace(self, tag=tag, name=self.name or tag, unit=spelled(self.unit), source_unit=source_unit)


@dataclass(frozen=True)
class StateRule:
    """State of the machine from a column: `then` while it is greater than `above`, else `otherwise`."""

    column: str
    above: float = 0.0
    then: str = "running"
    otherwise: str = "idle"


@dataclass(frozen=True)
class Place:
    """A level of the equipment hierarchy: its code and what is registered with --create."""

    code: str
    name: str = ""
    time_zone: str = ""
    type: str = ""
    manufacturer: str | None = None
    model: str | None = None
    silence_timeout_s: float | None = None


@dataclass(frozen=True)
class Shift:
    """A shift, each day, in local time, for a site that has none: "06:00" to "14:00"; "00:00" to "00:00" is the day."""

    code: str
    starts: str
    ends: str
    name: str = ""


@dataclass(frozen=True)
class Mapping:
    """All that must be known beside the files themselves. labels: column -> event_type."""

    site: Place | None = None
    area: Place | None = None
    line: Place | None = None
    machine: Place | None = None
    timestamp: str | None = None
    timestamp_format: str | None = None
    timezone: str | None = None
    ambiguous: str = "reject"
    delimiter: str | None = None
    decimal: str = "."
    encoding: str | None = None
    skip_lines: int = 0
    null: tuple[str, ...] = ()
    tag_column: str | None = None
    value_column: str | None = None
    sensors: tuple[SensorColumn, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    state: StateRule | None = None
    shifts: tuple[Shift, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether a row holds one reading, named by a tag column."""
        return self.tag_column is not None

    @property
    def times(self) -> TimeReader:
        return TimeReader(self.timestamp_format, self.timezone, self.ambiguous)

    def as_document(self) -> dict[str, Any]:
        """As read_mapping would read it: what ops.job_runs keeps, so that a replay reads a row the same way."""
        return _plain(self)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: _plain(item) for name, item in pairs if item not in (None, "", (), {})}
    return value


def read_mapping(path: Path) -> Mapping:
    """Read a YAML mapping; a bare name such as `skab` means one of ours under ingest/files/mappings.

    Raises InputError with the place of the mistake.
    """
    if not path.exists() and (MAPPINGS / f"{path}.yml").exists():
        path = MAPPINGS / f"{path}.yml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        ours = ", ".join(sorted(each.stem for each in MAPPINGS.glob("*.yml")))
        raise InputError(f"There is no mapping {path}", f"give the path of a YAML file, or one of: {ours}") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"The mapping {path} can't be read: {error}", "mend the file; ingest/files/README.md shows one"
        ) from error
    return mapping_from(document, str(path))


def mapping_from(document: Any, where: str = "mapping") -> Mapping:
    """A mapping from the object that its YAML holds. Raises InputError on unknown or misshapen entries."""
    entries = dict(_object(document, where))
    for level in ("site", "area", "line", "machine"):
        if level in entries:
            given = entries[level]
            entries[level] = _build(Place, {"code": given} if isinstance(given, str) else given, f"{where}: {level}")
    if "sensors" in entries:
        entries["sensors"] = tuple(
            _sensor({"column": each} if isinstance(each, str) else each, f"{where}: sensors[{place}]")
            for place, each in enumerate(_list(entries["sensors"], f"{where}: sensors"))
        )
    if "shifts" in entries:
        given = _list(entries["shifts"], f"{where}: shifts")
        entries["shifts"] = tuple(_shift(each, f"{where}: shifts[{place}]") for place, each in enumerate(given))
    if "state" in entries:
        entries["state"] = _build(StateRule, entries["state"], f"{where}: state")
    if "labels" in entries:
        entries["labels"] = {str(k): str(v) for k, v in _object(entries["labels"], f"{where}: labels").items()}
    for name in ("ignore", "null"):
        if name in entries:
            entries[name] = tuple(str(each) for each in _list(entries[name], f"{where}: {name}"))
    return _build(Mapping, entries, where)


def _sensor(entries: Any, where: str) -> SensorColumn:
    sensor = _build(SensorColumn, entries, where).filled()
    for limit in (*_LIMITS, "sampling_interval_s"):
        value = getattr(sensor, limit)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where}: {limit} is {value!r}, not a number", "write a plain number")
    return sensor


def _shift(entries: Any, where: str) -> Shift:
    shift = _build(Shift, entries, where)
    for at in (shift.starts, shift.ends):
        if not (isinstance(at, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", at)):  # YAML reads a bare 14:00 as 840
            raise InputError(f"{where}: {at!r} is no time of day", 'write it in quotes, say "14:00"')
    return shift


def parse_state_rule(text: str) -> StateRule:
    """`COLUMN>NUMBER` of --state-when."""
    if not (match := _STATE_RULE.match(text)):
        raise InputError(
            f"--state-when {text!r} is not of the form COLUMN>NUMBER", "write it like --state-when 'Current>0.2'"
        )
    return StateRule(match["column"], float(match["above"]))


def _build(kind: type, entries: Any, where: str) -> Any:
    entries = _object(entries, where)
    known = [each.name for each in fields(kind)]
    if unknown := [str(key) for key in entries if key not in known]:
        raise InputError(f"{where}: unknown entry {', '.join(unknown)}", f"known are: {', '.join(known)}")
    try:
        return kind(**entries)
    except TypeError as error:
        raise InputError(f"{where}: {error}", f"known entries are: {', '.join(known)}") from error


def _object(value: Any, where: str) -> dict:
    if not isinstance(value, dict):
        raise InputError(
            f"{where} is {type(value).__name__}, not `name: value` entries", "ingest/files/README.md shows a mapping"
        )
    return value


def _list(value: Any, where: str) -> list:
    if not isinstance(value, list):
        raise InputError(f"{where} is not a list", "write each entry on its own line behind a dash")
    return value
