"""The parent of one embedded server: `python -m gemba.services.runner --stop INT --kill QUIT --grace 6 -- COMMAND...`

bubblewrap doesn't hand signals on, so a supervisor that stops it would leave the server behind or kill it hard. This
process learns the server's PID (`bwrap --info-fd`), turns SIGTERM and SIGINT into the signal by which that server
stops cleanly, sends a second, harder signal after the grace, and ends when the server has ended. Should this process
be killed itself, the server goes with it (`bwrap --die-with-parent`); should its parent be, it stops the server.
Standard library only, to stay small.
"""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run the command until it ends; exit status as the command's, 0 after a requested stop."""
    parser = argparse.ArgumentParser(description="Run one embedded server and stop it cleanly.")
    parser.add_argument("--stop", default="TERM", help="signal that stops the server cleanly")
    parser.add_argument("--kill", default="KILL", help="signal sent when the grace is over")
    parser.add_argument("--grace", type=int, default=6, help="seconds between the two")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    stop, kill = (signal.Signals[f"SIG{name}"] for name in (args.stop, args.kill))

    _end_with_parent()
    stopping = False
    server: int | None = None

    def send(number: signal.Signals) -> None:
        if server is not None:
            try:
                os.kill(server, number)
            except ProcessLookupError:
                pass

    def on_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            signal.alarm(args.grace)
            send(stop)

    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGINT, on_stop)
    signal.signal(signal.SIGALRM, lambda _number, _frame: send(kill))

    child, server = _start(args.command)
    if stopping:  # the request came before the server's PID was known
        send(stop)
    status = child.wait()
    return 0 if stopping else (status if status >= 0 else 128 - status)


def _start(command: list[str]) -> tuple[subprocess.Popen, int]:
    """Start the command in a session of its own; return it and the server's PID (bubblewrap's child, if it is that)."""
    if Path(command[0]).name != "bwrap":
        child = subprocess.Popen(command, start_new_session=True)
        return child, child.pid
    read, write = os.pipe()
    command = [command[0], "--info-fd", str(write), *command[1:]]
    child = subprocess.Popen(command, pass_fds=(write,), start_new_session=True)
    os.close(write)
    with os.fdopen(read) as info:
        told = info.read()  # bubblewrap closes its end once it has written the PID
    return child, (json.loads(told)["child-pid"] if told else child.pid)


def _end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies. Linux only; elsewhere the parent stops us as usual."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
