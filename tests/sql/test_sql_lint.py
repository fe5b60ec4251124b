"""The text of sql/ keeps the house's grammar; read with PostgreSQL's own parser, no database needed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pglast
import pytest
from pglast import ast
from pglast.enums import ConstrType
from pglast.visitors import Visitor

from gemba.db import load_queries
from gemba.migrate import read_migrations
from gemba.paths import QUERIES, SQL

FILES = sorted(SQL.rglob("*.sql"))
STATEMENT_FILES = [path for path in FILES if QUERIES not in path.parents]
SUFFIX_OF = {
    ConstrType.CONSTR_PRIMARY: "_pk",
    ConstrType.CONSTR_UNIQUE: "_key",
    ConstrType.CONSTR_FOREIGN: "_fk",
    ConstrType.CONSTR_CHECK: "_check",
    ConstrType.CONSTR_EXCLUSION: "_excl",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(SQL))


def parse(path: Path) -> tuple:
    return pglast.parse_sql(path.read_text(encoding="utf-8"))


def created_tables(path: Path) -> Iterator[ast.CreateStmt]:
    for raw in parse(path):
        if isinstance(raw.stmt, ast.CreateStmt):
            yield raw.stmt


@pytest.mark.parametrize("path", STATEMENT_FILES, ids=name_of)
def test_file_parses(path: Path) -> None:
    parse(path)


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.sql")), ids=name_of)
def test_named_queries_parse_and_read_only_what_pages_may_read(path: Path) -> None:
    class Relations(Visitor):
        def __init__(self) -> None:
            self.schemas: set[str | None] = set()
            self.ctes: set[str] = set()

        def visit_RangeVar(self, _ancestors: object, node: ast.RangeVar) -> None:
            if not (node.schemaname is None and node.relname in self.ctes):
                self.schemas.add(node.schemaname)

    for name, body in load_queries(path.stem).items():
        sql = re.sub(r"%\((\w+)\)s", "NULL", body).replace("%%", "%")
        tree = pglast.parse_sql(sql)
        assert len(tree) == 1 and isinstance(tree[0].stmt, ast.SelectStmt), f"{name} is one SELECT"
        visitor = Relations()
        visitor.ctes = set(re.findall(r"(\w+)\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(", sql, re.IGNORECASE))
        visitor(tree)
        assert visitor.schemas <= {"marts", "agg", "ref", "pg_catalog"}, name


def test_migrations_are_numbered_without_gap_and_named_by_schema() -> None:
    files = read_migrations()
    versions = [file.version for file in files]
    assert versions == sorted(set(versions)) and versions[0] == 1
    for file in files:
        assert re.match(r"migrations/\d{4}_(ref|raw|ops|agg|ml|audit|rollup|gemba)_", file.path), file.path


@pytest.mark.parametrize("path", sorted((SQL / "migrations").glob("*.sql")), ids=name_of)
def test_constraints_are_named_for_their_kind(path: Path) -> None:
    for table in created_tables(path):
        columns = [item for item in table.tableElts or () if isinstance(item, ast.ColumnDef)]
        constraints = [item for item in table.tableElts or () if isinstance(item, ast.Constraint)]
        constraints += [item for column in columns for item in column.constraints or ()]
        for constraint in constraints:
            if suffix := SUFFIX_OF.get(constraint.contype):
                assert constraint.conname, f"{table.relation.relname}: a {suffix} constraint without a name"
                assert constraint.conname.endswith(suffix), constraint.conname
                assert constraint.conname.startswith(table.relation.relname), constraint.conname


@pytest.mark.parametrize("path", STATEMENT_FILES, ids=name_of)
def test_every_created_object_names_its_schema(path: Path) -> None:
    for raw in parse(path):
        statement = raw.stmt
        if isinstance(statement, ast.CreateStmt):
            assert statement.relation.schemaname or statement.relation.relpersistence == "t", statement.relation.relname
        elif isinstance(statement, ast.ViewStmt):
            assert statement.view.schemaname, statement.view.relname
        elif isinstance(statement, ast.CreateFunctionStmt):
            assert len(statement.funcname) == 2, [part.sval for part in statement.funcname]
        elif isinstance(statement, ast.CreateTableAsStmt):
            assert statement.into.rel.schemaname, statement.into.rel.relname


@pytest.mark.parametrize("path", sorted((SQL / "migrations").glob("*.sql")), ids=name_of)
def test_instants_carry_their_zone_and_hypertable_time_alone_is_called_ts(path: Path) -> None:
    for table in created_tables(path):
        for column in table.tableElts or ():
            if isinstance(column, ast.ColumnDef):
                type_name = column.typeName.names[-1].sval
                assert type_name != "timestamp", f"{table.relation.relname}.{column.colname} has no zone"
                if column.colname == "ts":
                    assert table.relation.schemaname == "raw", f"{table.relation.relname}.ts is no event time"
                elif type_name == "timestamptz":
                    assert re.search(r"(_at|^valid_from|^valid_to)$", column.colname), (
                        f"{table.relation.relname}.{column.colname}"
                    )


def test_sql_has_no_python_inside() -> None:
    assert [path for path in SQL.rglob("*") if path.is_file() and path.suffix not in {".sql", ".md"}] == []
