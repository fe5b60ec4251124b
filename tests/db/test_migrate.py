"""Migrations: once, in order, never edited, refused when the database is ahead, safe from two places at once."""

import shutil
import threading
from pathlib import Path

import psycopg
import pytest

from gemba import migrate
from gemba.errors import MigrationError
from gemba.paths import SQL
from tests.database import empty_database, migrated
from tests.db.catalog import describe_schema


@pytest.fixture
def sql_copy(tmp_path: Path) -> Path:
    return shutil.copytree(SQL, tmp_path / "sql")


def test_a_second_apply_changes_nothing(db: psycopg.Connection) -> None:
    before = describe_schema(db)
    db.rollback()
    todo = migrate.apply(db)
    assert todo.is_empty
    assert describe_schema(db) == before


def test_upgrading_step_by_step_gives_the_same_schema_as_a_fresh_build(server_url: str, database_url: str) -> None:
    with empty_database(server_url, "gemba_test_stepwise") as url, psycopg.connect(url) as conn:
        for file in migrate.read_migrations():
            migrate.apply(conn, target=file.version)
        migrate.apply(conn)
        stepwise = describe_schema(conn)
    with psycopg.connect(database_url) as conn:
        assert describe_schema(conn) == stepwise


def test_plan_reads_only_and_lists_everything_for_an_empty_database(server_url: str) -> None:
    with empty_database(server_url, "gemba_test_plan") as url, psycopg.connect(url) as conn:
        conn.read_only = True
        todo = migrate.plan(conn)
        assert [file.version for file in todo.pending] == [file.version for file in migrate.read_migrations()]
        assert conn.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'ref'").fetchone() == (0,)


def test_an_edited_old_migration_is_an_error_that_names_the_file(db: psycopg.Connection, sql_copy: Path) -> None:
    edited = sql_copy / "migrations" / "0001_ref_plant.sql"
    edited.write_text(edited.read_text() + "\n-- a later thought\n")
    with pytest.raises(MigrationError, match="0001_ref_plant.sql was edited"):
        migrate.apply(db, sql_copy)


def test_a_database_newer_than_the_code_is_refused(db: psycopg.Connection, sql_copy: Path) -> None:
    newest = sorted((sql_copy / "migrations").glob("*.sql"))[-1]
    newest.unlink()
    with pytest.raises(MigrationError, match=f"newer than this code.*{newest.name}"):
        migrate.apply(db, sql_copy)


def test_a_failing_migration_leaves_no_trace_and_the_next_run_carries_on(
    db: psycopg.Connection, sql_copy: Path
) -> None:
    broken = sql_copy / "migrations" / "9998_ref_trial.sql"
    broken.write_text("CREATE TABLE ref.trials (trial_id integer);\nSELECT 1 / 0;")
    with pytest.raises(MigrationError, match="9998_ref_trial.sql failed: division by zero"):
        migrate.apply(db, sql_copy)
    assert db.execute("SELECT to_regclass('ref.trials')").fetchone() == (None,)
    broken.write_text("CREATE TABLE ref.trials (trial_id integer);")
    assert [file.version for file in migrate.apply(db, sql_copy).pending] == [9998]


def test_a_file_without_transaction_runs_its_statements_one_by_one(db: psycopg.Connection, sql_copy: Path) -> None:
    (sql_copy / "migrations" / "9998_ref_trial.sql").write_text(
        "-- no-transaction\nCREATE TABLE ref.trials (trial_id integer);\n"
        "-- next\nCREATE INDEX CONCURRENTLY trials_trial_id_idx ON ref.trials (trial_id);\n"
    )
    migrate.apply(db, sql_copy)
    assert db.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ref.trials_trial_id_idx'::regclass"
    ).fetchone() == (True,)


def test_two_applies_at_once_run_each_migration_once(server_url: str) -> None:
    with empty_database(server_url, "gemba_test_race") as url:
        errors: list[BaseException] = []

        def run() -> None:
            try:
                migrated(url)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        with psycopg.connect(url) as conn:
            count = conn.execute("SELECT count(*), count(DISTINCT version) FROM gemba.migrations").fetchone()
        assert count == (len(migrate.read_migrations()),) * 2


def test_verify_says_what_is_not_applied(db: psycopg.Connection, sql_copy: Path) -> None:
    migrate.verify(db)
    (sql_copy / "idempotent" / "functions" / "ref_trial.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="ref_trial.sql"):
        migrate.verify(db, sql_copy)
