"""What changes in raw shows in the rollups, late rows too, and no more than that is recomputed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.db.rollup_plant import add_machine, add_sensor, copy_readings, recent, refresh_all, row_versions, rows_of

LEVELS = ("1m", "15m", "1h", "1d")


@pytest.fixture
def plant(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def sensor(plant: psycopg.Connection) -> int:
    return add_sensor(plant, add_machine(plant))


def is_apache(conn: psycopg.Connection) -> bool:
    return conn.execute("SELECT rollup.edition()").fetchone()[0] == "apache"


def sums(conn: psycopg.Connection, sensor: int) -> list[float]:
    """Sum of all readings by level."""
    return [sum(row[0] for row in rows_of(conn, f"agg.sensor_{level}", "value_sum", sensor)) for level in LEVELS]


def test_the_newest_bucket_is_in_every_level_before_and_after_a_refresh(plant: psycopg.Connection, sensor: int) -> None:
    now = datetime.now(UTC)
    copy_readings(plant, [(sensor, now - timedelta(hours=30) + timedelta(minutes=i), 1) for i in range(30 * 60)])
    plant.execute("SELECT rollup.run_policies()")  # makes the part of the site's zone
    assert sums(plant, sensor) == [1800] * 4
    refresh_all(plant)
    copy_readings(plant, [(sensor, datetime.now(UTC), 5)])
    assert sums(plant, sensor) == [1805] * 4
    for level in LEVELS:
        assert rows_of(plant, f"agg.sensor_{level}", "value_last", sensor)[-1] == (5.0,), level


def test_the_open_bucket_is_not_stored(plant: psycopg.Connection, sensor: int) -> None:
    copy_readings(plant, [(sensor, datetime.now(UTC) - timedelta(seconds=i), 1) for i in range(200)])
    refresh_all(plant)
    limits = plant.execute("SELECT now(), watermark_at FROM rollup.status WHERE name = 'sensor_1m'").fetchone()
    newest_stored = max((bucket for _, bucket in row_versions(plant, "sensor_1m")), default=None)
    assert newest_stored is not None and newest_stored < limits[1] <= limits[0] - timedelta(minutes=1)


def test_late_changed_and_deleted_rows_show_after_a_refresh(plant: psycopg.Connection, sensor: int) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), 10) for i in range(120)])
    refresh_all(plant)
    assert sums(plant, sensor) == [1200] * 4
    copy_readings(plant, [(sensor, start + timedelta(minutes=7, seconds=30), 4)])
    refresh_all(plant)
    assert sums(plant, sensor) == [1204] * 4
    plant.execute(
        "UPDATE raw.sensor_readings SET value = 5 WHERE sensor_id = %s AND ts = %s",
        (sensor, start + timedelta(minutes=70)),
    )
    refresh_all(plant)
    assert sums(plant, sensor) == [1199] * 4
    plant.execute(
        "DELETE FROM raw.sensor_readings WHERE sensor_id = %s AND ts >= %s", (sensor, start + timedelta(hours=1))
    )
    refresh_all(plant)
    assert sums(plant, sensor) == [604] * 4
    assert len(rows_of(plant, "agg.sensor_1h", "bucket_at", sensor)) == 1, "an hour without readings has no bucket"


def test_a_row_moved_in_time_leaves_its_old_bucket_and_enters_its_new_one(
    plant: psycopg.Connection, sensor: int
) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start, 1), (sensor, start + timedelta(minutes=5), 2)])
    refresh_all(plant)
    plant.execute("UPDATE raw.sensor_readings SET ts = ts + INTERVAL '10 minutes' WHERE ts = %s", (start,))
    refresh_all(plant)
    assert rows_of(plant, "agg.sensor_1m", "bucket_at, value_sum", sensor) == [
        (start + timedelta(minutes=5), 2.0),
        (start + timedelta(minutes=10), 1.0),
    ]


@pytest.mark.parametrize("level", ["1m", "15m", "1h"])
def test_a_refresh_writes_only_buckets_that_changed(plant: psycopg.Connection, sensor: int, level: str) -> None:
    start = recent().replace(hour=0)
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), i) for i in range(24 * 60)])
    refresh_all(plant)
    before = row_versions(plant, f"sensor_{level}")
    late = {
        "1m": start + timedelta(minutes=100),
        "15m": start + timedelta(minutes=90),
        "1h": start + timedelta(hours=1),
    }[level]
    copy_readings(plant, [(sensor, start + timedelta(minutes=100, seconds=1), 1)])
    refresh_all(plant)
    after = row_versions(plant, f"sensor_{level}")
    assert before.keys() == after.keys() and len(before) > 20
    assert {key for key in before if before[key] != after[key]} == {(sensor, late)}
    refresh_all(plant)
    assert row_versions(plant, f"sensor_{level}") == after, "nothing changed, nothing is written"


def test_many_scattered_late_rows_are_refreshed_and_nothing_between_them(
    plant: psycopg.Connection, sensor: int
) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), 1) for i in range(180)])
    refresh_all(plant)
    before = row_versions(plant, "sensor_1m")
    late = [start + timedelta(minutes=i) for i in range(0, 180, 9)]  # 20 ranges in one window
    copy_readings(plant, [(sensor, minute + timedelta(seconds=1), 1) for minute in late])
    refresh_all(plant)
    after = row_versions(plant, "sensor_1m")
    if is_apache(plant):  # the community edition joins more than ten ranges into one
        assert {minute for key, minute in before if before[key, minute] != after[key, minute]} == set(late)
    assert sums(plant, sensor) == [200] * 4


def test_a_late_reading_does_not_log_the_days_between(plant: psycopg.Connection, sensor: int) -> None:
    if not is_apache(plant):
        pytest.skip("the community edition keeps its own log")
    now = recent(1)
    copy_readings(
        plant, [(sensor, now - timedelta(days=2), 1)] + [(sensor, now + timedelta(seconds=i), 1) for i in range(120)]
    )
    minute = timedelta(minutes=1)
    logged = plant.execute("SELECT lower(touched), upper(touched) FROM rollup.changes ORDER BY touched").fetchall()
    assert logged == [(now - timedelta(days=2), now - timedelta(days=2) + minute), (now, now + 2 * minute)]


def test_a_row_committed_after_a_refresh_shows_at_the_next_one(
    plant: psycopg.Connection, sensor: int, database_url: str
) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start, 1)])
    with psycopg.connect(database_url) as slow_writer:
        copy_readings(slow_writer, [(sensor, start + timedelta(seconds=1), 2)])
        if is_apache(plant):  # a native refresh waits for open writers; ours must not
            plant.execute("SET statement_timeout = '10s'")
            refresh_all(plant)
            assert rows_of(plant, "agg.sensor_1m", "value_sum", sensor) == [(1.0,)]
        slow_writer.commit()
    refresh_all(plant)
    assert sums(plant, sensor) == [3] * 4


def test_refreshes_at_once_while_ingest_goes_on_neither_corrupt_nor_block(
    plant: psycopg.Connection, sensor: int, database_url: str
) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start + timedelta(seconds=i), 1) for i in range(0, 7200, 2)])
    plant.execute("SELECT rollup.run_policies()")
    stop = threading.Event()
    errors: list[BaseException] = []
    slowest = 0.0
    written = 0

    def ingest() -> None:
        nonlocal slowest, written
        with psycopg.connect(database_url, autocommit=True) as conn:
            while not stop.is_set():
                began = time.perf_counter()
                copy_readings(
                    conn, [(sensor, start + timedelta(seconds=2 * (written * 37 % 3600) + 1, microseconds=written), 1)]
                )
                slowest = max(slowest, time.perf_counter() - began)
                written += 1

    def refresh() -> None:
        with psycopg.connect(database_url, autocommit=True) as conn:
            for _ in range(8):
                conn.execute("CALL rollup.refresh('sensor_1m')")
                conn.execute("CALL rollup.refresh('sensor_15m')")

    def guarded(work) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    writer, refreshers = guarded(ingest), [guarded(refresh), guarded(refresh)]
    for thread in refreshers:
        thread.join(120)
    stop.set()
    writer.join(30)
    refresh_all(plant)
    assert errors == [] and written > 10
    assert sums(plant, sensor) == [3600 + written] * 4
    assert slowest < 5, "ingest waited for a refresh"


def test_refresh_of_a_range_leaves_the_rest_for_later(plant: psycopg.Connection, sensor: int) -> None:
    start = recent()
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), 1) for i in range(120)])
    refresh_all(plant)
    copy_readings(plant, [(sensor, start + timedelta(minutes=i, seconds=1), 1) for i in (5, 65)])
    plant.execute("CALL rollup.refresh('sensor_1m', %s, %s)", (start + timedelta(hours=1), start + timedelta(hours=2)))
    counts = dict(rows_of(plant, "agg.sensor_1m", "bucket_at, reading_count", sensor))
    assert (counts[start + timedelta(minutes=5)], counts[start + timedelta(minutes=65)]) == (1, 2)
    refresh_all(plant)
    assert sums(plant, sensor) == [122] * 4


def test_unstored_data_before_a_refreshed_range_stays_visible(plant: psycopg.Connection, sensor: int) -> None:
    if not is_apache(plant):
        pytest.skip("a native watermark goes to the end of the refreshed range")
    start = recent()
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), 1) for i in range(180)])
    plant.execute("CALL rollup.refresh('sensor_1m', %s, %s)", (start + timedelta(hours=1), start + timedelta(hours=2)))
    assert sums(plant, sensor)[:3] == [180] * 3
    refresh_all(plant)
    assert sums(plant, sensor) == [180] * 4


def test_a_long_backlog_is_worked_off_in_steps_and_stays_readable_meanwhile(
    plant: psycopg.Connection, sensor: int
) -> None:
    if not is_apache(plant):
        pytest.skip("the community edition batches by itself")
    start = recent(3)
    count = 2 * 24 * 60
    copy_readings(plant, [(sensor, start + timedelta(minutes=i), 1) for i in range(count)])
    plant.execute("UPDATE rollup.policies SET refresh_window = '1 hour' WHERE relation = 'agg.sensor_1m'")
    watermarks = []
    for _ in range(100):
        plant.execute(
            "SELECT rollup.refresh_part(part_id, p_deadline_at => clock_timestamp() + INTERVAL '5 ms')"
            " FROM rollup.parts WHERE name = 'sensor_1m'"
        )
        watermarks.append(
            plant.execute("SELECT watermark_at FROM rollup.status WHERE name = 'sensor_1m'").fetchone()[0]
        )
        assert sum(row[0] for row in rows_of(plant, "agg.sensor_1m", "reading_count", sensor)) == count
        if watermarks[-1] > datetime.now(UTC) - timedelta(minutes=10):
            break
    assert len(watermarks) > 2 and watermarks == sorted(watermarks)
    refresh_all(plant)
    assert sums(plant, sensor) == [count] * 4


def test_status_tells_how_far_each_rollup_is(plant: psycopg.Connection, sensor: int) -> None:
    copy_readings(plant, [(sensor, datetime.now(UTC) - timedelta(minutes=i), 1) for i in range(180)])
    refresh_all(plant)
    status = {
        row[0]: row[1:]
        for row in plant.execute("SELECT name, edition, lag_s, pending_count FROM rollup.status").fetchall()
    }
    assert status.keys() == {"sensor_1m", "sensor_15m", "sensor_1h", "sensor_1d", "machine_1m", "machine_1h"}
    edition, lag_s, pending_count = status["sensor_1m"]
    assert edition == plant.execute("SELECT rollup.edition()").fetchone()[0]
    assert 60 <= lag_s < 300 and pending_count == 0
    copy_readings(plant, [(sensor, datetime.now(UTC) - timedelta(minutes=100, seconds=1), 1)])
    assert plant.execute("SELECT pending_count FROM rollup.status WHERE name = 'sensor_1m'").fetchone()[0] == 1


def test_an_unknown_rollup_is_refused_with_the_remedy(plant: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject) as error:
        plant.execute("CALL rollup.refresh('sensor_2m')")
    assert "sensor_2m" in str(error.value) and "rollup.definitions" in error.value.diag.message_hint
