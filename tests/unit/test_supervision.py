"""The supervisor: restarts what dies, shows it, stops everything, leaves no orphan."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gemba.errors import ServiceError
from gemba.plant import Service, wait_until_answers
from gemba.settings import get_settings
from gemba.supervise import Program, Supervisor

PYTHON = sys.executable
SLEEPER = [PYTHON, "-c", "import time; print('up', flush=True); time.sleep(600)"]
# Ignores the polite signal, and has a child that does too.
STUBBORN = [
    PYTHON,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(child.pid, flush=True);"
    "time.sleep(600)",
]


def eventually(holds: Callable[[], bool], timeout_s: float = 15) -> bool:
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setenv("GEMBA_HOME", str(tmp_path))
    get_settings.cache_clear()
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop()
    get_settings.cache_clear()


def started(supervisor: Supervisor, *programs: Program) -> None:
    supervisor.start_daemon(list(programs))
    for program in programs:
        supervisor.start(program.name)
    assert eventually(lambda: all(state.is_running for state in supervisor.states()))


def test_a_killed_process_is_restarted_and_the_restart_is_shown(supervisor: Supervisor) -> None:
    started(supervisor, Program("victim", SLEEPER), Program("bystander", SLEEPER))
    first = supervisor.state_of("victim").pid
    os.kill(first, 9)
    assert eventually(lambda: (state := supervisor.state_of("victim")).is_running and state.pid != first)
    assert supervisor.state_of("victim").restart_count == 1
    assert supervisor.state_of("bystander").restart_count == 0


def test_stop_ends_what_ignores_the_polite_signal_and_its_children_within_10_s(supervisor: Supervisor) -> None:
    started(supervisor, Program("stubborn", STUBBORN, stop_s=2), Program("database", SLEEPER, group="base"))
    log = supervisor.log_of("stubborn")
    assert eventually(lambda: log.read_text().strip() != "")
    pids = [int(log.read_text()), *(state.pid for state in supervisor.states())]
    began = time.monotonic()
    assert supervisor.stop()
    assert time.monotonic() - began < 10
    assert not [pid for pid in pids if is_alive(pid)]
    assert not supervisor.is_up()


def test_a_killed_supervisor_leaves_no_orphan_and_can_be_started_again(supervisor: Supervisor) -> None:
    started(supervisor, Program("app", SLEEPER))
    pid = supervisor.state_of("app").pid
    os.kill(int((supervisor.home / "run" / "supervisor.pid").read_text()), 9)
    assert eventually(lambda: not is_alive(pid))
    started(supervisor, Program("app", SLEEPER))


def test_stop_ends_too_where_another_object_of_the_same_process_started_it(supervisor: Supervisor) -> None:
    started(supervisor, Program("app", SLEEPER))
    other = Supervisor(supervisor.home)
    assert other.stop()
    assert not other.is_up()


def test_stop_says_when_nothing_was_running(supervisor: Supervisor) -> None:
    assert supervisor.stop() is False
    assert supervisor.states() == []


def test_a_deep_home_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    socket = Supervisor(deep).socket
    assert len(str(socket)) <= 90
    assert socket != Supervisor(tmp_path / "another" / ("d" * 100)).socket


def test_a_percent_sign_and_a_space_in_a_command_arrive_as_they_are(supervisor: Supervisor) -> None:
    code = "import sys, time; print(sys.argv[1], flush=True); time.sleep(600)"
    started(supervisor, Program("printer", [PYTHON, "-c", code, "100 %(here)s 'x'"]))
    assert eventually(lambda: supervisor.log_of("printer").read_text() == "100 %(here)s 'x'\n")


def test_a_changed_program_is_taken_over_by_a_running_supervisor(supervisor: Supervisor) -> None:
    started(supervisor, Program("app", SLEEPER))
    changed = Program("app", [*SLEEPER[:-1], SLEEPER[-1].replace("'up'", "'changed'")])
    started(supervisor, changed)
    assert eventually(lambda: "changed" in supervisor.log_of("app").read_text())


def test_a_process_that_ends_again_and_again_is_an_error_with_its_own_words(supervisor: Supervisor) -> None:
    broken = Program("broken", [PYTHON, "-c", "raise SystemExit('no broker at nonsense')"])
    supervisor.start_daemon([broken])
    supervisor.start("broken")
    with pytest.raises(ServiceError, match="(?s)broken does not start.*no broker at nonsense"):
        wait_until_answers(Service(broken, lambda: True), supervisor)


def test_restarts_of_yesterday_do_not_fail_a_start_of_today(supervisor: Supervisor) -> None:
    started(supervisor, Program("app", SLEEPER))
    log = supervisor.logs / "supervisor.log"
    with log.open("a") as lines:
        lines.write("2026-01-01 00:00:00,000 WARN exited: app (exit status 1; not expected)\n" * 30)
    assert supervisor.state_of("app").restart_count == 30
    wait_until_answers(Service(Program("app", SLEEPER), lambda: True), supervisor)
