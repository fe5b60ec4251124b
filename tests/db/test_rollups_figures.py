"""The figures in a bucket are those that its raw rows give, at every level and in every time zone."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest

from tests.db.rollup_plant import add_machine, add_sensor, copy_readings, recent, refresh_all, rows_of

SENSOR_COLUMNS = "reading_count, value_mean, value_min, value_max, value_stddev, value_first, value_last"


@pytest.fixture
def plant(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield conn


def figures(values: np.ndarray) -> tuple:
    return (len(values), values.mean(), values.min(), values.max(), values.std(ddof=1), values[0], values[-1])


@pytest.mark.parametrize("is_stored", [False, True], ids=["newest", "stored"])
def test_a_minute_holds_the_figures_of_its_readings(plant: psycopg.Connection, is_stored: bool) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    start = recent()
    # 2 4 4 4 5 5 7 9: mean 5, sum of squared deviations 32, so the sample deviation is sqrt(32/7)
    values = [9, 4, 4, 4, 5, 5, 7, 2]
    copy_readings(plant, [(sensor, start + timedelta(seconds=7 * i), value) for i, value in enumerate(values)])
    if is_stored:
        refresh_all(plant)
    assert rows_of(plant, "agg.sensor_1m", f"bucket_at, {SENSOR_COLUMNS}", sensor) == [
        (start, 8, 5.0, 2.0, 9.0, pytest.approx(math.sqrt(32 / 7), rel=1e-12), 9.0, 2.0)
    ]


def test_a_single_reading_has_no_standard_deviation(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    copy_readings(plant, [(sensor, recent(), 3.5)])
    refresh_all(plant)
    for level in ("1m", "15m", "1h", "1d"):
        assert rows_of(plant, f"agg.sensor_{level}", "reading_count, value_mean, value_stddev", sensor) == [
            (1, 3.5, None)
        ]


def test_bad_readings_are_left_out_and_uncertain_ones_kept(plant: psycopg.Connection) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    start = recent()
    copy_readings(
        plant,
        [
            (sensor, start, 1, 192),
            (sensor, start + timedelta(seconds=10), 3, 64),
            (sensor, start + timedelta(seconds=20), 1e6, 0),
            (sensor, start + timedelta(minutes=1), 5, 0),
        ],
    )
    refresh_all(plant)
    assert rows_of(plant, "agg.sensor_1m", "reading_count, value_max", sensor) == [(2, 3.0)]


def test_time_beyond_limits_is_readings_beyond_times_the_sampling_interval(plant: psycopg.Connection) -> None:
    machine = add_machine(plant)
    both = add_sensor(plant, machine, "both", low_critical=0, low_warning=10, high_warning=80, high_critical=90)
    none = add_sensor(plant, machine, "none")
    slow = add_sensor(plant, machine, "slow", high_warning=80, sampling_interval_s=30)
    values = [-1, 0, 9.9, 10, 50, 80, 80.1, 90, 90.1]  # beyond warning: -1 0 9.9 80.1 90 90.1; beyond critical: -1 90.1
    start = recent()
    copy_readings(
        plant,
        [(sensor, start + timedelta(seconds=5 * i), v) for sensor in (both, none, slow) for i, v in enumerate(values)],
    )
    refresh_all(plant)
    for level in ("1m", "15m", "1h", "1d"):
        assert rows_of(plant, f"agg.sensor_{level}", "warning_s, critical_s", both) == [(60.0, 20.0)], level
        assert rows_of(plant, f"agg.sensor_{level}", "warning_s, critical_s", none) == [(0.0, 0.0)], level
        assert rows_of(plant, f"agg.sensor_{level}", "warning_s, critical_s", slow) == [(90.0, 0.0)], level


@pytest.mark.parametrize("is_stored", [False, True], ids=["newest", "stored"])
@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["plain", "small spread on a large mean"])
def test_hours_from_minutes_equal_hours_from_raw(plant: psycopg.Connection, is_stored: bool, offset: float) -> None:
    sensor = add_sensor(plant, add_machine(plant))
    start = recent()
    random = np.random.default_rng(7)
    values = offset + random.normal(50, 3, 2 * 360).cumsum() / 100
    copy_readings(plant, [(sensor, start + timedelta(seconds=10 * i), value) for i, value in enumerate(values)])
    if is_stored:
        refresh_all(plant)
    for level, count in (("1m", 6), ("15m", 90), ("1h", 360)):
        rows = rows_of(plant, f"agg.sensor_{level}", SENSOR_COLUMNS, sensor)
        assert len(rows) == 720 // count
        for i, row in enumerate(rows):
            assert row == pytest.approx(figures(values[i * count : (i + 1) * count]), rel=1e-9), (level, i)


@pytest.mark.parametrize("is_stored", [False, True], ids=["newest", "stored"])
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Yangon", (2026, 7, 15), 24),  # UTC+06:30: no UTC hour starts at its midnight
        ("Asia/Kathmandu", (2026, 7, 15), 24),  # UTC+05:45
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2025, 10, 26), 25),
        ("America/New_York", (2026, 3, 8), 23),
    ],
)
def test_a_day_is_the_local_day_of_the_site(
    plant: psycopg.Connection, zone: str, day: tuple[int, int, int], hours: int, is_stored: bool
) -> None:
    sensor = add_sensor(plant, add_machine(plant, zone))
    tz = ZoneInfo(zone)
    midnight = datetime(*day, tzinfo=tz).astimezone(UTC)
    next_midnight = (datetime(*day, tzinfo=tz) + timedelta(days=1)).astimezone(UTC)
    assert next_midnight - midnight == timedelta(hours=hours)
    # one reading each quarter hour, from a day before to a day after; its value is the quarter's number
    copy_readings(
        plant, [(sensor, midnight + timedelta(minutes=15 * i, seconds=1), i) for i in range(-96, 96 + 4 * hours)]
    )
    plant.execute("SELECT rollup.run_policies()")
    if is_stored:
        refresh_all(plant)
    rows = {row[0]: row[1:] for row in rows_of(plant, "agg.sensor_1d", f"bucket_at, {SENSOR_COLUMNS}", sensor)}
    assert rows[midnight] == pytest.approx(figures(np.arange(4.0 * hours)), rel=1e-9)
    assert rows[next_midnight][0] == 96 and rows[next_midnight][5] == 4 * hours


def test_a_new_site_in_a_new_zone_gets_its_days(plant: psycopg.Connection) -> None:
    first = add_sensor(plant, add_machine(plant, "Asia/Yangon", "ygn"))
    start = recent()
    copy_readings(plant, [(first, start, 1)])
    refresh_all(plant)
    second = add_sensor(plant, add_machine(plant, "America/Sao_Paulo", "sp"))
    copy_readings(plant, [(second, start, 2)])
    refresh_all(plant)

    def midnight(zone: str) -> datetime:
        return start.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0)

    assert rows_of(plant, "agg.sensor_1d", "bucket_at, value_mean", first) == [(midnight("Asia/Yangon"), 1.0)]
    assert rows_of(plant, "agg.sensor_1d", "bucket_at, value_mean", second) == [(midnight("America/Sao_Paulo"), 2.0)]


def test_machine_samples_roll_up_to_minutes_and_hours(plant: psycopg.Connection) -> None:
    machine = add_machine(plant)
    start = recent()
    rows = [  # minute, state, total, good, cycle, power
        (0, "running", 100, 98, 4.0, 10.0),
        (1, "running", 110, 107, 6.0, 30.0),
        (2, None, None, None, None, None),
        (59, "down", 5, 4, None, 2.0),  # the counter was reset
        (60, None, 6, 5, 5.0, 8.0),
    ]
    for minute, *values in rows:
        plant.execute(
            "INSERT INTO raw.machine_samples (machine_id, ts, state_code, total_count, good_count, cycle_time_s, power_kw)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (machine, start + timedelta(minutes=minute), *values),
        )
    refresh_all(plant)
    columns = (
        "bucket_at, sample_count, running_count, state_last, total_count_first, total_count_last,"
        " good_count_first, good_count_last, cycle_time_mean_s, power_mean_kw, power_max_kw"
    )
    read = f"SELECT {columns} FROM agg.machine_{{}} WHERE machine_id = %s ORDER BY bucket_at"
    assert plant.execute(read.format("1h"), (machine,)).fetchall() == [
        (start, 4, 2, "down", 100, 5, 98, 4, 5.0, 14.0, 30.0),
        (start + timedelta(hours=1), 1, 0, None, 6, 6, 5, 5, 5.0, 8.0, 8.0),
    ]
    assert plant.execute(read.format("1m"), (machine,)).fetchall()[2] == (
        start + timedelta(minutes=2),
        1,
        0,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
    )


def test_every_column_of_agg_says_what_it_means(db: psycopg.Connection) -> None:
    assert (
        db.execute(
            "SELECT c.oid::regclass::text, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0"
            " WHERE relnamespace = 'agg'::regnamespace AND col_description(c.oid, attnum) IS NULL"
        ).fetchall()
        == []
    )
    assert db.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'agg'::regnamespace").fetchone()[0] >= 6
