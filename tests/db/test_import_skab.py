"""The pump and valve rig of SKAB, imported as the README says, against what an independent reader finds there."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from gemba.paths import PROJECT
from ingest.files.__main__ import main

SKAB = PROJECT.parent / "shared" / "real" / "skab"
STEEL = PROJECT.parent / "shared" / "real" / "steel_energy"
COLUMNS = {
    "Accelerometer1RMS": "accelerometer_1_rms", "Accelerometer2RMS": "accelerometer_2_rms", "Current": "motor_current",
    "Pressure": "pressure", "Temperature": "motor_temperature", "Thermocouple": "fluid_temperature",
    "Voltage": "motor_voltage", "Volume Flow RateRMS": "flow",
}  # fmt: skip
LABELS = ("anomaly", "changepoint")

pytestmark = pytest.mark.skipif(not SKAB.is_dir(), reason=f"the SKAB files are not at {SKAB}")


def rows_of_files() -> list[tuple[Path, int, dict[str, str]]]:
    """(file, line, row) of every data row, by Python's own reader."""
    found = []
    for path in sorted(SKAB.rglob("*.csv")):
        with path.open(newline="", encoding="utf-8") as stream:
            found += [(path, line, row) for line, row in enumerate(csv.DictReader(stream, delimiter=";"), 2)]
    return found


def instant(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC)  # UTC is the mapping's choice


@pytest.fixture
def imported(db: psycopg.Connection) -> psycopg.Connection:
    assert main(["--mapping", "skab", "--create", "--yes", str(SKAB)]) == 0
    return db


def total(db: psycopg.Connection) -> dict:
    return db.execute("SELECT detail -> 'total' FROM ops.job_runs ORDER BY job_run_id DESC LIMIT 1").fetchone()[0]


def test_every_distinct_reading_is_stored_exactly_once_and_the_summary_adds_up(imported: psycopg.Connection) -> None:
    rows = rows_of_files()
    expected: dict[tuple[str, datetime], float] = {}
    cells = conflicts = 0
    for _, _, row in rows:
        for column, tag in COLUMNS.items():
            cells += 1
            conflicts += expected.setdefault((tag, instant(row)), float(row[column])) != float(row[column])
    assert (len(rows), cells, len(expected), conflicts) == (22_270, 178_160, 175_376, 0)  # the files as published
    stored = imported.execute(
        "SELECT tag, ts, value FROM raw.sensor_readings JOIN ref.sensors USING (sensor_id)"
    ).fetchall()
    assert len(stored) == len(expected)
    assert {(tag, ts): value for tag, ts, value in stored} == expected
    found = total(imported)
    assert found["rows"] == 22_270
    assert found["readings"] == {"read": 178_160, "stored": 175_376, "duplicates": 2_784, "rejected": 0}
    again = main(["--mapping", "skab", str(SKAB)])
    assert again == 0
    assert total(imported)["readings"] == {"read": 178_160, "stored": 0, "duplicates": 178_160, "rejected": 0}
    assert imported.execute("SELECT count(*) FROM raw.sensor_readings").fetchone() == (175_376,)


def test_the_label_of_every_row_can_be_got_back(imported: psycopg.Connection) -> None:
    """From the event of its second; where two files label a second differently, the later from its dead letter."""
    events = {
        (event_type, ts): code
        for event_type, ts, code in imported.execute("SELECT event_type, ts, event_code FROM raw.machine_events")
    }
    put_aside = {
        (topic, line): bytes(payload).decode()
        for topic, line, payload in imported.execute(
            "SELECT topic, line_number, payload FROM ops.dead_letters WHERE reason_code = 'conflict'"
        )
    }
    count: Counter = Counter()
    for path, line, row in rows_of_files():
        for label in LABELS:
            if not row.get(label):
                continue
            stands = float(events[label, instant(row)]) == float(row[label])
            count[label, "event" if stands else "letter"] += 1
            if not stands:
                text = put_aside[str(path.resolve()), line]
                assert float(text.split(";")[9 + LABELS.index(label)]) == float(row[label])
    # 12,865 labelled rows; other/3.csv and other/4.csv disagree on 57 anomalies and 2 change points
    assert count == {
        ("anomaly", "event"): 12_808, ("anomaly", "letter"): 57,
        ("changepoint", "event"): 12_863, ("changepoint", "letter"): 2,
    }  # fmt: skip
    assert total(imported)["labels"] == {"read": 25_730, "stored": 25_034, "duplicates": 637, "rejected": 59}
    assert len(put_aside) == 58  # one of the rows disagrees on both


def test_the_rig_is_a_machine_like_any_other(imported: psycopg.Connection) -> None:
    machine = imported.execute(
        "SELECT machine_code, machine_type, count(*) FROM ref.machines JOIN ref.sensors USING (machine_id)"
        " GROUP BY 1, 2"
    ).fetchall()
    assert machine == [("pump-rig", "pump", 8)]
    for rollup in ("sensor_1m", "sensor_15m", "sensor_1h", "sensor_1d"):
        assert imported.execute(f"SELECT sum(reading_count) FROM agg.{rollup}").fetchone() == (175_376,), rollup
    per_minute = imported.execute(
        "SELECT sum(reading_count), min(value_min), max(value_max) FROM agg.sensor_1m"
        " JOIN ref.sensors USING (sensor_id) WHERE tag = 'motor_current'"
    ).fetchone()
    assert per_minute[0] == 21_922  # distinct seconds
    currents = [float(row["Current"]) for _, _, row in rows_of_files()]
    assert per_minute[1:] == (min(currents), max(currents))
    assert imported.execute("SELECT DISTINCT state_code FROM raw.machine_samples").fetchall() == [("running",)]
    # each day with data has the one shift that states and OEE are computed for
    days = imported.execute(
        "SELECT production_date::text, ended_at - started_at FROM ref.shift_calendar ORDER BY 1"
    ).fetchall()
    assert days == [(day, timedelta(days=1)) for day in ("2020-02-08", "2020-03-01", "2020-03-09")]


@pytest.mark.skipif(not STEEL.is_dir(), reason=f"the steel works' file is not at {STEEL}")
def test_a_year_of_a_steel_works_energy_comes_in_with_day_first_times(
    db: psycopg.Connection, capsys: pytest.CaptureFixture
) -> None:
    place = [
        "--site",
        "steel",
        "--site-timezone",
        "Asia/Seoul",
        "--area",
        "works",
        "--line",
        "mains",
        "--machine",
        "meter",
        "--create",
    ]
    form = ["--timestamp-format", "%d/%m/%Y %H:%M", "--timezone", "Asia/Seoul"]
    columns = ["--ignore", "WeekStatus", "--ignore", "Day_of_week", "--label", "Load_Type=load_type"]
    assert main([*place, *form, *columns, str(STEEL)]) == 0, capsys.readouterr()
    found = total(db)
    assert found["rows"] == 35_040  # 365 days of 96 quarters of an hour
    assert found["readings"] == {"read": 245_280, "stored": 245_280, "duplicates": 0, "rejected": 0}
    assert found["labels"]["stored"] == 35_040
    first = db.execute(
        "SELECT value FROM raw.sensor_readings JOIN ref.sensors USING (sensor_id)"
        " WHERE tag = 'Usage_kWh' AND ts = '2018-01-01 00:15+09'"
    ).fetchone()
    assert first == (3.17,)
    assert json.dumps(found)
