"""Turns the rows of a chunk into readings, labels and states, and says what it refuses. Pure: no database, no clock."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.files import numbers, times
from ingest.files.chunk import Chunk, Reject
from ingest.files.mapping import StateRule
from ingest.files.times import TimeReader
from ingest.files.units import Conversion

SAMPLE_EVERY_US = 60_000_000


@dataclass(frozen=True)
class Channel:
    """Where the readings of one column (or of one name in a long file) go."""

    column: str
    sensor_id: int
    conversion: Conversion = Conversion()


@dataclass(frozen=True)
class Reading:
    """How one file is read. For a long file tag_column and value_column are set; channels are found by name."""

    times: TimeReader
    timestamp: str
    channels: tuple[Channel, ...]
    labels: dict[str, str] = field(default_factory=dict)
    state: StateRule | None = None
    decimal: str = "."
    null: tuple[str, ...] = ()
    tag_column: str | None = None
    value_column: str | None = None

    @property
    def wanted(self) -> list[str]:
        """The columns to read from the file."""
        if self.tag_column and self.value_column:
            return [self.timestamp, self.tag_column, self.value_column]
        extra = [*self.labels, *([self.state.column] if self.state else [])]
        return list(dict.fromkeys([self.timestamp, *(channel.column for channel in self.channels), *extra]))


@dataclass
class Interpreted:
    """What a chunk holds. Arrays of equal length: sensor_ids int32, micros int64 (us since 1970 UTC), values float64,
    rows int64 (place in the chunk). labels: per event type the rows, micros and texts. states: rows, micros, codes.
    """

    sensor_ids: np.ndarray
    micros: np.ndarray
    values: np.ndarray
    rows: np.ndarray
    labels: dict[str, tuple[np.ndarray, np.ndarray, list[str]]] = field(default_factory=dict)
    states: tuple[np.ndarray, np.ndarray, list[str]] | None = None
    rejects: list[Reject] = field(default_factory=list)
    empty_count: int = 0


@dataclass
class Carry:
    """What must be remembered from chunk to chunk of one file: the minute and state of the last sample."""

    last_minute: int | None = None
    last_state: str | None = None


def interpret(chunk: Chunk, reading: Reading, carry: Carry) -> Interpreted:
    """Everything that a chunk says, and everything that is refused of it, each with its line number."""
    micros, time_verdict = reading.times.parse(_column(chunk.table, reading.timestamp))
    if reading.tag_column:
        result = _long(chunk, reading, micros, time_verdict)
    else:
        result = _wide(chunk, reading, micros, time_verdict)
        result.states = _states(chunk, reading, micros, time_verdict, carry)
    per_row = 1 if reading.tag_column else len(reading.channels)
    for line, text, reason, detail in chunk.broken:
        result.rejects.append(Reject(line, text, reason, detail, per_row, len(reading.labels)))
    return result


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _convert(values: np.ndarray, conversion: Conversion, verdict: np.ndarray) -> np.ndarray:
    """Values in the stored unit; the verdict of those that the conversion drives out of range becomes NOT_FINITE."""
    if conversion.is_identity:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        values = values * conversion.factor + conversion.offset
    verdict[(verdict == numbers.OK) & ~np.isfinite(values)] = numbers.NOT_FINITE
    return values


def _wide(chunk: Chunk, reading: Reading, micros: np.ndarray, time_verdict: np.ndarray) -> Interpreted:
    row_count = chunk.table.num_rows
    time_ok = time_verdict == times.OK
    held = np.zeros(row_count, np.int64)  # cells per row that hold something
    bad_cells: dict[tuple[int, int], list[str]] = {}
    ids, values, rows = [], [], []
    empty_count = 0
    for channel in reading.channels:
        cells = _column(chunk.table, channel.column)
        numbers_, verdict = numbers.parse_numbers(cells, reading.decimal, reading.null)
        is_empty = verdict == numbers.EMPTY
        empty_count += int(is_empty.sum())
        held += ~is_empty
        numbers_ = _convert(numbers_, channel.conversion, verdict)
        ok = (verdict == numbers.OK) & time_ok
        if ok.all():
            rows.append(np.arange(row_count))
            values.append(numbers_)
        else:
            rows.append(np.flatnonzero(ok))
            values.append(numbers_[ok])
            for row in np.flatnonzero((verdict >= numbers.NOT_A_NUMBER) & time_ok):
                bad_cells.setdefault((int(row), int(verdict[row])), []).append(
                    f"{channel.column}={_show(cells[int(row)])}"
                )
        ids.append(np.full(len(rows[-1]), channel.sensor_id, np.int32))
    every_row = np.concatenate(rows) if rows else np.empty(0, np.int64)
    result = Interpreted(
        np.concatenate(ids) if ids else np.empty(0, np.int32),
        micros[every_row],
        np.concatenate(values) if values else np.empty(0),
        every_row,
        empty_count=empty_count,
    )
    for (row, verdict_), cells_ in bad_cells.items():
        detail = f"{_explain_number(verdict_)}: {', '.join(cells_)}"
        result.rejects.append(_reject(chunk, row, "not_a_number", detail, len(cells_)))
    labelled = np.zeros(row_count, np.int64)
    for column, event_type in reading.labels.items():
        label_rows, texts = _labels(_column(chunk.table, column), reading)
        labelled[label_rows] += 1
        sound = time_ok[label_rows]
        kept = label_rows[sound]
        result.labels[event_type] = (kept, micros[kept], [text for text, ok in zip(texts, sound, strict=True) if ok])
    for row in np.flatnonzero(~time_ok & ((held > 0) | (labelled > 0))):
        result.rejects.append(
            _reject_time(chunk, reading, int(row), int(time_verdict[row]), int(held[row]), int(labelled[row]))
        )
    return result


def _long(chunk: Chunk, reading: Reading, micros: np.ndarray, time_verdict: np.ndarray) -> Interpreted:
    tags = _column(chunk.table, reading.tag_column or "")
    tags = tags.dictionary_decode() if pa.types.is_dictionary(tags.type) else tags
    tags = pc.utf8_trim_whitespace(tags.cast(pa.string()).fill_null(""))
    cells = _column(chunk.table, reading.value_column or "")
    names = pa.array([channel.column for channel in reading.channels], pa.string())
    places = pc.index_in(tags, value_set=names).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values, verdict = numbers.parse_numbers(cells, reading.decimal, reading.null)
    if reading.channels:
        sensor_ids = np.array([channel.sensor_id for channel in reading.channels], np.int32)
        for place, channel in enumerate(reading.channels):
            if not channel.conversion.is_identity:
                own = places == place
                own_verdict = verdict[own]
                values = values.copy() if not values.flags.writeable else values
                values[own] = _convert(values[own], channel.conversion, own_verdict)
                verdict[own] = own_verdict
    else:
        sensor_ids = np.zeros(1, np.int32)
    time_ok, is_held = time_verdict == times.OK, verdict != numbers.EMPTY
    ok = time_ok & (verdict == numbers.OK) & (places >= 0)
    rows = np.flatnonzero(ok)
    result = Interpreted(sensor_ids[places[rows]], micros[rows], values[rows], rows, empty_count=int((~is_held).sum()))
    for row in np.flatnonzero(is_held & ~ok):
        row = int(row)
        if not time_ok[row]:
            result.rejects.append(_reject_time(chunk, reading, row, int(time_verdict[row]), 1, 0))
        elif places[row] < 0:
            result.rejects.append(
                _reject(chunk, row, "unknown_tag", f"the machine has no sensor {tags[row].as_py()!r}", 1)
            )
        else:
            detail = f"{_explain_number(int(verdict[row]))}: {_show(cells[row])}"
            result.rejects.append(_reject(chunk, row, "not_a_number", detail, 1))
    return result


def _labels(cells: pa.Array, reading: Reading) -> tuple[np.ndarray, list[str]]:
    """Rows that have a label, and the labels as text; 1, 1.0 and 1.000 are the same label."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    text = (
        cells.cast(pa.string()).fill_null("")
        if not pa.types.is_boolean(cells.type)
        else cells.cast(pa.int8()).cast(pa.string()).fill_null("")
    )
    text = pc.utf8_trim_whitespace(text)
    encoded = text.dictionary_encode()
    names = []
    for name in encoded.dictionary.to_pylist():
        value, verdict = numbers.parse_numbers(pa.array([name]), reading.decimal)
        names.append(f"{value[0]:.15g}" if verdict[0] == numbers.OK else name)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    is_label = np.array([bool(name) and name not in reading.null for name in names], bool)
    rows = np.flatnonzero(is_label[codes]) if len(names) else np.empty(0, np.int64)
    return rows, [names[code] for code in codes[rows]]


