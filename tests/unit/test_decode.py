"""From topic and bytes to rows or rejects: what is good is kept, what is bad is refused with a true reason."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.catalog import Catalog
from ingest.decode import KEPT_BYTES, decode
from ingest.records import Decoded, Event, Inspection, Reading, Sample

NOW = 1_790_000_000_000_000  # 2026-09-21 in microseconds; by hand: 1_790_000_000 s
TS = 1_789_999_990_000  # ten seconds before, in milliseconds
CATALOG = Catalog(
    machines={("ygn", "mixing", "l1", "m1"): 7},
    sensors={7: {"temp": 70, "vib": 71}},
    states=frozenset({"running", "down"}),
    reasons=frozenset({"BRK-MECH"}),
    defects=frozenset({"BLISTER"}),
    products={"T-205": 3},
)
BASE = "gemba/v1/ygn/mixing/l1/m1"


def run(kind: str, message: object) -> Decoded:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decode(f"{BASE}/{kind}", payload, CATALOG, NOW)


def reasons(found: Decoded) -> list[str]:
    return [reject.reason_code for reject in found.rejects]


def test_a_sensor_message_gives_a_reading_per_tag_in_microseconds() -> None:
    found = run("sensor", {"ts": TS, "temp": 81.5, "vib": 2})
    assert found.readings == [Reading(70, TS * 1000, 81.5), Reading(71, TS * 1000, 2.0)] and found.rejects == []


def test_an_array_of_objects_is_as_good_as_single_ones() -> None:
    found = run("sensor", [{"ts": TS, "temp": 1}, {"ts": TS + 1, "temp": 2}])
    assert [reading.micros for reading in found.readings] == [TS * 1000, (TS + 1) * 1000]


@pytest.mark.parametrize("ts", ["2026-09-21T14:13:10Z", "2026-09-21T20:43:10+06:30", TS, float(TS)])
def test_epoch_milliseconds_and_rfc3339_name_the_same_instant(ts: object) -> None:
    assert run("sensor", {"ts": ts, "temp": 1}).readings[0].micros == 1_789_999_990_000_000


def test_microseconds_of_rfc3339_are_kept() -> None:
    assert run("sensor", {"ts": "2026-09-21T14:13:10.123456Z", "temp": 1}).readings[0].micros % 1_000_000 == 123_456


@pytest.mark.parametrize(
    "ts",
    [
        None,
        True,
        "yesterday",
        "2026-09-21T14:13:10",
        0,
        -5,
        "1970-01-01T00:00:00Z",
        "2100-01-01T00:00:00Z",
        4102444800000,
        1e300,
    ],
)
def test_an_instant_that_can_not_be_meant_is_refused(ts: object) -> None:
    found = run("sensor", {"ts": ts, "temp": 1})
    assert reasons(found) == ["bad_timestamp"] and found.readings == []


def test_five_minutes_ahead_are_allowed_and_not_more() -> None:
    ahead = NOW // 1000 + 5 * 60 * 1000
    assert run("sensor", {"ts": ahead, "temp": 1}).rejects == []
    assert reasons(run("sensor", {"ts": ahead + 1, "temp": 1})) == ["bad_timestamp"]


@pytest.mark.parametrize("value", ["81.5", "NaN", True, None, [1], {"v": 1}, 10**400])
def test_a_value_that_is_no_finite_number_is_refused_and_its_neighbours_are_kept(value: object) -> None:
    found = run("sensor", {"ts": TS, "temp": value, "vib": 1})
    assert reasons(found) in (
        ["not_a_number"],
        ["undecodable"],
    )  # an integer beyond JSON's doubles is refused by the parser
    if reasons(found) == ["not_a_number"]:
        assert found.readings == [Reading(71, TS * 1000, 1.0)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"42",
        b'"text"',
        b"null",
        b'{"ts": 1, "temp": NaN}',
        b'{"ts": 1, "temp": Infinity}',
        b"[" * 1000 + b"]" * 1000,
    ],
)
def test_bytes_that_are_no_message_are_undecodable(payload: bytes) -> None:
    assert set(reasons(run("sensor", payload))) <= {"undecodable"} and reasons(run("sensor", payload))


def test_a_thousand_levels_of_nesting_in_a_value_are_refused() -> None:
    payload = b'{"ts": %d, "temp": %s}' % (TS, b"[" * 1000 + b"]" * 1000)
    assert reasons(run("sensor", payload)) in (["not_a_number"], ["undecodable"])


def test_a_megabyte_is_too_large_and_its_bytes_are_kept() -> None:
    payload = b'{"ts": 1, "temp": "' + b"x" * 1_000_000 + b'"}'
    found = run("sensor", payload)
    assert reasons(found) == ["too_large"] and found.payload == payload
    assert len(run("sensor", payload * 2).payload) == KEPT_BYTES


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("gemba/v1/ygn/mixing/l1/other/sensor", "unknown_machine"),
        (f"{BASE}/smell", "bad_topic"),
        (f"{BASE}/sensor/more", "bad_topic"),
        ("umh/v1/x", "bad_topic"),
    ],
)
def test_a_topic_that_leads_nowhere_says_so(topic: str, reason: str) -> None:
    assert reasons(decode(topic, b'{"ts": %d, "temp": 1}' % TS, CATALOG, NOW)) == [reason]


def test_an_unknown_tag_is_refused_by_name_and_the_known_one_is_kept() -> None:
    found = run("sensor", {"ts": TS, "temp": 1, "tmep": 2})
    assert reasons(found) == ["unknown_tag"] and "tmep" in found.rejects[0].detail and len(found.readings) == 1


def test_a_scada_message_becomes_a_sample_with_its_further_numbers_as_process_values() -> None:
    found = run(
        "scada",
        {"ts": TS, "state": "running", "total_count": 10, "good_count": 9, "cycle_time_s": 45.5, "screw_rpm": 30},
    )
    assert found.samples == [Sample(7, TS * 1000, "running", None, 10, 9, None, None, 45.5, None, {"screw_rpm": 30.0})]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"total_count": 10, "good_count": 11}, "good_above_total"),
        ({"total_count": -1}, "bad_count"),
        ({"total_count": 1.5}, "bad_count"),
        ({"total_count": 2**63}, "bad_count"),
        ({"state": "dancing"}, "unknown_state"),
        ({"state": 3}, "bad_code"),
        ({"state": "down", "reason": "BAD LUCK"}, "unknown_reason"),
        ({}, "undecodable"),
    ],
)
def test_a_sample_that_can_not_be_true_is_refused(message: dict, reason: str) -> None:
    found = run("scada", {"ts": TS, **message})
    assert reasons(found) == [reason] and found.samples == []


def test_a_counter_above_two_to_the_53_keeps_every_digit() -> None:
    assert run("count", {"ts": TS, "total_count": 2**53 + 1}).samples[0].total_count == 2**53 + 1


def test_events_carry_code_reason_product_and_what_is_left_over() -> None:
    found = run("event", {"ts": TS, "type": "state", "code": "down", "reason": "BRK-MECH", "shift_lead": "on the way"})
    assert found.events == [Event(7, TS * 1000, "state", "down", "BRK-MECH", {"shift_lead": "on the way"})]
    started = run("event", {"ts": TS, "type": "run_started", "code": "PO-1", "product": "T-205"}).events[0]
    assert (started.event_code, started.product_id) == ("PO-1", 3)


def test_a_run_of_an_unknown_product_is_refused() -> None:
    assert reasons(run("event", {"ts": TS, "type": "run_started", "code": "PO-1", "product": "X"})) == [
        "unknown_product"
    ]


def test_an_inspection_sums_its_defects_by_code() -> None:
    defects = [{"code": "BLISTER", "count": 1}, {"code": "BLISTER", "count": 2}]
    found = run(
        "quality",
        {"ts": TS, "kind": "final", "order": "PO-1", "inspected_count": 50, "passed_count": 47, "defects": defects},
    )
    assert found.inspections == [Inspection(7, TS * 1000, "final", "PO-1", 50, 47, {"BLISTER": 3})]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([TS, "state", "running"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ts", "temp", "vib", "state", "total_count", "good_count", "type", "code", "defects"])
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(kind=st.sampled_from(["sensor", "scada", "count", "event", "quality"]), message=JSON, cut=st.integers(0, 40))
def test_any_message_is_stored_or_refused_and_never_raises(kind: str, message: object, cut: int) -> None:
    payload = json.dumps(message).encode()
    for bytes_ in (payload, payload[:cut]):
        found = decode(f"{BASE}/{kind}", bytes_, CATALOG, NOW)
        assert found.row_count or found.rejects
        assert all(math.isfinite(reading.value) for reading in found.readings)
        assert all((s.good_count or 0) <= s.total_count for s in found.samples if s.total_count is not None)
