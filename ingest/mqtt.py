"""The MQTT source: subscribe with a persistent session, hand batches on, acknowledge what is committed.

Memory is bounded by the broker: MQTT 5's receive maximum is the number of messages that may be here unacknowledged.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gemba.errors import GembaError

log = logging.getLogger("ingest")

RECEIVE_MAXIMUM = 4_000
BATCH_MESSAGES = 2_000
BATCH_BYTES = 16 * 1024 * 1024
BATCH_WAIT_S = 0.2
LARGEST_PACKET_BYTES = 4 * 1024 * 1024
SESSION_EXPIRY_S = 7 * 24 * 3600
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0

Handle = Callable[[list[aiomqtt.Message]], Awaitable[None]]


@dataclass(frozen=True)
class Broker:
    """Where the broker is and how to log in."""

    host: str
    port: int
    username: str | None
    password: str | None
    is_tls: bool


def parse_broker_url(url: str) -> Broker:
    """mqtt://user:password@host:1883 or mqtts://... (8883). Raises GembaError on anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise GembaError(f"GEMBA_MQTT_URL is {url!r}, no broker's address", "set it to mqtt://user:password@host:1883")
    is_tls = parts.scheme == "mqtts"
    username, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    return Broker(parts.hostname, parts.port or (8883 if is_tls else 1883), username, password, is_tls)


class BoundedQueue(asyncio.Queue):
    """Takes every acknowledged message (their number is the broker's business) but only so many of QoS 0."""

    def put_nowait(self, message: aiomqtt.Message) -> None:
        if message.qos == 0 and self.qsize() >= RECEIVE_MAXIMUM:
            raise asyncio.QueueFull
        super().put_nowait(message)


class Subscription:
    """One client on the broker that connects again and again until it is stopped."""

    def __init__(
        self, broker: Broker, client_id: str, topics: list[str], handle: Handle, stopping: asyncio.Event
    ) -> None:
        self.broker = broker
        self.client_id = client_id
        self.topics = topics
        self._handle = handle
        self._stopping = stopping

    async def run(self) -> None:
        """Until stopping is set: connect, subscribe, hand on batches. handle returns when its batch is committed."""
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            queue = BoundedQueue()  # what an old connection left is delivered again: its acknowledgements are void
            try:
                async with self._client(queue) as client:
                    for topic in self.topics:
                        await client.subscribe(topic, qos=1)
                    log.info("subscribed to %s at %s:%s", ", ".join(self.topics), self.broker.host, self.broker.port)
                    pause_s = FIRST_PAUSE_S
                    await self._pump(client, queue)
            except aiomqtt.MqttError as error:
                if self._stopping.is_set():
                    return
                log.warning("the broker is away (%s); trying again in %.1f s", error, pause_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _client(self, queue: asyncio.Queue) -> aiomqtt.Client:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.MaximumPacketSize = LARGEST_PACKET_BYTES
        client = aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            username=self.broker.username,
            password=self.broker.password,
            identifier=self.client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            max_inflight_messages=RECEIVE_MAXIMUM,
            queue_type=lambda maxsize: queue,
            tls_context=ssl.create_default_context() if self.broker.is_tls else None,
        )
        client._client.manual_ack_set(True)  # aiomqtt 2.5 has no way of its own to acknowledge after the work is done
        return client

    async def _pump(self, client: aiomqtt.Client, queue: asyncio.Queue) -> None:
        messages = aiter(client.messages)
        stop = asyncio.create_task(self._stopping.wait())
        following = asyncio.ensure_future(anext(messages))
        try:
            while True:
                await asyncio.wait({stop, following}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    return  # stopping; whatever is not acknowledged comes again
                batch = [following.result()]
                await self._fill(batch, queue)
                await self._handle(batch)
                for message in batch:
                    if message.qos:
                        client._client.ack(message.mid, message.qos)
                if stop.done():
                    return
                following = asyncio.ensure_future(anext(messages))
        finally:
            for task in (stop, following):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await following

    async def _fill(self, batch: list[aiomqtt.Message], queue: asyncio.Queue) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BATCH_WAIT_S
        size = len(batch[0].payload)
        while len(batch) < BATCH_MESSAGES and size < BATCH_BYTES:
            try:
                batch.append(queue.get_nowait())
                size += len(batch[-1].payload)
            except asyncio.QueueEmpty:
                if loop.time() >= deadline or self._stopping.is_set():
                    return
                await asyncio.sleep(0.01)
