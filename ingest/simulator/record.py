"""What the database remembers of the simulator: which plant and seed it holds, and how far its history reaches.

Kept in ops.job_runs, because a history load is a job like any other.
"""

from dataclasses import asdict, dataclass

import psycopg
from psycopg.types.json import Jsonb

from gemba.errors import GembaError
from ingest.simulator.timeline import Identity

JOB_NAME = "simulator_history"


@dataclass(frozen=True)
class Remembered:
    """identity of the loaded timeline; history covers [from_ms, until_ms); unfinished_from_ms: of a load broken off."""

    identity: Identity
    from_ms: int
    until_ms: int | None
    unfinished_from_ms: int | None


def remembered(conn: psycopg.Connection) -> Remembered | None:
    """What was loaded before, or None."""
    rows = conn.execute(
        "SELECT detail, coalesce(is_success, false) FROM ops.job_runs WHERE job_name = %s ORDER BY job_run_id",
        (JOB_NAME,),
    ).fetchall()
    if not rows:
        return None
    first = rows[0][0]
    identity = Identity(first["scale"], first["seed"], first["anchor_ms"], first["fault"])
    done = [detail for detail, is_success in rows if is_success]
    last_success = max((i for i, (_, is_success) in enumerate(rows) if is_success), default=-1)
    broken = [detail["from_ms"] for i, (detail, is_success) in enumerate(rows) if not is_success and i > last_success]
    until_ms = max((detail["until_ms"] for detail in done), default=None)
    return Remembered(identity, min(detail["from_ms"] for detail, _ in rows), until_ms, min(broken, default=None))


def refuse_another(found: Remembered | None, scale: str | None, seed: int | None, fault: str | None) -> None:
    """Raise GembaError where the database holds another plant than the one asked for; None asks for what is there."""
    if found is None:
        return
    have = found.identity
    asked = (scale or have.scale, have.seed if seed is None else seed, fault or have.fault)
    if asked != (have.scale, have.seed, have.fault):
        name = lambda s, n, f: f"{s} plant, seed {n}" + (f", fault {f}" if f else "")  # noqa: E731
        raise GembaError(
            f"This database holds the simulated {name(have.scale, have.seed, have.fault)}; asked for: {name(*asked)}",
            "leave these options out to go on with what is there, use another database,"
            " or start afresh with `gemba reset --yes`",
        )


def begin(conn: psycopg.Connection, identity: Identity, from_ms: int, until_ms: int) -> int:
    """Record the start of a load; its id. From now on the database belongs to this timeline."""
    detail = {**asdict(identity), "from_ms": from_ms, "until_ms": until_ms}
    run_id = conn.execute(
        "INSERT INTO ops.job_runs (job_name, detail) VALUES (%s, %s) RETURNING job_run_id", (JOB_NAME, Jsonb(detail))
    )
    found = run_id.fetchone()[0]
    conn.commit()
    return found


def finish(conn: psycopg.Connection, run_id: int, counts: dict[str, int]) -> None:
    """Record the end of a load and how many rows it added."""
    conn.execute(
        "UPDATE ops.job_runs SET ended_at = clock_timestamp(), is_success = true, detail = detail || %s"
        " WHERE job_run_id = %s",
        (Jsonb(counts), run_id),
    )
    conn.commit()


def last_reading_ms(conn: psycopg.Connection, machine_codes: list[str]) -> int | None:
    """The latest reading of the plant's machines, or None. Looks up one sensor of each, by the index."""
    found = conn.execute(
        "SELECT max(latest.ts) FROM ("
        "SELECT min(sensor_id) AS sensor_id FROM ref.sensors JOIN ref.machines USING (machine_id)"
        " WHERE machine_code = ANY (%s) GROUP BY machine_id) AS sensor"
        " CROSS JOIN LATERAL (SELECT ts FROM raw.sensor_readings AS reading WHERE reading.sensor_id = sensor.sensor_id"
        " ORDER BY ts DESC LIMIT 1) AS latest",
        (machine_codes,),
    ).fetchone()[0]
    return round(found.timestamp() * 1000) if found else None


def first_gap_ms(conn: psycopg.Connection, machine_codes: list[str], from_ms: int) -> int:
    """The first instant after which some machine lacks a reading; the end of data at the latest.

    Looks at one sensor of each machine, since a machine's readings travel together.
    """
    gap, count = conn.execute(
        "WITH sensor AS (SELECT min(sensor_id) AS sensor_id FROM ref.sensors JOIN ref.machines USING (machine_id)"
        " WHERE machine_code = ANY (%s) GROUP BY machine_id),"
        " step AS (SELECT sensor_id, ts, lead(ts) OVER (PARTITION BY sensor_id ORDER BY ts) AS next_ts"
        " FROM raw.sensor_readings WHERE sensor_id IN (SELECT sensor_id FROM sensor) AND ts >= to_timestamp(%s))"
        " SELECT min(ts), count(DISTINCT sensor_id) FROM step WHERE next_ts IS NULL OR next_ts - ts > INTERVAL '10 s'",
        (machine_codes, from_ms / 1000),
    ).fetchone()
    return round(gap.timestamp() * 1000) if gap and count == len(machine_codes) else from_ms
