"""The import itself: chunk by chunk, each committed with its dead letters, so that an interrupted import is carried on
by running it again: what is there already counts as duplicate."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gemba import db
from gemba.errors import GembaError, InputError
from ingest.files import plant, summary
from ingest.files.chunk import Chunk
from ingest.files.interpret import Carry, Channel, Interpreted, Reading, interpret
from ingest.files.mapping import Mapping
from ingest.files.plan import FilePlan, all_sensors, find_files, plan_file
from ingest.files.store import store
from ingest.files.summary import Tally

JOB_NAME = "import"
READINGS_PER_CHUNK = 400_000


@dataclass(frozen=True)
class Options:
    """create: register what is missing. chunk_rows: rows per commit; None: as many as hold 400,000 readings."""

    create: bool = False
    dry_run: bool = False
    chunk_rows: int | None = None


def plan_import(names: list[str], mapping: Mapping) -> list[FilePlan]:
    """Understand all files before anything is stored. Raises InputError for the first that can't be read as mapped."""
    return [plan_file(path, mapping) for path in find_files(names)]


def run_import(plans: list[FilePlan], mapping: Mapping, options: Options, console: Console) -> dict[str, Tally]:
    """Import the files in order; returns what was done by file. What was committed before a GembaError stays."""
    started = time.monotonic()
    names = _short_names([plan.path for plan in plans])
    tallies = {name: Tally() for name in names}
    if options.dry_run:
        with _progress(console) as progress:
            for name, plan in zip(names, plans, strict=True):
                for chunk, found in _interpreted(plan, _dry_reading(plan), options, name, progress):
                    _count(tallies[name], chunk, found)
                    tallies[name].readings.stored += len(found.values)
                    tallies[name].labels.stored += sum(len(texts) for _, _, texts in found.labels.values())
                    tallies[name].states.stored += len(found.states[2]) if found.states else 0
        summary.show(console, tallies, time.monotonic() - started, _machine_path(mapping), is_dry_run=True)
        return tallies
    with db.connect("gemba_ingest") as conn:
        machine = _machine(conn, plans, mapping, options, console)
        readings = [plan.reading(machine) for plan in plans]
        with _job_run(conn, plans, mapping, machine, tallies), _progress(console) as progress:
            hours: set[int] = set()
            for name, plan, reading in zip(names, plans, readings, strict=True):
                for chunk, found in _interpreted(plan, reading, options, name, progress):
                    hours.update(np.unique(found.micros // 3_600_000_000).tolist())
                    outcome = store(conn, machine.machine_id, str(plan.path), chunk, found)
                    _count(tallies[name], chunk, found)
                    tallies[name].add(outcome)
            if options.create and mapping.shifts:
                with db.connect("gemba_migrator", autocommit=True) as owner:
                    plant.register_shifts(owner, machine, mapping.shifts, hours)
    seconds = time.monotonic() - started
    if any(tally.readings.stored or tally.states.stored for tally in tallies.values()):
        _roll_up(console)
    summary.show(console, tallies, seconds, machine.path, is_dry_run=False)
    return tallies


def _roll_up(console: Console) -> None:
    """Bring the rollups up to date now, so that the pages show the imported past at once.

    On the community edition it would else stay out of them for good: its own refresh does not reach back for years.
    Failing here loses nothing that was imported, so it is said and no error.
    """
    try:
        started = time.monotonic()
        with console.status("rolling up"), db.connect("gemba_migrator", autocommit=True) as owner:
            owner.execute("SELECT rollup.build_missing()")
            owner.execute("CALL rollup.refresh_pending()")
        console.print(f"rollups refreshed in {time.monotonic() - started:.1f} s")
    except (GembaError, psycopg.Error) as error:
        console.print(f"The rollups were not refreshed: {str(error).strip()}", markup=False)
        console.print("Remedy: `gemba psql`, then: CALL rollup.refresh_pending()", markup=False)


def _machine(
    conn: psycopg.Connection, plans: list[FilePlan], mapping: Mapping, options: Options, console: Console
) -> plant.Machine:
    machine = plant.find_machine(conn, mapping)
    conn.commit()
    if options.create:
        # a place that was found by the machine's code alone need not be named again
        if machine and any(getattr(mapping, level) is None for level in plant.LEVELS):
            codes = zip(plant.LEVELS, machine.path.split("/"), strict=True)
            mapping = replace(mapping, **{level: getattr(mapping, level) or plant.Place(code) for level, code in codes})
        with db.connect("gemba_migrator", autocommit=True) as owner:
            made = plant.register(owner, mapping, all_sensors(plans))
        if made:
            console.print(f"registered: {', '.join(made)}", markup=False)
        machine = plant.find_machine(conn, mapping)
        conn.commit()
    if machine is None:
        raise InputError(
            f"There is no machine {_machine_path(mapping)}",
            "check the codes, or add --create to register it with its sensors",
        )
    return machine


def _machine_path(mapping: Mapping) -> str:
    return "/".join(getattr(mapping, level).code if getattr(mapping, level) else "*" for level in plant.LEVELS)


def _dry_reading(plan: FilePlan) -> Reading:
    """A reading without a database: every sensor is taken as registered, in the unit of the mapping."""
    mapping, source = plan.mapping, plan.source
    sensors = all_sensors([plan])
    state = mapping.state if mapping.state and mapping.state.column in source.columns else None
    channels = tuple(Channel(sensor.column, place) for place, sensor in enumerate(sensors))
    return Reading(mapping.times, plan.timestamp, channels, plan.labels, state, mapping.decimal, mapping.null,
                   mapping.tag_column, mapping.value_column)  # fmt: skip


def _interpreted(
    plan: FilePlan, reading: Reading, options: Options, name: str, progress: Progress
) -> Iterator[tuple[Chunk, Interpreted]]:
    """The chunks of a file with what they hold; moves the file's progress bar."""
    per_row = 1 if reading.tag_column else max(len(reading.channels), 1)
    chunk_rows = options.chunk_rows or max(1000, READINGS_PER_CHUNK // per_row)
    carry = Carry()
    task = progress.add_task(name, total=max(plan.source.size, 1), rows=0)
    rows = 0
    for chunk in plan.source.chunks(reading.wanted, chunk_rows):
        yield chunk, interpret(chunk, reading, carry)
        rows += chunk.row_count
        progress.update(task, completed=chunk.position, rows=rows)
    progress.remove_task(task)


def _progress(console: Console) -> Progress:
    """A bar for the file at hand; nothing where the output is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _count(tally: Tally, chunk: Chunk, found: Interpreted) -> None:
    """Count what was read and what was refused before it reached the database."""
    labels = sum(len(texts) for _, _, texts in found.labels.values())
    states = len(found.states[2]) if found.states else 0
    refused_readings = sum(reject.reading_count for reject in found.rejects)
    refused_labels = sum(reject.label_count for reject in found.rejects)
    tally.rows += chunk.row_count
    tally.empty += found.empty_count
    tally.readings.read += len(found.values) + refused_readings
    tally.readings.rejected += refused_readings
    tally.labels.read += labels + refused_labels
    tally.labels.rejected += refused_labels
    tally.states.read += states
    tally.rejected_rows += len({reject.line_number for reject in found.rejects})
    for reject in found.rejects:
        count = reject.reading_count + reject.label_count
        tally.reasons[reject.reason_code] = tally.reasons.get(reject.reason_code, 0) + count


@contextmanager
def _job_run(
    conn: psycopg.Connection, plans: list[FilePlan], mapping: Mapping, machine: plant.Machine, tallies: dict[str, Tally]
) -> Iterator[None]:
    """A row of ops.job_runs with the files, the mapping and the counts, written even when the import breaks off."""
    detail: dict[str, Any] = {
        "machine": machine.path,
        "machine_id": machine.machine_id,
        "files": {
            str(plan.path): {"columns": list(plan.source.columns), "delimiter": getattr(plan.source, "delimiter", None)}
            for plan in plans
        },
        "mapping": mapping.as_document(),
    }
    (job_run_id,) = conn.execute(
        "INSERT INTO ops.job_runs (job_name, detail) VALUES (%s, %s) RETURNING job_run_id", (JOB_NAME, Jsonb(detail))
    ).fetchone()
    conn.commit()
    error: str | None = "interrupted"
    try:
        yield
        error = None
    except Exception as caught:
        error = str(caught)
        raise
    finally:
        detail["summary"] = {name: tally.as_document() for name, tally in tallies.items()}
        detail["total"] = summary.total_of(tallies).as_document()
        if error:
            detail["error"] = error
        try:
            conn.rollback()
            conn.execute(
                "UPDATE ops.job_runs SET ended_at = clock_timestamp(), is_success = %s, detail = %s"
                " WHERE job_run_id = %s",
                (error is None, Jsonb(detail), job_run_id),
            )
            conn.commit()
        except psycopg.OperationalError:
            pass  # the connection is what broke; the error that says so is on its way


def _short_names(paths: list[Path]) -> list[str]:
    """Paths without the folders that all of them share."""
    if len(paths) == 1:
        return [paths[0].name]
    shared = 0
    while len({path.parts[: shared + 1] for path in paths}) == 1 and all(
        len(path.parts) > shared + 1 for path in paths
    ):
        shared += 1
    return [str(Path(*path.parts[shared:])) for path in paths]
