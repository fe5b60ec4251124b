"""One whole plant for the browser and lifecycle tests: `gemba up` in an empty home, on ports of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

from gemba.paths import PROJECT
from gemba.services.ports import free_port

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Plant:
    """A running plant: its home, the environment that `gemba` needs, and what its first `up` printed."""

    home: Path
    environment: dict[str, str]
    first_output: str
    first_duration_s: float

    @property
    def pages_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['GEMBA_STREAMLIT_PORT']}"

    @property
    def dagster_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['GEMBA_DAGSTER_PORT']}"

    @property
    def broker_url(self) -> str:
        return f"mqtt://127.0.0.1:{self.environment['GEMBA_MQTT_PORT']}"

    def gemba(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the command line as a user would; output and exit code come back."""
        return subprocess.run(
            [sys.executable, "-m", "gemba", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def status(self) -> dict:
        return json.loads(self.gemba("status", "--json").stdout)

    def database_url(self, role: str = "gemba_reader") -> str:
        return self.gemba("db", "url", "--role", role).stdout.strip()

    def query(self, sql: str, *parameters: object, role: str = "gemba_transformer") -> list[tuple]:
        with psycopg.connect(self.database_url(role)) as conn:
            return conn.execute(sql, parameters).fetchall()


def wait_for(claim: str, check: Callable[[], object], timeout_s: float) -> object:
    """The first true answer of check, asked every half second; fails with the claim when time is up."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.5)
    pytest.fail(f"not within {timeout_s:.0f} s: {claim}")


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A small plant with a day of history, started once for all tests of this tier."""
    home = tmp_path_factory.mktemp("plant") / "home"
    home.mkdir()
    root = PROJECT / ".gemba" / "rootfs"
    if root.is_dir():
        (home / "rootfs").symlink_to(root)  # the packages were unpacked before; everything else is made afresh
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMBA_")}
    environment |= {
        "GEMBA_HOME": str(home),
        "GEMBA_DB_PORT": str(free_port()),
        "GEMBA_MQTT_PORT": str(free_port()),
        "GEMBA_DAGSTER_PORT": str(free_port()),
        "GEMBA_STREAMLIT_PORT": str(free_port()),
    }
    started = time.monotonic()
    new = Plant(home, environment, "", 0)
    first = new.gemba("up", "--detach", "--days", "1", timeout=600)
    new = Plant(home, environment, first.stdout + first.stderr, time.monotonic() - started)
    try:
        assert first.returncode == 0, new.first_output
        yield new
    finally:
        new.gemba("down", timeout=60)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "no Chromium here: `gemba test e2e` installs it, or `apt-get install chromium`"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
