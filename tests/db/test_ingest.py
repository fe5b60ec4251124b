"""Messages through a real broker into a real database: nothing lost, nothing twice, what is refused is kept."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import psycopg
import pytest

from gemba.paths import PROJECT
from ingest.dead_letters import replay_letters

SITE = f"t{uuid.uuid4().hex[:6]}"  # topics of its own: the broker is shared by the tests of a run
BASE = f"gemba/v1/{SITE}/a1/l1/m1"
PLANT = """
    WITH s AS (INSERT INTO ref.sites (site_code, name, time_zone) VALUES (%s, 'S', 'Asia/Yangon') RETURNING site_id),
    a AS (INSERT INTO ref.areas (site_id, area_code, name) SELECT site_id, 'a1', 'A' FROM s RETURNING area_id),
    l AS (INSERT INTO ref.lines (area_id, line_code, name) SELECT area_id, 'l1', 'L' FROM a RETURNING line_id),
    p AS (INSERT INTO ref.products (product_id, product_code, name) VALUES (1, 'T-205', 'Tyre')),
    m AS (INSERT INTO ref.machines (machine_id, line_id, machine_code, name, machine_type) SELECT 1, line_id, 'm1', 'M', 'press' FROM l)
    INSERT INTO ref.sensors (sensor_id, machine_id, tag, name, kind, unit)
    SELECT n, 1, 'tag' || n, 'Tag', 'other', '1' FROM generate_series(1, 5) AS n"""


class Publisher:
    """Publishes at QoS 1 and waits for the broker's word."""

    def __init__(self, broker_url: str) -> None:
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.max_inflight_messages_set(500)
        parts = urlsplit(broker_url)
        self.client.connect(parts.hostname, parts.port)
        self.client.loop_start()

    def send(self, *messages: tuple[str, bytes]) -> None:
        for each in [self.client.publish(topic, payload, qos=1) for topic, payload in messages]:
            each.wait_for_publish(20)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Ingest:
    """The ingest process, started and ended as a supervisor would."""

    def __init__(self, database_url: str, broker_url: str) -> None:
        self.environment = {
            **os.environ,
            "GEMBA_DATABASE_URL": database_url,
            "GEMBA_MQTT_URL": broker_url,
            "PYTHONPATH": str(PROJECT),
        }
        self.client_id = f"test-{SITE}-{uuid.uuid4().hex[:6]}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ingest",
                "--topic",
                f"gemba/v1/{SITE}/#",
                "--topic",
                f"gemba/v1/bad-{SITE}/#",
                "--client-id",
                self.client_id,
            ],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        while "subscribed" not in (line := self.process.stderr.readline()):
            assert line, "ingest ended before it had subscribed"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(10)
        self.process.stderr.close()
        return status


@pytest.fixture
def plant(db: psycopg.Connection) -> psycopg.Connection:
    db.execute(PLANT, (SITE,))
    db.commit()
    db.autocommit = True
    return db


@pytest.fixture
def publisher(broker_url: str) -> Iterator[Publisher]:
    publisher = Publisher(broker_url)
    yield publisher
    publisher.close()


@pytest.fixture
def ingest(plant: psycopg.Connection, database_url: str, broker_url: str) -> Iterator[Ingest]:
    ingest = Ingest(database_url, broker_url)
    ingest.start()
    yield ingest
    if ingest.process.poll() is None:
        ingest.stop()


