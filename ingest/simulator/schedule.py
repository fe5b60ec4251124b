"""What a machine does on one production day: states to the second, orders, finished parts, counter resets.

A day is drawn from a random stream of its own, named by seed, machine and date: any day can be made alone, at any time,
and always comes out the same: past and live belong to one timeline.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ingest.simulator.faults import Fault
from ingest.simulator.plant import Machine, Product
from ingest.simulator.shifts import day_bounds, shifts_of

# Index = code painted on the seconds of a day. Time classes are those of ref.machine_states and ref.reason_codes.
STATES: tuple[tuple[str, str | None, str], ...] = (
    ("running", None, "production"),
    ("down", "MIN-JAM", "delay"),
    ("down", "MIN-CLEAN", "delay"),
    ("idle", "WAIT-MAT", "delay"),
    ("idle", "WAIT-DOWN", "delay"),
    ("idle", "WAIT-OPER", "delay"),
    ("idle", "WAIT-QUAL", "delay"),
    ("down", "BRK-MECH", "delay"),
    ("down", "BRK-ELEC", "delay"),
    ("down", "BRK-HYDR", "delay"),
    ("down", "BRK-CTRL", "delay"),
    ("down", "BRK-TOOL", "delay"),
    ("setup", "SET-CHANGE", "setup"),
    ("setup", "SET-ADJ", "setup"),
    ("off", "PLN-NOORD", "planned_downtime"),
    ("maintenance", "PLN-MAINT", "planned_downtime"),
    ("break", "PLN-BREAK", "planned_downtime"),
)
CODE = {reason or state: index for index, (state, reason, _) in enumerate(STATES)}
RUNNING = CODE["running"]
GOOD, SCRAP, REWORK = 0, 1, 2
SHORTEST_RUN_S = 30


@dataclass(frozen=True)
class Character:
    """What a machine is like; drawn once. Times in seconds, gaps between events in hours."""

    trouble: float
    breakdown_gap_h: float
    repair_median_s: float
    wait_gap_h: float
    wait_median_s: float
    minor_gap_h: float
    minor_median_s: float
    speed_loss: float
    reject_ratio: float
    change_gap_h: float


@dataclass(frozen=True)
class Run:
    """An order on the machine. start_ms: where it begins on this day (setup included); begun_ms: where it really began.

    starts_here: it began on this day, not before.
    """

    start_ms: int
    begun_ms: int
    product: Product
    order_code: str
    planned_count: int
    starts_here: bool


@dataclass(frozen=True)
class DaySchedule:
    """One production day [start_ms, end_ms) of a machine.

    bounds_ms: n + 1 instants; codes: n indexes into STATES, codes[i] holds in [bounds_ms[i], bounds_ms[i + 1]).
    part_ms: instants at which parts were finished, rising; part_kind GOOD, SCRAP or REWORK; part_run index into runs;
    part_cycle_s: seconds the machine took for the cycle. resets_ms: instants from which counters stand at 0 again.
    """

    machine: Machine
    day: date
    start_ms: int
    end_ms: int
    bounds_ms: np.ndarray
    codes: np.ndarray
    runs: tuple[Run, ...]
    part_ms: np.ndarray
    part_kind: np.ndarray
    part_run: np.ndarray
    part_cycle_s: np.ndarray
    resets_ms: np.ndarray

    def code_at(self, ts_ms: np.ndarray) -> np.ndarray:
        """State index at instants inside the day."""
        return self.codes[np.searchsorted(self.bounds_ms, ts_ms, side="right") - 1]

    def run_at(self, ts_ms: np.ndarray) -> np.ndarray:
        """Index of the run at instants inside the day."""
        return np.searchsorted([run.start_ms for run in self.runs], ts_ms, side="right") - 1


def stream(seed: int, machine: Machine, day: date | None, purpose: int) -> np.random.Generator:
    """The random stream of a machine, day and purpose."""
    return np.random.default_rng([seed, machine.key, day.toordinal() if day else 0, purpose])


def character(seed: int, machine: Machine) -> Character:
    """What the machine is like, from almost trouble-free (OEE near 90 %) to poor (near 45 %)."""
    rng = stream(seed, machine, None, 1)
    trouble = float(rng.uniform(0.12, 1))
    jitter = rng.uniform(0.85, 1.15, 8)
    mix = lambda best, worst, i: float((best + (worst - best) * trouble) * jitter[i])  # noqa: E731
    return Character(
        trouble,
        breakdown_gap_h=1 / mix(1 / 60, 1 / 11, 0),
        repair_median_s=mix(1300, 2100, 1),
        wait_gap_h=1 / mix(1 / 4.5, 1 / 1.3, 2),
        wait_median_s=mix(280, 520, 3),
        minor_gap_h=1 / mix(1 / 1.5, 1 / 0.3, 4),
        minor_median_s=mix(45, 75, 5),
        speed_loss=mix(0.02, 0.15, 6),
        reject_ratio=mix(0.003, 0.034, 7),
        change_gap_h=float(rng.uniform(12, 30)),
    )


def _events(
    rng: np.random.Generator, length_s: int, gap_h: float, median_s: float, sigma: float, bounds: tuple[float, float]
):
    """Starts and lengths in whole seconds: exponential gaps, lognormal lengths."""
    count = int(length_s / (gap_h * 3600) * 2) + 12
    starts = np.cumsum(rng.exponential(gap_h * 3600, count))
    lengths = np.clip(median_s * np.exp(sigma * rng.standard_normal(count)), *bounds)
    inside = starts < length_s
    return starts[inside].astype(int), lengths[inside].astype(int)


def _last_product(seed: int, machine: Machine, day: date) -> int:
    """Index of the product with which a day ends, and the next one begins."""
    return int(stream(seed, machine, day, 3).integers(len(machine.products)))


def _run_plan(
    seed: int, machine: Machine, day: date, length_s: int, change_gap_h: float
) -> tuple[list[int], list[int]]:
    """Product changes of a day: their seconds, and the product indexes in order (one more than there are changes)."""
    rng = stream(seed, machine, day, 4)
    first, last = _last_product(seed, machine, day - timedelta(days=1)), _last_product(seed, machine, day)
    count = min(int(rng.poisson(length_s / 3600 / change_gap_h)), 3)
    if first != last:
        count = max(count, 1)
    elif count == 1:
        count = 2 if len(machine.products) > 1 else 0
    slot = (length_s - 7200) // max(count, 1)
    seconds = [3600 + i * slot + int(rng.integers(0, max(slot - 5400, 1))) for i in range(count)]
    products = [first]
    for i in range(count):
        others = [p for p in range(len(machine.products)) if p != products[-1] and (i < count - 2 or p != last)]
        products.append(last if i == count - 1 else int(rng.choice(others)) if others else products[-1])
    return seconds, products


def _order_code(machine: Machine, day: date, number: int) -> str:
    return f"{machine.code}-{day:%y%m%d}-{number}".upper()


def make_day(seed: int, machine: Machine, day: date, fault: Fault | None) -> DaySchedule:
    """Draw one production day. Pure: the same arguments give the same day."""
    start_ms, end_ms = day_bounds(machine.site, day)
    length_s = (end_ms - start_ms) // 1000
    traits = character(seed, machine)
    rng = stream(seed, machine, day, 2)
    changes, product_indexes = _run_plan(seed, machine, day, length_s, traits.change_gap_h)
    seconds = _paint(rng, machine, day, start_ms, length_s, traits, changes, fault)
    edges = np.flatnonzero(np.diff(seconds)) + 1
    starts = np.concatenate(([0], edges))
    codes = seconds[starts]
    bounds_ms = start_ms + 1000 * np.concatenate((starts, [length_s])).astype(np.int64)

    previous = day - timedelta(days=1)
    previous_start, previous_end = day_bounds(machine.site, previous)
    earlier, _ = _run_plan(seed, machine, previous, (previous_end - previous_start) // 1000, traits.change_gap_h)
    runs = []
    for i, product_index in enumerate(product_indexes):
        product = machine.products[product_index]
        planned = int(np.ceil(40_000 / machine.ideal_cycle_s(product) / 50) * 50)
        if i == 0 and earlier:  # the order with which the day before ended goes on
            begun_ms = previous_start + 1000 * earlier[-1]
            runs.append(Run(start_ms, begun_ms, product, _order_code(machine, previous, len(earlier)), planned, False))
        else:  # after a day without a change the next order of the same product begins with the day
            begun_ms = start_ms + (1000 * changes[i - 1] if i else 0)
            runs.append(Run(begun_ms, begun_ms, product, _order_code(machine, day, i), planned, True))
    parts = _parts(rng, machine, traits, bounds_ms, codes, runs, end_ms)
    restarts = bounds_ms[1:][codes == CODE["BRK-CTRL"]]
    return DaySchedule(machine, day, start_ms, end_ms, bounds_ms, codes, tuple(runs), *parts, restarts)


def _paint(
    rng: np.random.Generator,
    machine: Machine,
    day: date,
    start_ms: int,
    length_s: int,
    traits: Character,
    changes: list[int],
    fault: Fault | None,
) -> np.ndarray:
    """The state index of every second of the day. What is painted later covers what was painted before."""
    seconds = np.full(length_s, RUNNING, dtype=np.uint8)

    def fill(starts, lengths, codes) -> None:
        for start, length, code in zip(starts, lengths, codes, strict=True):
            seconds[start : start + length] = code

    starts, lengths = _events(rng, length_s, traits.minor_gap_h, traits.minor_median_s, 0.6, (15, 240))
    fill(starts, lengths, np.where(rng.random(len(starts)) < 0.7, CODE["MIN-JAM"], CODE["MIN-CLEAN"]))
    starts, lengths = _events(rng, length_s, traits.wait_gap_h, traits.wait_median_s, 0.7, (60, 5400))
    reasons = [CODE[code] for code in ("WAIT-MAT", "WAIT-DOWN", "WAIT-OPER", "WAIT-QUAL")]
    fill(starts, lengths, rng.choice(reasons, len(starts), p=[0.45, 0.25, 0.2, 0.1]))
    starts, lengths = _events(rng, length_s, traits.breakdown_gap_h, traits.repair_median_s, 0.7, (320, 14400))
    reasons = [CODE[code] for code in ("BRK-MECH", "BRK-ELEC", "BRK-HYDR", "BRK-CTRL", "BRK-TOOL")]
    fill(starts, lengths, rng.choice(reasons, len(starts), p=[0.35, 0.2, 0.15, 0.15, 0.15]))

    fill(changes, rng.integers(900, 3600, len(changes)), [CODE["SET-CHANGE"]] * len(changes))
    no_orders, no_order_s = rng.random() < 0.12, int(rng.integers(3600, 4 * 3600))
    no_order_at = int(rng.integers(0, length_s - 4 * 3600))
    if no_orders:
        seconds[no_order_at : no_order_at + no_order_s] = CODE["PLN-NOORD"]
    if (day.toordinal() + machine.key) % 12 == 0:  # planned maintenance, every twelfth day in the first shift
        seconds[5400 : 5400 + 3600 + machine.key % 5400] = CODE["PLN-MAINT"]
    if fault:
        state, reason, _ = fault.pattern.repair
        for begin, end in fault.repairs(start_ms - 86_400_000, start_ms + length_s * 1000):
            a, b = (begin - start_ms) // 1000, (end - start_ms) // 1000
            seconds[max(a, 0) : max(b, 0)] = CODE[reason]
    _cover_short_runs(seconds)

    covered = np.zeros(length_s, dtype=bool)
    for shift in shifts_of(machine.site, day):
        covered[(shift.start_ms - start_ms) // 1000 : (shift.end_ms - start_ms) // 1000] = True
        for begin, end in shift.breaks:
            seconds[(begin - start_ms) // 1000 : (end - start_ms) // 1000] = CODE["PLN-BREAK"]
    seconds[~covered] = CODE["PLN-NOORD"]
    if day.isoweekday() == 1 + machine.key % 5:  # the weekly restart of the PLC; it bounds how far back counters reach
        at = 3700 + machine.key % 3000
        seconds[at : at + 200 + machine.key % 240] = CODE["BRK-CTRL"]
    return seconds


def _cover_short_runs(seconds: np.ndarray) -> None:
    """Give runs shorter than SHORTEST_RUN_S between two stops to the stop after them."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(seconds)) + 1, [len(seconds)]))
    for i in range(1, len(edges) - 2):
        a, b = edges[i], edges[i + 1]
        if seconds[a] == RUNNING and b - a < SHORTEST_RUN_S:
            seconds[a:b] = seconds[b]


