"""Each role can do its job and nothing else."""

import psycopg
import pytest

READING = "INSERT INTO raw.sensor_readings (ts, value, sensor_id) VALUES (now(), 1, 1)"

ALLOWED = [
    ("gemba_ingest", READING),
    (
        "gemba_ingest",
        "INSERT INTO ops.dead_letters (source, topic, payload, reason_code, detail) VALUES ('mqtt', 't', '', 'x', 'y')",
    ),
    ("gemba_ingest", "SELECT * FROM ref.sensors"),
    ("gemba_transformer", "SELECT * FROM raw.sensor_readings"),
    ("gemba_transformer", "CREATE TABLE marts.trial (trial_id integer)"),
    ("gemba_reader", "SELECT * FROM ref.machines"),
    ("gemba_reader", "SELECT * FROM agg.sensor_1m"),
]
REFUSED = [
    ("gemba_reader", "SELECT * FROM raw.sensor_readings"),
    ("gemba_reader", "SELECT * FROM ops.dead_letters"),
    ("gemba_reader", "INSERT INTO ref.skills (skill_code, name) VALUES ('x', 'x')"),
    ("gemba_reader", "CREATE TABLE marts.trial (trial_id integer)"),
    ("gemba_ingest", "DELETE FROM raw.sensor_readings"),
    ("gemba_ingest", "UPDATE raw.sensor_readings SET value = 2"),
    ("gemba_ingest", "UPDATE ref.sensors SET unit = 'x'"),
    ("gemba_transformer", READING),
    ("gemba_app", READING),
    ("gemba_app", "UPDATE ref.machines SET name = 'x'"),
]


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_a_role_may_do_its_job(db: psycopg.Connection, role: str, statement: str) -> None:
    db.execute(f"SET ROLE {role}")
    db.execute(statement)


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_a_role_may_do_nothing_else(db: psycopg.Connection, role: str, statement: str) -> None:
    db.execute(f"SET ROLE {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement)


def test_what_dbt_makes_in_marts_can_be_read_by_readers(db: psycopg.Connection) -> None:
    db.execute("SET ROLE gemba_transformer")
    db.execute("CREATE TABLE marts.trial AS SELECT 1 AS trial_id")
    db.execute("SET ROLE gemba_reader")
    assert db.execute("SELECT trial_id FROM marts.trial").fetchone() == (1,)
