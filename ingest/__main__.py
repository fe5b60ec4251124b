"""`python -m ingest`: read the broker until told to stop."""

import argparse
import asyncio
import logging
import os
import signal
import sys

from gemba.errors import GembaError
from gemba.settings import get_settings
from ingest.mqtt import Subscription, parse_broker_url
from ingest.pipeline import Pipeline
from ingest.store import Stopped, Store


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 after a stop by signal, 1 after an error a person must mend."""
    parser = argparse.ArgumentParser(
        prog="gemba ingest",
        description="Read MQTT messages into the database. Each is acknowledged only after its rows are committed; what can't"
        " be stored becomes a dead letter. Ctrl-C or SIGTERM stops it cleanly.",
    )
    parser.add_argument("--topic", action="append", help="subscribe to this instead of gemba/v1/# (may be repeated)")
    parser.add_argument(
        "--client-id",
        default="gemba-ingest",
        help="name of the persistent session on the broker; one process per name (%(default)s)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("mqtt").setLevel(logging.WARNING)
    try:
        broker = parse_broker_url(get_settings().broker_url)
        asyncio.run(_run(broker, options.client_id, options.topic or ["gemba/v1/#"]))
    except GembaError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(broker, client_id: str, topics: list[str]) -> None:  # noqa: ANN001
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    store = Store(client_id, stopping.is_set)
    pipeline = Pipeline(store)
    subscription = Subscription(broker, client_id, topics, pipeline.handle, stopping)
    keep_alive = asyncio.create_task(pipeline.keep_alive(stopping))
    try:
        await subscription.run()
        await keep_alive
    except Stopped:
        logging.getLogger("ingest").warning("stopped while the database was away; what was not written comes again")
        os._exit(0)  # a worker thread may still wait for the database: nothing of it is acknowledged
    finally:
        keep_alive.cancel()
        store.close()


if __name__ == "__main__":
    sys.exit(main())
