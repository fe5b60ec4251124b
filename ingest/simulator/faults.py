"""The ten faults: which machines can have them, how they grow, what they do to the signals, and how they end.

A fault comes back: onset, growth, a hold at full strength, the repair, then a healthy time until the next onset. Growth
curves are functions of the share x of the growth time that has passed, 0 at the onset and 1 at the end.
"""

from dataclasses import dataclass

import numpy as np

from gemba.errors import InputError
from ingest.simulator.machine_types import SensorSpec
from ingest.simulator.plant import Machine, Plant

HOUR_MS = 3_600_000
FAULTY_SHARE = 0.05


@dataclass(frozen=True)
class FaultPattern:
    """growth_h: shortest and longest growth; gap_h: healthy hours between repair and the next onset.

    repair: state, reason and seconds of the stop that ends an episode. kinds: kinds of sensor it shows on.
    """

    code: str
    types: tuple[str, ...]
    kinds: tuple[str, ...]
    growth_h: tuple[float, float]
    hold_h: float
    gap_h: float
    repair: tuple[str, str, int]
    component: str


PATTERNS = {
    pattern.code: pattern
    for pattern in (
        FaultPattern(
            "bearing_failure",
            ("mixer", "cnc", "grinding", "calender", "extruder"),
            ("vibration", "temperature"),
            (168, 504),
            12,
            48,
            ("down", "BRK-MECH", 10800),
            "bearing",
        ),
        FaultPattern(
            "motor_overheating",
            ("extruder", "mixer", "cnc", "robot", "press"),
            ("temperature", "current"),
            (0.5, 4),
            0.5,
            14,
            ("down", "BRK-ELEC", 2700),
            "motor",
        ),
        FaultPattern(
            "hydraulic_leak",
            ("press", "curing_press"),
            ("pressure", "flow"),
            (24, 96),
            6,
            36,
            ("down", "BRK-HYDR", 5400),
            "hydraulics",
        ),
        FaultPattern(
            "tool_wear",
            ("cnc", "building", "grinding"),
            ("vibration", "current"),
            (4, 48),
            0,
            0,
            ("setup", "SET-ADJ", 600),
            "tool",
        ),
        FaultPattern(
            "welding_quality",
            ("welder",),
            ("current", "voltage"),
            (1, 8),
            1,
            12,
            ("setup", "SET-ADJ", 1200),
            "electrode",
        ),
        FaultPattern(
            "pneumatic_leak",
            ("assembly", "robot", "painting", "test", "building", "inspection"),
            ("pressure",),
            (0.5, 24),
            2,
            12,
            ("down", "BRK-HYDR", 2400),
            "pneumatics",
        ),
        FaultPattern(
            "coolant_failure",
            ("grinding", "cnc", "extruder"),
            ("temperature", "flow"),
            (0.25, 4),
            1,
            14,
            ("down", "BRK-MECH", 2400),
            "coolant pump",
        ),
        FaultPattern(
            "robot_positioning",
            ("robot", "building", "assembly"),
            ("displacement",),
            (1, 168),
            4,
            24,
            ("setup", "SET-ADJ", 1800),
            "axis",
        ),
        FaultPattern(
            "electrical_fault",
            ("test", "robot", "assembly", "painting", "mixer", "calender", "extruder"),
            ("voltage", "current"),
            (2, 6),
            1,
            14,
            ("down", "BRK-ELEC", 3600),
            "power supply",
        ),
        FaultPattern(
            "sensor_drift",
            ("painting", "curing_press", "calender", "mixer"),
            ("temperature",),
            (96, 504),
            24,
            48,
            ("maintenance", "PLN-MAINT", 1800),
            "sensor",
        ),
    )
}


