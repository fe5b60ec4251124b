"""decode -> rules -> batch -> write: what happens between a message's arrival and its acknowledgement."""

import asyncio
import logging
import time

import aiomqtt

from ingest.catalog import Catalog
from ingest.decode import decode, is_catalog_miss
from ingest.records import Decoded
from ingest.store import Store

log = logging.getLogger("ingest")

CATALOG_REFRESH_S = 60.0  # names that people add become known at the latest then
CATALOG_MISS_S = 2.0  # an unknown name asks for a fresh catalog, but not more often
SIGN_OF_LIFE_S = 10.0
REPORT_S = 60.0


class Pipeline:
    """Decodes batches and writes them; blocking work runs in one worker thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalog = Catalog()
        self._lock = asyncio.Lock()  # the store's connection serves one at a time
        self._messages = self._rows = self._letters = 0
        self._reported_at = self._wrote_at = time.monotonic()

    async def handle(self, messages: list[aiomqtt.Message]) -> None:
        """Return when everything in the messages is committed. Raises ingest.store.Stopped."""
        async with self._lock:
            result = await asyncio.to_thread(
                self._handle, [(str(message.topic), message.payload) for message in messages]
            )
        self._messages += len(messages)
        self._rows += result.stored
        self._letters += result.dead_letters
        self._wrote_at = time.monotonic()

    def _handle(self, messages: list[tuple[str, bytes]]):  # noqa: ANN202
        if self._catalog.age_s > CATALOG_REFRESH_S:
            self._catalog = self._store.catalog()
        batch = [self._decode(topic, payload) for topic, payload in messages]
        if self._catalog.age_s > CATALOG_MISS_S and any(map(is_catalog_miss, batch)):
            self._catalog = self._store.catalog()
            batch = [self._decode(each.topic, each.payload) if is_catalog_miss(each) else each for each in batch]
        return self._store.write(batch, len(messages))

    def _decode(self, topic: str, payload: bytes) -> Decoded:
        return decode(topic, bytes(payload), self._catalog, time.time_ns() // 1000)

    async def keep_alive(self, stopping: asyncio.Event) -> None:
        """Until stopping: a sign of life where nothing comes in, and a line a minute in the log."""
        while not stopping.is_set():
            now = time.monotonic()
            if now - self._wrote_at > SIGN_OF_LIFE_S and not self._lock.locked():
                async with self._lock:
                    await asyncio.to_thread(self._store.sign_of_life)
                self._wrote_at = time.monotonic()
            if now - self._reported_at >= REPORT_S:
                span_s = now - self._reported_at
                log.info(
                    "%.1f messages/s, %.1f rows/s, %d dead letters",
                    self._messages / span_s,
                    self._rows / span_s,
                    self._letters,
                )
                self._messages = self._rows = self._letters = 0
                self._reported_at = now
            await asyncio.sleep(1)
