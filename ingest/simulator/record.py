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
    """identity of the loaded timeline; history covers [from_ms, until_ms); unfinished_from_ms: start of a broken-off load."""

    identity: Identity
    from_ms: int
    until_ms: int | None
    unfinished_from_ms: int | None


def remembered(conn: psycopg.Connection) -> Remembered | None:
    """What was loaded before, or None."""
    rows = conn.execute(
        "SELECT detail, coalesce(is_success, false) FROM ops.job_runs WHERE job_name = %s ORDER BY job_run_id", (JOB_NAME,)
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
            "leave these options out to go on with what is there, use another database, or start afresh with `gemba reset --yes`",
        )


def begin(conn: psycopg.Connection, identity: Identity, from_ms: int, until_ms: int) -> int:
    """Record the start of a load; its id. From now on the database belongs to this timeline."""
    detail = {**asdict(identity), "from_ms": from_ms, "until_ms": until_ms}
    run_id = conn.execute("INSERT INTO ops.job_runs (job_name, detail) VALUES (%s, %s) RETURNING job_run_id", (JOB_NAME, Jsonb(detail)))
    found = run_id.fetchone()[0]
    conn.commit()
    return found


def finish(conn: psycopg.Connection, run_id: int, counts: dict[str, int]) -> None:
    """Record the end of a load and how many rows it added."""
    conn.execute(
        "UPDATE ops.job_runs SET ended_at = clock_timestamp(), is_success = true, detail = detail || %s WHERE job_run_id = %s",
        (Jsonb(counts), run_id),
    )
    conn.commit()
