"""Brings a database to the state that sql/ describes: plan, apply, verify.

Order: bootstrap/ (each time, as the connecting user), migrations/NNNN_*.sql (once each, in order), then each time
idempotent/functions/, rollups/, idempotent/{views,policies,grants}/, all as gemba_migrator.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from gemba.errors import MigrationError
from gemba.paths import SQL

LOCK_KEY = 0x47454D42  # "GEMB": one migration at a time per database
REAPPLIED_FOLDERS = (
    "idempotent/functions",
    "rollups",
    "idempotent/views",
    "idempotent/policies",
    "idempotent/grants",
)
_MIGRATION_NAME = re.compile(r"^(\d{4})_[a-z][a-z0-9_]*\.sql$")
_NO_TRANSACTION = re.compile(r"^-- no-transaction\b", re.MULTILINE)


@dataclass(frozen=True)
class SqlFile:
    """One file of sql/. version: the number of a migration, None for a file that is re-applied."""

    path: str
    body: str
    version: int | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()

    @property
    def is_transactional(self) -> bool:
        return not _NO_TRANSACTION.search(self.body)


@dataclass(frozen=True)
class Plan:
    """What apply would do. pending: migrations not yet run; changed: re-applied files that differ from the last time."""

    pending: list[SqlFile]
    changed: list[SqlFile]

    @property
    def is_empty(self) -> bool:
        return not self.pending and not self.changed


def read_migrations(root: Path = SQL) -> list[SqlFile]:
    """The numbered migrations in order. Raises MigrationError on a bad name or a number used twice."""
    files = []
    for path in sorted((root / "migrations").glob("*.sql")):
        match = _MIGRATION_NAME.match(path.name)
        if not match:
            raise MigrationError(f"{path} is not named NNNN_<schema>_<what>.sql", "rename the file")
        files.append(SqlFile(f"migrations/{path.name}", path.read_text(encoding="utf-8"), int(match[1])))
    for first, second in zip(files, files[1:], strict=False):
        if first.version == second.version:
            raise MigrationError(
                f"{first.path} and {second.path} have the same number", "give the newer one the next number"
            )
    return files


def read_reapplied(root: Path = SQL) -> list[SqlFile]:
    """The files that are applied each time, in order."""
    return [
        SqlFile(f"{folder}/{path.name}", path.read_text(encoding="utf-8"))
        for folder in REAPPLIED_FOLDERS
        for path in sorted((root / folder).glob("*.sql"))
    ]


def plan(conn: psycopg.Connection, root: Path = SQL) -> Plan:
    """Compare sql/ with the ledger; reads only. Raises MigrationError where they contradict each other."""
    migrations, reapplied = read_migrations(root), read_reapplied(root)
    if not _has_ledger(conn):
        return Plan(migrations, reapplied)
    with conn.cursor(row_factory=dict_row) as cursor:
        ran = {row["version"]: row for row in cursor.execute("SELECT version, name, body FROM gemba.migrations")}
        hashes = {
            row["path"]: row["body_sha256"]
            for row in cursor.execute("SELECT path, body_sha256 FROM gemba.applied_files")
        }
    known = {file.version for file in migrations}
    if newer := sorted(set(ran) - known):
        raise MigrationError(
            f"The database is newer than this code: it has run migration {ran[newer[-1]]['name']}, which is not in {root}",
            "update the code (git pull), or connect to another database",
        )
    for file in migrations:
        if file.version in ran and ran[file.version]["body"] != file.body:
            raise MigrationError(
                f"{file.path} was edited after it ran here",
                "put the old text back (it is in gemba.migrations.body) and write the change as a new migration",
            )
    return Plan(
        [file for file in migrations if file.version not in ran],
        [file for file in reapplied if hashes.get(file.path) != file.sha256],
    )


def apply(
    conn: psycopg.Connection,
    root: Path = SQL,
    *,
    target: int | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Plan:
    """Bring the database up to date; returns what was new. Safe to run again and from two places at once.

    conn: as a user that may create roles and the extension (a superuser, or the owner where both exist already);
    its transaction state must be idle. target: stop after this migration (for tests of upgrades). report: gets a line a step.
    """
    conn.autocommit = True
    conn.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
    try:
        plan(conn, root)  # refuses before anything is touched
        for path in sorted((root / "bootstrap").glob("*.sql")):
            _run(conn, SqlFile(f"bootstrap/{path.name}", path.read_text(encoding="utf-8")))
        todo = plan(conn, root)
        for file in todo.pending:
            if target is not None and file.version > target:
                return todo
            report(file.path)
            with _as_migrator(conn):
                _run_once(conn, file)
        if target is not None:
            return todo
        report(f"{len(todo.changed)} changed of {len(read_reapplied(root))} re-applied files")
        with _as_migrator(conn):
            for file in read_reapplied(root):
                _run(conn, file)
                conn.execute(
                    "INSERT INTO gemba.applied_files AS file (path, body_sha256) VALUES (%s, %s) ON CONFLICT (path) DO UPDATE"
                    " SET body_sha256 = excluded.body_sha256, applied_at = clock_timestamp()"
                    " WHERE file.body_sha256 <> excluded.body_sha256",
                    (file.path, file.sha256),
                )
            present = [file.path for file in read_reapplied(root)]
            conn.execute("DELETE FROM gemba.applied_files WHERE path <> ALL (%s)", (present,))
        return todo
    finally:
        if not conn.closed and not conn.broken:
            conn.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def verify(conn: psycopg.Connection, root: Path = SQL) -> None:
    """Raises MigrationError unless the database is exactly what sql/ describes, by the ledger."""
    todo = plan(conn, root)
    if not todo.is_empty:
        waiting = ", ".join(file.path for file in [*todo.pending, *todo.changed][:5])
        raise MigrationError(
            f"The database is behind the code: {waiting} and so on are not applied", "run `gemba migrate`"
        )


def _has_ledger(conn: psycopg.Connection) -> bool:
    return conn.execute("SELECT to_regclass('gemba.applied_files') IS NOT NULL").fetchone()[0]


class _as_migrator:
    """Acts as gemba_migrator within the block, so that objects get one owner."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn

    def __enter__(self) -> None:
        self.conn.execute("SET ROLE gemba_migrator")

    def __exit__(self, *_: object) -> None:
        if not self.conn.closed and not self.conn.broken:
            self.conn.execute("RESET ROLE")


