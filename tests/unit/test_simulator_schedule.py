"""Schedules: states tile the calendar, days stand alone, and truth is what a person works out by hand."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingest.simulator.plant import build_plant
from ingest.simulator.schedule import CODE, GOOD, REWORK, RUNNING, SCRAP, STATES, DaySchedule, Run, make_day
from ingest.simulator.shifts import ShiftInstance, day_bounds, days_between, shifts_of
from ingest.simulator.timeline import Identity, Timeline
from ingest.simulator.truth import shift_truth

ANCHOR_MS = 1_772_000_000_000
DAY = date(2026, 3, 4)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture(scope="module")
def small() -> Timeline:
    return Timeline(Identity("small", 1, ANCHOR_MS))


def test_the_states_of_a_machine_tile_the_calendar(small: Timeline) -> None:
    for machine in small.plant.machines:
        previous_end = None
        for k in range(14):
            schedule = small.day(machine, DAY + timedelta(days=k))
            assert (schedule.bounds_ms[0], schedule.bounds_ms[-1]) == (schedule.start_ms, schedule.end_ms)
            assert (np.diff(schedule.bounds_ms) > 0).all() and len(schedule.codes) == len(schedule.bounds_ms) - 1
            assert previous_end in (None, schedule.start_ms)
            previous_end = schedule.end_ms


def test_a_day_comes_out_the_same_whatever_was_made_before_it(small: Timeline) -> None:
    machine = small.plant.machines[4]
    alone = make_day(1, machine, DAY, None)
    for k in range(5):
        small.day(machine, DAY - timedelta(days=k))
    in_company = small.day(machine, DAY)
    for name in ("bounds_ms", "codes", "part_ms", "part_kind", "part_cycle_s", "resets_ms"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(in_company, name))
    assert alone.runs == in_company.runs


def test_another_seed_gives_another_day() -> None:
    machine = build_plant("small").machines[4]
    one, two = make_day(1, machine, DAY, None), make_day(2, machine, DAY, None)
    assert len(one.codes) != len(two.codes) or (one.bounds_ms != two.bounds_ms).any()


def test_nothing_is_finished_while_a_machine_stands(small: Timeline) -> None:
    for machine in small.plant.machines:
        schedule = small.day(machine, DAY)
        # an interval owns its end: a part is finished at the last instant of the run that made it
        at = np.searchsorted(schedule.bounds_ms, schedule.part_ms, side="left") - 1
        assert (schedule.codes[at] == RUNNING).all()


def test_breaks_of_the_shift_are_breaks_of_every_machine(small: Timeline) -> None:
    # Yangon is 6 h 30 min ahead: the early shift starts at 23:30 UTC the day before; its first break 2 h 15 min later
    inside = np.array([ms("2026-03-04T01:46:00+00:00"), ms("2026-03-04T01:59:59+00:00")])
    for machine in small.plant.machines:
        assert (small.day(machine, DAY).code_at(inside) == CODE["PLN-BREAK"]).all()


def test_a_night_shift_over_the_spring_clock_change_lasts_7_hours_and_its_day_23() -> None:
    berlin = build_plant("reference").sites[1]
    saturday = date(2026, 3, 28)  # clocks go forward on 2026-03-29 at 02:00
    night = next(shift for shift in shifts_of(berlin, saturday) if shift.shift_code == "WC")
    assert (night.end_ms - night.start_ms) / 3_600_000 == 7
    start, end = day_bounds(berlin, saturday)
    assert (end - start) / 3_600_000 == 23


def test_days_between_reach_over_every_instant() -> None:
    yangon = build_plant("small").sites[0]
    found = days_between(yangon, ms("2026-03-04T23:29:59+00:00"), ms("2026-03-04T23:30:01+00:00"))
    assert found == [date(2026, 3, 4), date(2026, 3, 5)]  # the production day changes at 23:30 UTC


def test_an_order_keeps_its_code_over_the_change_of_day(small: Timeline) -> None:
    for machine in small.plant.machines:
        for k in range(10):
            before, after = (small.day(machine, DAY + timedelta(days=k + i)).runs for i in (0, 1))
            assert before[-1].product == after[0].product
            if not after[0].starts_here:
                assert (before[-1].order_code, before[-1].start_ms) == (after[0].order_code, after[0].begun_ms)


def test_every_machine_restarts_its_counters_at_least_once_a_week(small: Timeline) -> None:
    for machine in small.plant.machines:
        assert any(len(small.day(machine, DAY + timedelta(days=k)).resets_ms) for k in range(7))


def test_the_truth_of_a_shift_is_what_hand_calculation_gives() -> None:
    machine = build_plant("small").machines[4]  # building, 45 s times the machine's own factor
    first, second = machine.products[0], machine.products[1]
    start = ms("2026-03-04T00:00:00+00:00")
    at = lambda minutes: start + round(minutes * 60_000)  # noqa: E731
    # 0-10 running, 10-15 setup, 15-40 running, 40-50 break, 50-56 down, 56-60 running
    bounds = np.array([at(0), at(10), at(15), at(40), at(50), at(56), at(60)])
    codes = np.array([CODE[c] for c in ("running", "SET-CHANGE", "running", "PLN-BREAK", "BRK-MECH", "running")])
    parts = np.array([at(0), at(5), at(10), at(20), at(30), at(60)])  # the first belongs to the shift before
    kinds = np.array([GOOD, GOOD, SCRAP, GOOD, REWORK, GOOD])
    runs = (Run(at(0), at(0), first, "A", 9, True), Run(at(10), at(10), second, "B", 9, True))
    schedule = DaySchedule(machine, DAY, at(0), at(60), bounds, codes, runs, parts, kinds, np.array([0, 0, 0, 1, 1, 1]),
                           np.full(6, 50.0), np.empty(0))  # fmt: skip
    truth = shift_truth(machine, schedule, ShiftInstance("A", DAY, at(0), at(60), ()))
    ideal = 2 * machine.ideal_cycle_s(first) + 3 * machine.ideal_cycle_s(second)
    assert (truth["apt_s"], truth["aust_s"], truth["adet_s"]) == (39 * 60, 5 * 60, 6 * 60)
    assert (truth["calendar_s"], truth["planned_downtime_s"], truth["pbt_s"]) == (3600, 600, 3000)
    assert (truth["total_count"], truth["good_count"], truth["scrap_count"], truth["rework_count"]) == (5, 3, 1, 1)
    assert truth["ideal_time_s"] == pytest.approx(ideal)
    assert truth["availability"] == pytest.approx(2340 / 3000)
    assert truth["performance"] == pytest.approx(ideal / 2340)
    assert truth["quality"] == pytest.approx(0.6)
    assert truth["oee"] == pytest.approx(0.78 * ideal / 2340 * 0.6)


def test_a_shift_without_planned_busy_time_has_no_oee_and_divides_nothing_by_zero() -> None:
    machine = build_plant("small").machines[4]
    start = ms("2026-03-04T00:00:00+00:00")
    none = np.empty(0, np.int64)
    run = (Run(start, start, machine.products[0], "A", 9, True),)
    schedule = DaySchedule(machine, DAY, start, start + 3_600_000, np.array([start, start + 3_600_000]),
                           np.array([CODE["PLN-NOORD"]]), run, none, none, none, none, none)  # fmt: skip
    truth = shift_truth(machine, schedule, ShiftInstance("A", DAY, start, start + 3_600_000, ()))
    assert [truth[name] for name in ("availability", "performance", "quality", "oee")] == [None] * 4


def test_the_numbers_of_the_plant_are_those_of_a_plant() -> None:
    timeline = Timeline(Identity("reference", 3, ANCHOR_MS))
    oees, qualities, performances = [], [], []
    for machine in timeline.plant.machines[::4]:
        sums = dict.fromkeys(("apt_s", "pbt_s", "ideal_time_s", "good_count", "total_count"), 0.0)
        for k in range(6):
            schedule = timeline.day(machine, DAY + timedelta(days=k))
            for shift in shifts_of(machine.site, schedule.day):
                truth = shift_truth(machine, schedule, shift)
                sums = {name: value + truth[name] for name, value in sums.items()}
                assert truth["apt_s"] + truth["aust_s"] + truth["adet_s"] == pytest.approx(truth["pbt_s"])
        quality = sums["good_count"] / sums["total_count"]
        qualities.append(quality)
        performances.append(sums["ideal_time_s"] / sums["apt_s"])
        oees.append(sums["ideal_time_s"] / sums["pbt_s"] * quality)
    assert 0.45 < min(oees) < 0.62 and 0.82 < max(oees) < 0.92
    assert min(qualities) > 0.95 and max(qualities) < 0.9985
    assert max(performances) < 1


def test_state_and_reason_codes_are_those_of_the_database() -> None:
    from gemba.paths import SQL

    body = (SQL / "migrations" / "0005_ref_codes.sql").read_text(encoding="utf-8")
    for state, reason, time_class in STATES:
        assert f"('{state}'," in body
        if reason:
            row = next(line for line in body.splitlines() if line.strip().startswith(f"('{reason}',"))
            assert f"'{time_class}'" in row


def test_the_zone_of_instants_is_utc() -> None:
    assert ms("2026-03-04T06:00:00+06:30") == round(datetime(2026, 3, 3, 23, 30, tzinfo=UTC).timestamp() * 1000)
