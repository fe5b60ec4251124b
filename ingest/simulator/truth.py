"""What the simulator knows and nobody measures: written as Parquet where tests read it. Second-accurate, no SQL."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.simulator.faults import affected_sensors
from ingest.simulator.plant import Machine
from ingest.simulator.schedule import GOOD, REWORK, SCRAP, STATES, DaySchedule
from ingest.simulator.shifts import ShiftInstance, days_between, opening_of, shifts_of
from ingest.simulator.timeline import Timeline

_CLASSES = ("production", "setup", "delay", "planned_downtime")


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def shift_truth(machine: Machine, schedule: DaySchedule, shift: ShiftInstance, until_ms: int | None = None) -> dict:
    """The time model, counts and OEE of one machine in one shift (ISO 22400). Ratios are None where their base is 0.

    Parts count in the shift in which they are finished, (start, end]. until_ms cuts a shift that still runs.
    """
    start, end = shift.start_ms, min(shift.end_ms, until_ms or shift.end_ms)
    overlap = (
        np.clip(np.minimum(schedule.bounds_ms[1:], end) - np.maximum(schedule.bounds_ms[:-1], start), 0, None) / 1000
    )
    classes = np.array([STATES[code][2] for code in schedule.codes])
    seconds = {name: float(overlap[classes == name].sum()) for name in _CLASSES}
    counted = (schedule.part_ms > start) & (schedule.part_ms <= end)
    kinds = np.bincount(schedule.part_kind[counted], minlength=3)
    ideal = np.array([machine.ideal_cycle_s(run.product) for run in schedule.runs])
    ideal_time = float(ideal[schedule.part_run[counted]].sum())
    calendar = (end - start) / 1000
    busy = calendar - seconds["planned_downtime"]
    apt, total, good = seconds["production"], int(kinds.sum()), int(kinds[GOOD])
    availability = apt / busy if busy else None
    performance = ideal_time / apt if apt else None
    quality = good / total if total else None
    has_oee = None not in (availability, performance, quality)
    return {
        "site_code": machine.site.code,
        "machine_code": machine.code,
        "production_date": shift.production_date,
        "shift_code": shift.shift_code,
        "started_at": instant(start),
        "ended_at": instant(end),
        "is_complete": end == shift.end_ms,
        "apt_s": apt,
        "aust_s": seconds["setup"],
        "adet_s": seconds["delay"],
        "planned_downtime_s": seconds["planned_downtime"],
        "pbt_s": busy,
        "calendar_s": calendar,
        "total_count": total,
        "good_count": good,
        "scrap_count": int(kinds[SCRAP]),
        "rework_count": int(kinds[REWORK]),
        "ideal_time_s": ideal_time,
        "availability": availability,
        "performance": performance,
        "quality": quality,
        "oee": availability * performance * quality if has_oee else None,
    }


def write_truth(
    timeline: Timeline, machines: list[Machine], from_ms: int, until_ms: int, folder: Path
) -> dict[str, int]:
    """Write truth_{states,oee,faults,counts}.parquet into folder; rows by file. From from_ms's days on."""
    states, oee, counts = [], [], []
    for machine in machines:
        opening = opening_of(machine.site, from_ms)
        for day in days_between(machine.site, opening, until_ms):
            schedule = timeline.day(machine, day)
            states += _states(machine, schedule, opening, until_ms)
            for shift in shifts_of(machine.site, day):
                if shift.start_ms < until_ms:
                    oee.append(shift_truth(machine, schedule, shift, until_ms))
                    counts += _counts(machine, schedule, shift, until_ms)
    faults = [row for machine in machines for row in _faults(timeline, machine, from_ms, until_ms)]
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"states": states, "oee": oee, "counts": counts, "faults": faults}
    for name, rows in tables.items():
        part = folder / f"truth_{name}.parquet.part"
        pq.write_table(pa.Table.from_pylist(rows), part)
        part.replace(folder / f"truth_{name}.parquet")  # readers never see half a file
    return {name: len(rows) for name, rows in tables.items()}


def _states(machine: Machine, schedule: DaySchedule, from_ms: int, until_ms: int) -> list[dict]:
    rows = []
    for i, code in enumerate(schedule.codes.tolist()):
        start, end = max(int(schedule.bounds_ms[i]), from_ms), min(int(schedule.bounds_ms[i + 1]), until_ms)
        if start < end:
            state, reason, time_class = STATES[code]
            rows.append(
                {
                    "machine_code": machine.code,
                    "started_at": instant(start),
                    "ended_at": instant(end),
                    "state_code": state,
                    "reason_code": reason,
                    "time_class": time_class,
                }
            )
    return rows


def _counts(machine: Machine, schedule: DaySchedule, shift: ShiftInstance, until_ms: int) -> list[dict]:
    """Counts by order within a shift."""
    inside = (schedule.part_ms > shift.start_ms) & (schedule.part_ms <= min(shift.end_ms, until_ms))
    rows = []
    for index, run in enumerate(schedule.runs):
        kinds = np.bincount(schedule.part_kind[inside & (schedule.part_run == index)], minlength=3)
        if kinds.sum():
            rows.append(
                {
                    "machine_code": machine.code,
                    "production_date": shift.production_date,
                    "shift_code": shift.shift_code,
                    "order_code": run.order_code,
                    "product_code": run.product.code,
                    "total_count": int(kinds.sum()),
                    "good_count": int(kinds[GOOD]),
                    "scrap_count": int(kinds[SCRAP]),
                    "rework_count": int(kinds[REWORK]),
                    "ideal_cycle_s": machine.ideal_cycle_s(run.product),
                }
            )
    return rows


def _faults(timeline: Timeline, machine: Machine, from_ms: int, until_ms: int) -> list[dict]:
    fault = timeline.faults.get(machine.code)
    if not fault:
        return []
    tags = [sensor.tag for sensor in affected_sensors(machine, fault)]
    return [
        {
            "machine_code": machine.code,
            "pattern": fault.pattern.code,
            "tags": tags,
            "onset_at": instant(onset),
            "full_at": instant(onset + fault.growth_ms),
            "ended_at": instant(end),
            "strength": fault.strength,
        }
        for onset, end in fault.episodes(from_ms, until_ms)
    ]
