"""Publishes the plant's present over MQTT, QoS 1. After a lost broker it goes on from the last instant delivered."""

import argparse
import asyncio
import logging
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aiomqtt

from gemba import db
from gemba.errors import GembaError, InputError
from gemba.settings import get_settings
from ingest.simulator import record
from ingest.simulator.messages import MessageMaker
from ingest.simulator.timeline import Timeline

logger = logging.getLogger("ingest.simulator")

TICK_MS = 10_000
_LONGEST_WINDOW_MS = 300_000  # one message a machine and kind holds at most this much time
_LONGEST_CATCH_UP_MS = 6 * 3_600_000  # longer gaps are history's business: COPY is quicker than messages
_PENDING = 40  # publishes that wait for the broker's acknowledgement at the same time
_RETRY_S = (0.2, 0.5, 1, 2, 5)


class Clock:
    """Simulated time: start_ms when made, then speed simulated seconds a second; without start_ms the time of day.

    may_overtake: whether it may run ahead of the time of day. Ingest refuses the future, so live may not.
    """

    def __init__(self, start_ms: int | None = None, speed: float = 1.0, *, may_overtake: bool = True) -> None:
        self.start_ms, self.speed, self._began = start_ms, speed, time.monotonic()
        self.may_overtake = may_overtake

    def now_ms(self) -> int:
        present = int(time.time() * 1000)
        if self.start_ms is None:
            return present
        simulated = self.start_ms + int((time.monotonic() - self._began) * 1000 * self.speed)
        return simulated if self.may_overtake else min(simulated, present)

    def seconds_until(self, at_ms: int) -> float:
        """Seconds of real time until a simulated instant; 0 where it has passed."""
        ahead_ms = max(0, at_ms - self.now_ms())
        # once level with the present, a simulated second takes a second
        is_level = self.start_ms is None or (not self.may_overtake and at_ms > time.time() * 1000)
        return ahead_ms / 1000 / (1.0 if is_level else self.speed)


class Publisher:
    """Publishes windows of the timeline in order; everything up to `position_ms` was acknowledged."""

    def __init__(self, timeline: Timeline, position_ms: int, clock: Clock, until_ms: int | None = None) -> None:
        self.timeline, self.clock, self.until_ms = timeline, clock, until_ms
        self.position_ms = position_ms
        self.message_count = 0
        self._maker = MessageMaker(timeline)

    @property
    def is_finished(self) -> bool:
        return self.until_ms is not None and self.position_ms >= self.until_ms

    async def run(self, connect: Callable[[], "AsyncIterator[aiomqtt.Client]"]) -> None:
        """Publish until until_ms; forever without one. A lost broker is waited for, for as long as it takes."""
        failures = 0
        while not self.is_finished:
            try:
                async with connect() as client:
                    logger.info("connected; publishing from %s", _text(self.position_ms))
                    failures = 0
                    while not self.is_finished:
                        await self._publish_next(client)
            except aiomqtt.MqttError as error:
                wait = _RETRY_S[min(failures, len(_RETRY_S) - 1)]
                failures += 1
                logger.warning("the broker is away (%s); trying again in %s s", error, wait)
                await asyncio.sleep(wait)

    async def _publish_next(self, client: aiomqtt.Client) -> None:
        """Wait for the next tick, then publish (position, present] in windows; move on once it is acknowledged."""
        await asyncio.sleep(self.clock.seconds_until(self.position_ms + TICK_MS))
        present = self.clock.now_ms() // TICK_MS * TICK_MS
        end = min(present, self.position_ms + _LONGEST_WINDOW_MS)
        if self.until_ms is not None:
            end = min(end, self.until_ms)
        if end <= self.position_ms:
            return
        begin = self.position_ms  # (begin, end]: a reading of this very instant is sent now, not ten seconds late
        batch: list[tuple[str, bytes]] = []
        for machine in self.timeline.plant.machines:
            batch += self._maker.messages(machine, begin + 1, end + 1)
            if len(batch) >= _PENDING:
                await self._deliver(client, batch)
                batch = []
        await self._deliver(client, batch)
        self.position_ms = end

    async def _deliver(self, client: aiomqtt.Client, batch: list[tuple[str, bytes]]) -> None:
        await asyncio.gather(*(client.publish(topic, payload, qos=1, timeout=5) for topic, payload in batch))
        self.message_count += len(batch)


@asynccontextmanager
async def broker(url: str) -> AsyncIterator[aiomqtt.Client]:
    """A connection to the broker. Raises aiomqtt.MqttError where there is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise InputError(
            f"{url!r} is not the address of an MQTT broker", "set GEMBA_MQTT_URL to mqtt://user:password@host:port"
        )
    is_secure = parts.scheme == "mqtts"
    async with aiomqtt.Client(
        parts.hostname,
        parts.port or (8883 if is_secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls_context=ssl.create_default_context() if is_secure else None,
        max_inflight_messages=_PENDING * 5,
        keepalive=15,
        timeout=5,
    ) as client:
        client.pending_calls_threshold = _PENDING * 6
        yield client


def resume_ms(
    found: record.Remembered, speed: float, start_ms: int | None, last_reading_ms: int | None, now_ms: int
) -> int:
    """The instant after which live begins: --start, else where data ends, or the present where that is too long ago."""
    if start_ms is not None:
        return start_ms // TICK_MS * TICK_MS
    end = max(found.until_ms or found.from_ms, last_reading_ms or 0)
    if speed == 1 and (end < now_ms - _LONGEST_CATCH_UP_MS or end > now_ms):
        if end < now_ms:
            logger.warning("no data since %s; `gemba simulate history --continue` fills the gap", _text(end))
        end = now_ms
    # a tick back: what was under way when a run before this one stopped is sent again, and stored once
    return end // TICK_MS * TICK_MS - TICK_MS


def run_live(options: argparse.Namespace) -> None:
    """The command `live`: publish until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.speed <= 0:
        raise InputError("--speed must be above 0", "1 is real time, 60 is a minute a second")
    with db.connect("gemba_ingest") as conn:
        found = record.remembered(conn)
        if found is None:
            raise GembaError(
                "The database holds no simulated plant to bring to life", "load one first: `gemba simulate history`"
            )
        record.refuse_another(found, options.scale, options.seed, None)
        last_reading_ms = record.last_reading_ms(
            conn, [machine.code for machine in Timeline(found.identity).plant.machines]
        )
    now_ms = int(time.time() * 1000)
    position_ms = resume_ms(found, options.speed, options.start, last_reading_ms, now_ms)
    is_real_time = options.speed == 1 and options.start is None
    clock = Clock() if is_real_time else Clock(position_ms, options.speed, may_overtake=False)
    publisher = Publisher(Timeline(found.identity), position_ms, clock, options.until)
    asyncio.run(_until_stopped(publisher))
    logger.info("stopped after %s messages, at %s", f"{publisher.message_count:,}", _text(publisher.position_ms))


async def _until_stopped(publisher: Publisher) -> None:
    url = get_settings().broker_url
    work = asyncio.ensure_future(publisher.run(lambda: broker(url)))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        pass


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
