"""A little plant for the tests of rollups: sites in chosen time zones, sensors, readings by binary COPY."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import psycopg

Reading = tuple[int, datetime, float] | tuple[int, datetime, float, int]


def recent(days: float = 5) -> datetime:
    """The full hour some days ago: old enough to be stored, young enough for every policy."""
    return (datetime.now(UTC) - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


def add_machine(conn: psycopg.Connection, time_zone: str = "Asia/Yangon", code: str = "one") -> int:
    """A site of its own with one area, line and machine; returns the machine's id."""
    site = conn.execute(
        "INSERT INTO ref.sites (site_code, name, time_zone) VALUES (%s, %s, %s) RETURNING site_id",
        (code, code, time_zone),
    ).fetchone()[0]
    area = conn.execute(
        "INSERT INTO ref.areas (site_id, area_code, name) VALUES (%s, 'a', 'a') RETURNING area_id", (site,)
    ).fetchone()[0]
    line = conn.execute(
        "INSERT INTO ref.lines (area_id, line_code, name) VALUES (%s, 'l', 'l') RETURNING line_id", (area,)
    ).fetchone()[0]
    return conn.execute(
        "INSERT INTO ref.machines (line_id, machine_code, name, machine_type) VALUES (%s, 'm', 'm', 'press') RETURNING machine_id",
        (line,),
    ).fetchone()[0]


def add_sensor(conn: psycopg.Connection, machine_id: int, tag: str = "t1", **limits: float) -> int:
    """A sensor read every 10 s; limits by column name of ref.sensors. Returns its id."""
    columns = ["machine_id", "tag", "name", "kind", "unit", *limits]
    places = ", ".join(["%s"] * len(columns))
    return conn.execute(
        f"INSERT INTO ref.sensors ({', '.join(columns)}) VALUES ({places}) RETURNING sensor_id",
        (machine_id, tag, tag, "temperature", "Cel", *limits.values()),
    ).fetchone()[0]


def copy_readings(conn: psycopg.Connection, readings: Iterable[Reading]) -> None:
    """Readings (sensor_id, ts, value[, quality]) in one binary COPY, as ingest writes them."""
    with conn.cursor().copy(
        "COPY raw.sensor_readings (sensor_id, ts, value, quality) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.set_types(["int4", "timestamptz", "float8", "int2"])
        for sensor_id, ts, value, *quality in readings:
            copy.write_row((sensor_id, ts, float(value), quality[0] if quality else 192))


def refresh_all(conn: psycopg.Connection) -> None:
    """What a scheduler does by and by: parts for new zones, then every rollup, sources first. Needs autocommit."""
    conn.execute("SELECT rollup.run_policies()")
    conn.execute("CALL rollup.refresh_pending()")


def rows_of(conn: psycopg.Connection, relation: str, columns: str, sensor_id: int) -> list[tuple]:
    """Some columns of a sensor's buckets, in order of time."""
    return conn.execute(
        f"SELECT {columns} FROM {relation} WHERE sensor_id = %s ORDER BY bucket_at", (sensor_id,)
    ).fetchall()


def row_versions(conn: psycopg.Connection, name: str) -> dict[tuple, tuple]:
    """(key, bucket_at) -> place and writing transaction of each stored bucket: changes when a bucket is written anew."""
    tables = conn.execute(
        "SELECT format('%%I.%%I', hypertable_schema, hypertable_name) FROM rollup.stored_hypertables WHERE policy_relation = %s",
        (f"agg.{name}",),
    ).fetchall()
    versions = {}
    for (table,) in tables:
        for row in conn.execute(
            f"SELECT sensor_id, bucket_at, tableoid::text, ctid::text, xmin::text FROM {table}"
        ).fetchall():
            versions[row[:2]] = row[2:]
    return versions
