"""What the sensors of a machine read over a production day: state, inertia, weather, noise, faults."""

from datetime import date, timedelta

import numpy as np
from scipy.signal import lfilter

from ingest.simulator.faults import Fault, affected_sensors, apply_fault
from ingest.simulator.machine_types import SensorSpec
from ingest.simulator.plant import Machine, Site
from ingest.simulator.schedule import CODE, RUNNING, stream
from ingest.simulator.timeline import Timeline

TICK_MS = 10_000
# A day's signals start this long before it, so that inertia carries the evening into the morning.
_WARM_UP_MS = 3 * 3_600_000
_COLD = (CODE["PLN-NOORD"], CODE["PLN-MAINT"])
_SLOW_NOISE = 0.97


def ambient_c(site: Site, seed: int, ts_ms: np.ndarray, day_start_ms: int, day: date) -> np.ndarray:
    """Hall temperature in Celsius: warmest at three in the afternoon, and some days warmer than others."""
    share = (ts_ms - day_start_ms) / 86_400_000  # 0 at the start of the production day
    hour = site.day_start_hour + 24 * share
    wave = 4.5 * np.cos(2 * np.pi * (hour - 15) / 24)
    offset = [_weather(site, seed, day + timedelta(days=k)) for k in (-1, 0, 1, 2)]
    return site.mean_temperature_c + wave + np.interp(share, (-1, 0, 1, 2), offset)


def _weather(site: Site, seed: int, day: date) -> float:
    key = sum(site.code.encode())
    return float(np.random.default_rng([seed, key, day.toordinal(), 11]).normal(0, 1.5))


def day_signals(timeline: Timeline, machine: Machine, day: date) -> tuple[np.ndarray, np.ndarray]:
    """All readings of a production day: instants (n,) in ms, every 10 s; values (sensors, n) in each sensor's unit."""
    schedule, before = timeline.day(machine, day), timeline.day(machine, day - timedelta(days=1))
    ts = np.arange(schedule.start_ms - _WARM_UP_MS, schedule.end_ms, TICK_MS)
    warm = _WARM_UP_MS // TICK_MS
    code = np.concatenate((before.code_at(ts[:warm]), schedule.code_at(ts[warm:])))
    is_running = code == RUNNING
    is_cold = np.isin(code, _COLD)
    factors = np.array([run.product.cycle_factor for run in schedule.runs])
    load = np.concatenate((np.full(warm, factors[0]), factors[schedule.run_at(ts[warm:])]))
    swing = ambient_c(machine.site, timeline.seed, ts, schedule.start_ms, day) - 25.0
    rng = stream(timeline.seed, machine, day, 20)
    fault = timeline.faults.get(machine.code)
    ill = affected_sensors(machine, fault) if fault else ()
    values = np.empty((len(machine.sensors), len(ts) - warm))
    for row, spec in enumerate(machine.sensors):
        healthy = _healthy(spec, is_running, is_cold, load, swing, rng)[warm:]
        if fault and spec in ill:
            healthy = _with_fault(fault, spec, ts[warm:], healthy, is_running[warm:], timeline, machine, day)
        values[row] = np.round(healthy, _decimals(spec))
    return ts[warm:], values


def _healthy(
    spec: SensorSpec,
    is_running: np.ndarray,
    is_cold: np.ndarray,
    load: np.ndarray,
    swing: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    rise = spec.running - spec.stopped
    # a heavier product asks a little more of the machine; cold machines go on cooling beyond their standby level
    target = spec.stopped + rise * is_running * (1 + 0.12 * (load - 1))
    if spec.kind == "temperature":
        target = target - is_cold * 0.25 * (spec.stopped - 25)
    share = 1 - np.exp(-TICK_MS / 1000 / spec.tau_s)
    followed, _ = lfilter([share], [1, share - 1], target, zi=[(1 - share) * target[0]])
    white = rng.standard_normal(len(target))
    slow = lfilter([np.sqrt(1 - _SLOW_NOISE**2)], [1, -_SLOW_NOISE], rng.standard_normal(len(target)))
    quiet = np.where(is_running, 1.0, 0.5)
    value = followed + spec.ambient * swing + spec.noise * quiet * (0.8 * white + 0.6 * slow)
    return np.maximum(value, 0.0)


def _with_fault(
    fault: Fault,
    spec: SensorSpec,
    ts: np.ndarray,
    value: np.ndarray,
    is_running: np.ndarray,
    timeline: Timeline,
    machine: Machine,
    day: date,
) -> np.ndarray:
    rng = stream(timeline.seed, machine, day, 21 + machine.sensors.index(spec))
    return np.maximum(apply_fault(fault, spec, ts, value, is_running, rng), 0.0)


def _decimals(spec: SensorSpec) -> int:
    """Digits a transmitter of this range would send."""
    return int(np.clip(3 - np.floor(np.log10(max(spec.running, 1e-3))), 0, 5))
