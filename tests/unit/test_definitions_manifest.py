"""When Dagster has dbt parse the project again."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from dagster_project.manifest import is_current

AN_HOUR_AGO = 3600.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project whose files and folders are an hour older than the manifest."""
    (tmp_path / "dbt" / "models").mkdir(parents=True)
    (tmp_path / "dbt" / "models" / "fct_trial.sql").write_text("SELECT 1", encoding="utf-8")
    manifest(tmp_path / "dbt").write_text(
        json.dumps({"metadata": {"dbt_version": version("dbt-core")}}), encoding="utf-8"
    )
    then = manifest(tmp_path / "dbt").stat().st_mtime - AN_HOUR_AGO
    for path in (tmp_path / "dbt").rglob("*"):
        os.utime(path, (then, then))
    return tmp_path / "dbt"


def manifest(project: Path) -> Path:
    return project.parent / "manifest.json"


def test_a_manifest_newer_than_the_project_is_kept(project: Path) -> None:
    assert is_current(manifest(project), project)


@pytest.mark.parametrize(
    "change",
    [
        lambda project: (project / "models" / "fct_trial.sql").touch(),
        lambda project: (project / "models" / "fct_new.sql").write_text("SELECT 2", encoding="utf-8"),
        lambda project: (project / "models" / "fct_trial.sql").unlink(),
        lambda project: manifest(project).unlink(),
        lambda project: manifest(project).write_text('{"metadata": {"dbt_version": "1.0.0"}}', encoding="utf-8"),
    ],
    ids=["edited", "added", "deleted", "no manifest", "other dbt"],
)
def test_any_change_of_the_project_or_of_dbt_asks_for_a_new_one(
    project: Path, change: Callable[[Path], object]
) -> None:
    change(project)
    assert not is_current(manifest(project), project)


def test_what_dbt_writes_itself_is_no_change(project: Path) -> None:
    then = (project / "models").stat().st_mtime
    (project / "target").mkdir()
    (project / "target" / "run_results.json").write_text("{}", encoding="utf-8")
    os.utime(project, (then, then))
    assert is_current(manifest(project), project)
