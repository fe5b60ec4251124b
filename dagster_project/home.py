"""Dagster's own place: its database, its folder, its environment. Made by `prepare`, needed by every process of it."""

import os
import shutil
from pathlib import Path

from gemba import access
from gemba.access import DAGSTER_ROLE
from gemba.db import connect, database_url
from gemba.settings import Settings

HERE = Path(__file__).resolve().parent
WORKSPACE = HERE / "workspace.yaml"


def dagster_home(settings: Settings) -> Path:
    """Folder that DAGSTER_HOME names: the instance's dagster.yaml and what dbt writes for Dagster."""
    return settings.home.resolve() / "dagster"


def dbt_folder(settings: Settings) -> Path:
    """dbt's target folder for Dagster, apart from the command line's, so that the two never share a file."""
    return dagster_home(settings) / "dbt"


def process_environment(
    settings: Settings, *, code_host: str = "127.0.0.1", code_port: int | None = None
) -> dict[str, str]:
    """Variables that dagster.yaml and workspace.yaml ask for. Among them is the storage's password."""
    storage_url = database_url(DAGSTER_ROLE, dbname=settings.dagster_db_name, settings=settings)
    return {
        "DAGSTER_HOME": str(dagster_home(settings)),
        # dagster-postgres is written for psycopg2, and SQLAlchemy 2.1 would take psycopg 3 for a plain postgresql://
        "GEMBA_DAGSTER_PG_URL": storage_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "GEMBA_DAGSTER_CODE_HOST": code_host,
        "GEMBA_DAGSTER_CODE_PORT": str(code_port or settings.dagster_port + 1),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }


def ensure_storage(settings: Settings) -> None:
    """Make Dagster's database, owned by gemba_transformer, if it is missing, and make or upgrade its tables.

    Once and before the processes start, so that they don't race for it. Raises DatabaseUnavailable when the server
    does not answer, GembaError when its user may not make databases.
    """
    with connect(autocommit=True) as conn:
        access.ensure_database(conn, settings.dagster_db_name, DAGSTER_ROLE)
    os.environ.update(process_environment(settings))  # dagster.yaml takes the storage's address from the environment
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        instance.upgrade()


def ensure_folder(settings: Settings) -> Path:
    """Make DAGSTER_HOME and put the current dagster.yaml in it. Returns the folder."""
    folder = dagster_home(settings)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".dagster.yaml.{os.getpid()}"
    shutil.copyfile(HERE / "dagster.yaml", fresh)
    fresh.replace(folder / "dagster.yaml")  # in one step: another process may be reading it
    return folder


def close_abandoned_runs(settings: Settings) -> list[str]:
    """Mark runs as failed that a power cut left unfinished; their schedules would wait for them. Returns their ids.

    To be called before the code server starts: it starts all runs, so none can be going without it.
    """
    os.environ.update(process_environment(settings))
    from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

    going = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    with DagsterInstance.get() as instance:
        abandoned = instance.get_runs(RunsFilter(statuses=going))
        for run in abandoned:
            instance.report_run_failed(run, "The code server started anew, so the process of this run is gone.")
    return [run.run_id for run in abandoned]
