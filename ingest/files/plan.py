"""Before a row is stored: which files, and what each of their columns is. A mistake that shows in the header or in the
first rows stops the import here, with nothing written."""

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gemba.errors import InputError
from ingest.files import numbers, times
from ingest.files.chunk import Chunk
from ingest.files.csv_source import CsvFile, open_csv
from ingest.files.interpret import Reading
from ingest.files.mapping import Mapping, SensorColumn
from ingest.files.parquet_source import ParquetFile, open_parquet
from ingest.files.plant import Machine, channels_of

TEXT_SUFFIXES = (".csv", ".tsv")
PARQUET_SUFFIXES = (".parquet", ".pq")
TIMESTAMP_NAMES = ("ts", "timestamp", "datetime", "date_time", "time", "date", "zeit", "zeitstempel")
SAMPLE_ROWS = 200
MOST_TAGS = 10_000
Source = CsvFile | ParquetFile


@dataclass(frozen=True)
class FilePlan:
    """A file whose header has been understood. sensors: its sensor columns, or the names in its tag column."""

    source: Source
    mapping: Mapping
    timestamp: str
    sensors: tuple[SensorColumn, ...]
    labels: dict[str, str]
    unused: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.source.path

    def reading(self, machine: Machine) -> Reading:
        """How to read the file for this machine. Raises InputError for a sensor that is not registered."""
        mapping = self.mapping
        sensors = self.sensors
        if mapping.is_long and not mapping.sensors:  # tags as they are registered; others are refused row by row
            sensors = tuple(SensorColumn(tag).filled() for tag in sorted(machine.sensors))
        has_state = mapping.state is not None and mapping.state.column in self.source.columns
        return Reading(
            mapping.times, self.timestamp, channels_of(machine, sensors), self.labels,
            mapping.state if has_state else None,
            mapping.decimal, mapping.null, mapping.tag_column, mapping.value_column,
        )  # fmt: skip


def find_files(names: Iterable[str]) -> list[Path]:
    """Files, folders (all CSV and Parquet files below) and globs, each file once, sorted within each name.

    Raises InputError for a name that leads to no file.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            inside = sorted(
                each
                for each in path.rglob("*")
                if each.suffix.lower() in TEXT_SUFFIXES + PARQUET_SUFFIXES and each.is_file()
            )
            if not inside:
                raise InputError(
                    f"No CSV or Parquet file lies below {path}",
                    "name the files themselves if they are called otherwise",
                )
        elif path.is_file():
            inside = [path]
        else:
            inside = sorted(Path(each) for each in glob.glob(str(path), recursive=True) if Path(each).is_file())
            if not inside:
                raise InputError(
                    f"There is no file {name}", "check the path; the working directory is " + str(Path.cwd())
                )
        found.update(dict.fromkeys(each.resolve() for each in inside))
    return list(found)


def plan_file(path: Path, mapping: Mapping) -> FilePlan:
    """Understand a file's header and first rows. Raises InputError with the flag that mends what is wrong."""
    if path.suffix.lower() in PARQUET_SUFFIXES:
        source: Source = open_parquet(path)
    else:
        source = open_csv(path, delimiter=mapping.delimiter, encoding=mapping.encoding, skip_lines=mapping.skip_lines)
    plan = plan_columns(source, mapping)
    _check_first_rows(plan)
    return plan


def plan_columns(source: Source, mapping: Mapping) -> FilePlan:
    """What each column is, from the header alone. Raises InputError for a column that is missing."""
    path, columns = source.path, source.columns
    timestamp = _timestamp_column(path, columns, mapping)
    labels = {column: event_type for column, event_type in mapping.labels.items() if column in columns}
    if mapping.is_long:
        if mapping.labels or mapping.state:
            raise InputError(
                "Labels and states are columns of a wide file", "leave out --label and --state-when with --long"
            )
        _require(path, columns, [mapping.tag_column or "", mapping.value_column or ""])
        sensors = mapping.sensors
        unused = [each for each in columns if each not in (timestamp, mapping.tag_column, mapping.value_column)]
    elif mapping.sensors:
        _require(path, columns, [sensor.column for sensor in mapping.sensors])
        sensors = mapping.sensors
        used = {timestamp, *labels, *(sensor.column for sensor in sensors)}
        used |= {mapping.state.column} if mapping.state else set()
        unused = [each for each in columns if each not in used]
    else:
        left_out = {timestamp, *labels, *mapping.ignore}
        sensors = tuple(SensorColumn(each).filled() for each in columns if each not in left_out)
        unused = [each for each in columns if each in mapping.ignore]
    return FilePlan(source, mapping, timestamp, sensors, labels, tuple(unused))


