"""Live against a real broker: it delivers every instant once or more, over lost connections, and stops when told."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import pytest

from gemba.paths import PROJECT
from ingest.simulator.history import Wanted, load_history
from ingest.simulator.live import Clock, Publisher, broker
from ingest.simulator.plant import build_plant
from ingest.simulator.timeline import Identity, Timeline

START_MS = 1_772_000_000_000 // 60_000 * 60_000
MINUTE_MS = 60_000


async def received(url: str, work, expected: int) -> list[tuple[str, dict]]:
    """Messages of the small plant that arrive while work runs, until each machine was read so often."""
    parts = urlsplit(url)
    found: list[tuple[str, dict]] = []
    async with aiomqtt.Client(
        parts.hostname, parts.port, identifier=f"sim-test-{os.getpid()}-{time.time_ns()}"
    ) as client:
        await client.subscribe("gemba/v1/ygn/#", qos=1)
        task = asyncio.ensure_future(work())
        read: dict[str, set[int]] = {machine.code: set() for machine in build_plant("small").machines}
        async with asyncio.timeout(60):
            async for message in client.messages:
                content = json.loads(message.payload)
                items = content if isinstance(content, list) else [content]
                found += [(str(message.topic), item) for item in items]
                *_, machine_code, kind = str(message.topic).split("/")
                if kind == "sensor":
                    read[machine_code] |= {item["ts"] for item in items}
                if all(len(instants) >= expected for instants in read.values()):
                    break
        await task
    return found


def test_live_sends_every_machine_every_ten_seconds_and_continues_the_history(broker_url: str) -> None:
    timeline = Timeline(Identity("small", 1, START_MS))
    publisher = Publisher(timeline, START_MS, Clock(START_MS, 600), START_MS + 10 * MINUTE_MS)
    found = asyncio.run(received(broker_url, lambda: publisher.run(lambda: broker(broker_url)), 60))
    for machine in timeline.plant.machines:
        instants = {item["ts"] for topic, item in found if topic == f"{machine.topic}/sensor"}
        assert instants == {START_MS + 10_000 * k for k in range(1, 61)}
        minutes = {item["ts"] for topic, item in found if topic == f"{machine.topic}/scada"}
        assert {START_MS + MINUTE_MS * k for k in range(1, 11)} <= minutes


def test_a_lost_broker_costs_no_instant(broker_url: str) -> None:
    timeline = Timeline(Identity("small", 1, START_MS))
    publisher = Publisher(timeline, START_MS, Clock(START_MS, 300), START_MS + 15 * MINUTE_MS)
    parts = urlsplit(broker_url)
    identifier = f"sim-live-{os.getpid()}"
    connections = 0

    async def cut() -> None:
        await asyncio.sleep(0.5)
        async with aiomqtt.Client(parts.hostname, parts.port, identifier=identifier):
            pass  # the broker throws out whoever had this name before

    @asynccontextmanager
    async def unsteady():
        nonlocal connections
        connections += 1
        if connections == 2:
            async with broker("mqtt://127.0.0.1:1"):  # nobody listens there
                raise AssertionError("unreachable")
        async with aiomqtt.Client(parts.hostname, parts.port, identifier=identifier) as client:
            client.pending_calls_threshold = 500
            cutting = asyncio.ensure_future(cut()) if connections < 4 else None
            yield client
            if cutting:
                await cutting

    found = asyncio.run(received(broker_url, lambda: publisher.run(unsteady), 90))
    assert connections >= 3
    instants = {item["ts"] for topic, item in found if topic.endswith("ygn-mixer-01/sensor")}
    assert instants == {START_MS + 10_000 * k for k in range(1, 91)}


@pytest.mark.parametrize("has_broker", [True, False])
def test_sigterm_stops_live_within_three_seconds(
    database_url: str, broker_url: str, tmp_path: Path, has_broker: bool
) -> None:
    load_history(Wanted(days=0.1, machine_limit=1, truth=tmp_path))
    environment = os.environ | {
        "GEMBA_DATABASE_URL": database_url, "GEMBA_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT),
        "GEMBA_MQTT_URL": broker_url if has_broker else "mqtt://127.0.0.1:1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest.simulator", "live"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert ("connected" if has_broker else "away") in line, line
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=10)[1]
        assert time.monotonic() - started < 3
        assert process.returncode == 0, rest
        assert "stopped after" in rest and "Traceback" not in rest
    finally:
        process.kill()
        process.wait()
