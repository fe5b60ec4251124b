"""The orchestration's definitions: they load anywhere, are named alike and show one lineage from raw to marts."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from dagster import AssetKey, Definitions, RepositoryDefinition

from dagster_project import home
from dagster_project.defs.schedules import CADENCES
from gemba.paths import PROJECT, SQL
from gemba.settings import get_settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"  # nothing listens on port 1


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Definitions]:
    """The plant's definitions, in a fresh home, with an address at which no database answers."""
    from dagster_project.definitions import build_defs

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMBA_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GEMBA_DATABASE_URL", NOWHERE)
        get_settings.cache_clear()
        yield build_defs()
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def repository(definitions: Definitions) -> RepositoryDefinition:
    return definitions.get_repository_def()


def ancestors(repository: RepositoryDefinition, key: AssetKey) -> set[AssetKey]:
    """Everything that a table is made from, near and far."""
    found: set[AssetKey] = set()
    waiting = [key]
    while waiting:
        parents = set(repository.asset_graph.get(waiting.pop()).parent_keys) - found
        found |= parents
        waiting.extend(parents)
    return found


def test_definitions_load_and_fit_together_with_no_database(definitions: Definitions) -> None:
    Definitions.validate_loadable(definitions)


def test_importing_the_definitions_reads_no_settings() -> None:
    imported = subprocess.run(
        [sys.executable, "-c", "import dagster_project.definitions"],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "GEMBA_DB_PORT": "not a number"},
        capture_output=True,
        text=True,
    )
    assert imported.returncode == 0, imported.stderr


def test_jobs_are_named_domain_verb_job(repository: RepositoryDefinition) -> None:
    names = set(repository.job_names) - {"__ASSET_JOB"}
    assert names
    assert {name for name in names if not re.fullmatch(r"[a-z]+_[a-z]+_job", name)} == set()


def test_every_job_has_one_schedule_named_after_it_and_its_cadence(repository: RepositoryDefinition) -> None:
    named = {schedule.job_name: schedule.name for schedule in repository.schedule_defs}
    assert named == {
        "rollups_refresh_job": "rollups_refresh_job_minutely_schedule",
        "dbt_build_job": "dbt_build_job_five_minutely_schedule",
        "freshness_check_job": "freshness_check_job_five_minutely_schedule",
        "calendar_extend_job": "calendar_extend_job_daily_schedule",
        "history_purge_job": "history_purge_job_daily_schedule",
    }
    assert named.keys() == set(repository.job_names) - {"__ASSET_JOB"}


def test_schedules_are_on_from_the_start(repository: RepositoryDefinition) -> None:
    assert {schedule.default_status.value for schedule in repository.schedule_defs} == {"RUNNING"}


@pytest.mark.parametrize(("job", "cadence", "cron"), CADENCES)
def test_a_cadence_is_what_its_cron_says(job: str, cadence: str, cron: str) -> None:
    from datetime import UTC, datetime, timedelta

    expected = {"minutely": timedelta(minutes=1), "five_minutely": timedelta(minutes=5), "daily": timedelta(days=1)}
    from dagster._utils.schedules import cron_string_iterator

    ticks = cron_string_iterator(datetime(2026, 1, 1, tzinfo=UTC).timestamp(), cron, "UTC")
    instants = [next(ticks) for _ in range(20)]
    assert {later - earlier for earlier, later in pairwise(instants)} == {expected[cadence]}


def test_every_table_stands_in_the_group_of_its_schema(repository: RepositoryDefinition) -> None:
    graph = repository.asset_graph
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert {(tuple(node.key.path), node.group_name) for node in nodes if len(node.key.path) != 2} == set()
    assert {(tuple(node.key.path), node.group_name) for node in nodes if node.group_name != node.key.path[0]} == set()
    assert {"raw", "agg", "staging", "intermediate", "marts"} <= {node.group_name for node in nodes}


