"""The embedded TimescaleDB: make its data folder once, configure it, say how it is started, wait for it.

Layout of `<home>/postgres`: `data` is PostgreSQL's own folder; the server listens on 127.0.0.1 only, by password.
"""

import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gemba.errors import DatabaseUnavailable, ServiceError
from gemba.services.ports import free_port
from gemba.services.programs import Programs, find
from gemba.services.provision import Announce
from gemba.settings import get_settings

MB = 1024 * 1024


def initialise(programs: Programs, folder: Path, password: str) -> None:
    """Make a new cluster in the folder unless there is one. A half-made one is removed and made again."""
    if (folder / "data").is_dir():
        return
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    (partial / "password").write_text(password, encoding="utf-8")
    arguments = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]
    arguments += ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
    arguments += [f"--pwfile={programs.inside(partial, 'password')}", "-D", programs.inside(partial, "data")]
    made = subprocess.run(
        programs.postgres("initdb", *arguments, folder=partial), capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise ServiceError(
            f"The database's files could not be made in {folder}:\n{(made.stderr or made.stdout).strip()}",
            "check free space and rights of that folder, then run the same command again",
        )
    (partial / "password").unlink()
    with (partial / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("\ninclude 'gemba.conf'  # written by gemba at each start\n")
    partial.rename(folder)


def configure(folder: Path, *, port: int, memory_bytes: int, throw_away: bool = False) -> None:
    """Write gemba.conf. memory_bytes: of the machine. throw_away: for tests, fast and not durable."""
    shared = max(128, min(2048, memory_bytes // MB // 8))
    lines = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",  # TCP only: the path of a socket has a length limit that a deep home would hit
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(256, memory_bytes // MB // 2)}MB",
        "maintenance_work_mem": f"{max(64, min(512, memory_bytes // MB // 32))}MB",
        "work_mem": "32MB",
        "max_connections": 100,
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "random_page_cost": 1.1,
        "jit": "off",  # costs more than it gives on queries of milliseconds
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_min_duration_statement": "2s",
        "log_lock_waits": "on",
        "max_worker_processes": 24,
        "timescaledb.max_background_workers": 8,
        "max_locks_per_transaction": 256,  # a query over a year of chunks locks each of them
    }
    if throw_away:
        lines |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "256MB",
            "log_min_duration_statement": -1,
            "timescaledb.max_background_workers": 0,  # a scheduler attached to a template blocks cloning it
        }
    text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
    (folder / "data" / "gemba.conf").write_text(text, encoding="utf-8")


def start_command(programs: Programs, folder: Path, *, throw_away: bool = False) -> list[str]:
    """Command line of the server under its runner: SIGTERM there becomes a fast, clean shutdown.

    A shutdown that takes over 6 s (a slow disk) becomes an immediate one: nothing committed is lost, the next start
    replays the log.
    """
    runner = [sys.executable, "-m", "gemba.services.runner", "--stop", "QUIT" if throw_away else "INT"]
    runner += ["--kill", "QUIT", "--grace", "6", "--"]
    return [*runner, *programs.postgres("postgres", "-D", programs.inside(folder, "data"), folder=folder)]


def wait_until_ready(url: str, is_alive: Callable[[], bool], log: Path, timeout_s: float = 60) -> None:
    """Return once the server accepts queries. Raises DatabaseUnavailable with the end of its log."""
    import psycopg

    deadline = time.monotonic() + timeout_s
    while True:
        try:
            psycopg.connect(url, connect_timeout=3).close()
            return
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise DatabaseUnavailable(
                    "The embedded database refuses the password in secrets.json",
                    "`gemba reset --yes` starts over; to keep the data put the old secrets.json back",
                ) from error
            if time.monotonic() > deadline or not is_alive():
                tail = (
                    log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:] if log.exists() else []
                )
                raise DatabaseUnavailable(
                    "The embedded database did not start:\n" + "\n".join("  | " + line for line in tail),
                    f"read {log}; `gemba doctor` checks ports, disk and tools",
                ) from error
        time.sleep(0.1)


@contextmanager
def temporary_database(announce: Announce = print) -> Iterator[str]:
    """A private TimescaleDB for one test run: superuser's URL of its `postgres` database. Gone at the end.

    Shares the plant's root directory (provisioned if absent), lives in a temporary folder on a free port, and is not
    durable.
    """
    programs = find(get_settings().home, announce)
    with tempfile.TemporaryDirectory(prefix="gemba-test-pg-", ignore_cleanup_errors=True) as home:
        folder, log, password, port = (
            Path(home, "postgres"),
            Path(home, "postgres.log"),
            secrets.token_hex(8),
            free_port(),
        )
        initialise(programs, folder, password)
        configure(folder, port=port, memory_bytes=4096 * MB, throw_away=True)
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        with log.open("wb") as output:
            command = start_command(programs, folder, throw_away=True)
            server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            wait_until_ready(url, lambda: server.poll() is None, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)
