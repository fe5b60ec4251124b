"""A batch of decoded messages into the database, in one transaction. The only writer of the MQTT path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from ingest.letters import put_aside
from ingest.records import Decoded, Reject
from ingest.write_readings import write_readings
from ingest.write_rows import RowOutcome, write_events, write_inspections, write_samples


@dataclass
class WriteResult:
    """Counts of one batch: rows stored, rows that were there already, letters put aside (a letter that is open already
    counts, but is kept once). conflicts: index of a message -> rejects that only the database could find."""

    stored: int = 0
    duplicate: int = 0
    dead_letters: int = 0
    conflicts: dict[int, list[Reject]] = field(default_factory=dict)


def write_batch(conn: psycopg.Connection, batch: Sequence[Decoded]) -> WriteResult:
    """Store the rows of the messages and put aside what was refused, all or nothing.

    Rows that are there already with the same content are duplicates; with another content they become dead letters of
    reason `conflict`, and what is stored stands. Database errors pass through to the caller, with nothing written.
    """
    result = WriteResult()
    with conn.transaction():
        _write_readings(conn, batch, result)
        _write_rows(conn, batch, result, "samples", write_samples)
        _write_rows(conn, batch, result, "events", write_events)
        _write_rows(conn, batch, result, "inspections", write_inspections)
        letters = [
            (message, [*message.rejects, *result.conflicts.get(index, [])]) for index, message in enumerate(batch)
        ]
        result.dead_letters = put_aside(conn, letters)
    return result


def _write_rows(
    conn: psycopg.Connection,
    batch: Sequence[Decoded],
    result: WriteResult,
    kind: str,
    write: Callable[[psycopg.Connection, list[Any]], RowOutcome],
) -> None:
    owned = [(index, row) for index, message in enumerate(batch) for row in getattr(message, kind)]
    if not owned:
        return
    outcome = write(conn, [row for _, row in owned])
    result.stored += len(outcome.stored)
    result.duplicate += len(outcome.duplicate)
    for place in outcome.conflict:
        index, row = owned[place]
        detail = f"another one of {kind} is stored for machine {row.machine_id} at this instant"
        result.conflicts.setdefault(index, []).append(Reject("conflict", detail))


def _write_readings(conn: psycopg.Connection, batch: Sequence[Decoded], result: WriteResult) -> None:
    rows = [reading for message in batch for reading in message.readings]
    if not rows:
        return
    outcome = write_readings(
        conn,
        np.fromiter((row.sensor_id for row in rows), np.int32, len(rows)),
        np.fromiter((row.micros for row in rows), np.int64, len(rows)),
        np.fromiter((row.value for row in rows), np.float64, len(rows)),
        np.fromiter((row.quality for row in rows), np.int16, len(rows)),
    )
    result.stored += outcome.stored
    result.duplicate += outcome.duplicate
    if len(outcome.conflicts):
        owners = [index for index, message in enumerate(batch) for _ in message.readings]
        for place in outcome.conflicts.tolist():
            detail = f"sensor {rows[place].sensor_id} holds another value than {rows[place].value} for this instant"
            result.conflicts.setdefault(owners[place], []).append(Reject("conflict", detail))
