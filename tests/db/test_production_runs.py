"""Runs of a machine never overlap, whatever the order in which their events arrive."""

from itertools import permutations

import psycopg
import pytest

EVENTS = [
    ("start", "A", "2026-01-01 08:00+00"),
    ("end", "A", "2026-01-01 09:30+00"),
    ("start", "B", "2026-01-01 10:00+00"),
    ("start", "C", "2026-01-01 12:00+00"),
]
# by hand: A was ended by its own event, B by C's start, C still runs
EXPECTED = [("A", "08:00", "09:30"), ("B", "10:00", "12:00"), ("C", "12:00", None)]


@pytest.fixture
def machine_id(db: psycopg.Connection) -> int:
    return db.execute(
        """
        WITH s AS (INSERT INTO ref.sites (site_code, name, time_zone) VALUES ('s1', 'S', 'UTC') RETURNING site_id),
        a AS (INSERT INTO ref.areas (site_id, area_code, name) SELECT site_id, 'a1', 'A' FROM s RETURNING area_id),
        l AS (INSERT INTO ref.lines (area_id, line_code, name) SELECT area_id, 'l1', 'L' FROM a RETURNING line_id),
        p AS (INSERT INTO ref.products (product_id, product_code, name) VALUES (1, 'p1', 'P'))
        INSERT INTO ref.machines (line_id, machine_code, name, machine_type) SELECT line_id, 'm1', 'M', 'press' FROM l
        RETURNING machine_id"""
    ).fetchone()[0]


def play(db: psycopg.Connection, machine_id: int, events: list[tuple[str, str, str]]) -> None:
    for kind, order_code, at in events:
        if kind == "start":
            db.execute("SELECT ops.start_production_run(%s, %s, 1, %s)", (machine_id, order_code, at))
        else:
            db.execute("SELECT ops.end_production_run(%s, %s, %s)", (machine_id, order_code, at))


def runs(db: psycopg.Connection) -> list[tuple]:
    return db.execute(
        "SELECT order_code, to_char(started_at, 'HH24:MI'), to_char(ended_at, 'HH24:MI') FROM ops.production_runs ORDER BY started_at"
    ).fetchall()


def test_the_runs_are_the_same_for_every_order_in_which_starts_arrive(db: psycopg.Connection, machine_id: int) -> None:
    end = EVENTS[1]
    for order in permutations([EVENTS[0], EVENTS[2], EVENTS[3]]):
        db.execute("DELETE FROM ops.production_runs")
        play(db, machine_id, [*order, end])
        assert runs(db) == EXPECTED, order


def test_the_same_events_twice_change_nothing(db: psycopg.Connection, machine_id: int) -> None:
    play(db, machine_id, EVENTS + EVENTS)
    assert runs(db) == EXPECTED


def test_overlapping_runs_entered_by_hand_are_refused(db: psycopg.Connection, machine_id: int) -> None:
    play(db, machine_id, EVENTS)
    with pytest.raises(psycopg.errors.ExclusionViolation):
        db.execute(
            "INSERT INTO ops.production_runs (machine_id, product_id, order_code, started_at, ended_at)"
            " VALUES (%s, 1, 'X', '2026-01-01 09:00+00', '2026-01-01 09:10+00')",
            (machine_id,),
        )
