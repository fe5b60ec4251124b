"""Retention leaves what was made from raw alone; policies, definitions and rights hold."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from tests.db.rollup_plant import add_machine, add_sensor, copy_readings, recent, refresh_all, rows_of


@pytest.fixture
def plant(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


def drop_old_raw(conn: psycopg.Connection) -> int:
    """Retention of raw readings after 10 days, for chunks that were made long ago. Returns the number of chunks dropped."""
    conn.execute(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = now() - INTERVAL '1 year'"
        " WHERE hypertable_id = (SELECT id FROM _timescaledb_catalog.hypertable WHERE table_name = 'sensor_readings')"
    )
    conn.execute("UPDATE rollup.policies SET retain_for = '10 days' WHERE relation = 'raw.sensor_readings'")
    return conn.execute("SELECT rollup.apply_retention()").fetchone()[0]


def test_buckets_survive_the_retention_of_their_raw_rows_and_late_rows_into_it(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    old, young = recent(30).replace(hour=12), recent(2)
    copy_readings(plant, [(sensor, at + timedelta(minutes=i), 1) for at in (old, young) for i in range(60)])
    refresh_all(plant)
    before = {
        level: rows_of(plant, f"agg.sensor_{level}", "bucket_at, value_sum", sensor)
        for level in ("1m", "15m", "1h", "1d")
    }
    assert drop_old_raw(plant) == 1
    assert plant.execute("SELECT count(*) FROM raw.sensor_readings").fetchone()[0] == 60
    # a refresh of that bucket from what is left of raw would leave 1 reading of 2
    copy_readings(plant, [(sensor, old + timedelta(minutes=5, seconds=30), 99)])
    refresh_all(plant)
    for level, rows in before.items():
        assert rows_of(plant, f"agg.sensor_{level}", "bucket_at, value_sum", sensor) == rows, level


def test_imported_history_is_kept_although_its_timestamps_are_old(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    copy_readings(plant, [(sensor, recent(2000), 1)])
    assert plant.execute("SELECT rollup.apply_retention()").fetchone()[0] == 0
    refresh_all(plant)
    assert len(rows_of(plant, "agg.sensor_1d", "bucket_at", sensor)) == 1


def test_declaring_the_same_again_changes_nothing_and_another_definition_is_refused(plant: psycopg.Connection) -> None:
    declare = (
        "SELECT rollup.define(name, source, key_column, bucket_width, chunk_interval, '1 minute', '1 hour', NULL, NULL, {query},"
        " reader, comment) FROM rollup.definitions WHERE name = 'sensor_15m'"
    )
    before = plant.execute("SELECT p::text FROM rollup.parts AS p ORDER BY part_id").fetchall()
    plant.execute(declare.format(query="query"))
    assert plant.execute("SELECT p::text FROM rollup.parts AS p ORDER BY part_id").fetchall() == before
    with pytest.raises(psycopg.errors.RaiseException) as error:
        plant.execute(declare.format(query="replace(query, 'min(', 'max(')"))
    assert "sensor_15m" in str(error.value) and "rollup.undefine('sensor_15m')" in error.value.diag.message_hint


def test_a_rollup_taken_away_takes_those_made_from_it(plant: psycopg.Connection) -> None:
    plant.execute("SELECT rollup.undefine('sensor_15m')")
    left = plant.execute("SELECT viewname FROM pg_views WHERE schemaname = 'agg' ORDER BY 1").fetchall()
    assert left == [("machine_1h",), ("machine_1m",), ("sensor_1m",)]


def test_settings_edited_by_people_outlive_a_migration(plant: psycopg.Connection) -> None:
    plant.execute("UPDATE rollup.policies SET retain_for = '3 years' WHERE relation = 'agg.sensor_1m'")
    plant.execute(
        "SELECT rollup.define(name, source, key_column, bucket_width, chunk_interval, '1 minute', '1 hour', NULL, NULL, query,"
        " reader, comment) FROM rollup.definitions WHERE name = 'sensor_1m'"
    )
    assert plant.execute(
        "SELECT retain_for = '3 years' FROM rollup.policies WHERE relation = 'agg.sensor_1m'"
    ).fetchone() == (True,)


def test_each_role_can_do_its_part_and_no_more(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    plant.execute("SET ROLE gemba_ingest")
    copy_readings(plant, [(sensor, recent(), 1)])
    plant.execute("SET ROLE gemba_transformer")
    plant.execute("SELECT rollup.run_policies()")
    plant.execute("SET ROLE gemba_reader")
    for level in ("1m", "15m", "1h", "1d"):
        assert rows_of(plant, f"agg.sensor_{level}", "value_sum", sensor) == [(1.0,)], level
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        plant.execute("SELECT rollup.run_policies()")


def test_a_read_of_one_sensor_and_day_opens_only_chunks_of_that_day(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    start = recent(40)
    copy_readings(plant, [(sensor, start + timedelta(hours=i), 1) for i in range(40 * 24)])
    refresh_all(plant)
    plan = plant.execute(
        "EXPLAIN SELECT * FROM agg.sensor_1m WHERE sensor_id = %s AND bucket_at >= %s AND bucket_at < %s",
        (sensor, start + timedelta(days=5), start + timedelta(days=6)),
    ).fetchall()
    chunks = {
        word for (line,) in plan for word in line.split() if word.startswith("_hyper_") and word.endswith("_chunk")
    }
    assert 1 <= len(chunks) <= 3, plan
