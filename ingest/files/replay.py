"""Sends a dead letter of a file through again, as its import read it, once the cause is mended."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa

from gemba.errors import InputError
from ingest.files.chunk import Chunk
from ingest.files.csv_source import CsvFile
from ingest.files.interpret import Carry, interpret
from ingest.files.mapping import mapping_from
from ingest.files.parquet_source import ParquetFile
from ingest.files.plan import Source, plan_columns
from ingest.files.plant import LEVELS, Place, find_machine
from ingest.files.store import store


@dataclass(frozen=True)
class Replayed:
    """stored and duplicate readings and labels of the row, and what is still refused of it and why.

    reason_code: the first reason, None where nothing is refused any more.
    """

    stored: int
    duplicates: int
    rejected: int
    detail: str
    reason_code: str | None

    @property
    def is_done(self) -> bool:
        """Nothing of the row is refused any more: the letter may be closed."""
        return self.rejected == 0


def replay_row(conn: psycopg.Connection, topic: str, line_number: int, payload: bytes) -> Replayed:
    """Read the row again with the mapping of the newest import of that file, against the sensors of today.

    conn: as gemba_ingest. topic: path of the file, which need not exist any more. What is refused again stays the same
    open letter. Raises InputError when no import of that file is on record or its machine is gone.
    """
    recorded = conn.execute(
        """
        SELECT detail FROM ops.job_runs WHERE job_name = 'import' AND detail -> 'files' ? %s
        ORDER BY started_at DESC LIMIT 1""",
        (topic,),
    ).fetchone()
    if recorded is None:
        raise InputError(f"No import of {topic} is on record", "import the file again with `gemba import`")
    detail = recorded[0]
    form = detail["files"][topic]
    codes = dict(zip(LEVELS, (Place(code) for code in detail["machine"].split("/")), strict=True))
    mapping = replace(mapping_from(detail["mapping"], topic), **codes)
    machine = find_machine(conn, mapping)
    if machine is None:
        raise InputError(f"There is no machine {detail['machine']} any more", "register it, or leave the letter")
    columns = tuple(form["columns"])
    source: Source
    if form["delimiter"] is None:
        source = ParquetFile(Path(topic), columns, 0)
    else:
        source = CsvFile(Path(topic), form["delimiter"], "utf-8", columns, 0)
    reading = plan_columns(source, mapping).reading(machine)
    chunk = _chunk_of(source, reading.wanted, line_number, payload)
    found = interpret(chunk, reading, Carry())
    found.states = None  # the row alone does not tell whether it was the first of its minute
    tally = store(conn, machine.machine_id, topic, chunk, found)
    refused = sum(each.reading_count + each.label_count for each in found.rejects)
    refused += tally.readings.rejected + tally.labels.rejected
    reasons = [*(each.reason_code for each in found.rejects), *tally.reasons]
    why = "; ".join(f"{each.reason_code}: {each.detail}" for each in found.rejects) or ", ".join(reasons)
    stored, duplicates = (
        tally.readings.stored + tally.labels.stored,
        tally.readings.duplicates + tally.labels.duplicates,
    )
    return Replayed(stored, duplicates, refused, why, reasons[0] if reasons else None)


def _chunk_of(source: Source, wanted: list[str], line_number: int, payload: bytes) -> Chunk:
    lines = np.array([line_number])
    if isinstance(source, CsvFile):
        table, kept, broken = source.parse_rows([payload], wanted)
        refused = [(line_number, payload, reason, detail) for _, reason, detail in broken]
        return Chunk(table, lines[kept], lambda _: payload, 0, refused)
    row = json.loads(payload)
    cells = [None if row.get(name) is None else str(row[name]) for name in wanted]
    table = pa.table([pa.array([cell], pa.string()) for cell in cells], names=wanted)
    return Chunk(table, lines, lambda _: payload, 0)
