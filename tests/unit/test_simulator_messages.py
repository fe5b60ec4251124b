"""What live sends is what history would have loaded, in any slices; and where live takes up again."""

import json
import time
from datetime import date, timedelta

import pytest

from ingest.simulator.live import Clock, resume_ms
from ingest.simulator.loading import day_events
from ingest.simulator.messages import MessageMaker
from ingest.simulator.record import Remembered
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Identity, Timeline

DAY = date(2026, 3, 4)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def small() -> Timeline:
    return Timeline(Identity("small", 1, 1_772_000_000_000))


def sent(timeline: Timeline, machine, from_ms: int, until_ms: int, step_ms: int) -> dict[str, list[dict]]:
    """Objects by kind when the stretch is published in slices of step_ms."""
    maker = MessageMaker(timeline)
    found: dict[str, list[dict]] = {}
    for begin in range(from_ms, until_ms, step_ms):
        for topic, payload in maker.messages(machine, begin, min(begin + step_ms, until_ms)):
            content = json.loads(payload)
            found.setdefault(topic.rsplit("/", 1)[1], []).extend(content if isinstance(content, list) else [content])
    return found


def test_the_same_objects_are_sent_in_whatever_slices_live_works(small: Timeline) -> None:
    machine = small.plant.machines[4]
    start = small.day(machine, DAY).end_ms - 2 * HOUR_MS  # over a change of production day
    until = start + 4 * HOUR_MS
    small_slices = sent(small, machine, start, until, 10_000)
    assert (
        small_slices == sent(small, machine, start, until, 300_000) == sent(small, machine, start, until, 4 * HOUR_MS)
    )
    assert len(small_slices["sensor"]) == 1440 and len(small_slices["scada"]) >= 240


def test_sensor_messages_carry_the_values_that_history_loads(small: Timeline) -> None:
    machine = small.plant.machines[4]
    ts, values = day_signals(small, machine, DAY)
    found = sent(small, machine, int(ts[100]), int(ts[103]), 10_000)["sensor"]
    assert [message["ts"] for message in found] == ts[100:103].tolist()
    for message, column in zip(found, values[:, 100:103].T, strict=True):
        assert [message[spec.tag] for spec in machine.sensors] == column.tolist()


def test_scada_messages_speak_the_words_of_the_contract(small: Timeline) -> None:
    machine = small.plant.machines[0]
    start = small.day(machine, DAY).start_ms
    for message in sent(small, machine, start, start + HOUR_MS, HOUR_MS)["scada"]:
        assert {
            "ts",
            "state",
            "total_count",
            "good_count",
            "scrap_count",
            "rework_count",
            "cycle_time_s",
            "power_kw",
        } <= set(message)
        assert message["total_count"] == message["good_count"] + message["scrap_count"] + message["rework_count"]


def test_an_order_is_ended_before_the_next_one_begins(small: Timeline) -> None:
    machine = small.plant.machines[4]
    running, changes = None, 0
    for k in range(8):
        for event in day_events(small, machine, DAY + timedelta(days=k)):
            if event.event_type == "run_ended":
                assert running in (None, event.code)
                running = None
            elif event.event_type == "run_started":
                assert running is None
                running, changes = event.code, changes + 1
    assert changes >= 4


def test_topics_follow_the_unified_namespace(small: Timeline) -> None:
    assert small.plant.machines[0].topic == "gemba/v1/ygn/prep/prep-1/ygn-mixer-01"


NOW_MS = 1_772_100_000_000
LOADED = Remembered(Identity("small", 1, NOW_MS), NOW_MS - 3 * 24 * HOUR_MS, NOW_MS - 120_000, None)


@pytest.mark.parametrize(
    ("speed", "start_ms", "last_reading_ms", "expected"),
    [
        (1, None, None, NOW_MS - 130_000),  # history ended two minutes ago: live begins there, a tick back
        (1, None, NOW_MS - 60_000, NOW_MS - 70_000),  # live had gone on since
        (1, None, NOW_MS + HOUR_MS, NOW_MS - 10_000),  # data of the future: the present it is
        (60, None, None, NOW_MS - 130_000),
        (60, NOW_MS - HOUR_MS, None, NOW_MS - HOUR_MS),
    ],
)
def test_live_takes_up_where_data_ends(
    speed: float, start_ms: int | None, last_reading_ms: int | None, expected: int
) -> None:
    assert resume_ms(LOADED, speed, start_ms, last_reading_ms, NOW_MS) == expected


def test_after_a_gap_too_long_for_messages_live_begins_with_the_present() -> None:
    old = Remembered(LOADED.identity, LOADED.from_ms, NOW_MS - 24 * HOUR_MS, None)
    assert resume_ms(old, 1, None, None, NOW_MS) == NOW_MS - 10_000


def test_simulated_time_runs_at_its_speed() -> None:
    clock = Clock(NOW_MS, 1000)
    before = clock.now_ms()
    assert NOW_MS <= before < NOW_MS + 60_000
    assert clock.seconds_until(before + 1_000_000) == pytest.approx(1.0, abs=0.2)


def test_live_never_runs_ahead_of_the_time_of_day() -> None:
    present = int(time.time() * 1000)
    clock = Clock(present - 1000, 1_000_000, may_overtake=False)
    time.sleep(0.02)  # 20,000 simulated seconds
    assert present <= clock.now_ms() <= time.time() * 1000
    assert clock.seconds_until(present + 10_000) == pytest.approx(10, abs=0.5)