@pytest.mark.parametrize(
    ("table", "made_from"),
    [
        ("agg.sensor_1m", "raw.sensor_readings"),
        ("agg.sensor_1h", "raw.sensor_readings"),
        ("agg.sensor_1d", "agg.sensor_1m"),
        ("agg.machine_1m", "raw.machine_samples"),
        ("agg.machine_1h", "agg.machine_1m"),
        ("staging.stg_raw__machine_samples", "raw.machine_samples"),
        ("staging.stg_raw__machine_events", "raw.machine_events"),
        ("marts.fct_oee_by_shift", "staging.stg_raw__machine_samples"),
        ("marts.fct_oee_by_shift", "raw.machine_samples"),
        ("marts.fct_oee_by_shift", "raw.machine_events"),
        ("marts.fct_oee_by_shift", "ref.shift_calendar"),
        ("marts.dim_machines", "ref.machines"),
        ("marts.rpt_rollup_status", "agg.sensor_1m"),
    ],
)
def test_lineage_reaches_from_marts_and_rollups_back_to_raw(
    repository: RepositoryDefinition, table: str, made_from: str
) -> None:
    assert AssetKey(made_from.split(".")) in ancestors(repository, AssetKey(table.split(".")))


def test_every_mart_is_made_from_tables_that_the_migrations_or_rollups_make(repository: RepositoryDefinition) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((SQL / "migrations").glob("*.sql")))
    declared = {tuple(name.split(".")) for name in re.findall(r"CREATE TABLE (\w+\.\w+)", text)}
    declared |= {("agg", path.stem) for path in (SQL / "rollups").glob("*.sql")} | {("rollup", "status")}
    graph = repository.asset_graph
    roots = {tuple(key.path) for key in graph.get_all_asset_keys() if not graph.get(key).parent_keys}
    assert roots - declared == set()


def test_raw_is_observed_and_never_made_by_dagster(repository: RepositoryDefinition) -> None:
    graph = repository.asset_graph
    raw = {key for key in graph.get_all_asset_keys() if key.path[0] == "raw"}
    assert {key.path[1] for key in raw} == {"sensor_readings", "machine_samples", "machine_events"}
    assert raw <= graph.observable_asset_keys
    assert raw & graph.materializable_asset_keys == set()


def test_every_file_of_rollups_is_an_asset(repository: RepositoryDefinition) -> None:
    made = {key.path[1] for key in repository.asset_graph.materializable_asset_keys if key.path[0] == "agg"}
    assert made == {path.stem for path in (SQL / "rollups").glob("*.sql")}


def test_raw_tables_and_marts_each_have_a_freshness_check(repository: RepositoryDefinition) -> None:
    graph = repository.asset_graph
    wanted = {key for key in graph.get_all_asset_keys() if key.path[0] in ("raw", "marts")}
    fresh = {check.asset_key: check.name for check in graph.asset_check_keys if check.name.endswith("_is_fresh")}
    assert fresh == {key: f"{key.path[1]}_is_fresh" for key in wanted}


def test_tests_of_dbt_are_checks_of_the_mart_they_test(repository: RepositoryDefinition) -> None:
    of_oee = {
        check.name
        for check in repository.asset_graph.asset_check_keys
        if check.asset_key == AssetKey(["marts", "fct_oee_by_shift"])
    }
    assert any(name.startswith("not_null_fct_oee_by_shift_") for name in of_oee)


def test_no_job_may_run_twice_at_once(repository: RepositoryDefinition) -> None:
    instance = yaml.safe_load((Path(home.HERE) / "dagster.yaml").read_text(encoding="utf-8"))
    (limit,) = instance["concurrency"]["runs"]["tag_concurrency_limits"]
    assert (limit["limit"], limit["value"]) == (1, {"applyLimitPerUniqueValue": True})
    names = set(repository.job_names) - {"__ASSET_JOB"}
    assert {name: repository.get_job(name).run_tags.get(limit["key"]) for name in names} == {n: n for n in names}
