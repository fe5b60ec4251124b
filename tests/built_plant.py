"""A simulated plant built by dbt once a run, for the tiers `app` and `models`; the simulator's truth beside it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from gemba.dbt_env import dbt_environment
from gemba.paths import DBT, PROJECT
from gemba.settings import get_settings
from tests.database import clone_of

DAYS, SEED = 2, 20260701  # not the demo's seed: nothing was tuned on it


@dataclass(frozen=True)
class BuiltPlant:
    """A database with a simulated history, and the folder with the simulator's truth."""

    url: str
    truth: Path

    def dbt(self, *arguments: str) -> str:
        """Run dbt as Dagster and `gemba dbt` do; fails the test with dbt's own words."""
        with pointing_at(self.url):
            environment = {**os.environ, **dbt_environment(), "DBT_TARGET_PATH": str(self.truth / "target")}
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", *arguments],
            cwd=DBT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def frame(self, query: str) -> pd.DataFrame:
        """The rows of a query."""
        with psycopg.connect(self.url) as conn:
            cursor = conn.execute(query)
            return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])

    def execute(self, statement: str, *values: object) -> None:
        """Run a statement as the server's superuser and commit."""
        with psycopg.connect(self.url) as conn:
            conn.execute(statement, values)


@contextmanager
def pointing_at(url: str) -> Iterator[None]:
    """Within the block, gemba.db connects to this database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMBA_DATABASE_URL", url)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def built_plant(server_url: str, template_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltPlant]:
    """Two days of the small plant, built by dbt."""
    truth = tmp_path_factory.mktemp("truth")
    with clone_of(server_url, template_name, "gemba_test_built") as url:
        history = ["--scale", "small", "--days", str(DAYS), "--seed", str(SEED), "--truth", str(truth)]
        environment = {**os.environ, "GEMBA_HOME": str(truth), "GEMBA_DATABASE_URL": url}
        simulate = [sys.executable, "-m", "ingest.simulator", "history", *history]
        subprocess.run(simulate, cwd=PROJECT, check=True, env=environment, capture_output=True)
        built = BuiltPlant(url, truth)
        built.dbt("build")
        yield built
