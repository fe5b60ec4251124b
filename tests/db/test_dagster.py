"""Dagster's jobs, run in this process on a real database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from dagster import AssetCheckEvaluation, AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult
from dagster_dbt import DbtProject

from dagster_project.definitions import build_defs
from dagster_project.manifest import write_manifest

# A dbt project of one model whose test on it can only fail.
BROKEN_DBT = {
    "dbt_project.yml": """
name: gemba
version: "1.0"
profile: gemba
models: {gemba: {+materialized: view}}
""",
    "macros/schema.sql": "{% macro generate_schema_name(name, node) %}marts{% endmacro %}",
    "models/fct_trial.sql": "SELECT 1 AS trial_id UNION ALL SELECT 1 AS trial_id",
    "models/trial.yml": """
models:
  - name: fct_trial
    columns:
      - name: trial_id
        data_tests: [unique, not_null]
""",
}


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEMBA_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def dbt_project(own_home: Path, database_url: str) -> DbtProject:
    """A small dbt project, parsed, beside the plant's."""
    from gemba.paths import DBT

    folder = own_home / "dbt"
    for name, text in {**BROKEN_DBT, "profiles.yml": (DBT / "profiles.yml").read_text(encoding="utf-8")}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_manifest(own_home / "target", project=folder)
    return DbtProject(folder, target_path=own_home / "target")


@pytest.fixture
def definitions(dbt_project: DbtProject) -> Definitions:
    """The plant's definitions over the small dbt project: parsing the whole one takes seconds."""
    return build_defs(dbt_project=dbt_project)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    definitions: Definitions, job: str, instance: DagsterInstance, *, fails: bool = False
) -> ExecuteInProcessResult:
    result = definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=not fails)
    assert result.success is not fails
    return result


def verdicts(result: ExecuteInProcessResult) -> dict[str, AssetCheckEvaluation]:
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


@pytest.fixture
def sensor_id(db: psycopg.Connection) -> int:
    """The id of the only sensor of a plant of one machine."""
    row = db.execute(
        """
        WITH site AS (
            INSERT INTO ref.sites (site_code, name, time_zone) VALUES ('s', 'S', 'Asia/Yangon') RETURNING site_id
        ), area AS (
            INSERT INTO ref.areas (site_id, area_code, name) SELECT site_id, 'a', 'A' FROM site RETURNING area_id
        ), line AS (
            INSERT INTO ref.lines (area_id, line_code, name) SELECT area_id, 'l', 'L' FROM area RETURNING line_id
        ), machine AS (
            INSERT INTO ref.machines (line_id, machine_code, name, machine_type)
            SELECT line_id, 'm', 'M', 'mixer' FROM line RETURNING machine_id
        )
        INSERT INTO ref.sensors (machine_id, tag, name, kind, unit)
        SELECT machine_id, 'temperature_c', 'Temperature', 'temperature', 'C' FROM machine RETURNING sensor_id
        """
    ).fetchone()
    db.commit()
    return row[0]


def insert_readings(db: psycopg.Connection, sensor_id: int, newest_at: datetime, minutes: int) -> None:
    """One reading a minute up to newest_at."""
    db.execute(
        "INSERT INTO raw.sensor_readings (ts, value, sensor_id)"
        " SELECT %s - i * INTERVAL '1 minute', i, %s FROM generate_series(0, %s - 1) AS i",
        (newest_at, sensor_id, minutes),
    )
    db.commit()


def watermark(db: psycopg.Connection, rollup: str) -> datetime | None:
    with db.transaction():
        return db.execute("SELECT watermark_at FROM rollup.status WHERE name = %s", (rollup,)).fetchone()[0]


def test_a_run_of_the_rollups_stores_what_came_in(
    definitions: Definitions, instance: DagsterInstance, db: psycopg.Connection, sensor_id: int
) -> None:
    now = datetime.now(UTC)
    insert_readings(db, sensor_id, now, minutes=180)
    assert watermark(db, "sensor_1m") is None
    run(definitions, "rollups_refresh_job", instance)
    # stored up to a minute or two before now (policy: one minute after the end of a bucket)
    assert now - timedelta(minutes=3) <= watermark(db, "sensor_1m") <= now
    made = instance.get_latest_materialization_event(AssetKey(["agg", "sensor_1m"])).asset_materialization
    assert made.metadata["written_count"].value in range(177, 181)
    assert made.metadata["edition"].value == "apache"