def _states(
    chunk: Chunk, reading: Reading, micros: np.ndarray, time_verdict: np.ndarray, carry: Carry
) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """A sample at the first row of each minute and at each change of state: a sign of life as a PLC would send it."""
    rule = reading.state
    if rule is None or rule.column not in chunk.table.column_names:
        return None
    values, verdict = numbers.parse_numbers(_column(chunk.table, rule.column), reading.decimal, reading.null)
    rows = np.flatnonzero((verdict == numbers.OK) & (time_verdict == times.OK))
    if not len(rows):
        return rows, micros[rows], []
    is_above = values[rows] > rule.above
    minutes = micros[rows] // SAMPLE_EVERY_US
    is_new = np.ones(len(rows), bool)
    is_new[1:] = (minutes[1:] != minutes[:-1]) | (is_above[1:] != is_above[:-1])
    first_state = rule.then if is_above[0] else rule.otherwise
    is_new[0] = minutes[0] != carry.last_minute or first_state != carry.last_state
    carry.last_minute, carry.last_state = int(minutes[-1]), rule.then if is_above[-1] else rule.otherwise
    kept = rows[is_new]
    return kept, micros[kept], [rule.then if above else rule.otherwise for above in is_above[is_new]]


def _explain_number(verdict: int) -> str:
    return "NaN or infinite" if verdict == numbers.NOT_FINITE else "not a number"


def _show(cell: pa.Scalar) -> str:
    return repr(str(cell.as_py())[:60])


def _reject(chunk: Chunk, row: int, reason: str, detail: str, reading_count: int, label_count: int = 0) -> Reject:
    return Reject(int(chunk.line_numbers[row]), chunk.text_of(row), reason, detail, reading_count, label_count)


def _reject_time(
    chunk: Chunk, reading: Reading, row: int, verdict: int, reading_count: int, label_count: int
) -> Reject:
    reason, words = times.explain(verdict, reading.times.timezone)
    cell = _show(_column(chunk.table, reading.timestamp)[row])
    return _reject(chunk, row, reason, f"{words}: {reading.timestamp}={cell}", reading_count, label_count)
