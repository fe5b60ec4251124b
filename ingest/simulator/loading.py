"""Puts a stretch of the timeline into raw.* by COPY: straight in where nothing is yet, else around what is there."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import psycopg

from ingest.simulator import copying
from ingest.simulator.plant import Machine
from ingest.simulator.register import Registered
from ingest.simulator.schedule import STATES
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Timeline
from ingest.simulator.truth import instant

EVENT_COLUMNS = "ts, machine_id, event_type, event_code, reason_code, payload"


@dataclass(frozen=True)
class Batch:
    """Machines of one site on one production day, clipped to [from, until)."""

    machines: tuple[Machine, ...]
    day: date
    from_ms: int
    until_ms: int


@dataclass(frozen=True)
class Event:
    ts_ms: int
    event_type: str
    code: str
    reason: str | None = None
    product: str | None = None


def day_events(timeline: Timeline, machine: Machine, day: date) -> list[Event]:
    """State and run events of a production day in time order. A day's first state is always told, changed or not."""
    schedule = timeline.day(machine, day)
    events = [
        Event(int(ts), "state", STATES[code][0], STATES[code][1])
        for ts, code in zip(schedule.bounds_ms[:-1].tolist(), schedule.codes.tolist(), strict=True)
    ]
    order = timeline.day(machine, day - timedelta(days=1)).runs[-1].order_code
    for run in schedule.runs:
        if run.starts_here:
            events.append(Event(run.start_ms, "run_ended", order))
            events.append(Event(run.start_ms, "run_started", run.order_code, product=run.product.code))
        order = run.order_code
    return sorted(events, key=lambda event: event.ts_ms)


def load_batch(conn: psycopg.Connection, timeline: Timeline, keys: Registered, batch: Batch) -> dict[str, int]:
    """Load one batch in one transaction as gemba_ingest; rows added by table."""
    sensor_ids = [keys.sensors[machine.code, spec.tag] for machine in batch.machines for spec in machine.sensors]
    machine_ids = [keys.machines[machine.code] for machine in batch.machines]
    added = {}
    with conn.transaction():
        for table, columns, is_binary, id_column, ids, chunks in (
            (
                "sensor_readings",
                copying.READING_COLUMNS,
                True,
                "sensor_id",
                sensor_ids,
                _readings(timeline, keys, batch),
            ),
            (
                "machine_samples",
                copying.SAMPLE_COLUMNS,
                True,
                "machine_id",
                machine_ids,
                _samples(timeline, keys, batch),
            ),
            ("machine_events", EVENT_COLUMNS, False, "machine_id", machine_ids, _events(timeline, keys, batch)),
        ):
            window = (ids, instant(batch.from_ms), instant(batch.until_ms))
            is_empty = not conn.execute(
                f"SELECT EXISTS (SELECT FROM raw.{table} WHERE {id_column} = ANY (%s) AND ts >= %s AND ts < %s)", window
            ).fetchone()[0]
            copy_in = _copy if is_empty else _copy_around
            added[table] = copy_in(conn, table, columns, is_binary, chunks)
    return added


def _copy(conn: psycopg.Connection, table: str, columns: str, is_binary: bool, chunks, schema: str = "raw.") -> int:
    options = " WITH (FORMAT binary)" if is_binary else ""
    with conn.cursor() as cursor:
        with cursor.copy(f"COPY {schema}{table} ({columns}) FROM STDIN{options}") as copy:
            if is_binary:
                copy.write(copying.HEADER)
            for chunk in chunks:
                copy.write(chunk)
            if is_binary:
                copy.write(copying.TRAILER)
        return cursor.rowcount


def _copy_around(conn: psycopg.Connection, table: str, columns: str, is_binary: bool, chunks) -> int:
    """As _copy, but rows whose key exists are left out."""
    staging = f"incoming_{table}"
    conn.execute(f"CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {columns} FROM raw.{table} WITH NO DATA")
    _copy(conn, staging, columns, is_binary, chunks, schema="")
    return conn.execute(
        f"INSERT INTO raw.{table} ({columns}) SELECT {columns} FROM {staging} ON CONFLICT DO NOTHING"
    ).rowcount


def _readings(timeline: Timeline, keys: Registered, batch: Batch):
    for machine in batch.machines:
        ts, values = day_signals(timeline, machine, batch.day)
        keep = (ts >= batch.from_ms) & (ts < batch.until_ms)
        ids = [keys.sensors[machine.code, spec.tag] for spec in machine.sensors]
        yield copying.reading_bytes(ids, ts[keep], values[:, keep])


def _samples(timeline: Timeline, keys: Registered, batch: Batch):
    for machine in batch.machines:
        samples = timeline.samples(machine, batch.day, batch.from_ms, batch.until_ms)
        for code in np.unique(samples.code):
            state, reason, _ = STATES[code]
            of = samples.code == code
            yield copying.sample_bytes(
                keys.machines[machine.code],
                state,
                reason,
                samples.ts_ms[of],
                samples.counts[of],
                samples.cycle_time_s[of],
                samples.power_kw[of],
                samples.speed_ratio[of],
            )


def _events(timeline: Timeline, keys: Registered, batch: Batch):
    lines = []
    for machine in batch.machines:
        machine_id = keys.machines[machine.code]
        for event in day_events(timeline, machine, batch.day):
            if batch.from_ms <= event.ts_ms < batch.until_ms:
                payload = json.dumps({"product": event.product}) if event.product else r"\N"
                fields = (
                    instant(event.ts_ms).isoformat(),
                    str(machine_id),
                    event.event_type,
                    event.code,
                    event.reason or r"\N",
                    payload,
                )
                lines.append("\t".join(fields) + "\n")
    yield "".join(lines).encode()
