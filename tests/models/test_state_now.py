"""What a machine does now, asked of the view over rows that a transaction inserts and takes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.built_plant import BuiltPlant

MINUTE = timedelta(minutes=1)


class Machine:
    """A machine of its own in the built plant, heard of by what a test sends."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        # now() is the transaction's start, for the view and for us alike
        (self.now,) = conn.execute("SELECT now()").fetchone()
        (self.machine_id,) = conn.execute(
            "INSERT INTO ref.machines (line_id, machine_code, name, machine_type)"
            " SELECT min(line_id), 'trial', 'Trial', 'mixer' FROM ref.lines RETURNING machine_id"
        ).fetchone()

    def event(self, minutes_ago: float, state: str, reason: str | None = None) -> None:
        """A state event."""
        self.conn.execute(
            "INSERT INTO raw.machine_events (ts, machine_id, event_type, event_code, reason_code)"
            " VALUES (%s, %s, 'state', %s, %s)",
            (self.now - minutes_ago * MINUTE, self.machine_id, state, reason),
        )

    def sample(self, minutes_ago: float, state: str | None) -> None:
        """A sample, with a state or without."""
        self.conn.execute(
            "INSERT INTO raw.machine_samples (ts, machine_id, state_code, total_count) VALUES (%s, %s, %s, 1)",
            (self.now - minutes_ago * MINUTE, self.machine_id, state),
        )

    def state(self) -> tuple[str, float | None, str | None]:
        """State, for how many minutes, reason."""
        state, since, reason = self.conn.execute(
            "SELECT state_code, started_at, reason_code FROM marts.rpt_machine_states_now WHERE machine_id = %s",
            (self.machine_id,),
        ).fetchone()
        return state, None if since is None else (self.now - since.astimezone(UTC)) / MINUTE, reason


@pytest.fixture
def machine(built_plant: BuiltPlant) -> Iterator[Machine]:
    with psycopg.connect(built_plant.url) as conn:
        yield Machine(conn)
        conn.rollback()


def test_a_state_reported_again_began_with_its_first_report(machine: Machine) -> None:
    machine.event(60, "running")
    machine.event(30, "down", "BRK-MECH")
    machine.event(10, "down", "BRK-MECH")
    machine.sample(1, "running")  # an event goes before a sample
    assert machine.state() == ("down", 30, "BRK-MECH")


def test_the_first_state_ever_began_with_its_first_report(machine: Machine) -> None:
    machine.event(20, "running")
    machine.event(2, "running")
    assert machine.state() == ("running", 20, None)


def test_without_events_the_samples_tell_the_state_and_since_when(machine: Machine) -> None:
    for minutes_ago, state in ((9, "running"), (8, "idle"), (7, "idle"), (2, "idle")):
        machine.sample(minutes_ago, state)
    machine.sample(1, None)  # a count alone says nothing about the state
    assert machine.state() == ("idle", 8, None)


def test_silence_beyond_the_time_out_is_unknown_since_then(machine: Machine) -> None:
    machine.event(60, "running")
    machine.sample(25, "running")
    assert machine.state() == ("unknown", 20, None)  # the time-out is 5 min


def test_a_machine_never_heard_of_is_unknown(machine: Machine) -> None:
    assert machine.state() == ("unknown", None, None)


def test_a_state_from_the_future_is_not_the_state_now(machine: Machine) -> None:
    machine.event(3, "running")
    machine.event(-10, "down")
    assert machine.state() == ("running", 3, None)
    assert machine.now <= datetime.now(UTC)
