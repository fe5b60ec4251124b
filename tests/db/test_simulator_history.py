"""The simulator against a real TimescaleDB: idempotent, one timeline in pieces, and SQL finds the truth again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from gemba.errors import GembaError
from ingest.simulator import record
from ingest.simulator.__main__ import main
from ingest.simulator.history import Outcome, Wanted, load_history

UNTIL = datetime(2026, 3, 5, 9, 41, 20, tzinfo=UTC)
UNTIL_MS = round(UNTIL.timestamp() * 1000)
MACHINES = 5


def load(tmp_path: Path, **wanted: object) -> Outcome:
    settings = {"days": 1.0, "until_ms": UNTIL_MS, "machine_limit": MACHINES, "truth": tmp_path} | wanted
    return load_history(Wanted(**settings))


def fingerprint(db: psycopg.Connection) -> list[tuple]:
    """Counts and checksums of everything a load writes, ids and times of storing aside."""
    statements = (
        "SELECT count(*), sum(value), min(ts), max(ts) FROM raw.sensor_readings",
        "SELECT count(*), sum(total_count), sum(good_count), sum(power_kw), count(DISTINCT state_code)"
        " FROM raw.machine_samples",
        "SELECT event_type, count(*), min(ts), max(ts) FROM raw.machine_events GROUP BY 1 ORDER BY 1",
        "SELECT count(*), count(ended_at), min(started_at), max(started_at), count(DISTINCT order_code)"
        " FROM ops.production_runs",
        "SELECT count(*), sum(inspected_count), sum(passed_count) FROM ops.quality_inspections",
        "SELECT count(*), sum(defect_count) FROM ops.defects",
        "SELECT count(*), count(ended_at) FROM ops.machine_faults",
        "SELECT count(*), count(ended_at), count(machine_fault_id) FROM ops.maintenance_events",
        "SELECT count(*), sum(drift_ratio) FROM ops.sensor_health",
        "SELECT (SELECT count(*) FROM ref.machines), (SELECT count(*) FROM ref.sensors),"
        " (SELECT count(*) FROM ref.employees),"
        " (SELECT count(*) FROM ref.product_rates), (SELECT count(*) FROM ref.shift_patterns)",
    )
    found = [[_rounded(row) for row in db.execute(statement).fetchall()] for statement in statements]
    db.rollback()
    return found


def _rounded(row: tuple) -> tuple:
    return tuple(round(value, 3) if isinstance(value, float) else value for value in row)


def test_loading_the_same_history_twice_adds_nothing(db: psycopg.Connection, tmp_path: Path) -> None:
    first = load(tmp_path)
    assert first.rows["sensor_readings"] > 300_000
    before = fingerprint(db)
    again = load(tmp_path)
    assert again.row_count == 0
    assert fingerprint(db) == before


def test_history_in_pieces_is_the_history_in_one_go(
    db: psycopg.Connection, tmp_path: Path, server_url: str, template_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gemba.settings import get_settings
    from tests.database import clone_of

    hour = 3_600_000
    load(tmp_path, until_ms=UNTIL_MS - 11 * hour)
    load(tmp_path, until_ms=UNTIL_MS - 2 * hour, is_continued=True)
    load(tmp_path, is_continued=True)
    pieces = fingerprint(db)
    anchor = record.remembered(db).identity.anchor_ms
    db.rollback()
    with clone_of(server_url, template_name, "gemba_sim_whole") as whole:
        monkeypatch.setenv("GEMBA_DATABASE_URL", whole)
        get_settings.cache_clear()
        with psycopg.connect(whole) as conn:
            # faults are timed by the end of the first piece: the whole is told of it
            first_from = UNTIL_MS - 11 * hour - 86_400_000
            record.begin(conn, record.Identity("small", 1, anchor), first_from, UNTIL_MS)
            load(tmp_path, days=35 / 24)
            assert fingerprint(conn) == pieces


def test_a_load_broken_off_is_taken_up_from_its_beginning(db: psycopg.Connection, tmp_path: Path) -> None:
    load(tmp_path)
    whole = fingerprint(db)
    db.execute("DELETE FROM raw.sensor_readings WHERE ts >= %s", (UNTIL - timedelta(hours=20),))
    db.execute("UPDATE ops.job_runs SET is_success = NULL, ended_at = NULL")
    db.commit()
    load(tmp_path, is_continued=True)
    assert fingerprint(db) == whole


def test_a_gap_that_live_left_is_filled_by_continuing(db: psycopg.Connection, tmp_path: Path) -> None:
    hour = 3_600_000
    load(tmp_path, until_ms=UNTIL_MS - 3 * hour)
    load(tmp_path, is_continued=True)
    whole = fingerprint(db)
    # as if live had brought the last three hours, but not those from 2 h to 1 h ago
    db.execute("DELETE FROM ops.job_runs WHERE job_run_id = (SELECT max(job_run_id) FROM ops.job_runs)")
    gap = (UNTIL - timedelta(hours=2), UNTIL - timedelta(hours=1))
    for table in ("sensor_readings", "machine_samples", "machine_events"):
        db.execute(f"DELETE FROM raw.{table} WHERE ts BETWEEN %s AND %s", gap)
    db.commit()
    load(tmp_path, is_continued=True)
    assert fingerprint(db) == whole


def test_another_seed_or_scale_is_refused_and_told_what_is_there(
    db: psycopg.Connection, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    load(tmp_path, days=0.1, machine_limit=1)
    with pytest.raises(GembaError, match="small plant, seed 1.*seed 2"):
        load(tmp_path, seed=2)
    assert main(["history", "--scale", "reference"]) == 1
    said = capsys.readouterr().err
    assert "Remedy" in said and "Traceback" not in said


def test_live_without_a_history_says_what_to_do(database_url: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["live"]) == 1
    assert "gemba simulate history" in capsys.readouterr().err


OEE_FROM_RAW = """
    WITH shift AS (
        SELECT m.machine_id, m.machine_code, c.shift_code, c.production_date, c.started_at, c.ended_at
        FROM ref.shift_calendar c
        JOIN ref.areas a USING (site_id) JOIN ref.lines l USING (area_id) JOIN ref.machines m USING (line_id)
        WHERE c.ended_at <= %(until)s AND c.started_at >= (SELECT min(ts) FROM raw.machine_samples)
    ),
    state AS (
        SELECT machine_id, coalesce(r.time_class, s.time_class) AS time_class,
            ts AS started_at, lead(ts, 1, %(until)s) OVER (PARTITION BY machine_id ORDER BY ts) AS ended_at
        FROM raw.machine_events e
        JOIN ref.machine_states s ON s.state_code = e.event_code LEFT JOIN ref.reason_codes r USING (reason_code)
        WHERE e.event_type = 'state'
    ),
    spent AS (
        SELECT machine_id, shift_code, production_date,
            sum(seconds) FILTER (WHERE time_class = 'production') AS apt_s,
            sum(seconds) FILTER (WHERE time_class <> 'planned_downtime') AS pbt_s
        FROM shift h JOIN state t USING (machine_id)
        CROSS JOIN extract(epoch FROM least(t.ended_at, h.ended_at) - greatest(t.started_at, h.started_at)) AS seconds
        WHERE t.started_at < h.ended_at AND t.ended_at > h.started_at GROUP BY 1, 2, 3
    ),
    step AS (
        SELECT machine_id, ts,
            CASE WHEN total_count < lag(total_count) OVER w THEN total_count
                ELSE total_count - lag(total_count) OVER w END AS made,
            CASE WHEN good_count < lag(good_count) OVER w THEN good_count
                ELSE good_count - lag(good_count) OVER w END AS good
        FROM raw.machine_samples WINDOW w AS (PARTITION BY machine_id ORDER BY ts)
    ),
    made AS (
        SELECT h.machine_id, shift_code, production_date,
            sum(made) AS total_count, sum(good) AS good_count, sum(ideal_cycle_s * made) AS ideal_s
        FROM shift h JOIN step USING (machine_id)
        JOIN ops.production_runs run ON run.machine_id = h.machine_id
            AND step.ts > run.started_at AND step.ts <= coalesce(run.ended_at, 'infinity')
        JOIN ref.product_rates rate ON rate.machine_id = h.machine_id AND rate.product_id = run.product_id
        WHERE step.ts > h.started_at AND step.ts <= h.ended_at GROUP BY 1, 2, 3
    )
    SELECT machine_code, production_date, shift_code, apt_s, pbt_s,
        coalesce(total_count, 0), coalesce(good_count, 0), coalesce(ideal_s, 0)
    FROM shift JOIN spent USING (machine_id, shift_code, production_date)
    LEFT JOIN made USING (machine_id, shift_code, production_date)"""


def test_oee_worked_out_from_the_raw_tables_is_the_simulators_truth(db: psycopg.Connection, tmp_path: Path) -> None:
    load(tmp_path, days=2.0, machine_limit=12)
    truth = {
        (row["machine_code"], row["production_date"], row["shift_code"]): row
        for row in pq.read_table(tmp_path / "truth_oee.parquet").to_pylist()
        if row["is_complete"]
    }
    rows = db.execute(OEE_FROM_RAW, {"until": UNTIL}).fetchall()
    assert len(rows) == len(truth) >= 12 * 6
    for machine, day, shift, apt_s, pbt_s, total, good, ideal_s in rows:
        known = truth[machine, day, shift]
        assert (float(apt_s or 0), float(pbt_s or 0)) == (known["apt_s"], known["pbt_s"])
        assert (total, good) == (known["total_count"], known["good_count"])
        assert ideal_s == pytest.approx(known["ideal_time_s"])


def test_the_files_of_truth_agree_with_one_another(db: psycopg.Connection, tmp_path: Path) -> None:
    load(tmp_path, machine_limit=12)
    oee, counts, states, faults = (
        pq.read_table(tmp_path / f"truth_{name}.parquet").to_pylist() for name in ("oee", "counts", "states", "faults")
    )
    by_shift: dict[tuple, int] = {}
    for row in counts:
        key = (row["machine_code"], row["production_date"], row["shift_code"])
        by_shift[key] = by_shift.get(key, 0) + row["total_count"]
    for row in oee:
        assert by_shift.get((row["machine_code"], row["production_date"], row["shift_code"]), 0) == row["total_count"]
    running = sum(
        (row["ended_at"] - row["started_at"]).total_seconds() for row in states if row["time_class"] == "production"
    )
    assert running == sum(row["apt_s"] for row in oee)  # around the clock: every state lies in a shift
    assert {row["pattern"] for row in faults} == {"bearing_failure"}
