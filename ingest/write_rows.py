"""Samples, events and inspections into their tables: a batch at a time over a staging table, the first row of a key stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from ingest.records import Event, Inspection, Sample

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class RowOutcome:
    """Places, in the sequence given, of the rows by what became of them."""

    stored: list[int]
    duplicate: list[int]
    conflict: list[int]


def instant(micros: int) -> datetime:
    """Microseconds since 1970 UTC as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def write_samples(conn: psycopg.Connection, samples: Sequence[Sample]) -> RowOutcome:
    """Rows of raw.machine_samples, within the caller's transaction."""
    columns = ["ts", "machine_id", *Sample._fields[2:]]
    rows = [
        (instant(row.micros), row.machine_id, *row[2:10], Jsonb(row.process_values) if row.process_values else None)
        for row in samples
    ]
    return _write(conn, ("raw", "machine_samples"), ["machine_id", "ts"], columns, rows)


def write_events(conn: psycopg.Connection, events: Sequence[Event]) -> RowOutcome:
    """Rows of raw.machine_events; starts and ends of runs move ops.production_runs too."""
    columns = ["ts", "machine_id", "event_type", "event_code", "reason_code", "payload"]
    rows = [
        (
            instant(row.micros),
            row.machine_id,
            row.event_type,
            row.event_code,
            row.reason_code,
            Jsonb(row.payload) if row.payload else None,
        )
        for row in events
    ]
    outcome = _write(conn, ("raw", "machine_events"), ["machine_id", "event_type", "ts"], columns, rows)
    # In the order of time, those stored earlier too: a repeat changes nothing, and mends what was cut off in between.
    for event in sorted((events[place] for place in [*outcome.stored, *outcome.duplicate]), key=lambda row: row.micros):
        key = (event.machine_id, event.event_code)
        if event.event_type == "run_started":
            conn.execute(
                "SELECT ops.start_production_run(%s, %s, %s, %s)", (*key, event.product_id, instant(event.micros))
            )
        elif event.event_type == "run_ended":
            conn.execute("SELECT ops.end_production_run(%s, %s, %s)", (*key, instant(event.micros)))
    return outcome


def write_inspections(conn: psycopg.Connection, inspections: Sequence[Inspection]) -> RowOutcome:
    """Rows of ops.quality_inspections with their ops.defects."""
    columns = ["inspected_at", "machine_id", "inspection_kind", "order_code", "inspected_count", "passed_count"]
    rows = [(instant(row.micros), row.machine_id, *row[2:6]) for row in inspections]
    key = ["machine_id", "inspected_at", "inspection_kind"]
    outcome = _write(conn, ("ops", "quality_inspections"), key, columns, rows, "inspected_at")
    defects = [
        (
            inspections[place].machine_id,
            instant(inspections[place].micros),
            inspections[place].inspection_kind,
            code,
            count,
        )
        for place in outcome.stored
        for code, count in inspections[place].defects.items()
    ]
    if defects:
        conn.execute(
            "INSERT INTO ops.defects (quality_inspection_id, defect_code, defect_count)"
            " SELECT quality_inspection_id, given.code, given.count"
            " FROM unnest(%s::integer[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[])"
            " AS given (machine_id, inspected_at, inspection_kind, code, count)"
            " JOIN ops.quality_inspections USING (machine_id, inspected_at, inspection_kind)",
            [list(column) for column in zip(*defects, strict=True)],
        )
    return outcome


def _write(
    conn: psycopg.Connection,
    table: tuple[str, str],
    key: list[str],
    columns: list[str],
    rows: list[tuple[Any, ...]],
    time_column: str = "ts",
) -> RowOutcome:
    if not rows:
        return RowOutcome([], [], [])
    names = {
        "table": sql.Identifier(*table),
        "staged": sql.Identifier("pg_temp", f"staged_{table[1]}"),
        "staged_name": sql.Identifier(f"staged_{table[1]}"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "key": sql.SQL(", ").join(map(sql.Identifier, key)),
        "time": sql.Identifier(time_column),
        "staged_row": sql.SQL(", ").join(sql.Identifier("staged", column) for column in columns),
        "stored_row": sql.SQL(", ").join(sql.Identifier("stored", column) for column in columns),
        "same_key": sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier("stored", column), sql.Identifier("staged", column))
            for column in key
        ),
    }

    def statement(text: str) -> sql.Composed:
        return sql.SQL(text).format(**names)

    with conn.cursor() as cursor:
        cursor.execute(
            statement(
                "CREATE TEMP TABLE {staged_name} ON COMMIT DROP AS SELECT {columns}, 0 AS place FROM {table} LIMIT 0"
            )
        )
        with cursor.copy(statement("COPY {staged} ({columns}, place) FROM STDIN")) as copy:
            for place, row in enumerate(rows):
                copy.write_row((*row, place))
        first, last = cursor.execute(statement("SELECT min({time}), max({time}) FROM {staged}")).fetchone()
        # A row that was there before, or an earlier one of this batch with the same key: equal or another content?
        cursor.execute(
            statement(
                "SELECT staged.place, ({staged_row}) IS NOT DISTINCT FROM ({stored_row}) FROM {staged} AS staged"
                " JOIN {table} AS stored ON {same_key} AND stored.{time} BETWEEN %s AND %s"
            ),
            (first, last),
        )
        seen = dict(cursor.fetchall())
        cursor.execute(
            statement(
                "SELECT place, is_same FROM (SELECT place, row_number() OVER in_key AS rank,"
                " ({staged_row}) IS NOT DISTINCT FROM first_value(({staged_row})) OVER in_key AS is_same"
                " FROM {staged} AS staged WINDOW in_key AS (PARTITION BY {key} ORDER BY place)) AS ranked WHERE rank > 1"
            )
        )
        for place, is_same in cursor:
            seen.setdefault(place, is_same)
        cursor.execute(
            statement(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} ORDER BY place ON CONFLICT DO NOTHING"
            )
        )
        cursor.execute(statement("DROP TABLE {staged}"))
    return RowOutcome(
        [place for place in range(len(rows)) if place not in seen],
        [place for place, is_same in seen.items() if is_same],
        [place for place, is_same in seen.items() if not is_same],
    )
