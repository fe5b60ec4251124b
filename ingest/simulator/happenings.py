"""What happens around the machines and people record: inspections, maintenance, faults, self-checks of sensors."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from ingest.simulator.faults import affected_sensors
from ingest.simulator.plant import Machine
from ingest.simulator.schedule import CODE, GOOD, STATES, stream
from ingest.simulator.shifts import shifts_of
from ingest.simulator.timeline import Timeline

DEFECT_CODES = ("BLISTER", "FOREIGN", "LIGHT", "SIZE", "SPLICE", "BALANCE", "UNIFORM", "UNDERCURE")
BREAKDOWNS = {CODE[code] for code in ("BRK-MECH", "BRK-ELEC", "BRK-HYDR", "BRK-CTRL", "BRK-TOOL")}
_COMPONENTS = {
    "BRK-MECH": ("gearbox", "bearing", "guide"),
    "BRK-ELEC": ("motor", "drive", "contactor"),
    "BRK-HYDR": ("pump", "valve", "hose"),
    "BRK-CTRL": ("controller", "encoder", "light curtain"),
    "BRK-TOOL": ("tool", "die", "cutter"),
}


@dataclass(frozen=True)
class Inspection:
    at_ms: int
    kind: str
    order_code: str
    product_code: str
    inspected: int
    passed: int
    defects: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Stop:
    """A breakdown or planned maintenance, [start, end). reason: its code; breakdowns may span a break."""

    start_ms: int
    end_ms: int
    reason: str
    maintenance_type: str
    component: str
    severity: str


@dataclass(frozen=True)
class Happenings:
    """One production day of a machine."""

    inspections: list[Inspection] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    sensor_checks: list[tuple[str, int, str, float, float]] = field(default_factory=list)  # tag, ms, status, dB, drift


def happenings_of(timeline: Timeline, machine: Machine, day: date) -> Happenings:
    """The recorded happenings of a production day, drawn from streams of their own."""
    return Happenings(
        _inspections(timeline, machine, day), _stops(timeline, machine, day), _checks(timeline, machine, day)
    )


def _inspections(timeline: Timeline, machine: Machine, day: date) -> list[Inspection]:
    """Three in every shift, each of a lot of parts just finished, as they came out."""
    schedule, rng = timeline.day(machine, day), stream(timeline.seed, machine, day, 30)
    kind = "final" if machine.type.code in ("inspection", "test") else "in_process"
    found = []
    for shift in shifts_of(machine.site, day):
        for share in (0.25, 0.55, 0.85):
            at = (
                int(shift.start_ms + (share + float(rng.uniform(-0.05, 0.05))) * (shift.end_ms - shift.start_ms))
                // 1000
                * 1000
            )
            until = int(np.searchsorted(schedule.part_ms, at, side="right"))
            lot = schedule.part_kind[max(0, until - int(rng.integers(20, 60))) : until]
            if not len(lot):
                continue
            run = schedule.runs[int(schedule.part_run[until - 1])]
            bad = int((lot != GOOD).sum())
            names, counts = np.unique(rng.choice(DEFECT_CODES, bad), return_counts=True)
            defects = tuple((str(name), int(count)) for name, count in zip(names, counts, strict=True))
            found.append(Inspection(at, kind, run.order_code, run.product.code, len(lot), len(lot) - bad, defects))
    return found


def _stops(timeline: Timeline, machine: Machine, day: date) -> list[Stop]:
    schedule, rng = timeline.day(machine, day), stream(timeline.seed, machine, day, 31)
    spans: list[list[int]] = []  # start, end, code
    for i, code in enumerate(schedule.codes.tolist()):
        if code not in BREAKDOWNS and code != CODE["PLN-MAINT"]:
            continue
        start, end = int(schedule.bounds_ms[i]), int(schedule.bounds_ms[i + 1])
        if (
            len(spans)
            and spans[-1][2] == code
            and schedule.codes[i - 1] == CODE["PLN-BREAK"]
            and spans[-1][1] == schedule.bounds_ms[i - 1]
        ):
            spans[-1][1] = end
        else:
            spans.append([start, end, code])
    fault = timeline.faults.get(machine.code)
    repairs = fault.repairs(schedule.start_ms - 86_400_000, schedule.end_ms) if fault else []
    stops = []
    for start, end, code in spans:
        reason = STATES[code][1] or ""
        is_repair = any(begin < end and start < done and reason == fault.pattern.repair[1] for begin, done in repairs)
        if reason == "PLN-MAINT":
            kind = "calibration" if is_repair else "preventive"
            component = fault.pattern.component if is_repair else "machine"
        else:
            kind = "breakdown"
            component = fault.pattern.component if is_repair else str(rng.choice(_COMPONENTS[reason]))
        minutes = (end - start) / 60_000
        severity = "critical" if minutes > 120 else "high" if minutes > 60 else "medium" if minutes > 20 else "low"
        stops.append(Stop(start, end, reason, kind, component, severity))
    return stops


def _checks(timeline: Timeline, machine: Machine, day: date) -> list[tuple[str, int, str, float, float]]:
    """Once a day each sensor checks itself; a drift is noticed once it is well under way."""
    schedule, rng = timeline.day(machine, day), stream(timeline.seed, machine, day, 32)
    fault = timeline.faults.get(machine.code)
    drifting = affected_sensors(machine, fault) if fault and fault.pattern.code == "sensor_drift" else ()
    at = schedule.start_ms + 60_000
    checks = []
    for spec in machine.sensors:
        ratio = abs(float(rng.normal(0, 0.004)))
        if fault and spec in drifting:
            ratio += 0.15 * float(fault.progress(np.array([at]))[0])
        checks.append(
            (
                spec.tag,
                at,
                "drifting" if ratio > 0.06 else "good",
                round(float(rng.uniform(30, 46)), 1),
                round(ratio, 4),
            )
        )
    return checks
