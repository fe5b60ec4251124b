"""Stores what a chunk holds, with its dead letters, in one transaction."""

from collections.abc import Sequence

import psycopg

from ingest.files.chunk import Chunk, Reject
from ingest.files.interpret import Interpreted
from ingest.files.summary import Counts, Tally
from ingest.records import Event, Sample
from ingest.write_readings import write_readings
from ingest.write_rows import RowOutcome, write_events, write_samples


def store(conn: psycopg.Connection, machine_id: int, topic: str, chunk: Chunk, found: Interpreted) -> Tally:
    """Write the readings, label events and state samples of a chunk and everything refused, all or nothing, and commit.

    topic: path of the file. What interpret refused is put aside here, but counted by the caller; the Tally holds what
    only the database could say: what was stored, what was there already, and what another value is stored for.
    """
    tally, conflicts = Tally(), []
    with conn.transaction():
        outcome = write_readings(conn, found.sensor_ids, found.micros, found.values)
        tally.readings = Counts(0, outcome.stored, outcome.duplicate, len(outcome.conflicts))
        for place in outcome.conflicts.tolist():
            detail = f"sensor {found.sensor_ids[place]} holds another value than {found.values[place]} for this instant"
            conflicts.append(_conflict(chunk, int(found.rows[place]), detail))
        events, rows = [], []
        for event_type, (label_rows, micros, texts) in found.labels.items():
            pairs = zip(micros.tolist(), texts, strict=True)
            events += [Event(machine_id, at, event_type, text, None, None) for at, text in pairs]
            rows += label_rows.tolist()
        result = write_events(conn, events)
        tally.labels = _counts(result)
        for place in result.conflict:
            event = events[place]
            detail = f"another {event.event_type} than {event.event_code} is stored for this instant"
            conflicts.append(_conflict(chunk, rows[place], detail))
        if found.states:
            state_rows, micros, codes = found.states
            pairs = zip(micros.tolist(), codes, strict=True)
            result = write_samples(conn, [Sample(machine_id, at, code, *[None] * 8) for at, code in pairs])
            tally.states = _counts(result)
            for place in result.conflict:
                detail = f"another state or sample than {codes[place]} is stored for this instant"
                conflicts.append(_conflict(chunk, int(state_rows[place]), detail))
        put_aside(conn, topic, [*found.rejects, *conflicts])
    tally.rejected_rows = len({each.line_number for each in conflicts} - {each.line_number for each in found.rejects})
    if conflicts:
        tally.reasons["conflict"] = len(conflicts)
    return tally


def _counts(outcome: RowOutcome) -> Counts:
    return Counts(0, len(outcome.stored), len(outcome.duplicate), len(outcome.conflict))


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
