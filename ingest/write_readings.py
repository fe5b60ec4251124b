"""Readings into raw.sensor_readings: binary COPY built by numpy, once per key, the first value stands."""

from dataclasses import dataclass

import numpy as np
import psycopg

PG_EPOCH_MICROS = 946_684_800_000_000  # 2000-01-01, where PostgreSQL's binary timestamps begin
GOOD = 192

# A row of COPY's binary format: count of fields, then each field's size and big-endian value.
_FIELDS = [("ts", 8, ">i8"), ("value", 8, ">f8"), ("sensor_id", 4, ">i4"), ("quality", 2, ">i2"), ("place", 4, ">i4")]
_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


@dataclass(frozen=True)
class Outcome:
    """stored and duplicate: counts of rows. conflicts: places, in the arrays given, of rows whose key holds another value."""

    stored: int
    duplicate: int
    conflicts: np.ndarray


def write_readings(
    conn: psycopg.Connection,
    sensor_ids: np.ndarray,
    micros: np.ndarray,
    values: np.ndarray,
    qualities: np.ndarray | int = GOOD,
) -> Outcome:
    """Store readings within the caller's transaction (or one of its own); the caller commits.

    sensor_ids int32, micros int64 (microseconds since 1970 UTC), values float64, each of length n; qualities OPC codes.
    A batch without any key that is there already goes straight in; only one that has some takes the way over a
    staging table, which is about a third as fast.
    """
    count = len(values)
    if not count:
        return Outcome(0, 0, np.empty(0, np.int64))
    columns = {"ts": micros - PG_EPOCH_MICROS, "value": values, "sensor_id": sensor_ids, "quality": qualities}
    try:
        with conn.transaction(), conn.cursor() as cursor:
            with cursor.copy(
                "COPY raw.sensor_readings (ts, value, sensor_id, quality) FROM STDIN (FORMAT BINARY)"
            ) as copy:
                copy.write(_binary(count, columns))
        return Outcome(count, 0, np.empty(0, np.int64))
    except psycopg.errors.UniqueViolation:
        with conn.transaction():
            return _over_staging(conn, count, columns)


def _binary(count: int, columns: dict[str, np.ndarray | int]) -> bytes:
    fields = [field for field in _FIELDS if field[0] in columns]
    layout = [("field_count", ">i2")]
    for name, _, kind in fields:
        layout += [(f"{name}_size", ">i4"), (name, kind)]
    rows = np.empty(count, np.dtype(layout))
    rows["field_count"] = len(fields)
    for name, size, _ in fields:
        rows[f"{name}_size"] = size
        rows[name] = columns[name]
    return _HEAD + rows.tobytes() + _TAIL


def _over_staging(conn: psycopg.Connection, count: int, columns: dict[str, np.ndarray | int]) -> Outcome:
    with conn.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE staged_readings"
            " (ts timestamptz, value float8, sensor_id integer, quality smallint, place integer) ON COMMIT DROP"
        )
        with cursor.copy("COPY staged_readings FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_binary(count, {**columns, "place": np.arange(count)}))
        cursor.execute(
            "INSERT INTO raw.sensor_readings (ts, value, sensor_id, quality)"
            " SELECT ts, value, sensor_id, quality FROM staged_readings ORDER BY place ON CONFLICT DO NOTHING"
        )
        stored = cursor.rowcount
        # The bounds let the planner leave out every chunk but those of the batch.
        cursor.execute(
            "SELECT staged.place FROM staged_readings AS staged JOIN raw.sensor_readings AS stored USING (sensor_id, ts)"
            " WHERE stored.value <> staged.value AND stored.ts BETWEEN %s AND %s ORDER BY staged.place",
            cursor.execute("SELECT min(ts), max(ts) FROM staged_readings").fetchone(),
        )
        conflicts = np.array([place for (place,) in cursor], np.int64)
        cursor.execute("DROP TABLE staged_readings")
    return Outcome(stored, count - stored - len(conflicts), conflicts)
