"""Dagster's own database: made once, owned by the role its processes act as, cleaned of what a power cut left."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from dagster import (
    AssetCheckResult,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    asset,
    asset_check,
    define_asset_job,
    in_process_executor,
    mem_io_manager,
)

from dagster_project import home
from dagster_project.defs.history import delete_check_results, purge_history
from gemba.settings import Settings, get_settings
from tests.database import with_database


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a plant with a Dagster database of its own, which is dropped at the end."""
    name = f"gemba_test_dagster_{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("GEMBA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GEMBA_DAGSTER_DB_NAME", name)
    get_settings.cache_clear()
    settings = get_settings()
    for variable in home.process_environment(settings):
        monkeypatch.setenv(variable, os.environ.get(variable, ""))  # so that it is put back at the end
    home.ensure_folder(settings)
    home.ensure_storage(settings)
    yield settings
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asset
def trial() -> None: ...


@asset_check(asset=trial)
def trial_is_right() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


TRIAL_JOB = Definitions(
    assets=[trial],
    asset_checks=[trial_is_right],
    jobs=[define_asset_job("trial_job", executor_def=in_process_executor)],
    resources={"io_manager": mem_io_manager},
).resolve_job_def("trial_job")


def test_preparing_twice_leaves_one_database_owned_by_the_transformer(settings: Settings, database_url: str) -> None:
    home.ensure_storage(settings)
    with psycopg.connect(with_database(database_url, settings.dagster_db_name)) as conn:
        owners = conn.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("gemba_transformer",)]


def test_runs_are_stored_in_the_database(settings: Settings, database_url: str) -> None:
    with DagsterInstance.get() as instance:
        run_id = TRIAL_JOB.execute_in_process(instance=instance).run_id
    with psycopg.connect(with_database(database_url, settings.dagster_db_name)) as conn:
        assert conn.execute("SELECT run_id, status FROM runs").fetchall() == [(run_id, "SUCCESS")]


def test_runs_that_a_power_cut_left_are_closed_and_finished_ones_left_alone(settings: Settings) -> None:
    with DagsterInstance.get() as instance:
        left = instance.create_run_for_job(TRIAL_JOB, status=DagsterRunStatus.STARTED)
        done = instance.create_run_for_job(TRIAL_JOB, status=DagsterRunStatus.SUCCESS)
        assert home.close_abandoned_runs(settings) == [left.run_id]
        assert instance.get_run_by_id(left.run_id).status == DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(done.run_id).status == DagsterRunStatus.SUCCESS


def test_old_results_of_checks_are_deleted_but_the_latest_of_each(settings: Settings, database_url: str) -> None:
    with DagsterInstance.get() as instance:
        runs = [TRIAL_JOB.execute_in_process(instance=instance).run_id for _ in range(3)]
    assert delete_check_results(datetime.now(UTC) - timedelta(minutes=5)) == 0
    assert delete_check_results(datetime.now(UTC) + timedelta(minutes=5)) == 2
    with psycopg.connect(with_database(database_url, settings.dagster_db_name)) as conn:
        assert conn.execute("SELECT run_id FROM asset_check_executions").fetchall() == [(runs[-1],)]


def test_purging_leaves_what_is_recent(settings: Settings) -> None:
    from dagster import build_op_context

    with DagsterInstance.get() as instance:
        recent = TRIAL_JOB.execute_in_process(instance=instance).run_id
        purge_history(build_op_context(instance=instance))
        assert [run.run_id for run in instance.get_runs()] == [recent]
