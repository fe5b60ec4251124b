"""The processes of a plant: what each is, how it is started, and how one sees that it answers."""

import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gemba.errors import ServiceError
from gemba.paths import STREAMLIT_APP
from gemba.services import broker, postgres
from gemba.services.programs import Programs
from gemba.settings import Settings
from gemba.supervise import Program, Supervisor

STEADY_S = 8  # a process that was restarted counts as running after this long


@dataclass(frozen=True)
class Service:
    """A process of the plant. answers: whether it does its work now. address: where people or clients reach it."""

    program: Program
    answers: Callable[[], bool]
    address: str = ""
    port: int | None = None
    port_variable: str = ""
    start_s: int = 60

    @property
    def name(self) -> str:
        return self.program.name


def postgres_folder(settings: Settings) -> Path:
    """Folder of the embedded database: its data and nothing else."""
    return settings.home / "postgres"


def broker_folder(settings: Settings) -> Path:
    """Folder of the embedded broker: configuration and saved queues."""
    return settings.home / "mosquitto"


def servers(settings: Settings, programs: Programs | None) -> list[Service]:
    """The embedded servers of this plant. None of those for which a URL was given."""
    found = []
    if settings.is_embedded_database:
        command = postgres.start_command(programs, postgres_folder(settings)) if programs else []
        found.append(
            Service(
                Program("postgres", command, group="base", stop_s=7),
                lambda: _port_answers(settings.db_port),
                f"postgresql://127.0.0.1:{settings.db_port}/{settings.db_name}",
                settings.db_port,
                "GEMBA_DB_PORT",
            )
        )
    if settings.is_embedded_broker:
        command = broker.start_command(programs, broker_folder(settings)) if programs else []
        found.append(
            Service(
                Program("mosquitto", command, group="base", stop_s=7),
                lambda: _port_answers(settings.mqtt_port),
                settings.broker_url,
                settings.mqtt_port,
                "GEMBA_MQTT_PORT",
            )
        )
    return found


def apps(settings: Settings, *, with_simulator: bool) -> list[Service]:
    """The processes of ours, in the order in which they are started."""
    python = sys.executable
    found = [Service(Program("ingest", [python, "-m", "ingest"]), lambda: True, f"reads {_without_login(settings)}")]
    if with_simulator:
        found.append(Service(Program("simulator", [python, "-m", "ingest.simulator", "live"]), lambda: True))
    code_port = settings.dagster_port + 1
    found += [
        Service(
            Program("dagster-code", [python, "-m", "dagster_project", "code-server"]),
            lambda: _port_answers(code_port),
            f"127.0.0.1:{code_port} (gRPC)",
            code_port,
            "GEMBA_DAGSTER_PORT",
            start_s=120,
        ),
        Service(Program("dagster-daemon", [python, "-m", "dagster_project", "daemon"]), lambda: True),
        Service(
            Program("dagster-web", [python, "-m", "dagster_project", "webserver"]),
            lambda: _page_answers(f"http://127.0.0.1:{settings.dagster_port}/server_info"),
            f"http://127.0.0.1:{settings.dagster_port}",
            settings.dagster_port,
            "GEMBA_DAGSTER_PORT",
            start_s=120,
        ),
        Service(
            Program("streamlit", streamlit_command(settings)),
            lambda: _page_answers(f"http://127.0.0.1:{settings.streamlit_port}/_stcore/health"),
            f"http://127.0.0.1:{settings.streamlit_port}",
            settings.streamlit_port,
            "GEMBA_STREAMLIT_PORT",
        ),
    ]
    return found


def streamlit_command(settings: Settings) -> list[str]:
    """Command line of the pages' server."""
    where = ["--server.port", str(settings.streamlit_port), "--server.address", "127.0.0.1"]
    return [sys.executable, "-m", "streamlit", "run", str(STREAMLIT_APP), *where, "--server.headless", "true"]


def wait_until_answers(service: Service, supervisor: Supervisor) -> None:
    """Return once the service runs and answers, and steadily so if it had to be restarted.

    Raises ServiceError with the end of its log after its time, or after five restarts meanwhile.
    """
    deadline = time.monotonic() + service.start_s
    restarts_before: int | None = None
    while True:
        state = supervisor.state_of(service.name)
        if state is None:
            raise ServiceError(f"{service.name} was stopped while it was starting", "run `gemba up` again")
        if restarts_before is None:
            restarts_before = state.restart_count
        is_steady = state.restart_count == 0 or state.uptime_s >= STEADY_S
        if state.is_running and is_steady and service.answers():
            return
        is_flapping = state.restart_count - restarts_before >= 5
        if state.state == "FATAL" or is_flapping or time.monotonic() > deadline:
            log = supervisor.log_of(service.name)
            raise ServiceError(
                f"{service.name} does not start ({state.state.lower()}):\n{_tail(log)}",
                f"read {log}, mend the cause, then run the same command again",
            )
        time.sleep(0.2)


def _tail(log: Path, lines: int = 10) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "(nothing was logged)"
    return "\n".join("  | " + line for line in text.strip().splitlines()[-lines:])


def _without_login(settings: Settings) -> str:
    scheme, _, rest = settings.broker_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _port_answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def _page_answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy to our own machine
    try:
        with opener.open(url, timeout=3) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
