"""What sql/rollups/ declares, read from its files: which rollup is made from which tables."""

import re
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+((?:raw|agg|ref|ops)\.[a-z_][a-z0-9_]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Rollup:
    """One continuous aggregate: its table in agg, and the tables its SELECT reads, as (schema, table)."""

    table: str
    sources: tuple[tuple[str, str], ...]


def read_rollup(table: str, text: str) -> Rollup:
    """The rollup that a file of this name and text declares."""
    found = {source.lower() for source in _SOURCE.findall(_COMMENT.sub(" ", text))} - {f"agg.{table}"}
    return Rollup(table, tuple(sorted((schema, name) for schema, name in (source.split(".") for source in found))))


def read_rollups(folder: Path) -> list[Rollup]:
    """All rollups of the folder, by name. One file declares one."""
    return [read_rollup(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]
