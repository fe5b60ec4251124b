"""Counters: what they count up, with resets undone, is what was made."""

from datetime import date, timedelta

import numpy as np
import pytest

from ingest.simulator.shifts import shifts_of
from ingest.simulator.timeline import Identity, Samples, Timeline
from ingest.simulator.truth import shift_truth

DAY = date(2026, 3, 2)
DAYS = 9


@pytest.fixture(scope="module")
def small() -> Timeline:
    return Timeline(Identity("small", 1, 1_772_000_000_000))


def all_samples(timeline: Timeline, machine) -> list[Samples]:
    return [timeline.samples(machine, DAY + timedelta(days=k)) for k in range(DAYS)]


def increments(totals: np.ndarray) -> np.ndarray:
    """What a reader makes of a cumulative counter: a drop is a restart from zero."""
    step = np.diff(totals)
    return np.where(step < 0, totals[1:], step)


def test_differences_of_counters_with_resets_undone_equal_the_true_counts_of_every_shift(small: Timeline) -> None:
    for machine in small.plant.machines:
        days = all_samples(small, machine)
        ts = np.concatenate([samples.ts_ms for samples in days])
        assert (np.diff(ts) > 0).all()
        for kind, name in enumerate(("good_count", "scrap_count", "rework_count")):
            steps = increments(np.concatenate([samples.counts[:, kind] for samples in days]))
            for k in range(DAYS - 1):  # the last shift's end is sampled on the day after
                schedule = small.day(machine, DAY + timedelta(days=k))
                for shift in shifts_of(machine.site, schedule.day):
                    inside = (ts[1:] > shift.start_ms) & (ts[1:] <= shift.end_ms)
                    assert steps[inside].sum() == shift_truth(machine, schedule, shift)[name]


def test_counters_do_fall_to_zero_at_a_restart_and_nowhere_else(small: Timeline) -> None:
    drops = 0
    for machine in small.plant.machines:
        for k in range(DAYS):
            schedule = small.day(machine, DAY + timedelta(days=k))
            samples = small.samples(machine, schedule.day)
            fell = np.flatnonzero(np.diff(samples.total) < 0) + 1
            assert set(samples.ts_ms[fell]) <= set(schedule.resets_ms.tolist())
            assert (samples.total[fell] == 0).all()
            drops += len(fell)
    assert drops >= 12  # each machine restarts weekly


def test_good_scrap_and_rework_add_up_to_the_total(small: Timeline) -> None:
    samples = all_samples(small, small.plant.machines[0])[0]
    np.testing.assert_array_equal(samples.total, samples.counts.sum(axis=1))
    assert (samples.counts >= 0).all()


def test_there_is_a_sample_at_every_full_minute_every_start_of_an_order_and_around_every_restart(
    small: Timeline,
) -> None:
    machine = small.plant.machines[2]
    for k in range(DAYS):
        schedule = small.day(machine, DAY + timedelta(days=k))
        ts = set(small.samples(machine, schedule.day).ts_ms.tolist())
        assert set(range(schedule.start_ms, schedule.end_ms, 60_000)) <= ts
        assert {run.start_ms for run in schedule.runs} <= ts
        inside = schedule.resets_ms[schedule.resets_ms < schedule.end_ms]
        assert {*inside.tolist(), *(inside - 1000).tolist()} <= ts  # on both sides of a restart


def test_counters_do_not_depend_on_where_the_simulation_was_entered() -> None:
    one, two = (Timeline(Identity("small", 1, 1_772_000_000_000)) for _ in range(2))
    machine = one.plant.machines[5]
    for k in range(20):  # one walks up to the day, the other begins there
        one.samples(machine, DAY + timedelta(days=k))
    target = DAY + timedelta(days=19)
    np.testing.assert_array_equal(one.samples(machine, target).counts, two.samples(machine, target).counts)
