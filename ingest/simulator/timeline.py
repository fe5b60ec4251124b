"""The one timeline of a plant: schedules of any day, counters at any instant. Nothing here depends on the present."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ingest.simulator.faults import Fault, assign_faults
from ingest.simulator.plant import Machine, Plant, build_plant
from ingest.simulator.schedule import DaySchedule, make_day

MINUTE_MS = 60_000
_LOOKBACK_DAYS = 35
_KEPT_DAYS = 8_000


@dataclass(frozen=True)
class Identity:
    """What makes two timelines the same. anchor_ms times the faults (see assign_faults); fault: None for the mix."""

    scale: str
    seed: int
    anchor_ms: int
    fault: str | None = None


@dataclass(frozen=True)
class Samples:
    """Machine samples of a stretch of time. All arrays have one element per sample; counts stand at ts."""

    ts_ms: np.ndarray
    code: np.ndarray
    counts: np.ndarray  # (n, 3): good, scrap, rework since the last reset
    cycle_time_s: np.ndarray
    power_kw: np.ndarray
    speed_ratio: np.ndarray

    @property
    def total(self) -> np.ndarray:
        return self.counts.sum(axis=1)


class Timeline:
    """Schedules, counters and faults of one plant. Days are kept once made."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.plant: Plant = build_plant(identity.scale)
        self.seed = identity.seed
        self.faults: dict[str, Fault] = assign_faults(self.plant, identity.seed, identity.anchor_ms, identity.fault)
        self._days: OrderedDict[tuple[int, int], DaySchedule] = OrderedDict()
        self._bases: dict[tuple[int, int], np.ndarray] = {}

    def day(self, machine: Machine, day: date) -> DaySchedule:
        """The machine's schedule of a production day."""
        key = (machine.key, day.toordinal())
        schedule = self._days.get(key)
        if schedule is None:
            schedule = self._days[key] = make_day(self.seed, machine, day, self.faults.get(machine.code))
            if len(self._days) > _KEPT_DAYS:
                self._days.popitem(last=False)
        return schedule

    def counts_before(self, machine: Machine, day: date) -> np.ndarray:
        """Counters (good, scrap, rework) at the start of a production day, since the reset before it."""
        key = (machine.key, day.toordinal())
        if key in self._bases:
            return self._bases[key]
        counts, look = np.zeros(3, np.int64), day
        for _ in range(_LOOKBACK_DAYS):
            look -= timedelta(days=1)
            schedule = self.day(machine, look)
            since = schedule.resets_ms[-1] if len(schedule.resets_ms) else -1
            counts = counts + np.bincount(schedule.part_kind[schedule.part_ms > since], minlength=3)
            known = self._bases.get((machine.key, look.toordinal()))
            if since >= 0:
                break
            if known is not None:
                counts = counts + known
                break
        self._bases[key] = counts
        return counts

    def counts_at(self, machine: Machine, day: date, ts_ms: np.ndarray) -> np.ndarray:
        """Counters (n, 3) at instants of a production day: parts finished after the last reset, up to the instant."""
        schedule = self.day(machine, day)
        running = np.zeros((len(schedule.part_ms) + 1, 3), np.int64)
        np.cumsum(np.eye(3, dtype=np.int64)[schedule.part_kind], axis=0, out=running[1:])
        counts = running[np.searchsorted(schedule.part_ms, ts_ms, side="right")]
        if not len(schedule.resets_ms):
            return counts + self.counts_before(machine, day)
        at_reset = running[np.searchsorted(schedule.part_ms, schedule.resets_ms, side="right")]
        last = np.searchsorted(schedule.resets_ms, ts_ms, side="right") - 1
        start = np.where((last >= 0)[:, None], at_reset[np.maximum(last, 0)], -self.counts_before(machine, day))
        return counts - start

    def sample_instants(self, machine: Machine, day: date) -> np.ndarray:
        """When the machine is sampled on a day: full minutes, starts of runs, and on both sides of a counter reset."""
        schedule = self.day(machine, day)
        minutes = np.arange(schedule.start_ms, schedule.end_ms, MINUTE_MS)
        starts = np.array([run.start_ms for run in schedule.runs], np.int64)
        instants = np.unique(np.concatenate((minutes, starts, schedule.resets_ms - 1000, schedule.resets_ms)))
        return instants[(instants >= schedule.start_ms) & (instants < schedule.end_ms)]

    def samples(self, machine: Machine, day: date, from_ms: int = 0, until_ms: int = 2**62) -> Samples:
        """The samples of a production day that lie in [from, until); without bounds all of them."""
        schedule = self.day(machine, day)
        ts = self.sample_instants(machine, day)
        keep = (ts >= from_ms) & (ts < until_ms)
        code = schedule.code_at(ts)
        ideal = np.array([machine.ideal_cycle_s(run.product) * machine.type.parts_per_cycle for run in schedule.runs])
        if len(schedule.part_ms):
            last = np.maximum(np.searchsorted(schedule.part_ms, ts, side="right") - 1, 0)
            cycle = schedule.part_cycle_s[last]
        else:
            cycle = ideal[schedule.run_at(ts)]
        is_running = code == 0
        ratio = np.where(is_running, np.clip(ideal[schedule.run_at(ts)] / cycle, 0, 1.5), 0.0)
        wobble = 1 + 0.03 * np.sin(ts / 97_000.0 + machine.key % 100)
        power = (
            machine.type.power_kw * wobble * np.where(is_running, 0.82, np.where(schedule.code_at(ts) < 12, 0.22, 0.12))
        )
        columns = (
            ts,
            code,
            self.counts_at(machine, day, ts),
            np.round(cycle, 2),
            np.round(power, 2),
            np.round(ratio, 3),
        )
        return Samples(*(column[keep] for column in columns))
