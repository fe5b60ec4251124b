"""The messages a machine sends for a stretch of time: topic and JSON, an object or, for several instants, an array."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from ingest.simulator.happenings import happenings_of
from ingest.simulator.loading import day_events
from ingest.simulator.plant import Machine
from ingest.simulator.schedule import STATES
from ingest.simulator.shifts import days_between
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Samples, Timeline


@dataclass(frozen=True)
class _Stream:
    """What a machine sends of one kind on a production day: rising instants, and a maker of the object of the i-th."""

    ts_ms: np.ndarray
    make: Callable[[int], dict]

    def between(self, from_ms: int, until_ms: int) -> list[dict]:
        first, last = np.searchsorted(self.ts_ms, (from_ms, until_ms)).tolist()
        return [self.make(i) for i in range(first, last)]


class MessageMaker:
    """Makes messages of machines; keeps what they send on the production days it was last asked about."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._kept: dict[str, dict[date, dict[str, _Stream]]] = {}

    def messages(self, machine: Machine, from_ms: int, until_ms: int) -> list[tuple[str, bytes]]:
        """Topic and payload of everything the machine sends for instants in [from, until), events first."""
        days = days_between(machine.site, from_ms, until_ms)
        before = self._kept.get(machine.code, {})
        kept = self._kept[machine.code] = {day: before.get(day) or self._streams(machine, day) for day in days}
        sent = []
        for kind in ("event", "scada", "sensor", "quality"):
            found = [item for day in days for item in kept[day][kind].between(from_ms, until_ms)]
            if found:
                content = found[0] if len(found) == 1 else found
                sent.append((f"{machine.topic}/{kind}", json.dumps(content, separators=(",", ":")).encode()))
        return sent

    def _streams(self, machine: Machine, day: date) -> dict[str, _Stream]:
        ts_ms, values = day_signals(self.timeline, machine, day)
        tags, rows = [spec.tag for spec in machine.sensors], values.T.copy()
        samples = self.timeline.samples(machine, day)
        streams = {
            "sensor": _Stream(ts_ms, lambda i: {"ts": int(ts_ms[i]), **dict(zip(tags, rows[i].tolist(), strict=True))}),
            "scada": _Stream(samples.ts_ms, lambda i: _scada(samples, i)),
        }
        for kind, objects in (("event", self._events(machine, day)), ("quality", self._quality(machine, day))):
            streams[kind] = _Stream(np.array([item["ts"] for item in objects]), objects.__getitem__)
        return streams

    def _events(self, machine: Machine, day: date) -> list[dict]:
        found = []
        for event in day_events(self.timeline, machine, day):
            extra = {name: value for name, value in (("reason", event.reason), ("product", event.product)) if value}
            found.append({"ts": event.ts_ms, "type": event.event_type, "code": event.code, **extra})
        return found

    def _quality(self, machine: Machine, day: date) -> list[dict]:
        return [
            {
                "ts": found.at_ms,
                "kind": found.kind,
                "order": found.order_code,
                "inspected_count": found.inspected,
                "passed_count": found.passed,
                "defects": [{"code": code, "count": count} for code, count in found.defects],
            }
            for found in happenings_of(self.timeline, machine, day).inspections
        ]


def _scada(samples: Samples, i: int) -> dict:
    state, reason, _ = STATES[samples.code[i]]
    good, scrap, rework = samples.counts[i].tolist()
    sample = {"ts": int(samples.ts_ms[i]), "state": state} | ({"reason": reason} if reason else {})
    sample |= {"total_count": good + scrap + rework, "good_count": good, "scrap_count": scrap, "rework_count": rework}
    sample |= {"cycle_time_s": float(samples.cycle_time_s[i]), "power_kw": float(samples.power_kw[i])}
    return sample | {"speed_ratio": float(samples.speed_ratio[i])}
