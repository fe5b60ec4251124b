"""`gemba import` against a real database, with small files whose content is known by hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from gemba.db import connect
from gemba.errors import InputError
from ingest.files.__main__ import main
from ingest.files.replay import replay_row

PLACE = ["--site", "s1", "--area", "a1", "--line", "l1", "--machine", "m1"]
CREATE = [*PLACE, "--create", "--site-timezone", "Europe/Berlin", "--yes"]


@pytest.fixture
def run(database_url: str, capsys: pytest.CaptureFixture):
    """Runs the command; gives the exit status and what it printed."""

    def run_(*args: object) -> tuple[int, str]:
        status = main([str(each) for each in args])
        out = capsys.readouterr()
        return status, out.out + out.err

    return run_


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def readings(db: psycopg.Connection) -> list[tuple[str, datetime, float]]:
    return db.execute(
        "SELECT tag, ts AT TIME ZONE 'UTC', value FROM raw.sensor_readings JOIN ref.sensors USING (sensor_id)"
        " ORDER BY tag, ts"
    ).fetchall()


def letters(db: psycopg.Connection) -> list[tuple[int, str, bytes]]:
    return db.execute(
        "SELECT line_number, reason_code, payload FROM ops.dead_letters WHERE source = 'file'"
        " ORDER BY line_number, reason_code"
    ).fetchall()


def last_total(db: psycopg.Connection) -> dict:
    return db.execute("SELECT detail -> 'total' FROM ops.job_runs ORDER BY job_run_id DESC LIMIT 1").fetchone()[0]


def counts(db: psycopg.Connection, what: str = "readings") -> tuple[int, int, int, int]:
    """read, stored, duplicates, rejected of the last import, which must add up."""
    total = last_total(db)[what]
    assert total["read"] == total["stored"] + total["duplicates"] + total["rejected"]
    return total["read"], total["stored"], total["duplicates"], total["rejected"]


WIDE = """zeit;Öl Druck;temp
2024-03-31 01:59:00;1,5;20,25
2024-03-31 02:30:00;1,6;20,5
2024-03-31 03:00:00;1,7;
2024-10-27 02:30:00;1,8;21
2024-10-27 03:30:00;kaputt;21,5
"""
# by hand: Berlin is UTC+1 until 2024-03-31 02:00, UTC+2 until 2024-10-27 03:00, UTC+1 again
WIDE_READINGS = [
    ("temp", datetime(2024, 3, 31, 0, 59), 20.25),
    ("temp", datetime(2024, 10, 27, 2, 30), 21.5),
    ("Öl Druck", datetime(2024, 3, 31, 0, 59), 1.5),
    ("Öl Druck", datetime(2024, 3, 31, 1, 0), 1.7),
]
GERMAN = ["--decimal", ",", "--timezone", "Europe/Berlin"]


def test_a_german_file_over_both_clock_changes_is_stored_in_utc_and_the_rest_is_kept(run, db, tmp_path: Path) -> None:
    path = write(tmp_path / "werk.csv", WIDE)
    status, out = run(*CREATE, *GERMAN, path)
    assert status == 0, out
    assert readings(db) == WIDE_READINGS
    assert letters(db) == [
        (3, "nonexistent_time", b"2024-03-31 02:30:00;1,6;20,5"),
        (5, "ambiguous_time", b"2024-10-27 02:30:00;1,8;21"),
        (6, "not_a_number", b"2024-10-27 03:30:00;kaputt;21,5"),
    ]
    assert counts(db) == (9, 4, 0, 5)
    assert last_total(db)["empty"] == 1


def test_the_same_file_again_changes_nothing_and_says_so(run, db, tmp_path: Path) -> None:
    path = write(tmp_path / "werk.csv", WIDE)
    run(*CREATE, *GERMAN, path)
    before = readings(db), letters(db)
    assert run(*PLACE, *GERMAN, path)[0] == 0
    assert (readings(db), letters(db)) == before
    assert counts(db) == (9, 0, 4, 5)


@pytest.mark.parametrize("chunk_rows", [1, 2, 1000])
def test_the_same_instants_come_from_parquet_and_from_the_long_form(run, db, tmp_path: Path, chunk_rows: int) -> None:
    """Wide CSV, long CSV and long and wide Parquet of the same readings are four times the same import."""
    frame = pd.DataFrame(
        {
            "ts": pd.to_datetime(["2024-07-01 12:00", "2024-07-01 12:01", "2024-07-01 12:02"]),
            "a": [1.0, None, 3.5],
            "b": [7, 8, 9],
        }
    )
    long = frame.melt(id_vars="ts", var_name="tag")
    frame.to_csv(tmp_path / "wide.csv", index=False)
    long.to_csv(tmp_path / "long.csv", index=False, sep="\t", decimal=",")
    frame.to_parquet(tmp_path / "wide.parquet")
    long.assign(ts=long.ts.dt.tz_localize("Europe/Berlin")).to_parquet(tmp_path / "long.parquet")
    options = ["--timezone", "Europe/Berlin", "--chunk-rows", chunk_rows]
    expected = [
        ("a", datetime(2024, 7, 1, 10, 0), 1.0), ("a", datetime(2024, 7, 1, 10, 2), 3.5),
        ("b", datetime(2024, 7, 1, 10, 0), 7.0), ("b", datetime(2024, 7, 1, 10, 1), 8.0),
        ("b", datetime(2024, 7, 1, 10, 2), 9.0),
    ]  # fmt: skip
    for number, name in enumerate(["wide.csv", "long.csv", "wide.parquet", "long.parquet"]):
        form = ["--long"] if name.startswith("long") else []
        form += ["--decimal", ","] if name == "long.csv" else []
        status, out = run(*CREATE, *options, *form, tmp_path / name)
        assert status == 0, out
        assert readings(db) == expected, name
        assert counts(db) == ((5, 5, 0, 0) if number == 0 else (5, 0, 5, 0)), name


def test_a_long_file_registers_its_tags_and_refuses_unknown_ones_without_create(run, db, tmp_path: Path) -> None:
    run(*CREATE, "--long", write(tmp_path / "one.csv", "ts,tag,value\n2024-01-01T00:00:00Z,p,1\n"))
    path = write(tmp_path / "two.csv", "ts,tag,value\n2024-01-01T00:01:00Z,p,2\n2024-01-01T00:01:00Z,q,3\n")
    run(*PLACE, "--long", path)
    assert [tag for tag, _, _ in readings(db)] == ["p", "p"]
    assert letters(db) == [(3, "unknown_tag", b"2024-01-01T00:01:00Z,q,3")]


def test_another_value_for_a_stored_instant_is_a_conflict_and_the_first_stands(run, db, tmp_path: Path) -> None:
    first = write(tmp_path / "one.csv", "ts,a,b\n2024-01-01T00:00:00Z,1,5\n2024-01-01T00:00:00Z,1,6\n")
    assert run(*CREATE, first)[0] == 0
    assert counts(db) == (4, 2, 1, 1)  # a twice the same; b once more with another value, within one file
    second = write(tmp_path / "two.csv", "ts,a,b\n2024-01-01T00:01:00Z,2,2\n2024-01-01T00:00:00Z,9,5\n")
    status, out = run(*PLACE, second)
    assert status == 0
    assert counts(db) == (4, 2, 1, 1)
    assert "conflict" in out
    assert [value for tag, _, value in readings(db)] == [1, 2, 5, 2]
    found = db.execute(
        "SELECT topic, line_number, payload, reason_code FROM ops.dead_letters ORDER BY topic"
    ).fetchall()
    assert found == [
        (str(first), 3, b"2024-01-01T00:00:00Z,1,6", "conflict"),
        (str(second), 3, b"2024-01-01T00:00:00Z,9,5", "conflict"),
    ]


def test_every_kind_of_bad_row_is_kept_with_its_line_and_the_sum_holds(run, db, tmp_path: Path) -> None:
    rows = [
        "ts,a,b",
        "2024-01-01T00:00:00Z,1,2",
        "2024-01-01T00:01:00Z,NaN,2",
        "2024-01-01T00:02:00Z,inf,-inf",
        "1970-01-01T00:00:00Z,1,2",
        "2100-01-01T00:00:00Z,1,2",
        "",
        "soon,1,",
        "2024-01-01T00:03:00Z,1",
        "2024-01-01T00:04:00Z,,",
        ",3,4",
        "2024-01-01T00:05:00Z,x,y",
    ]
    status, out = run(*CREATE, write(tmp_path / "bad.csv", "\n".join(rows)))
    assert status == 0, out
    assert [(line, reason) for line, reason, _ in letters(db)] == [
        (3, "not_a_number"), (4, "not_a_number"), (5, "bad_timestamp"), (6, "bad_timestamp"), (8, "bad_timestamp"),
        (9, "wrong_field_count"), (11, "bad_timestamp"), (12, "not_a_number"),
    ]  # fmt: skip
    # 2 + 2 + 2 + 2 + 2 + 1 + (2 of a row with a field too few) + 0 + 2 + 2
    assert counts(db) == (17, 3, 0, 14)
    assert last_total(db)["rows"] == 10


def test_strict_makes_rejects_an_exit_status(run, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.csv", "ts,a\n2024-01-01T00:00:00Z,1\n2024-01-01T00:01:00Z,x\n")
    assert run(*CREATE, "--strict", path)[0] == 3


def test_units_are_converted_to_the_unit_of_the_registered_sensor(run, db, tmp_path: Path) -> None:
    mapping = write(
        tmp_path / "m.yml",
        "site: {code: s1, time_zone: UTC}\narea: a1\nline: l1\nmachine: {code: m1, type: press, manufacturer: ACME}\n"
        "sensors:\n"
        "- {column: T, tag: oil_temperature, kind: temperature, unit: Cel, source_unit: degF, high_warning: 80}\n"
        "- {column: P, tag: oil_pressure, kind: pressure, unit: bar, source_unit: psi}\n",
    )
    path = write(tmp_path / "f.csv", "ts,T,P,other\n2024-01-01T00:00:00Z,212,100,x\n")
    status, out = run("--mapping", mapping, "--create", path)
    assert status == 0, out
    assert "other" in out
    assert [(tag, value) for tag, _, value in readings(db)] == [
        ("oil_pressure", pytest.approx(6.894757293168361)), ("oil_temperature", pytest.approx(100)),
    ]  # fmt: skip
    assert db.execute("SELECT tag, kind, unit, high_warning FROM ref.sensors ORDER BY tag").fetchall() == [
        ("oil_pressure", "pressure", "bar", None), ("oil_temperature", "temperature", "Cel", 80),
    ]  # fmt: skip
    assert db.execute("SELECT machine_type, manufacturer FROM ref.machines").fetchall() == [("press", "ACME")]
    # later, without a mapping: the file's unit by flag, the stored one from ref
    later = write(tmp_path / "g.csv", "ts,P\n2024-01-02T00:00:00Z,200\n")
    run(*PLACE, "--tag", "P=oil_pressure", "--unit", "oil_pressure=kPa", later)
    assert readings(db)[1][2] == pytest.approx(2.0)


def test_an_interrupted_import_is_carried_on_by_running_it_again(run, db, tmp_path: Path, monkeypatch) -> None:
    from ingest.files import run as run_module

    path = write(tmp_path / "f.csv", "ts,a\n" + "".join(f"2024-01-01T00:{m:02d}:00Z,{m}\n" for m in range(60)))
    real_store, calls = run_module.store, []

    def failing_store(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real_store(*args)

    monkeypatch.setattr(run_module, "store", failing_store)
    status, out = run(*CREATE, "--chunk-rows", 10, path)
    assert status == 130
    assert "again" in out
    assert db.execute("SELECT is_success, detail ->> 'error' FROM ops.job_runs").fetchall() == [(False, "interrupted")]
    assert counts(db) == (20, 20, 0, 0)
    monkeypatch.setattr(run_module, "store", real_store)
    assert run(*PLACE, path)[0] == 0
    assert counts(db) == (60, 40, 20, 0)
    assert len(readings(db)) == 60


def test_labels_are_events_and_the_state_comes_from_a_column(run, db, tmp_path: Path) -> None:
    path = write(
        tmp_path / "f.csv",
        "ts;flow;anomaly\n2024-01-01T00:00:00Z;3;0.0\n2024-01-01T00:00:30Z;3;1.0\n"
        "2024-01-01T00:01:00Z;0;1.0\n2024-01-01T00:01:10Z;0;\n",
    )
    assert run(*CREATE, "--label", "anomaly=anomaly", "--state-when", "flow>0", path)[0] == 0
    events = db.execute(
        "SELECT extract(epoch FROM ts)::int % 3600, event_type, event_code FROM raw.machine_events ORDER BY ts"
    ).fetchall()
    assert events == [(0, "anomaly", "0"), (30, "anomaly", "1"), (60, "anomaly", "1")]
    samples = db.execute(
        "SELECT extract(epoch FROM ts)::int % 3600, state_code FROM raw.machine_samples ORDER BY ts"
    ).fetchall()
    assert samples == [(0, "running"), (60, "idle")]
    assert counts(db, "labels") == (3, 3, 0, 0)


@pytest.mark.parametrize(
    ("text", "args", "remedy"),
    [
        ("ts,a\n2024-01-01 00:00:00,1\n", CREATE, "--timezone"),
        ("ts,a\n01/02/2024 00:00,1\n", [*CREATE, "--timezone", "UTC"], "--timestamp-format"),
        ("when,a\n2024-01-01T00:00:00Z,1\n", CREATE, "--timestamp COLUMN"),
        ("ts;a\n2024-01-01T00:00:00Z;1,5\n", CREATE, "--decimal ','"),
        ("ts,day\n2024-01-01T00:00:00Z,Monday\n", CREATE, "--ignore COLUMN"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", PLACE, "--create"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", [*PLACE, "--create"], "--site-timezone"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", [*PLACE, "--create", "--site-timezone", "Berlin"], "Europe/Berlin"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", ["--machine", "m1", "--create"], "--site"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", [], "--machine"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", [*CREATE, "--tag", "b=b"], "no column 'b'"),
        ("ts,a\n2024-01-01T00:00:00Z,1\n", ["--site", "Über", *CREATE[2:]], "lower case"),
    ],
)
def test_a_mistake_that_shows_at_once_names_its_remedy_and_stores_nothing(
    run, db, tmp_path: Path, text, args, remedy
) -> None:
    status, out = run(*args, write(tmp_path / "f.csv", text))
    assert status == 1
    assert remedy in out
    assert "Remedy:" in out
    assert db.execute("SELECT count(*) FROM ref.machines").fetchone() == (0,)
    assert db.execute("SELECT count(*) FROM raw.sensor_readings").fetchone() == (0,)


def test_a_dry_run_counts_and_needs_no_database(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("GEMBA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    path = write(tmp_path / "f.csv", "ts,a\n2024-01-01T00:00:00Z,1\n2024-01-01T00:01:00Z,x\n")
    assert main(["--dry-run", "--machine", "m1", str(path)]) == 0
    out = capsys.readouterr().out
    assert "nothing was stored" in out
    assert "not_a_number 1" in out


def test_folders_and_globs_are_searched_and_each_file_is_read_once(run, db, tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for minute, name in enumerate(["deep/one.csv", "deep/er/two.csv"]):
        write(tmp_path / name, f"ts,a\n2024-01-01T00:0{minute}:00Z,1\n")
    write(tmp_path / "deep" / "notes.txt", "no data")
    assert run(*CREATE, tmp_path / "deep", str(tmp_path / "deep" / "*.csv"))[0] == 0
    assert counts(db) == (2, 2, 0, 0)


def test_the_run_is_recorded_with_files_mapping_and_counts(run, db, tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "ts,a\n2024-01-01T00:00:00Z,1\n")
    run(*CREATE, path)
    name, ended_at, success, detail = db.execute(
        "SELECT job_name, ended_at, is_success, detail FROM ops.job_runs"
    ).fetchone()
    assert (name, success) == ("import", True)
    assert ended_at <= datetime.now(UTC)
    assert detail["files"][str(path)]["columns"] == ["ts", "a"]
    assert detail["summary"]["f.csv"]["readings"] == {"read": 1, "stored": 1, "duplicates": 0, "rejected": 0}
    assert json.dumps(detail["mapping"])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_refused_row_goes_in_by_replay_once_its_sensor_is_registered(run, db, tmp_path: Path, kind: str) -> None:
    run(*CREATE, "--long", write(tmp_path / "one.csv", "ts,tag,value\n2024-01-01T00:00:00Z,p,1\n"))
    frame = pd.DataFrame({"ts": [pd.Timestamp("2024-01-01 12:00", tz="Europe/Berlin")], "tag": ["q"], "value": [3.5]})
    path = tmp_path / f"two.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    run(*PLACE, "--long", path)
    topic, line, payload = db.execute("SELECT topic, line_number, payload FROM ops.dead_letters").fetchone()
    path.unlink()
    with connect("gemba_ingest") as conn:
        again = replay_row(conn, topic, line, payload)
        assert (again.is_done, again.stored, again.rejected) == (False, 0, 1)
        assert "unknown_tag" in again.detail
    db.execute(
        "INSERT INTO ref.sensors (machine_id, tag, name, kind, unit)"
        " SELECT machine_id, 'q', 'q', 'other', '1' FROM ref.machines"
    )
    db.commit()
    with connect("gemba_ingest") as conn:
        again = replay_row(conn, topic, line, payload)
    assert (again.is_done, again.stored) == (True, 1)
    assert readings(db)[-1] == ("q", datetime(2024, 1, 1, 11), 3.5)
    assert len(letters(db)) == 1  # what is refused again stays the same letter


def test_replay_of_a_file_that_was_never_imported_is_refused(database_url: str) -> None:
    with connect("gemba_ingest") as conn, pytest.raises(InputError, match="No import"):
        replay_row(conn, "/no/such.csv", 2, b"x")
