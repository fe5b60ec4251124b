"""`gemba up`: every step from nothing to a running plant. Each step looks first whether it is done already, so a start
that was interrupted carries on when it is run again."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemba import access, doctor, migrate, plant
from gemba.db import connect
from gemba.dbt_env import dbt_environment
from gemba.errors import GembaError, ServiceError
from gemba.paths import DBT, PROJECT
from gemba.progress import Note, console, step
from gemba.services import broker, postgres, programs
from gemba.services.provision import rootfs_of
from gemba.settings import Settings, child_environment
from gemba.supervise import Supervisor, end_with_parent


@dataclass(frozen=True)
class Demo:
    """The simulated plant to show: its size and the days of history behind now."""

    scale: str = "small"
    days: int = 3


def up(settings: Settings, demo: Demo | None) -> None:
    """Bring the plant up and return when every process answers. demo None: no simulated plant.

    Raises GembaError with the remedy; what was started stays up, so that logs can be read and the next try is short.
    """
    with _one_at_a_time(settings.home / "up.lock"):
        supervisor = Supervisor(settings.home)
        if is_whole(settings, supervisor):
            console.print("Gemba is running already.")
            return
        state = State(settings.home / "state.json")
        demo = _same_demo(state, demo)
        everything = plant.apps(settings, with_simulator=demo is not None)
        running = {process.name for process in supervisor.states() if process.pid}
        doctor.check_before_start(settings, [*plant.servers(settings, None), *everything], running)
        binaries = _binaries(settings)
        servers = plant.servers(settings, binaries)
        supervisor.start_daemon([service.program for service in [*servers, *everything]])
        _start_servers(settings, binaries, servers, supervisor)
        _migrate(settings)
        if demo:
            _make_history(state, demo)
        _build_models(state)
        with step("Preparing Dagster"):
            _run(
                "Dagster", [sys.executable, "-m", "dagster_project", "prepare"], settings.home / "logs" / "prepare.log"
            )
        with step("Starting " + ", ".join(service.name for service in everything)) as note:
            for service in everything:
                supervisor.start(service.name)
            # Twice, for one may end while the others are waited for.
            for service in [*everything, *everything]:
                if console.is_terminal:
                    note(f"waiting for {service.name}")
                plant.wait_until_answers(service, supervisor)


def is_whole(settings: Settings, supervisor: Supervisor) -> bool:
    """Whether every process that should run does so and answers."""
    states = {state.name: state for state in supervisor.states()}
    expected = [*plant.servers(settings, None), *plant.apps(settings, with_simulator="simulator" in states)]
    return bool(states) and all(
        service.name in states and states[service.name].is_running and service.answers() for service in expected
    )


class State:
    """What earlier starts got done, in <home>/state.json: demo (scale, days), has_history, dbt (hash of its files)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def get(self, key: str) -> Any:
        return self.content.get(key)

    def keep(self, **more: Any) -> None:
        """Record it, in one step, so that a crash leaves the old file or the new one."""
        self.content |= more
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=2), encoding="utf-8")
        partial.replace(self.path)


def _same_demo(state: State, demo: Demo | None) -> Demo | None:
    made = state.get("demo")
    if demo and made and made["scale"] != demo.scale:
        raise GembaError(
            f"This plant was made with --scale {made['scale']}, not {demo.scale}",
            f"run `gemba up --scale {made['scale']}`, or start over: `gemba reset --yes`, then up again",
        )
    return demo


def _binaries(settings: Settings) -> programs.Programs | None:
    if not (settings.is_embedded_database or settings.is_embedded_broker):
        return None
    if programs.needs_rootfs() and not rootfs_of(settings.home).is_dir():
        with step("Provisioning TimescaleDB and Mosquitto") as note:
            return programs.find(settings.home, note)
    return programs.find(settings.home)


def _start_servers(
    settings: Settings, binaries: programs.Programs | None, servers: list[plant.Service], supervisor: Supervisor
) -> None:
    if not servers or binaries is None:
        return
    with step("Starting " + " and ".join(service.name for service in servers)):
        for service in servers:
            if service.name == "postgres":
                folder = plant.postgres_folder(settings)
                password = access.superuser_password(settings.secrets_file)
                postgres.initialise(binaries, folder, password)
                memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
                postgres.configure(folder, port=settings.db_port, memory_bytes=memory)
            else:
                broker.configure(binaries, plant.broker_folder(settings), port=settings.mqtt_port)
            supervisor.start(service.name)
        for service in servers:
            plant.wait_until_answers(service, supervisor)
        if settings.is_embedded_database:
            from gemba.db import database_url

            def is_alive() -> bool:
                process = supervisor.state_of("postgres")
                return process is not None and process.pid is not None

            postgres.wait_until_ready(database_url(dbname="postgres"), is_alive, supervisor.log_of("postgres"))
            with connect(dbname="postgres", autocommit=True) as conn:
                access.ensure_database(conn, settings.db_name)


def _migrate(settings: Settings) -> None:
    with step("Migrating the database") as note:
        with connect() as conn:
            migrate.apply(conn, report=note)
        if settings.is_embedded_database:
            with connect(autocommit=True) as conn:
                access.give_passwords(conn, settings.secrets_file)


def _make_history(state: State, demo: Demo) -> None:
    command = [sys.executable, "-m", "ingest.simulator", "history"]
    log = state.path.parent / "logs" / "history.log"
    if state.get("has_history"):
        with step("Filling the simulated plant's history up to now") as note:
            _run("The simulator", [*command, "--continue"], log, note)
        return
    state.keep(demo={"scale": demo.scale, "days": demo.days})
    with step(f"Making a simulated plant ({demo.scale}) with {demo.days} days of history") as note:
        _run("The simulator", [*command, "--scale", demo.scale, "--days", str(demo.days)], log, note)
    state.keep(has_history=True)


def _build_models(state: State) -> None:
    wanted = _hash_of(DBT)
    if state.get("dbt") == wanted:
        return
    with step("Building the dbt models") as note:
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "build"]
        _run("dbt build", command, state.path.parent / "logs" / "dbt.log", note, **dbt_environment())
    state.keep(dbt=wanted)


def _hash_of(folder: Path) -> str:
    """SHA-256 over names and contents of dbt's own files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] not in ("target", "logs", "dbt_packages"):
            digest.update(f"{inside}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _run(what: str, command: list[str], log: Path, note: Note = lambda line: None, **environment: str) -> None:
    """Run a step of ours as a process; its output goes to a log, its last line to the terminal meanwhile."""
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: list[str] = []
    process = subprocess.Popen(
        [*end_with_parent(), *command],
        cwd=PROJECT,
        env=child_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        with log.open("w", encoding="utf-8") as copy:
            for line in process.stdout or ():
                copy.write(line)
                if line.strip():
                    tail = [*tail[-11:], line.rstrip()]
                    if console.is_terminal:
                        note(line.strip())
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if status != 0:
        raise ServiceError(
            f"{what} failed:\n" + "\n".join("  | " + line for line in tail),
            f"read {log}, mend the cause, then run the same command again: it carries on from here",
        )


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another `gemba up` is at work; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
