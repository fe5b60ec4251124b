"""The end of the pipeline: a batch is written whole, or split until the one message that the database refuses is found."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg

from gemba.db import connect
from gemba.errors import DatabaseUnavailable
from ingest.catalog import Catalog, load_catalog
from ingest.records import Decoded, Reject
from ingest.stats import Minute, record_minute
from ingest.write import WriteResult, write_batch

T = TypeVar("T")
log = logging.getLogger("ingest")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0


class Stopped(Exception):
    """The process was asked to stop while it waited for the database; the batch was not written."""


class Store:
    """One connection as gemba_ingest, made when it is needed and again when it broke. Used from one thread at a time."""

    def __init__(self, process_name: str, is_stopping: Callable[[], bool]) -> None:
        self.process_name = process_name
        self._is_stopping = is_stopping
        self._conn: psycopg.Connection | None = None

    def write(self, batch: Sequence[Decoded], received_count: int) -> WriteResult:
        """Write the batch with its minute of statistics, however long the database is away. Raises Stopped."""
        return self._until_done(lambda conn: self._write_all(conn, batch, received_count))

    def sign_of_life(self) -> None:
        """Tell that the process lives although nothing comes in. Raises Stopped."""
        self._until_done(lambda conn: record_minute(conn, self.process_name, Minute()))

    def catalog(self) -> Catalog:
        """The catalog as it is now. Raises Stopped."""
        return self._until_done(load_catalog)

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._conn is not None:
            self._conn.close()

    def _until_done(self, work: Callable[[psycopg.Connection], T]) -> T:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                if self._conn is None or self._conn.closed:
                    self._conn = connect("gemba_ingest", autocommit=True, application_name=self.process_name)
                return work(self._conn)
            except (psycopg.Error, DatabaseUnavailable) as error:
                if self._is_stopping():
                    raise Stopped from error
                log.warning(
                    "the database is away, %s; trying again in %.1f s, nothing is lost", _first_line(error), pause_s
                )
                if self._conn is not None:
                    self._conn.close()
                self._conn = None
                _sleep(pause_s, self._is_stopping)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _write_all(self, conn: psycopg.Connection, batch: Sequence[Decoded], received_count: int) -> WriteResult:
        with conn.transaction():
            result = self._write_or_split(conn, batch)
            lag_s = _lag_s(batch)
            minute = Minute(received_count, result.stored, result.duplicate, result.dead_letters, 1, lag_s)
            record_minute(conn, self.process_name, minute)
        return result

    def _write_or_split(self, conn: psycopg.Connection, batch: Sequence[Decoded]) -> WriteResult:
        """One message that the database refuses must not hold up the others: halve until it is alone."""
        try:
            return write_batch(conn, batch)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(batch) == 1:
                refused = Decoded(batch[0].topic, batch[0].payload, batch[0].source)
                refused.rejects.append(Reject("refused_by_database", _first_line(error)))
                return write_batch(conn, [refused])
        half = len(batch) // 2
        first, second = self._write_or_split(conn, batch[:half]), self._write_or_split(conn, batch[half:])
        return WriteResult(
            first.stored + second.stored, first.duplicate + second.duplicate, first.dead_letters + second.dead_letters
        )


def _lag_s(batch: Sequence[Decoded]) -> float | None:
    instants = [row.micros for message in batch for row in (*message.readings, *message.samples, *message.events)]
    return time.time() - min(instants) / 1e6 if instants else None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _sleep(seconds: float, is_stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_stopping():
        time.sleep(0.1)