def test_raw_tables_are_fresh_only_while_rows_arrive(
    definitions: Definitions, instance: DagsterInstance, db: psycopg.Connection, sensor_id: int
) -> None:
    empty = verdicts(run(definitions, "freshness_check_job", instance))["sensor_readings_is_fresh"]
    assert (empty.passed, empty.description) == (False, "raw.sensor_readings is empty")
    insert_readings(db, sensor_id, datetime.now(UTC) - timedelta(minutes=10), minutes=5)
    assert not verdicts(run(definitions, "freshness_check_job", instance))["sensor_readings_is_fresh"].passed
    insert_readings(db, sensor_id, datetime.now(UTC), minutes=1)
    assert verdicts(run(definitions, "freshness_check_job", instance))["sensor_readings_is_fresh"].passed


def test_an_observation_says_how_far_a_raw_table_reaches(
    definitions: Definitions, instance: DagsterInstance, db: psycopg.Connection, sensor_id: int
) -> None:
    newest_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    insert_readings(db, sensor_id, newest_at, minutes=5)
    result = run(definitions, "freshness_check_job", instance)
    seen = {tuple(seen.asset_key.path): seen for seen in result.asset_observations_for_node("raw_tables")}
    metadata = seen["raw", "sensor_readings"].metadata
    assert metadata["newest_at"].value == newest_at.timestamp()
    assert "dagster/row_count" in metadata


def test_the_shift_calendar_reaches_a_year_ahead_after_its_job(
    definitions: Definitions, instance: DagsterInstance, db: psycopg.Connection, sensor_id: int
) -> None:
    db.execute(
        "INSERT INTO ref.shift_patterns (site_id, shift_code, name, starts_at_local, ends_at_local)"
        " SELECT site_id, 'd', 'Day', '06:00', '18:00' FROM ref.sites"
    )
    db.commit()
    run(definitions, "calendar_extend_job", instance)
    with db.transaction():
        last = db.execute("SELECT max(started_at) FROM ref.shift_calendar").fetchone()[0]
    assert last >= datetime.now(UTC) + timedelta(days=365)
    run(definitions, "calendar_extend_job", instance)  # once more makes nothing, and is no error
    made = instance.get_latest_materialization_event(AssetKey(["ref", "shift_calendar"])).asset_materialization
    assert made.metadata["made_count"].value <= 1  # 1 where midnight passed between the two


def test_a_failing_dbt_test_is_a_failed_check_of_its_model(definitions: Definitions, instance: DagsterInstance) -> None:
    found = verdicts(run(definitions, "dbt_build_job", instance, fails=True))
    assert {name: verdict.passed for name, verdict in found.items()} == {
        "unique_fct_trial_trial_id": False,
        "not_null_fct_trial_trial_id": True,
    }
    assert found["unique_fct_trial_trial_id"].asset_key == AssetKey(["marts", "fct_trial"])


def test_a_mart_is_fresh_for_a_quarter_of_an_hour_after_its_build(
    definitions: Definitions, instance: DagsterInstance
) -> None:
    assert not verdicts(run(definitions, "freshness_check_job", instance))["fct_trial_is_fresh"].passed
    run(definitions, "dbt_build_job", instance, fails=True)  # its test fails, but it was built
    assert verdicts(run(definitions, "freshness_check_job", instance))["fct_trial_is_fresh"].passed


def test_the_plants_dbt_project_builds_and_passes_its_tests_on_an_empty_plant(
    own_home: Path, database_url: str, instance: DagsterInstance
) -> None:
    result = run(build_defs(), "dbt_build_job", instance)
    found = verdicts(result)
    assert found
    assert {name for name, verdict in found.items() if not verdict.passed} == set()
    built = {
        tuple(event.step_materialization_data.materialization.asset_key.path)
        for event in result.all_events
        if event.is_step_materialization
    }
    assert ("marts", "fct_oee_by_shift") in built
    ran = json.loads((own_home / "home" / "dagster" / "dbt" / "run" / "run_results.json").read_text(encoding="utf-8"))
    kinds = {node["unique_id"].split(".")[0] for node in ran["results"]}
    assert kinds == {"model", "test"}  # no unit tests: they hold whatever the data
