"""Shift instances: local wall-clock patterns made into instants, over midnight and over clock changes."""

from datetime import date

import psycopg
import pytest

SITE = """
    WITH site AS (
        INSERT INTO ref.sites (site_code, name, time_zone) VALUES ('s1', 'Site', %s) RETURNING site_id
    ), pattern AS (
        INSERT INTO ref.shift_patterns (site_id, shift_code, name, starts_at_local, ends_at_local)
        SELECT site_id, code, code, starts, ends
        FROM site, (VALUES ('A', time '06:00', time '14:00'), ('B', '14:00', '22:00'), ('C', '22:00', '06:00')) AS p (code, starts, ends)
    )
    SELECT site_id FROM site"""


def make_site(db: psycopg.Connection, time_zone: str) -> int:
    return db.execute(SITE, (time_zone,)).fetchone()[0]


@pytest.mark.parametrize(
    ("night_of", "hours"),
    [
        (date(2026, 3, 28), 7),  # Europe/Berlin springs forward on 2026-03-29 at 02:00
        (date(2026, 10, 24), 9),  # and falls back on 2026-10-25 at 03:00
        (date(2026, 6, 1), 8),
    ],
)
def test_a_night_shift_lasts_what_the_clock_change_makes_of_it(
    db: psycopg.Connection, night_of: date, hours: int
) -> None:
    site_id = make_site(db, "Europe/Berlin")
    db.execute("SELECT ref.generate_shift_calendar(%s, %s, %s)", (site_id, night_of, night_of))
    length = db.execute(
        "SELECT extract(epoch FROM ended_at - started_at) / 3600 FROM ref.shift_calendar WHERE shift_code = 'C'"
    ).fetchone()[0]
    assert length == hours


def test_shifts_of_a_year_tile_time_without_gap_or_overlap(db: psycopg.Connection) -> None:
    site_id = make_site(db, "America/Chicago")
    made = db.execute("SELECT ref.generate_shift_calendar(%s, '2026-01-01', '2026-12-31')", (site_id,)).fetchone()[0]
    assert made == 365 * 3
    gaps = db.execute(
        "SELECT count(*) FROM (SELECT started_at, lag(ended_at) OVER (ORDER BY started_at) AS before FROM ref.shift_calendar) s"
        " WHERE before <> started_at"
    ).fetchone()[0]
    assert gaps == 0


def test_a_yangon_morning_shift_starts_at_half_past_the_utc_hour(db: psycopg.Connection) -> None:
    site_id = make_site(db, "Asia/Yangon")
    db.execute("SELECT ref.generate_shift_calendar(%s, '2026-11-20', '2026-11-20')", (site_id,))
    started = db.execute(
        "SELECT started_at = '2026-11-19 23:30+00' FROM ref.shift_calendar WHERE shift_code = 'A'"
    ).fetchone()[0]
    assert started


def test_generating_the_same_days_again_makes_nothing(db: psycopg.Connection) -> None:
    site_id = make_site(db, "Asia/Yangon")
    first = db.execute("SELECT ref.generate_shift_calendar(%s, '2026-01-01', '2026-01-10')", (site_id,)).fetchone()[0]
    again = db.execute("SELECT ref.generate_shift_calendar(%s, '2026-01-01', '2026-01-11')", (site_id,)).fetchone()[0]
    assert (first, again) == (30, 3)


def test_overlapping_shifts_of_a_site_are_refused(db: psycopg.Connection) -> None:
    site_id = make_site(db, "UTC")
    add = "INSERT INTO ref.shift_calendar (site_id, shift_code, production_date, started_at, ended_at) VALUES (%s, %s, '2026-01-01', %s, %s)"
    db.execute(add, (site_id, "A", "2026-01-01 06:00+00", "2026-01-01 14:00+00"))
    with pytest.raises(psycopg.errors.ExclusionViolation):
        db.execute(add, (site_id, "X", "2026-01-01 13:59+00", "2026-01-01 15:00+00"))


def test_an_unknown_time_zone_is_refused_when_the_site_is_entered(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        make_site(db, "Asia/Rangoonn")
