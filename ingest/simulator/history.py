"""Loads the plant's past into the database: master data, raw streams by COPY, bookkeeping, truth."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from gemba import db
from gemba.errors import GembaError
from gemba.settings import get_settings
from ingest.simulator import record
from ingest.simulator.bookkeeping import write_happenings, write_runs
from ingest.simulator.loading import Batch, load_batch
from ingest.simulator.plant import Machine, Plant
from ingest.simulator.register import Registered, register
from ingest.simulator.shifts import day_bounds, day_of, days_between, opening_of
from ingest.simulator.timeline import Identity, Timeline
from ingest.simulator.truth import write_truth

DAY_MS = 86_400_000
_TICK_MS = 10_000
_MACHINES_A_BATCH = 15  # about a million readings a transaction
_CALENDAR_AHEAD = timedelta(days=60)
# A continued load looks again at the last minutes and days: messages under way, stops that were still open.
_OVERLAP_MS = 10 * 60_000


@dataclass(frozen=True)
class Wanted:
    """What the user asked for; None: as the database has it, or the default. until_ms: None for now."""

    scale: str | None = None
    seed: int | None = None
    fault: str | None = None
    days: float = 3
    until_ms: int | None = None
    is_continued: bool = False
    truth: Path | None = None
    machine_limit: int | None = None
    workers: int = 2


@dataclass
class Outcome:
    """What a load did. rows_per_s counts raw rows over the time of loading them."""

    identity: Identity
    from_ms: int
    until_ms: int
    rows: dict[str, int] = field(default_factory=dict)
    load_s: float = 0.0
    total_s: float = 0.0

    @property
    def row_count(self) -> int:
        return sum(self.rows.values())

    @property
    def rows_per_s(self) -> float:
        return self.row_count / self.load_s if self.load_s else 0.0


Progress = Callable[[str, float], None]  # (step, share done 0..1)


def load_history(wanted: Wanted, progress: Progress = lambda step, share: None) -> Outcome:
    """Load the wanted stretch; what is in the database already stays. Raises GembaError where another plant is."""
    started = time.perf_counter()
    until_ms = (wanted.until_ms or int(time.time() * 1000)) // _TICK_MS * _TICK_MS
    with db.connect("gemba_migrator") as conn:
        found = record.remembered(conn)
        record.refuse_another(found, wanted.scale, wanted.seed, wanted.fault)
        # faults are timed from the hour in which the first history ends
        identity = (
            found.identity
            if found
            else Identity(
                wanted.scale or "small",
                1 if wanted.seed is None else wanted.seed,
                until_ms // 3_600_000 * 3_600_000,
                wanted.fault,
            )
        )
        timeline = Timeline(identity)
        machines = list(timeline.plant.machines[: wanted.machine_limit])
        from_ms = _start(conn, wanted, found, until_ms)
        outcome = Outcome(identity, from_ms, until_ms)
        if from_ms >= until_ms:
            return outcome
        run_id = record.begin(conn, identity, from_ms, until_ms)
        progress("Master data", 0)
        keys = register(conn, timeline.plant, *_calendar_dates(timeline.plant, from_ms, until_ms))
        conn.commit()
        is_continuing = _is_continuing(wanted, found)
        streams_from_ms = from_ms
        if is_continuing:  # what live has sent since needs no second look, as far as it is without a gap
            streams_from_ms = record.first_gap_ms(conn, [machine.code for machine in machines], from_ms) - _OVERLAP_MS
        batches = list(_batches(machines, max(streams_from_ms, from_ms), until_ms, is_whole_days=not is_continuing))
        load_started = time.perf_counter()
        for rows, share in _load_all(timeline, keys, batches, wanted.workers):
            for table, count in rows.items():
                outcome.rows[table] = outcome.rows.get(table, 0) + count
            progress("Streams", share)
        outcome.load_s = time.perf_counter() - load_started
        progress("Orders and inspections", 0)
        origin = min(from_ms, found.from_ms) if found else from_ms
        for machine in machines:
            begin = max(from_ms - DAY_MS, opening_of(machine.site, origin))
            write_runs(conn, timeline, keys, [machine], begin, until_ms)
            write_happenings(conn, timeline, keys, [machine], begin, until_ms)
        conn.commit()
        progress("Truth", 0)
        write_truth(timeline, machines, origin, until_ms, wanted.truth or truth_folder())
        record.finish(conn, run_id, {**outcome.rows})
        _settle(conn, progress)
    outcome.total_s = time.perf_counter() - started
    return outcome


def truth_folder() -> Path:
    """Where truth goes when nobody says otherwise."""
    return get_settings().home / "simulator"


def _is_continuing(wanted: Wanted, found: record.Remembered | None) -> bool:
    return wanted.is_continued and found is not None and found.unfinished_from_ms is None and found.until_ms is not None


def _start(conn: psycopg.Connection, wanted: Wanted, found: record.Remembered | None, until_ms: int) -> int:
    """Where the load begins. Continued: a little before the last end; a load broken off: where it began."""
    if not wanted.is_continued or found is None:
        return until_ms - int(wanted.days * DAY_MS)
    if not _is_continuing(wanted, found):
        return min(found.unfinished_from_ms or found.from_ms, until_ms)
    return min(max(found.until_ms - _OVERLAP_MS, found.from_ms), until_ms)


def _calendar_dates(plant: Plant, from_ms: int, until_ms: int):
    first = min(day_of(site, from_ms) for site in plant.sites) - timedelta(days=1)
    return first, max(day_of(site, until_ms) for site in plant.sites) + _CALENDAR_AHEAD


def _batches(machines: list[Machine], from_ms: int, until_ms: int, is_whole_days: bool) -> Iterator[Batch]:
    """In order of time. A first history begins with the production day of each site, so that its shifts are whole."""
    jobs = []
    for site in dict.fromkeys(machine.site for machine in machines):
        begin = opening_of(site, from_ms) if is_whole_days else from_ms
        here = [machine for machine in machines if machine.site == site]
        for day in days_between(site, begin, until_ms):
            start, end = day_bounds(site, day)
            for i in range(0, len(here), _MACHINES_A_BATCH):
                jobs.append(Batch(tuple(here[i : i + _MACHINES_A_BATCH]), day, max(start, begin), min(end, until_ms)))
    yield from sorted(jobs, key=lambda batch: batch.from_ms)


def _load_all(
    timeline: Timeline, keys: Registered, batches: list[Batch], workers: int
) -> Iterator[tuple[dict[str, int], float]]:
    """Load batches over a few connections at a time; yields rows added and the share done."""

    def load(batch: Batch) -> dict[str, int]:
        try:
            with db.connect("gemba_ingest", autocommit=True) as conn:
                conn.execute("SET synchronous_commit = off")  # a load broken off is repeated, so nothing is at stake
                # the rollups' change log reads a million new rows after each COPY: in memory that is half as fast again
                conn.execute("SET work_mem = '192MB'")
                return load_batch(conn, timeline, keys, batch)
        except psycopg.errors.DiskFull as error:
            raise GembaError(f"The disk is full: {error}", "free some space and run it again: it carries on") from error

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for i, rows in enumerate(pool.map(load, batches)):
            yield rows, (i + 1) / len(batches)


def _settle(conn: psycopg.Connection, progress: Progress) -> None:
    """Bring statistics and rollups up to date, so that the first page is quick and whole."""
    conn.commit()
    conn.autocommit = True
    progress("Statistics", 0)
    conn.execute(
        "ANALYZE raw.sensor_readings, raw.machine_samples, raw.machine_events,"
        " ops.production_runs, ops.quality_inspections"
    )
    kind = conn.execute("SELECT prokind FROM pg_proc WHERE oid = to_regproc('rollup.run_policies')").fetchone()
    if kind:
        progress("Rollups", 0)
        conn.execute("CALL rollup.run_policies()" if kind[0] in ("p", b"p") else "SELECT rollup.run_policies()")