def wait_until(claim: str, check: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {claim}"
        time.sleep(0.1)


def one(conn: psycopg.Connection, query: str, *values: object) -> object:
    return conn.execute(query, values).fetchone()[0]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def message(kind: str, content: object) -> tuple[str, bytes]:
    return f"{BASE}/{kind}", json.dumps(content).encode()


def test_every_kind_of_message_lands_in_its_table(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    ts = now_ms()
    publisher.send(
        message("sensor", {"ts": ts, "tag1": 1.5, "tag2": 2.5}),
        message("scada", {"ts": ts, "state": "running", "total_count": 5, "good_count": 4, "screw_rpm": 30}),
        message("event", {"ts": ts, "type": "state", "code": "running"}),
        message("event", {"ts": ts, "type": "run_started", "code": "PO-1", "product": "T-205"}),
        message(
            "quality",
            {
                "ts": ts,
                "kind": "final",
                "inspected_count": 9,
                "passed_count": 8,
                "defects": [{"code": "BLISTER", "count": 1}],
            },
        ),
    )
    wait_until("all is stored", lambda: one(plant, "SELECT count(*) FROM ops.defects") == 1)
    assert plant.execute("SELECT sensor_id, value, quality FROM raw.sensor_readings ORDER BY 1").fetchall() == [
        (1, 1.5, 192),
        (2, 2.5, 192),
    ]
    assert plant.execute("SELECT state_code, total_count, process_values FROM raw.machine_samples").fetchall() == [
        ("running", 5, {"screw_rpm": 30.0})
    ]
    assert plant.execute("SELECT event_type, event_code FROM raw.machine_events ORDER BY 1").fetchall() == [
        ("run_started", "PO-1"),
        ("state", "running"),
    ]
    assert plant.execute("SELECT order_code, product_id, ended_at FROM ops.production_runs").fetchall() == [
        ("PO-1", 1, None)
    ]
    assert one(plant, "SELECT sum(message_count) FROM ops.ingest_stats") == 5
    assert one(plant, "SELECT sum(stored_count) FROM ops.ingest_stats") == 6


def test_bad_input_becomes_dead_letters_with_true_reasons_and_the_process_lives_on(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    ts = now_ms()
    bad = {
        "unknown_machine": (f"gemba/v1/bad-{SITE}/a/l/m/sensor", b'{"ts": %d, "x": 1}' % ts),
        "unknown_tag": message("sensor", {"ts": ts, "nope": 1}),
        "undecodable": (f"{BASE}/sensor", b"\xff\xfe\x00"),
        "not_a_number": message("sensor", {"ts": ts, "tag1": "NaN"}),
        "bad_timestamp": message("sensor", {"ts": "1970-01-01T00:00:00Z", "tag1": 1}),
        "too_large": (f"{BASE}/sensor", b'{"ts": 1, "tag1": "' + b"x" * 1_000_000 + b'"}'),
        "good_above_total": message("count", {"ts": ts, "total_count": 1, "good_count": 2}),
        "bad_topic": (f"{BASE}/smell", b"{}"),
        "refused_by_database": message(
            "event", {"ts": ts, "type": "note", "code": "x", "text": "a \u0000 that jsonb can't hold"}
        ),
    }
    more = [
        (f"{BASE}/sensor", b'{"ts": %d, "tag1": Infinity}' % ts),
        (f"{BASE}/sensor", b'{"ts": %d, "tag1": %s}' % (ts, b"[" * 1000 + b"]" * 1000)),
        message("sensor", {"ts": "2100-01-01T00:00:00Z", "tag1": 1}),
    ]
    good = [message("sensor", {"ts": ts + n, "tag2": n}) for n in range(50)]
    publisher.send(*bad.values(), *more, *good)
    wait_until("good and bad are both dealt with", lambda: one(plant, "SELECT count(*) FROM ops.dead_letters") == 12)
    wait_until("the good ones are stored", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings") == 50)
    for reason, (topic, payload) in bad.items():
        assert (
            one(
                plant,
                "SELECT count(*) FROM ops.dead_letters WHERE reason_code = %s AND topic = %s AND payload = %s",
                reason,
                topic,
                payload,
            )
            == 1
        ), reason
    assert ingest.process.poll() is None


def test_the_same_message_twice_changes_nothing_and_another_value_is_kept_as_a_conflict(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    ts = now_ms()
    first = [
        message("sensor", {"ts": ts, "tag1": 1, "tag2": 2}),
        message("scada", {"ts": ts, "total_count": 5}),
        message("event", {"ts": ts, "type": "state", "code": "down"}),
    ]
    publisher.send(*first, *first)
    wait_until("both are counted", lambda: one(plant, "SELECT sum(message_count) FROM ops.ingest_stats") == 6)
    publisher.send(*first)
    wait_until("the third round too", lambda: one(plant, "SELECT sum(message_count) FROM ops.ingest_stats") == 9)
    assert plant.execute(
        "SELECT sum(stored_count), sum(duplicate_count), sum(dead_letter_count) FROM ops.ingest_stats"
    ).fetchone() == (4, 8, 0)
    publisher.send(message("sensor", {"ts": ts, "tag1": 1, "tag2": 99}), message("scada", {"ts": ts, "total_count": 6}))
    wait_until(
        "two letters", lambda: one(plant, "SELECT count(*) FROM ops.dead_letters WHERE reason_code = 'conflict'") == 2
    )
    assert one(plant, "SELECT value FROM raw.sensor_readings WHERE sensor_id = 2") == 2
    assert one(plant, "SELECT total_count FROM raw.machine_samples") == 5


def test_a_letter_is_replayed_once_its_cause_is_mended(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    ts = now_ms()
    publisher.send(message("sensor", {"ts": ts, "tag1": 1, "later": 7}))
    wait_until("the letter is there", lambda: one(plant, "SELECT count(*) FROM ops.dead_letters") == 1)
    assert replay_letters(plant, "unknown_tag") == {"unknown_tag": 1}, "nothing was mended yet"
    assert one(plant, "SELECT count(*) FROM ops.dead_letters WHERE replayed_at IS NULL") == 1
    plant.execute(
        "INSERT INTO ref.sensors (sensor_id, machine_id, tag, name, kind, unit) VALUES (9, 1, 'later', 'L', 'other', '1')"
    )
    assert replay_letters(plant, "unknown_tag") == {"stored": 1}
    assert plant.execute("SELECT sensor_id, value FROM raw.sensor_readings ORDER BY 1").fetchall() == [
        (1, 1.0),
        (9, 7.0),
    ]
    assert replay_letters(plant) == {}, "a replayed letter stays closed"


def test_a_new_machine_is_known_without_a_restart(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    publisher.send(message("sensor", {"ts": now_ms(), "tag1": 1}))
    wait_until("the first is stored", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings") == 1)
    plant.execute(
        "INSERT INTO ref.sensors (sensor_id, machine_id, tag, name, kind, unit) VALUES (8, 1, 'new', 'N', 'other', '1')"
    )
    time.sleep(2.1)  # an unknown tag asks for a fresh catalog, at most every two seconds
    publisher.send(message("sensor", {"ts": now_ms(), "new": 1}))
    wait_until(
        "the new one too", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings WHERE sensor_id = 8") == 1
    )


def test_nothing_acknowledged_is_lost_or_doubled_when_ingest_is_killed_under_load(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    start, count = now_ms() - 10_000_000, 6000
    sent = 0
    for round_ in range(4):
        publisher.send(
            *[message("sensor", {"ts": start + n, "tag1": n, "tag2": -n}) for n in range(sent, sent + count // 4)]
        )
        sent += count // 4
        if round_ < 3:
            ingest.stop(signal.SIGKILL)
            ingest.start()
    wait_until(
        "every reading sent is stored", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings") == 2 * count, 30
    )
    assert (
        one(plant, "SELECT sum(value) FILTER (WHERE sensor_id = 1) FROM raw.sensor_readings") == count * (count - 1) / 2
    )
    assert one(plant, "SELECT count(*) FROM ops.dead_letters") == 0


def test_nothing_is_lost_when_the_database_throws_ingest_out_under_load(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    start, count = now_ms() - 10_000_000, 4000
    for n in range(0, count, 500):
        publisher.send(*[message("sensor", {"ts": start + i, "tag3": i}) for i in range(n, n + 500)])
        plant.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (ingest.client_id,)
        )
    wait_until(
        "every reading sent is stored", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings") == count, 30
    )
    assert ingest.process.poll() is None


def test_sigterm_ends_it_cleanly_and_what_comes_meanwhile_waits_at_the_broker(
    plant: psycopg.Connection, ingest: Ingest, publisher: Publisher
) -> None:
    started = time.monotonic()
    assert ingest.stop() == 0 and time.monotonic() - started < 5
    publisher.send(message("sensor", {"ts": now_ms(), "tag4": 4}))
    ingest.start()
    wait_until(
        "it was held for us", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings WHERE sensor_id = 4") == 1
    )


def test_a_late_reading_lands_where_it_belongs(plant: psycopg.Connection, ingest: Ingest, publisher: Publisher) -> None:
    publisher.send(message("sensor", {"ts": "2026-01-02T03:04:05Z", "tag5": 5}))
    wait_until("it is stored", lambda: one(plant, "SELECT count(*) FROM raw.sensor_readings") == 1)
    assert one(plant, "SELECT ts = '2026-01-02 03:04:05+00' FROM raw.sensor_readings")
