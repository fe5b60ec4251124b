"""Checks of the machine and of the plant, each with the remedy. `gemba up` runs the first kind before it starts."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gemba.errors import GembaError
from gemba.services import programs
from gemba.services.ports import holder_of, is_taken
from gemba.services.provision import NEEDED_BYTES, rootfs_of
from gemba.settings import Settings

WORKING_BYTES = 1_000_000_000  # less than this free and the history of a small plant may not fit


@dataclass(frozen=True)
class Finding:
    """One thing looked at. verdict: ok, warning (it works, but) or problem (it will not work)."""

    what: str
    verdict: Literal["ok", "warning", "problem"]
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, cheapest first."""
    from gemba import plant
    from gemba.supervise import Supervisor

    supervisor = Supervisor(settings.home)
    running = {state.name for state in supervisor.states() if state.pid}
    services = [*plant.servers(settings, None), *plant.apps(settings, with_simulator=False)]
    return [
        _python(),
        _home(settings),
        *_tools(settings),
        *_ports(services, running),
        _database(settings, "postgres" in running),
        *_processes(supervisor),
    ]


def check_before_start(settings: Settings, services: list, running: set[str]) -> None:
    """Raise the first problem that would make a start fail: disk, tools, ports.

    running: names of the plant's processes that hold their ports rightfully.
    """
    for finding in [_home(settings), *_ports(services, running)]:
        if finding.verdict == "problem":
            raise GembaError(finding.detail, finding.remedy)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "ok", f"{version}, {sys.executable}")


def _home(settings: Settings) -> Finding:
    home = settings.home
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        return Finding("Home", "problem", f"{home} can't be written", "change its rights, or set GEMBA_HOME")
    free = shutil.disk_usage(nearest).free
    provisions = settings.is_embedded_database and not rootfs_of(home).is_dir() and programs.needs_rootfs()
    needed = WORKING_BYTES + (NEEDED_BYTES if provisions else 0)
    detail = f"{home} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed"
    if free < needed:
        return Finding("Home", "problem", detail, "free some space, or set GEMBA_HOME to a folder on a larger disk")
    return Finding("Home", "ok", detail)


def _tools(settings: Settings) -> Iterator[Finding]:
    if not (settings.is_embedded_database or settings.is_embedded_broker):
        return
    if not programs.needs_rootfs():
        yield Finding("TimescaleDB", "ok", f"the host's own, {programs.host_postgres()}")
        return
    root = rootfs_of(settings.home)
    made = root.is_dir()
    yield Finding("TimescaleDB", "ok", f"provisioned in {root}" if made else f"will be provisioned into {root}")
    for tool, package in _needed_tools(made).items():
        if shutil.which(tool):
            yield Finding(tool, "ok", str(shutil.which(tool)))
        elif os.geteuid() == 0 and shutil.which("apt-get"):
            yield Finding(tool, "ok", f"absent; `gemba up` installs the package {package} with apt-get")
        else:
            yield Finding(tool, "problem", f"{tool} is missing", f"sudo apt-get install {package}")


def _needed_tools(is_provisioned: bool) -> dict[str, str]:
    return {"bwrap": "bubblewrap"} if is_provisioned else {"bwrap": "bubblewrap", "mmdebstrap": "mmdebstrap"}


def _ports(services: list, running: set[str]) -> Iterator[Finding]:
    for service in services:
        if service.port is None:
            continue
        if service.name in running:
            yield Finding(f"Port {service.port}", "ok", f"held by our {service.name}")
        elif is_taken(service.port):
            detail = f"Port {service.port}, which {service.name} needs, is taken by {holder_of(service.port)}"
            variable = f"{service.port_variable}={_suggestion(service)}"
            remedy = f"stop that process, or choose another port: echo {variable} >> .env"
            yield Finding(f"Port {service.port}", "problem", detail, remedy)
        else:
            yield Finding(f"Port {service.port}", "ok", f"free for {service.name}")


def _suggestion(service) -> int:
    offset = 1 if service.name == "dagster-code" else 0  # its port is the one above the variable's
    return next(port for port in range(service.port + 10, 65000) if not is_taken(port)) - offset


def _database(settings: Settings, is_running: bool) -> Finding:
    if settings.is_embedded_database and not is_running:
        return Finding("Database", "ok", "not running; `gemba up` starts it")
    from gemba.db import connect

    try:
        with connect() as conn:
            server, extension, license_name = conn.execute(
                "SELECT current_setting('server_version'),"
                " (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'),"
                " current_setting('timescaledb.license', true)"
            ).fetchone()
    except GembaError as error:
        return Finding("Database", "problem", error.what, error.remedy)
    if extension is None:
        remedy = "install TimescaleDB on that server, or unset GEMBA_DATABASE_URL to use the embedded one"
        return Finding("Database", "problem", f"PostgreSQL {server} without TimescaleDB", remedy)
    edition = {"apache": "Apache edition", "timescale": "Community edition"}.get(license_name, "not preloaded")
    return Finding("Database", "ok", f"PostgreSQL {server}, TimescaleDB {extension} ({edition})")


def _processes(supervisor) -> Iterator[Finding]:
    for state in supervisor.states():
        if state.is_running and state.restart_count:
            detail = f"running, {state.restart_count} times restarted"
            yield Finding(state.name, "warning", detail, f"read {supervisor.log_of(state.name)}")
        elif not state.is_running:
            detail = f"{state.state.lower()}: {state.detail}"
            yield Finding(state.name, "problem", detail, f"read {supervisor.log_of(state.name)}, then `gemba up`")
