"""What sql/rollups/ declares, read from its files: which rollup is made from which tables."""

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_ARGUMENT = re.compile(r"\bp_(name|source|comment)\s*=>\s*'((?:[^']|'')*)'")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+((?:raw|agg|ref|ops)\.[a-z_][a-z0-9_]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Rollup:
    """One rollup: its table in agg, the relations its buckets are made from as (schema, table), and its comment."""

    table: str
    sources: tuple[tuple[str, str], ...]
    comment: str


def read_rollup(text: str) -> Rollup:
    """The rollup that the text of a file declares with rollup.define(). Raises ValueError where there is none."""
    sql = _COMMENT.sub(" ", text)
    arguments = dict(_ARGUMENT.findall(sql))
    if not {"name", "source"} <= arguments.keys():
        raise ValueError("no rollup.define(p_name => '...', p_source => '...') found")
    read = {relation.lower() for relation in _READ.findall(sql)} | {arguments["source"]}
    sources = (tuple(relation.split(".")) for relation in sorted(read))
    return Rollup(arguments["name"], tuple(sources), arguments.get("comment", "").replace("''", "'"))


def read_rollups(folder: Path) -> list[Rollup]:
    """All rollups of the folder, each after those that it is made from. One file declares one."""
    found = [read_rollup(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]
    by_table = {rollup.table: rollup for rollup in found}
    made_from = {r.table: [name for schema, name in r.sources if schema == "agg" and name in by_table] for r in found}
    return [by_table[table] for table in TopologicalSorter(made_from).static_order()]
