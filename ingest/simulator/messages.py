"""The messages a machine sends for a stretch of time: topic and JSON, an object or, for several instants, an array."""

import json
from dataclasses import dataclass
from datetime import date

import numpy as np

from ingest.simulator.happenings import happenings_of
from ingest.simulator.loading import day_events
from ingest.simulator.plant import Machine
from ingest.simulator.schedule import STATES
from ingest.simulator.shifts import days_between
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Timeline


@dataclass(frozen=True)
class _Stream:
    """What a machine sends of one kind on a production day: instants, rising, and for each the object (made on demand)."""

    ts_ms: np.ndarray
    objects: list[dict] | np.ndarray  # of sensors: their values (n, tags)

    def between(self, from_ms: int, until_ms: int, tags: list[str]) -> list[dict]:
        first, last = np.searchsorted(self.ts_ms, (from_ms, until_ms))
        if isinstance(self.objects, list):
            return self.objects[first:last]
        instants, rows = self.ts_ms[first:last].tolist(), self.objects[first:last].tolist()
        return [{"ts": at, **dict(zip(tags, row, strict=True))} for at, row in zip(instants, rows, strict=True)]


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
        tags = [spec.tag for spec in machine.sensors]
        sent = []
        for kind in ("event", "scada", "sensor", "quality"):
            found = [item for day in days for item in kept[day][kind].between(from_ms, until_ms, tags)]
            if found:
                content = found[0] if len(found) == 1 else found
                sent.append((f"{machine.topic}/{kind}", json.dumps(content, separators=(",", ":")).encode()))
        return sent

    def _streams(self, machine: Machine, day: date) -> dict[str, _Stream]:
        lists = {
            "event": self._events(machine, day),
            "scada": self._scada(machine, day),
            "quality": self._quality(machine, day),
        }
        ts_ms, values = day_signals(self.timeline, machine, day)
        streams = {kind: _Stream(np.array([item["ts"] for item in items]), items) for kind, items in lists.items()}
        return streams | {"sensor": _Stream(ts_ms, values.T.copy())}

    def _scada(self, machine: Machine, day: date) -> list[dict]:
        samples = self.timeline.samples(machine, day)
        found = []
        for i, ts in enumerate(samples.ts_ms.tolist()):
            state, reason, _ = STATES[samples.code[i]]
            good, scrap, rework = samples.counts[i].tolist()
            sample = {
                "ts": ts,
                "state": state,
                "reason": reason,
                "total_count": good + scrap + rework,
                "good_count": good,
            }
            sample |= {"scrap_count": scrap, "rework_count": rework, "cycle_time_s": float(samples.cycle_time_s[i])}
            sample |= {"power_kw": float(samples.power_kw[i]), "speed_ratio": float(samples.speed_ratio[i])}
            found.append({name: value for name, value in sample.items() if value is not None})
        return found

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