@dataclass(frozen=True)
class Fault:
    """A pattern on a machine, with its timing in ms and its strength (0..1 between the pattern's mildest and worst)."""

    machine_code: str
    pattern: FaultPattern
    first_onset_ms: int
    growth_ms: int
    hold_ms: int
    period_ms: int
    strength: float

    def episodes(self, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """[onset, end of hold) of the episodes that touch [from, until)."""
        first = (from_ms - self.first_onset_ms) // self.period_ms - 1
        last = (until_ms - self.first_onset_ms) // self.period_ms
        length = self.growth_ms + self.hold_ms
        onsets = [self.first_onset_ms + k * self.period_ms for k in range(first, last + 1)]
        return [(onset, onset + length) for onset in onsets if onset < until_ms and onset + length > from_ms]

    def repairs(self, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """[start, end) of the stops that end episodes and start within [from, until)."""
        length = self.pattern.repair[2] * 1000
        reach = self.growth_ms + self.hold_ms
        ends = [end for _, end in self.episodes(from_ms - reach, until_ms + 1)]
        return [(end, end + length) for end in ends if from_ms <= end < until_ms]

    def progress(self, ts_ms: np.ndarray) -> np.ndarray:
        """Share x of the growth at each instant: 0 while healthy, 1 while held. Shape as ts_ms."""
        age = (ts_ms - self.first_onset_ms) % self.period_ms
        return np.where(age < self.growth_ms + self.hold_ms, np.minimum(age / self.growth_ms, 1.0), 0.0)


def candidates(plant: Plant, pattern: FaultPattern) -> list[Machine]:
    """Machines that can carry a pattern, the most typical type first: the right type with the right sensors."""
    found = [
        machine
        for machine in plant.machines
        if machine.type.code in pattern.types and {*pattern.kinds} <= {sensor.kind for sensor in machine.sensors}
    ]
    return sorted(found, key=lambda machine: pattern.types.index(machine.type.code))


def assign_faults(plant: Plant, seed: int, anchor_ms: int, pattern_code: str | None = None) -> dict[str, Fault]:
    """Faults by machine code, on 5 % of the machines. With a pattern_code every one of them has that pattern.

    anchor_ms: an instant near the end of the first history, where long faults have grown three quarters of their way.
    """
    count = max(1, round(FAULTY_SHARE * len(plant.machines)))
    rng = np.random.default_rng([seed, 5, count])
    if pattern_code and pattern_code not in PATTERNS:
        raise InputError(f"There is no fault pattern {pattern_code!r}", f"use one of: {', '.join(PATTERNS)}")
    order = [pattern_code] * count if pattern_code else (list(PATTERNS) * (count // len(PATTERNS) + 1))[:count]
    faults: dict[str, Fault] = {}
    for code in order:
        pattern = PATTERNS[code]
        free = [machine for machine in candidates(plant, pattern) if machine.code not in faults]
        if not free:
            if not faults:
                raise InputError(
                    f"No machine of the {plant.scale} plant can have {code}", "use --scale reference or another fault"
                )
            continue
        typical = [machine for machine in free if machine.type is free[0].type]
        machine = typical[int(rng.integers(len(typical)))]
        growth = int(rng.uniform(*pattern.growth_h) * HOUR_MS)
        hold, gap = int(pattern.hold_h * HOUR_MS), int(pattern.gap_h * HOUR_MS)
        period = growth + hold + pattern.repair[2] * 1000 + gap
        onset = (anchor_ms - int(0.75 * growth)) // 1000 * 1000
        faults[machine.code] = Fault(
            machine.code, pattern, onset, growth, hold, period // 1000 * 1000, float(rng.uniform(0, 1))
        )
    return faults


def affected_sensors(machine: Machine, fault: Fault) -> tuple[SensorSpec, ...]:
    """The sensors a fault shows on: the machine's first of each kind (air leaks on the compressor's duty too)."""
    chosen = []
    for kind in fault.pattern.kinds:
        chosen.append(next(sensor for sensor in machine.sensors if sensor.kind == kind))
    if fault.pattern.code == "pneumatic_leak":
        chosen += [sensor for sensor in machine.sensors if sensor.tag == "compressor_duty"]
    return tuple(chosen)


def apply_fault(
    fault: Fault,
    spec: SensorSpec,
    ts_ms: np.ndarray,
    value: np.ndarray,
    is_running: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """A sensor's healthy values with the fault on top. All arrays have one element per instant of ts_ms."""
    x = fault.progress(ts_ms)
    if not x.any():
        return value
    ill = x > 0
    load = np.where(is_running, 1.0, 0.15)
    worse = fault.strength  # 0..1
    match fault.pattern.code, spec.kind:
        case "bearing_failure", "vibration":
            return value * np.exp(np.log(3 + 5 * worse) * x)  # x3..x8 at the end
        case "bearing_failure", "temperature":
            return value + (5 + 20 * worse) * x**2 * load  # behind the vibration
        case "motor_overheating", "temperature":
            return value + (22 + 25 * worse) * x * load
        case "motor_overheating", "current":
            return value * (1 + (0.18 + 0.2 * worse) * x)
        case "hydraulic_leak", "pressure":
            return value * (1 - (0.2 + 0.25 * worse) * x)
        case "hydraulic_leak", "flow":
            return value * (1 + (0.3 + 0.4 * worse) * x)
        case "tool_wear", "vibration":
            return value * (1 + (0.8 + 1.2 * worse) * x)
        case "tool_wear", "current":
            return value * (1 + (0.15 + 0.2 * worse) * x)
        case "welding_quality", _:
            return value + spec.noise * (3 + 4 * worse) * x * load * rng.standard_normal(
                len(x)
            )  # same mean, more variance
        case "pneumatic_leak", "pressure":
            phase = (ts_ms % 60_000) / 60_000  # falls between strokes, recovers with each
            return value - spec.running * (0.12 + 0.25 * worse) * x * (0.4 + 0.6 * phase)
        case "pneumatic_leak", _:
            return value + spec.running * (0.5 + 0.6 * worse) * x
        case "coolant_failure", "flow":
            return value * (1 - (0.45 + 0.4 * worse) * x)
        case "coolant_failure", "temperature":
            return value + (12 + 20 * worse) * np.clip((x - 0.3) / 0.7, 0, 1) * load  # only once the flow has fallen
        case "robot_positioning", _:
            drift = (0.8 + 1.0 * worse) * x + np.where(x >= 0.8, 1.2, 0.0)  # drifts, then steps
            return value + spec.running * drift
        case "electrical_fault", "voltage":
            draw = rng.random(len(x))
            sag = np.where(draw < 0.04, -0.16 - 0.1 * worse, np.where(draw > 0.985, 0.14, 0.0))
            return value + spec.running * np.where(ill, sag, 0.0)
        case "electrical_fault", _:
            return value * (1 + np.where(ill, 0.14 + 0.1 * worse, 0.0))  # one phase carries what another doesn't
        case "sensor_drift", _:
            return value + (8 + 12 * worse) * x
    raise AssertionError(f"{fault.pattern.code} does nothing to {spec.kind}")
