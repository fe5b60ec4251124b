"""Signals: they follow the machine, repeat exactly, and each of the ten faults leaves its signature."""

from datetime import date, timedelta

import numpy as np
import pytest

from ingest.simulator.faults import PATTERNS, affected_sensors, assign_faults, candidates
from ingest.simulator.plant import build_plant
from ingest.simulator.schedule import RUNNING
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Identity, Timeline

ANCHOR_MS = 1_772_000_000_000
DAY = date(2026, 2, 24)


def readings(
    timeline: Timeline, machine, tag: str, days: int, first: date = DAY
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Instants, values and whether the machine ran, over some days."""
    row = [sensor.tag for sensor in machine.sensors].index(tag)
    parts = []
    for k in range(days):
        ts, values = day_signals(timeline, machine, first + timedelta(days=k))
        parts.append((ts, values[row], timeline.day(machine, first + timedelta(days=k)).code_at(ts) == RUNNING))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@pytest.fixture(scope="module")
def reference() -> Timeline:
    return Timeline(Identity("reference", 1, ANCHOR_MS))


def test_the_same_day_reads_the_same_every_time() -> None:
    one, two = (Timeline(Identity("small", 1, ANCHOR_MS)) for _ in range(2))
    day_signals(two, two.plant.machines[0], DAY - timedelta(days=1))
    for a, b in zip(
        day_signals(one, one.plant.machines[0], DAY), day_signals(two, two.plant.machines[0], DAY), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_every_sensor_is_read_every_ten_seconds_and_never_nan() -> None:
    timeline = Timeline(Identity("small", 1, ANCHOR_MS))
    for machine in timeline.plant.machines:
        ts, values = day_signals(timeline, machine, DAY)
        assert values.shape == (len(machine.sensors), 8640)
        assert (np.diff(ts) == 10_000).all() and ts[0] % 10_000 == 0
        assert np.isfinite(values).all() and (values >= 0).all()


def test_a_current_falls_when_the_machine_stops_and_a_temperature_takes_its_time() -> None:
    timeline = Timeline(Identity("small", 1, ANCHOR_MS))
    machine = timeline.plant.machine("ygn-extruder-01")
    _, current, runs = readings(timeline, machine, "motor_current", 2)
    assert current[runs].mean() > 5 * current[~runs].mean()
    _, temperature, _ = readings(timeline, machine, "die_temp", 2)
    assert np.abs(np.diff(temperature)).max() < 5  # of a rise of 78 from stand-still to running


def test_the_hall_is_warmer_in_the_afternoon_than_before_dawn() -> None:
    from ingest.simulator.signals import ambient_c

    site = build_plant("small").sites[0]
    start = ANCHOR_MS
    hours = start + np.array([9, 22]) * 3_600_000  # day starts at 06:00: 15:00 and 04:00
    afternoon, night = ambient_c(site, 1, hours, start, DAY)
    assert 4 < afternoon - night < 14


def test_healthy_machines_stay_within_their_limits_almost_always() -> None:
    timeline = Timeline(Identity("small", 1, ANCHOR_MS))
    for machine in timeline.plant.machines:
        if machine.code in timeline.faults:
            continue
        _, values = day_signals(timeline, machine, DAY)
        for spec, row in zip(machine.sensors, values, strict=True):
            beyond = (row > spec.high[1]).mean() if spec.high else 0
            beyond += (row < spec.low[1]).mean() if spec.low else 0
            assert beyond < 0.002, (machine.code, spec.tag)


def ill_and_healthy(timeline: Timeline, code: str, tag: str | None = None, kind: str | None = None):
    """A signal with the fault grown and while healthy, both with the machine running; the fault and its machine."""
    fault = next(fault for fault in timeline.faults.values() if fault.pattern.code == code)
    machine = timeline.plant.machine(fault.machine_code)
    spec = next(s for s in affected_sensors(machine, fault) if s.kind == kind) if kind else None
    days = min(28, fault.period_ms // 86_400_000 + 2)
    ts, values, runs = readings(timeline, machine, tag or spec.tag, days)
    x = fault.progress(ts)
    late, early = runs & (x > 0.95), runs & (x == 0)
    return values[late], values[early], fault, machine


def test_bearing_vibration_grows_three_to_eightfold_and_temperature_by_5_to_25(reference: Timeline) -> None:
    late, early, fault, machine = ill_and_healthy(reference, "bearing_failure", kind="vibration")
    assert 2.6 < late.mean() / early.mean() < 8.4
    late, early, *_ = ill_and_healthy(reference, "bearing_failure", kind="temperature")
    assert 3 < late.mean() - early.mean() < 28
    assert 7 <= fault.growth_ms / 86_400_000 <= 21


def test_the_vibration_of_a_bearing_grows_exponentially_and_ahead_of_its_temperature(reference: Timeline) -> None:
    fault = next(fault for fault in reference.faults.values() if fault.pattern.code == "bearing_failure")
    half = np.array([fault.first_onset_ms + fault.growth_ms // 2])
    assert fault.progress(half)[0] == pytest.approx(0.5)
    spec = affected_sensors(reference.plant.machine(fault.machine_code), fault)
    from ingest.simulator.faults import apply_fault

    rng = np.random.default_rng(0)
    one = np.ones(1)
    vibration = apply_fault(fault, spec[0], half, one, one > 0, rng)[0]
    full = apply_fault(fault, spec[0], half + fault.growth_ms // 2, one, one > 0, rng)[0]
    assert vibration == pytest.approx(np.sqrt(full), rel=1e-3)  # exponential: half the time, the root of the factor
    temperature = apply_fault(fault, spec[1], half, one, one > 0, rng)[0] - 1
    assert temperature < 0.3 * (apply_fault(fault, spec[1], half + fault.growth_ms // 2, one, one > 0, rng)[0] - 1)


@pytest.mark.parametrize(
    ("code", "kind", "low", "high"),
    [
        ("motor_overheating", "temperature", 1.12, 1.9),
        ("motor_overheating", "current", 1.08, 1.45),
        ("hydraulic_leak", "pressure", 0.5, 0.88),
        ("hydraulic_leak", "flow", 1.2, 1.8),
        ("tool_wear", "vibration", 1.6, 3.1),
        ("pneumatic_leak", "pressure", 0.55, 0.96),
        ("pneumatic_leak", "other", 1.3, 2.2),
        ("coolant_failure", "flow", 0.1, 0.62),
        ("coolant_failure", "temperature", 1.05, 1.6),
        ("robot_positioning", "displacement", 2.4, 4.5),
        ("electrical_fault", "current", 1.1, 1.28),
        ("sensor_drift", "temperature", 1.05, 1.7),
    ],
)
def test_a_fault_moves_the_mean_of_its_signals(
    reference: Timeline, code: str, kind: str, low: float, high: float
) -> None:
    late, early, *_ = ill_and_healthy(reference, code, kind=kind)
    assert len(late) > 20
    if not len(early):  # a worn tool is changed for another that wears at once
        fault = next(fault for fault in reference.faults.values() if fault.pattern.code == code)
        early = np.array([affected_sensors(reference.plant.machine(fault.machine_code), fault)[0].running])
    assert low < late.mean() / early.mean() < high


def test_bad_welding_spreads_current_and_voltage_and_keeps_their_mean(reference: Timeline) -> None:
    for kind in ("current", "voltage"):
        late, early, *_ = ill_and_healthy(reference, "welding_quality", kind=kind)
        late, early = (
            late[late > np.median(late) * 0.7],
            early[early > np.median(early) * 0.7],
        )  # not the start-up edges
        assert late.std() > 1.8 * early.std()
        assert late.mean() == pytest.approx(early.mean(), rel=0.03)


def test_an_electrical_fault_sags_and_spikes(reference: Timeline) -> None:
    late, early, *_ = ill_and_healthy(reference, "electrical_fault", kind="voltage")
    nominal = early.mean()
    assert 0.02 < (late < 0.88 * nominal).mean() < 0.07
    assert 0.005 < (late > 1.1 * nominal).mean() < 0.03
    assert (early < 0.88 * nominal).mean() == 0


def test_a_worn_tool_makes_a_sawtooth(reference: Timeline) -> None:
    fault = next(fault for fault in reference.faults.values() if fault.pattern.code == "tool_wear")
    after = np.array([fault.first_onset_ms + k * fault.period_ms + fault.period_ms // 20 for k in range(3)])
    before = after + fault.growth_ms * 9 // 10
    assert (fault.progress(after) < 0.15).all() and (fault.progress(before) > 0.85).all()


def test_a_drifting_sensor_drifts_alone(reference: Timeline) -> None:
    fault = next(fault for fault in reference.faults.values() if fault.pattern.code == "sensor_drift")
    machine = reference.plant.machine(fault.machine_code)
    assert len(affected_sensors(machine, fault)) == 1


@pytest.mark.parametrize("code", PATTERNS)
def test_every_pattern_finds_machines_with_the_sensors_it_needs(code: str) -> None:
    plant = build_plant("reference")
    assert candidates(plant, PATTERNS[code])
    faults = assign_faults(plant, 7, ANCHOR_MS, code)
    assert {fault.pattern.code for fault in faults.values()} == {code}
    assert len(faults) == 11


def test_a_fault_ends_with_its_repair_on_the_machine() -> None:
    timeline = Timeline(Identity("small", 1, ANCHOR_MS, "pneumatic_leak"))
    (fault,) = timeline.faults.values()
    machine = timeline.plant.machine(fault.machine_code)
    from ingest.simulator.schedule import STATES
    from ingest.simulator.shifts import day_of

    repairs = fault.repairs(ANCHOR_MS, ANCHOR_MS + 10 * 86_400_000)
    assert len(repairs) >= 5
    seen = []
    for start, end in repairs:
        schedule = timeline.day(machine, day_of(machine.site, (start + end) // 2))
        seen.append(STATES[int(schedule.code_at(np.array([(start + end) // 2]))[0])][1])
    assert set(seen) <= {"BRK-HYDR", "PLN-BREAK"}  # a break covers whatever goes on
    assert seen.count("BRK-HYDR") > len(seen) / 2
