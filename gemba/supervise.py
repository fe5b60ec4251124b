"""The supervisor of a plant's processes: starts them, restarts what dies, keeps their logs, answers for their state.

It is supervisord, kept as a library: a configuration written into the home and a unix socket to talk to. Restarts are
its job; which processes there are is gemba.plant's.
"""

import hashlib
import http.client
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemba.errors import ServiceError
from gemba.paths import PROJECT
from gemba.settings import child_environment

LONGEST_SOCKET_PATH = 90  # a unix socket's path may have 107 bytes, and supervisord adds its PID to it
STOP_S = 10


@dataclass(frozen=True)
class Program:
    """A process to keep alive. group: `base` (stopped last) or `apps`. stop_s: seconds it has to stop by itself."""

    name: str
    command: list[str]
    group: str = "apps"
    stop_s: int = 4
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProcessState:
    """What the supervisor knows of a process. state: RUNNING, STARTING, BACKOFF, STOPPED, FATAL, EXITED, STOPPING."""

    name: str
    state: str
    pid: int | None
    uptime_s: float
    restart_count: int
    detail: str

    @property
    def is_running(self) -> bool:
        return self.state == "RUNNING"


class Supervisor:
    """The supervisor of one home. Nothing is started before start_daemon."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._daemon: subprocess.Popen | None = None  # only where this very object started it
        self.config = home / "run" / "supervisor.conf"
        self.logs = home / "logs"
        self.socket = home / "run" / "supervisor.sock"
        if len(str(self.socket)) > LONGEST_SOCKET_PATH:
            name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
            self.socket = Path(tempfile.gettempdir(), f"gemba-{os.getuid()}-{name}.sock")

    def log_of(self, name: str) -> Path:
        """The log file of a process; older parts stand beside it with .1, .2."""
        return self.logs / f"{name}.log"

    def is_up(self) -> bool:
        """Whether the supervisor itself answers."""
        if not self.socket.exists():
            return False
        try:
            return self._call("supervisor.getState")["statename"] == "RUNNING"
        except ServiceError:
            return False

    def start_daemon(self, programs: list[Program]) -> None:
        """Write the configuration and start the supervisor in the background; starts none of the programs yet.

        One that runs already is told about programs that changed.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.touch(mode=0o600)
        self.config.write_text(self._configuration(programs), encoding="utf-8")
        if self.is_up():
            self._reload()
            return
        self.socket.unlink(missing_ok=True)
        if self._daemon:
            self._daemon.poll()
        with (self.logs / "supervisor.out").open("wb") as output:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                env=child_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the CLI, which then stops things in order
            )
        deadline = time.monotonic() + 15
        while not self.is_up():
            if time.monotonic() > deadline:
                raise ServiceError("The process supervisor did not start", f"read {self.logs / 'supervisor.out'}")
            time.sleep(0.05)

    def start(self, name: str) -> None:
        """Start one process unless it runs. Returns at once: whether it answers is another question."""
        try:
            self._call("supervisor.startProcess", self._full_name(name), False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise ServiceError(
                    f"{name} can't be started: {fault.faultString}", f"read {self.log_of(name)}"
                ) from fault

    def states(self) -> list[ProcessState]:
        """The state of every process, in the order of the configuration; empty when the supervisor is not up."""
        if not self.is_up():
            return []
        exits = self._exit_counts()
        return [
            ProcessState(
                info["name"],
                info["statename"],
                info["pid"] or None,
                max(0, info["now"] - info["start"]) if info["pid"] else 0,
                exits.get(info["name"], 0),
                info["spawnerr"] or info["description"],
            )
            for info in self._call("supervisor.getAllProcessInfo")
        ]

    def state_of(self, name: str) -> ProcessState | None:
        """The state of one process, or None where there is no such process or no supervisor."""
        return next((state for state in self.states() if state.name == name), None)

    def stop(self) -> bool:
        """Stop every process and the supervisor, apps first, within 10 s. False when nothing was running.

        What doesn't end in time is killed: the database then replays its log at the next start.
        """
        if not self.is_up():
            if self._daemon:
                self._daemon.poll()
            return False
        pid = self._call("supervisor.getPID")
        children = [state.pid for state in self.states() if state.pid]
        self._call("supervisor.shutdown")
        deadline = time.monotonic() + STOP_S
        while self._is_alive(pid):
            if time.monotonic() > deadline:
                for leader in children:
                    _kill(os.killpg, leader)  # the supervisor makes each process the leader of its own group
                _kill(os.kill, pid)
            time.sleep(0.05)
        self.socket.unlink(missing_ok=True)
        return True

    def _is_alive(self, pid: int) -> bool:
        if self._daemon and self._daemon.pid == pid:
            return self._daemon.poll() is None  # our own child would stay a zombie until it is asked for
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == 0  # a child of this process, started through another object
        except ChildProcessError:
            pass
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True

    def _full_name(self, name: str) -> str:
        for info in self._call("supervisor.getAllProcessInfo"):
            if info["name"] == name:
                return f"{info['group']}:{name}"
        raise ServiceError(f"The supervisor knows no process {name}", "run `gemba down`, then `gemba up`")

    def _reload(self) -> None:
        [[added, changed, removed]] = self._call("supervisor.reloadConfig")
        for group in [*changed, *removed]:
            self._call("supervisor.stopProcessGroup", group)
            self._call("supervisor.removeProcessGroup", group)
        for group in [*added, *changed]:
            self._call("supervisor.addProcessGroup", group)

    def _call(self, method: str, *args: Any) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            return getattr(xmlrpc.client.ServerProxy("http://127.0.0.1", transport), method)(*args)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ServiceError(f"The process supervisor does not answer: {error}", "run `gemba up`") from error
        finally:
            transport.close()

    def _exit_counts(self) -> dict[str, int]:
        """How often each process ended by itself since the supervisor started, from its log."""
        counts: dict[str, int] = {}
        log = self.logs / "supervisor.log"
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else ():
            if "supervisord started with pid" in line:
                counts.clear()
            elif found := re.search(r"(?:INFO|WARN) exited: (\S+) \(", line):
                counts[found[1]] = counts.get(found[1], 0) + 1
        return counts

    def _configuration(self, programs: list[Program]) -> str:
        sections = [
            ("unix_http_server", {"file": self.socket, "chmod": "0700"}),
            (
                "supervisord",
                {
                    "nodaemon": "true",
                    "directory": PROJECT,
                    "pidfile": self.config.with_suffix(".pid"),
                    "logfile": self.logs / "supervisor.log",
                    "logfile_maxbytes": "5MB",
                    "logfile_backups": 1,
                    "loglevel": "info",
                },
            ),
            (
                "rpcinterface:supervisor",
                {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
            ),
        ]
        # Groups are stopped one after the other, the highest priority number first; within a group all at once.
        for priority, group in enumerate(("base", "apps"), start=1):
            names = [program.name for program in programs if program.group == group]
            if names:
                sections.append((f"group:{group}", {"programs": ",".join(names), "priority": priority}))
        for program in programs:
            values = {
                "command": shlex.join([*end_with_parent(), *program.command]),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": 2,
                "startretries": 1000,  # with waits that grow by a second each time
                "stopwaitsecs": program.stop_s,
                "stopasgroup": "true" if program.group == "apps" else "false",
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": self.log_of(program.name),
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": 3,
            }
            if program.environment:
                values["environment"] = ",".join(f'{key}="{value}"' for key, value in program.environment.items())
            sections.append((f"program:{program.name}", values))
        return "\n".join(
            f"[{title}]\n" + "".join(f"{key}={_escaped(value)}\n" for key, value in values.items())
            for title, values in sections
        )


def _escaped(value: Any) -> str:
    return str(value).replace("%", "%%")  # supervisord expands %(...)s


def end_with_parent() -> list[str]:
    """Prefix of a command that must not outlive its killed parent: the kernel then stops it. Linux only."""
    return ["setpriv", "--pdeathsig", "TERM", "--"] if sys.platform == "linux" and shutil.which("setpriv") else []


def _kill(how: Any, pid: int) -> None:
    try:
        how(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
