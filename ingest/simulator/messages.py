"""The messages a machine sends for a stretch of time: topic and JSON, an object or, for several instants, an array."""

import json
from datetime import date

import numpy as np

from ingest.simulator.happenings import happenings_of
from ingest.simulator.loading import day_events
from ingest.simulator.plant import Machine
from ingest.simulator.schedule import STATES
from ingest.simulator.shifts import days_between
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Timeline


class MessageMaker:
    """Makes messages of machines; keeps the signals of the day at hand."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._signals: dict[str, dict[date, tuple[np.ndarray, np.ndarray]]] = {}

    def messages(self, machine: Machine, from_ms: int, until_ms: int) -> list[tuple[str, bytes]]:
        """Topic and payload of everything the machine sends for instants in [from, until), events first."""
        objects: dict[str, list[dict]] = {"event": [], "scada": [], "sensor": [], "quality": []}
        for day in days_between(machine.site, from_ms, until_ms):
            objects["event"] += self._events(machine, day, from_ms, until_ms)
            objects["scada"] += self._scada(machine, day, from_ms, until_ms)
            objects["sensor"] += self._sensor(machine, day, from_ms, until_ms)
            objects["quality"] += self._quality(machine, day, from_ms, until_ms)
        return [
            (
                f"{machine.topic}/{kind}",
                json.dumps(found[0] if len(found) == 1 else found, separators=(",", ":")).encode(),
            )
            for kind, found in objects.items()
            if found
        ]

    def _day_signals(self, machine: Machine, day: date) -> tuple[np.ndarray, np.ndarray]:
        kept = self._signals.setdefault(machine.code, {})
        if day not in kept:
            for old in [other for other in kept if abs((other - day).days) > 1]:
                del kept[old]
            kept[day] = day_signals(self.timeline, machine, day)
        return kept[day]

    def _sensor(self, machine: Machine, day: date, from_ms: int, until_ms: int) -> list[dict]:
        ts, values = self._day_signals(machine, day)
        first, last = np.searchsorted(ts, (from_ms, until_ms))
        tags = [spec.tag for spec in machine.sensors]
        instants, columns = ts[first:last].tolist(), values[:, first:last].T.tolist()
        return [
            {"ts": at, **dict(zip(tags, column, strict=True))} for at, column in zip(instants, columns, strict=True)
        ]

    def _scada(self, machine: Machine, day: date, from_ms: int, until_ms: int) -> list[dict]:
        samples = self.timeline.samples(machine, day, from_ms, until_ms)
        found = []
        for i, ts in enumerate(samples.ts_ms.tolist()):
            state, reason, _ = STATES[samples.code[i]]
            good, scrap, rework = samples.counts[i].tolist()
            found.append(
                {"ts": ts, "state": state}
                | ({"reason": reason} if reason else {})
                | {
                    "total_count": good + scrap + rework,
                    "good_count": good,
                    "scrap_count": scrap,
                    "rework_count": rework,
                    "cycle_time_s": float(samples.cycle_time_s[i]),
                    "power_kw": float(samples.power_kw[i]),
                    "speed_ratio": float(samples.speed_ratio[i]),
                }
            )
        return found

    def _events(self, machine: Machine, day: date, from_ms: int, until_ms: int) -> list[dict]:
        found = []
        for event in day_events(self.timeline, machine, day):
            if from_ms <= event.ts_ms < until_ms:
                extra = {name: value for name, value in (("reason", event.reason), ("product", event.product)) if value}
                found.append({"ts": event.ts_ms, "type": event.event_type, "code": event.code, **extra})
        return found

    def _quality(self, machine: Machine, day: date, from_ms: int, until_ms: int) -> list[dict]:
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
            if from_ms <= found.at_ms < until_ms
        ]
