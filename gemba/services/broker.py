"""The embedded MQTT broker (Mosquitto): its configuration, how it is started, wait for it.

It listens on 127.0.0.1 without a password; the production shape (docker-compose.yml) has passwords and an ACL.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gemba.errors import ServiceError
from gemba.services.ports import free_port
from gemba.services.programs import Programs, find
from gemba.services.provision import Announce
from gemba.settings import get_settings


def configure(programs: Programs, folder: Path, *, port: int) -> None:
    """Write mosquitto.conf into the folder. Queues of persistent sessions survive a restart of the broker."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "user root",  # don't change users: inside the sandbox there is only the caller
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {programs.inside(folder)}/",
        "autosave_interval 60",
        "max_inflight_messages 2000",
        "max_queued_messages 1000000",  # what ingest missed while it was away, held for its persistent session
        "max_queued_bytes 1073741824",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_type information",
        "connection_messages true",
        "log_timestamp_format %Y-%m-%dT%H:%M:%SZ",
    ]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def start_command(programs: Programs, folder: Path) -> list[str]:
    """Command line of the broker under its runner; SIGTERM there lets it save its queues."""
    runner = [sys.executable, "-m", "gemba.services.runner", "--stop", "TERM", "--grace", "5", "--"]
    return [*runner, *programs.broker("-c", programs.inside(folder, "mosquitto.conf"), folder=folder)]


def wait_until_ready(port: int, is_alive: Callable[[], bool], log: Path, timeout_s: float = 20) -> None:
    """Return once the broker takes connections. Raises ServiceError with the end of its log."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > deadline or not is_alive():
                tail = (
                    log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:] if log.exists() else []
                )
                raise ServiceError(
                    "The embedded MQTT broker did not start:\n" + "\n".join("  | " + line for line in tail),
                    f"read {log}; `gemba doctor` checks ports, disk and tools",
                ) from error
        time.sleep(0.1)


@contextmanager
def temporary_broker(announce: Announce = print) -> Iterator[str]:
    """A private MQTT broker for one test run: its mqtt:// URL. Gone at the end."""
    programs = find(get_settings().home, announce)
    with tempfile.TemporaryDirectory(prefix="gemba-test-mqtt-", ignore_cleanup_errors=True) as home:
        folder, log, port = Path(home, "mosquitto"), Path(home, "mosquitto.log"), free_port()
        configure(programs, folder, port=port)
        with log.open("wb") as output:
            command = start_command(programs, folder)
            broker = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            wait_until_ready(port, lambda: broker.poll() is None, log)
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            broker.terminate()
            broker.wait(timeout=30)
