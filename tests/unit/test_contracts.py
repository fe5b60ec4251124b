"""Rules about the code as a whole, checked by the tools that know them."""

import subprocess
import sys
from pathlib import Path

from gemba.paths import PROJECT

TOOLS = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_siblings_never_import_each_other_and_the_ground_floor_imports_none_of_them() -> None:
    checked = run(str(TOOLS / "lint-imports"), "--no-cache")
    assert checked.returncode == 0, checked.stdout


def test_ruff_finds_nothing() -> None:
    checked = run(str(TOOLS / "ruff"), "check", "--no-cache", "--output-format", "concise", ".")
    assert checked.returncode == 0, checked.stdout


def test_only_settings_reads_the_environment() -> None:
    """dagster_project is left out: it hands whole environments on to Dagster's and dbt's processes."""
    readers = {
        str(path.relative_to(PROJECT))
        for package in ("gemba", "ingest", "streamlit_app")
        for path in (PROJECT / package).rglob("*.py")
        if "os.environ" in (text := path.read_text(encoding="utf-8")) or "os.getenv" in text
    }
    assert readers == {"gemba/settings.py"}
