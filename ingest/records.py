"""What a message turns into: rows for the database, and rejects with their reason. Plain data, no behaviour."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Reading(NamedTuple):
    """One value of one sensor. micros: microseconds since 1970 UTC. quality: OPC (192 good)."""

    sensor_id: int
    micros: int
    value: float
    quality: int = 192


class Sample(NamedTuple):
    """One row of raw.machine_samples; counters are cumulative. process_values: tag -> number."""

    machine_id: int
    micros: int
    state_code: str | None
    reason_code: str | None
    total_count: int | None
    good_count: int | None
    scrap_count: int | None
    rework_count: int | None
    cycle_time_s: float | None
    power_kw: float | None
    process_values: dict[str, float] | None


class Event(NamedTuple):
    """One row of raw.machine_events. product_id: of a run_started event."""

    machine_id: int
    micros: int
    event_type: str
    event_code: str
    reason_code: str | None
    payload: dict | None
    product_id: int | None = None


class Inspection(NamedTuple):
    """One row of ops.quality_inspections with its defects (code -> count)."""

    machine_id: int
    micros: int
    inspection_kind: str
    order_code: str | None
    inspected_count: int
    passed_count: int
    defects: dict[str, int]


class Reject(NamedTuple):
    """Why a message, or a part of it, can't be stored. reason_code: of ops.dead_letters."""

    reason_code: str
    detail: str


@dataclass
class Decoded:
    """One message and what it holds. The bytes stay with it, for the dead letter if there is one."""

    topic: str
    payload: bytes
    source: str = "mqtt"
    readings: list[Reading] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    inspections: list[Inspection] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return len(self.readings) + len(self.samples) + len(self.events) + len(self.inspections)