def _run_once(conn: psycopg.Connection, file: SqlFile) -> None:
    started = time.perf_counter()

    def record() -> None:
        conn.execute(
            "INSERT INTO gemba.migrations (version, name, body, duration_s) VALUES (%s, %s, %s, %s)",
            (file.version, Path(file.path).name, file.body, time.perf_counter() - started),
        )

    if file.is_transactional:
        with conn.transaction():
            _run(conn, file)
            record()
    else:
        for statement in split_statements(file.body):
            _run(conn, SqlFile(file.path, statement))
        record()


def _run(conn: psycopg.Connection, file: SqlFile) -> None:
    try:
        conn.execute(file.body)
    except psycopg.Error as error:
        hint = error.diag.message_hint or error.diag.context or ""
        raise MigrationError(
            f"{file.path} failed: {str(error).strip()}",
            (f"{hint.strip()}; " if hint else "")
            + "mend the cause and run `gemba migrate` again: it carries on where it stopped",
        ) from error


def split_statements(body: str) -> Iterator[str]:
    """The statements of a `-- no-transaction` file, which the server must get one at a time.

    Such a file keeps one statement per block, blocks parted by a line that holds only `-- next`.
    """
    for piece in re.split(r"^-- next\s*$", body, flags=re.MULTILINE):
        if re.sub(r"--[^\n]*", "", piece).strip():
            yield piece