def _timestamp_column(path: Path, columns: tuple[str, ...], mapping: Mapping) -> str:
    if mapping.timestamp:
        _require(path, columns, [mapping.timestamp])
        return mapping.timestamp
    for column in columns:
        if column.lower() in TIMESTAMP_NAMES:
            return column
    raise InputError(f"Which column of {path} is the time? It has: {', '.join(columns)}", "say --timestamp COLUMN")


def _require(path: Path, columns: tuple[str, ...], names: list[str]) -> None:
    if missing := [name for name in names if name not in columns]:
        raise InputError(
            f"{path} has no column {', '.join(map(repr, missing))}; it has: {', '.join(columns)}",
            "spell it as in the header; a wrong --delimiter or --skip-lines shows like this too",
        )


def _check_first_rows(plan: FilePlan) -> None:
    """Stop where every row would be refused: naive times without a zone, another time format, columns of text."""
    mapping, path = plan.mapping, plan.path
    if mapping.is_long:
        wanted = [plan.timestamp, mapping.tag_column or "", mapping.value_column or ""]
    else:
        wanted = list(dict.fromkeys([plan.timestamp, *(sensor.column for sensor in plan.sensors)]))
    chunk: Chunk | None = next(plan.source.chunks(wanted, SAMPLE_ROWS), None)
    if chunk is None or not chunk.table.num_rows:
        return
    cells = chunk.table.column(plan.timestamp).combine_chunks()
    _, verdict = mapping.times.parse(cells)
    example = repr(next((str(cell) for cell in cells.to_pylist() if cell not in (None, "")), ""))
    if (verdict == times.WITHOUT_ZONE).any():
        raise InputError(
            f"The times in {path} have no zone ({plan.timestamp}={example}), so they name no instant",
            "say where that clock hangs: --timezone Europe/Berlin, or --timezone UTC",
        )
    if (verdict[verdict != times.EMPTY] == times.UNREADABLE).all() and (verdict != times.EMPTY).any():
        raise InputError(
            f"No time in the first {len(verdict)} rows of {path} can be read ({plan.timestamp}={example})",
            "say how it is written: --timestamp-format '%d/%m/%Y %H:%M', or epoch_s, epoch_ms",
        )
    text_columns = []
    for name in [mapping.value_column] if mapping.is_long else [sensor.column for sensor in plan.sensors]:
        cells = chunk.table.column(name).combine_chunks()
        held, bad = _count_odd(cells, mapping.decimal, mapping.null)
        other, word = (",", "comma") if mapping.decimal == "." else (".", "point")
        if bad and not _count_odd(cells, other, mapping.null)[1]:
            raise InputError(
                f"{path} writes its numbers with a decimal {word} (column {name!r})", f"add --decimal '{other}'"
            )
        if bad and bad == held:
            text_columns.append(name)
    if text_columns:
        raise InputError(
            f"{path}: no number in the first rows of {', '.join(map(repr, text_columns))}",
            "leave a column out with --ignore COLUMN, keep it as events with --label COLUMN=TYPE,"
            " or list the sensors with --tag COLUMN=TAG",
        )


def _count_odd(cells: pa.Array, decimal: str, null: tuple[str, ...]) -> tuple[int, int]:
    """How many cells hold something, and how many of those are no number."""
    _, verdict = numbers.parse_numbers(cells, decimal, null)
    return int((verdict != numbers.EMPTY).sum()), int((verdict == numbers.NOT_A_NUMBER).sum())


def tags_in(plan: FilePlan) -> tuple[SensorColumn, ...]:
    """The sensors that a file names: its columns, or for a long file all names in its tag column (one pass over it).

    Raises InputError for more than 10,000 names: then that column is no tag.
    """
    if not plan.mapping.is_long or plan.sensors:
        return plan.sensors
    tag_column = plan.mapping.tag_column or ""
    names: dict[str, None] = {}
    for chunk in plan.source.chunks([tag_column], 100_000):
        column = chunk.table.column(tag_column)
        found = pc.unique(column.cast(pa.string())).to_pylist()
        names.update(dict.fromkeys(name.strip() for name in found if name and name.strip()))
        if len(names) > MOST_TAGS:
            raise InputError(
                f"{plan.path} has more than {MOST_TAGS:,} different tags", f"is {tag_column!r} the tag column?"
            )
    return tuple(SensorColumn(name).filled() for name in names)


def all_sensors(plans: list[FilePlan]) -> tuple[SensorColumn, ...]:
    """All sensors of all files, each tag once."""
    sensors: dict[str, SensorColumn] = {}
    for plan in plans:
        for sensor in tags_in(plan):
            sensors.setdefault(sensor.tag, sensor)
    return tuple(sensors.values())
