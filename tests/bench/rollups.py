"""What rollups cost: COPY with and without the change log, rolling up three days of the small plant, reading a day."""

import os
import statistics
import struct
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from gemba import db
from tests.database import empty_database, migrated

SENSORS = 90
DAYS = 3
BATCH_INSTANTS = 1000  # 90,000 readings a COPY
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
ROW = np.dtype(
    [
        ("columns", ">i2"),
        ("id_size", ">i4"),
        ("id", ">i4"),
        ("ts_size", ">i4"),
        ("ts", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
    ]
)


def run(server_url: str | None = None) -> dict[str, float | str]:
    """Rates in readings/s, ratios and times in ms or s, in a database of its own. server_url: of a superuser."""
    with empty_database(server_url or db.database_url(), f"gemba_bench_rollups_{os.getpid()}") as url:
        migrated(url)
        with psycopg.connect(url, autocommit=True) as conn:
            edition = conn.execute("SELECT rollup.edition()").fetchone()[0]
            _make_plant(conn)
            result: dict[str, float | str] = {"edition": edition, **_copy_rates(conn, edition)}
            conn.execute("TRUNCATE raw.sensor_readings")
            conn.execute("CALL rollup.refresh_pending()")
            return {**result, **_rollup_times(conn)}


def _make_plant(conn: psycopg.Connection) -> None:
    conn.execute("INSERT INTO ref.sites (site_id, site_code, name, time_zone) VALUES (1, 'b', 'b', 'Asia/Yangon')")
    conn.execute("INSERT INTO ref.areas (area_id, site_id, area_code, name) VALUES (1, 1, 'b', 'b')")
    conn.execute("INSERT INTO ref.lines (line_id, area_id, line_code, name) VALUES (1, 1, 'b', 'b')")
    conn.execute(
        "INSERT INTO ref.machines (machine_id, line_id, machine_code, name, machine_type) VALUES (1, 1, 'b', 'b', 'press')"
    )
    conn.execute(
        "INSERT INTO ref.sensors (sensor_id, machine_id, tag, name, kind, unit, high_warning)"
        " SELECT i, 1, 't' || i, 't', 'temperature', 'Cel', 80 FROM generate_series(1, %s) AS i",
        (SENSORS,),
    )
    conn.execute("SELECT rollup.run_policies()")


def _copy(conn: psycopg.Connection, first: datetime, instants: int) -> float:
    """Seconds that one binary COPY of all sensors at so many instants, 10 s apart, takes."""
    start = (first - EPOCH) // timedelta(microseconds=1)
    rows = np.zeros(instants * SENSORS, dtype=ROW)
    rows["columns"], rows["id_size"], rows["ts_size"], rows["value_size"] = 3, 4, 8, 8
    rows["id"] = np.tile(np.arange(1, SENSORS + 1), instants)
    rows["ts"] = np.repeat(start + np.arange(instants) * 10_000_000, SENSORS)
    rows["value"] = np.random.default_rng(1).normal(60, 10, len(rows))
    data = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + rows.tobytes() + b"\xff\xff"
    began = time.perf_counter()
    with conn.cursor().copy("COPY raw.sensor_readings (sensor_id, ts, value) FROM STDIN (FORMAT binary)") as copy:
        copy.write(data)
    return time.perf_counter() - began


def _copy_rates(conn: psycopg.Connection, edition: str) -> dict[str, float]:
    """Medians of batches taken in turn with and without the triggers (community: its own trigger can't be taken off)."""
    at = datetime.now(UTC) - timedelta(days=60)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for i in range(24):
        is_logged = edition == "community" or i % 2 == 0
        if edition == "apache":
            if is_logged:
                conn.execute("SELECT rollup.watch('raw.sensor_readings', INTERVAL '1 minute')")
            else:
                conn.execute("DROP TRIGGER rollup_log_inserted ON raw.sensor_readings")
        seconds[is_logged].append(_copy(conn, at + timedelta(hours=3 * i), BATCH_INSTANTS))
    conn.execute("RESET ALL")
    if edition == "apache":
        conn.execute("SELECT rollup.watch('raw.sensor_readings', INTERVAL '1 minute')")
    rate = {key: BATCH_INSTANTS * SENSORS / statistics.median(value) for key, value in seconds.items() if value}
    figures = {"copy_logged_rows_per_s": round(rate[True])}
    if False in rate:
        figures |= {
            "copy_unlogged_rows_per_s": round(rate[False]),
            "copy_logged_to_unlogged_ratio": round(rate[True] / rate[False], 3),
        }
    return figures


def _rollup_times(conn: psycopg.Connection) -> dict[str, float]:
    instants = DAYS * 8640
    first = datetime.now(UTC) - timedelta(days=DAYS)
    for i in range(0, instants, BATCH_INSTANTS):
        _copy(conn, first + timedelta(seconds=10 * i), min(BATCH_INSTANTS, instants - i))
    began = time.perf_counter()
    conn.execute("CALL rollup.refresh_pending()")
    figures = {"rolled_up_readings": instants * SENSORS, "rollup_s": round(time.perf_counter() - began, 2)}
    for level in ("1m", "15m", "1h", "1d"):
        times = []
        for sensor in range(1, 21):
            began = time.perf_counter()
            conn.execute(
                f"SELECT bucket_at, value_mean, value_min, value_max FROM agg.sensor_{level}"
                " WHERE sensor_id = %s AND bucket_at >= now() - INTERVAL '1 day' ORDER BY bucket_at",
                (sensor,),
            ).fetchall()
            times.append(time.perf_counter() - began)
        figures[f"read_{level}_one_day_ms"] = round(1000 * statistics.median(times), 2)
    return figures


if __name__ == "__main__":
    print(run())
