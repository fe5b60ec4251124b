"""The five kinds of message: sensor, scada, count, event, quality. Each turns one JSON object into rows."""

from collections.abc import Callable
from typing import Any

from ingest import rules
from ingest.catalog import Catalog
from ingest.records import Decoded, Event, Inspection, Reading, Reject, Sample
from ingest.rules import BadValue

INSPECTION_KINDS = frozenset({"incoming", "in_process", "final"})
_SAMPLE_FIELDS = frozenset(
    {"ts", "state", "reason", "total_count", "good_count", "scrap_count", "rework_count", "cycle_time_s", "power_kw"}
)
_EVENT_FIELDS = frozenset({"ts", "type", "code", "reason"})


def sensor(found: Decoded, catalog: Catalog, machine_id: int, micros: int, item: dict[str, Any]) -> None:
    """{"ts", "<tag>": number, ...}; each tag stands for itself."""
    tags = catalog.sensors.get(machine_id, {})
    if len(item) == 1:
        raise BadValue("undecodable", "no tag beside ts")
    for tag, value in item.items():
        if tag == "ts":
            continue
        sensor_id = tags.get(tag)
        try:
            if sensor_id is None:
                raise BadValue("unknown_tag", f"tag {tag[:80]!r} is not in ref.sensors for this machine")
            found.readings.append(Reading(sensor_id, micros, rules.number(tag, value)))
        except BadValue as error:
            found.rejects.append(Reject(error.reason_code, error.detail))


def scada(found: Decoded, catalog: Catalog, machine_id: int, micros: int, item: dict[str, Any]) -> None:
    """{"ts", "state", counters, "cycle_time_s", "power_kw", further numbers}."""
    values: dict[str, float] = {}
    for tag, value in item.items():
        if tag in _SAMPLE_FIELDS:
            continue
        try:
            values[rules.code("tag", tag)] = rules.number(tag, value)
        except BadValue as error:
            found.rejects.append(Reject(error.reason_code, error.detail))
    state, reason = item.get("state"), item.get("reason")
    total, good = (
        rules.counter("total_count", item.get("total_count")),
        rules.counter("good_count", item.get("good_count")),
    )
    rules.good_within_total(good, total)
    sample = Sample(
        machine_id,
        micros,
        None if state is None else rules.code("state", state, catalog.states, "unknown_state"),
        None if reason is None else rules.code("reason", reason, catalog.reasons, "unknown_reason"),
        total,
        good,
        rules.counter("scrap_count", item.get("scrap_count")),
        rules.counter("rework_count", item.get("rework_count")),
        rules.optional_number("cycle_time_s", item.get("cycle_time_s")),
        rules.optional_number("power_kw", item.get("power_kw")),
        values or None,
    )
    if all(value is None for value in sample[2:]):
        raise BadValue("undecodable", "nothing to store beside ts")
    found.samples.append(sample)


def count(found: Decoded, catalog: Catalog, machine_id: int, micros: int, item: dict[str, Any]) -> None:
    """{"ts", "total_count", "good_count", ...}: a sample that must have a counter."""
    if item.get("total_count") is None:
        raise BadValue("bad_count", "a count message needs total_count")
    scada(found, catalog, machine_id, micros, item)


def event(found: Decoded, catalog: Catalog, machine_id: int, micros: int, item: dict[str, Any]) -> None:
    """{"ts", "type", "code", "reason"?, ...}; what is left over is kept as payload."""
    event_type = rules.code("type", item.get("type"))
    is_state = event_type == "state"
    event_code = rules.code("code", item.get("code"), catalog.states if is_state else None, "unknown_state")
    reason = item.get("reason")
    product_id = None
    if event_type == "run_started":
        product = rules.code("product", item.get("product"), catalog.products, "unknown_product")
        product_id = catalog.products[product]
    found.events.append(
        Event(
            machine_id,
            micros,
            event_type,
            event_code,
            None if reason is None else rules.code("reason", reason, catalog.reasons, "unknown_reason"),
            {key: value for key, value in item.items() if key not in _EVENT_FIELDS} or None,
            product_id,
        )
    )


def quality(found: Decoded, catalog: Catalog, machine_id: int, micros: int, item: dict[str, Any]) -> None:
    """{"ts", "kind", "order"?, "inspected_count", "passed_count", "defects": [{"code", "count"}]}."""
    inspected = rules.counter("inspected_count", item.get("inspected_count"))
    passed = rules.counter("passed_count", item.get("passed_count"))
    if inspected is None or passed is None:
        raise BadValue("bad_count", "an inspection needs inspected_count and passed_count")
    if passed > inspected:
        raise BadValue("good_above_total", f"passed_count {passed} is above inspected_count {inspected}")
    given = item.get("defects", [])
    if not isinstance(given, list) or not all(isinstance(defect, dict) for defect in given):
        raise BadValue("undecodable", "defects is not an array of objects")
    defects: dict[str, int] = {}
    for defect in given:
        defect_code = rules.code("defect", defect.get("code"), catalog.defects, "unknown_defect")
        if not (defect_count := rules.counter("defect count", defect.get("count"))):
            raise BadValue("bad_count", f"defect {defect_code} has no count")
        defects[defect_code] = defects.get(defect_code, 0) + defect_count
    order = item.get("order")
    found.inspections.append(
        Inspection(
            machine_id,
            micros,
            rules.code("kind", item.get("kind", "in_process"), INSPECTION_KINDS, "bad_code"),
            None if order is None else rules.code("order", order),
            inspected,
            passed,
            defects,
        )
    )


HANDLERS: dict[str, Callable[[Decoded, Catalog, int, int, dict[str, Any]], None]] = {
    "sensor": sensor,
    "scada": scada,
    "count": count,
    "event": event,
    "quality": quality,
}
