"""Stores what a chunk holds, with its dead letters, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from ingest.files.chunk import Chunk, Reject
from ingest.files.interpret import Interpreted
from ingest.files.summary import Counts, Tally

PG_EPOCH_US = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970


@dataclass(frozen=True)
class Outcome:
    """stored and duplicate rows, and the places (in the arrays that were given) of the conflicts."""

    stored: int
    duplicates: int
    conflicts: np.ndarray


def store(conn: psycopg.Connection, machine_id: int, topic: str, chunk: Chunk, found: Interpreted) -> Tally:
    """Write the readings, label events and state samples of a chunk and everything refused, and commit.

    What was refused by interpret is put aside, but counted by the caller; the Tally holds what the database said.
    """
    tally, rejects = Tally(), list(found.rejects)
    with conn.transaction():
        outcome = write_readings(conn, found)
        tally.readings = Counts(0, outcome.stored, outcome.duplicates, len(outcome.conflicts))
        rejects += [_conflict(chunk, int(found.rows[at]), f"another value is stored for sensor {found.sensor_ids[at]}") for at in outcome.conflicts]
        for event_type, (rows, micros, texts) in found.labels.items():
            outcome = write_codes(conn, "machine_events", machine_id, micros, texts, event_type)
            tally.labels.add(Counts(0, outcome.stored, outcome.duplicates, len(outcome.conflicts)))
            rejects += [_conflict(chunk, int(rows[at]), f"another {event_type} is stored for this instant") for at in outcome.conflicts]
        if found.states:
            rows, micros, codes = found.states
            outcome = write_codes(conn, "machine_samples", machine_id, micros, codes)
            tally.states = Counts(0, outcome.stored, outcome.duplicates, len(outcome.conflicts))
            rejects += [_conflict(chunk, int(rows[at]), "another state is stored for this instant") for at in outcome.conflicts]
        put_aside(conn, topic, rejects)
    conflicts = rejects[len(found.rejects) :]
    tally.rejected_rows = len({each.line_number for each in conflicts} - {each.line_number for each in found.rejects})
    if conflicts:
        tally.reasons["conflict"] = len(conflicts)
    return tally


def _conflict(chunk: Chunk, row: int, detail: str) -> Reject:
    return Reject(int(chunk.line_numbers[row]), chunk.text_of(row), "conflict", detail)


def put_aside(conn: psycopg.Connection, topic: str, rejects: Sequence[Reject]) -> None:
    """Write dead letters of source `file`; one that is open already is not written again."""
    merged: dict[tuple[int, str, bytes], list[str]] = {}
    for each in rejects:
        merged.setdefault((each.line_number, each.reason_code, each.payload), []).append(each.detail)
    if not merged:
        return
    lines, reasons, payloads = map(list, zip(*merged, strict=True))
    details = ["; ".join(dict.fromkeys(each)) for each in merged.values()]
    conn.execute(
        """
        INSERT INTO ops.dead_letters (source, topic, line_number, payload, reason_code, detail)
        SELECT 'file', %s, * FROM unnest(%s::bigint[], %s::bytea[], %s::text[], %s::text[])
        ON CONFLICT DO NOTHING""",
        (topic, lines, payloads, reasons, details),
    )


_ROW = np.dtype([("fields", ">i2"), ("ts_size", ">i4"), ("ts", ">i8"), ("value_size", ">i4"), ("value", ">f8"), ("id_size", ">i4"), ("id", ">i4")])  # fmt: skip
_ROW_PLACE = np.dtype([*_ROW.descr, ("place_size", ">i4"), ("place", ">i4")])
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TAIL = b"\xff\xff"


def write_readings(conn: psycopg.Connection, found: Interpreted) -> Outcome:
    """Binary COPY straight in; a batch that holds keys which are there already goes through a staging table."""
    count = len(found.values)
    if not count:
        return Outcome(0, 0, np.empty(0, np.int64))
    rows = np.empty(count, _ROW)
    _fill(rows, found)
    try:
        with conn.transaction(), conn.cursor() as cursor:
            with cursor.copy("COPY raw.sensor_readings (ts, value, sensor_id) FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(_COPY_HEAD + rows.tobytes() + _COPY_TAIL)
        return Outcome(count, 0, np.empty(0, np.int64))
    except psycopg.errors.UniqueViolation:
        return _write_readings_over_staging(conn, found)


def _fill(rows: np.ndarray, found: Interpreted) -> None:
    rows["fields"] = len(rows.dtype.names) // 2
    rows["ts_size"], rows["value_size"], rows["id_size"] = 8, 8, 4
    rows["ts"], rows["value"], rows["id"] = found.micros - PG_EPOCH_US, found.values, found.sensor_ids


def _write_readings_over_staging(conn: psycopg.Connection, found: Interpreted) -> Outcome:
    rows = np.empty(len(found.values), _ROW_PLACE)
    _fill(rows, found)
    rows["place_size"], rows["place"] = 4, np.arange(len(rows))
    with conn.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE staged_readings (ts timestamptz, value float8, sensor_id integer, place integer) ON COMMIT DROP"
        )
        with cursor.copy("COPY staged_readings FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_COPY_HEAD + rows.tobytes() + _COPY_TAIL)
        cursor.execute(
            """
            INSERT INTO raw.sensor_readings (ts, value, sensor_id)
            SELECT ts, value, sensor_id FROM staged_readings ORDER BY place ON CONFLICT DO NOTHING"""
        )
        stored = cursor.rowcount
        cursor.execute(
            """
            SELECT place FROM staged_readings AS s JOIN raw.sensor_readings AS r USING (sensor_id, ts)
            WHERE r.value <> s.value AND r.ts BETWEEN (SELECT min(ts) FROM staged_readings) AND (SELECT max(ts) FROM staged_readings)
            ORDER BY place"""
        )
        conflicts = np.array([place for (place,) in cursor], np.int64)
        cursor.execute("DROP TABLE staged_readings")
    return Outcome(stored, len(rows) - stored - len(conflicts), conflicts)


_CODES = {
    "machine_events": (
        """INSERT INTO raw.machine_events (ts, machine_id, event_type, event_code)
        SELECT timestamptz 'epoch' + micros * interval '1 us', %(machine)s, %(type)s, code
        FROM unnest(%(micros)s::bigint[], %(codes)s::text[]) WITH ORDINALITY AS given (micros, code, place)
        ORDER BY place ON CONFLICT DO NOTHING""",
        """SELECT place - 1 FROM unnest(%(micros)s::bigint[], %(codes)s::text[]) WITH ORDINALITY AS given (micros, code, place)
        JOIN raw.machine_events AS e ON e.ts = timestamptz 'epoch' + micros * interval '1 us'
        WHERE machine_id = %(machine)s AND event_type = %(type)s AND event_code <> code
          AND e.ts BETWEEN timestamptz 'epoch' + %(first)s * interval '1 us' AND timestamptz 'epoch' + %(last)s * interval '1 us'""",
    ),
    "machine_samples": (
        """INSERT INTO raw.machine_samples (ts, machine_id, state_code)
        SELECT timestamptz 'epoch' + micros * interval '1 us', %(machine)s, code
        FROM unnest(%(micros)s::bigint[], %(codes)s::text[]) WITH ORDINALITY AS given (micros, code, place)
        ORDER BY place ON CONFLICT DO NOTHING""",
        """SELECT place - 1 FROM unnest(%(micros)s::bigint[], %(codes)s::text[]) WITH ORDINALITY AS given (micros, code, place)
        JOIN raw.machine_samples AS e ON e.ts = timestamptz 'epoch' + micros * interval '1 us'
        WHERE machine_id = %(machine)s AND state_code <> code
          AND e.ts BETWEEN timestamptz 'epoch' + %(first)s * interval '1 us' AND timestamptz 'epoch' + %(last)s * interval '1 us'""",
    ),
}


def write_codes(
    conn: psycopg.Connection, table: str, machine_id: int, micros: np.ndarray, codes: list[str], event_type: str = ""
) -> Outcome:
    """Write label events (raw.machine_events) or state samples (raw.machine_samples) of one machine."""
    if not len(codes):
        return Outcome(0, 0, np.empty(0, np.int64))
    insert, compare = _CODES[table]
    values = {"machine": machine_id, "type": event_type, "micros": micros.tolist(), "codes": codes,
              "first": int(micros.min()), "last": int(micros.max())}  # fmt: skip
    stored = conn.execute(insert, values).rowcount
    conflicts = np.empty(0, np.int64)
    if stored < len(codes):
        conflicts = np.array([place for (place,) in conn.execute(compare, values)], np.int64)
    return Outcome(stored, len(codes) - stored - len(conflicts), conflicts)