def _parts(
    rng: np.random.Generator,
    machine: Machine,
    traits: Character,
    bounds_ms: np.ndarray,
    codes: np.ndarray,
    runs: list[Run],
    end_ms: int,
):
    """Finished parts of the day: instants, kinds, runs, cycle times; a cycle pauses while the machine stands."""
    a_all, b_all = bounds_ms[:-1][codes == RUNNING], bounds_ms[1:][codes == RUNNING]
    pieces: list[tuple[np.ndarray, ...]] = []
    per_cycle = machine.type.parts_per_cycle
    for index, run in enumerate(runs):
        run_end = runs[index + 1].start_ms if index + 1 < len(runs) else end_ms
        a, b = np.maximum(a_all, run.start_ms), np.minimum(b_all, run_end)
        a, b = a[a < b], b[a < b]
        ideal_ms = machine.ideal_cycle_s(run.product) * per_cycle * 1000
        slow = 1 + traits.speed_loss * float(rng.uniform(0.7, 1.3))
        busy = np.cumsum(b - a)
        if len(busy) == 0:
            continue
        count = int(busy[-1] / ideal_ms) + 2
        cycles = ideal_ms * slow * np.clip(np.exp(0.02 * rng.standard_normal(count)), 0.95, 1.3)
        finished = np.cumsum(cycles)
        count = int(np.searchsorted(finished, busy[-1], side="right"))
        finished, cycles = finished[:count], cycles[:count]
        at = np.searchsorted(busy, finished, side="left")
        instants = np.minimum(a[at] + np.ceil(finished - (busy[at] - (b - a)[at])).astype(np.int64), b[at])
        reject = np.full(count * per_cycle, traits.reject_ratio)
        if index > 0:
            reject[: 3 * per_cycle] = np.minimum(1, reject[: 3 * per_cycle] * 4)  # first pieces after a change
        draw = rng.random(count * per_cycle)
        kind = np.where(draw >= reject, GOOD, np.where(draw < 0.65 * reject, SCRAP, REWORK)).astype(np.uint8)
        repeat = lambda values: np.repeat(values, per_cycle)  # noqa: E731
        pieces.append((repeat(instants), kind, np.full(len(kind), index, np.int16), repeat(cycles / 1000)))
    if not pieces:
        return np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.int16), np.empty(0)
    return tuple(np.concatenate(columns) for columns in zip(*pieces, strict=True))
