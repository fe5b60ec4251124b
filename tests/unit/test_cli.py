"""The command line: every command says what it is for, errors come with a remedy and without a traceback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gemba.paths import PROJECT
from gemba.services.ports import free_port

COMMANDS = ["up", "down", "status", "doctor", "db", "psql", "migrate", "simulate", "import", "ingest", "dbt", "dagster"]
COMMANDS += ["dashboard", "dead-letters", "bench", "reset", "test"]


def gemba(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "gemba", *arguments],
        cwd=PROJECT,
        env={**os.environ, "GEMBA_HOME": str(home), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_with_its_purpose(tmp_path: Path) -> None:
    listed = gemba("--help", home=tmp_path).stdout
    for command in COMMANDS:
        [line] = [line for line in listed.splitlines() if line.startswith(f"│ {command} ")]
        assert len(line.split(command, 1)[1].strip(" │")) > 10, f"{command} has no purpose"


def test_readme_names_every_command() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert not [command for command in COMMANDS if f"gemba {command}" not in readme]


def test_status_of_a_plant_that_is_down_is_1_and_says_how_to_start(tmp_path: Path) -> None:
    answer = gemba("status", home=tmp_path)
    assert answer.returncode == 1
    assert "gemba up" in answer.stdout
    told = json.loads(gemba("status", "--json", home=tmp_path).stdout)
    assert told["running"] is False and told["processes"] == []


def test_a_database_that_is_away_is_an_error_with_a_remedy_and_no_traceback(tmp_path: Path) -> None:
    answer = gemba("migrate", "--plan", home=tmp_path, GEMBA_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert answer.returncode == 1
    assert "does not answer" in answer.stderr and "Remedy:" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_taken_port_names_its_holder_and_the_variable_that_moves_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        others = {f"GEMBA_{name}_PORT": str(free_port()) for name in ("DB", "MQTT", "DAGSTER")}
        answer = gemba("up", "--detach", "--no-demo", home=tmp_path, GEMBA_STREAMLIT_PORT=str(port), **others)
    assert answer.returncode == 1
    assert f"Port {port}, which streamlit needs, is taken by" in answer.stderr
    assert f"(pid {os.getpid()})" in answer.stderr
    assert "GEMBA_STREAMLIT_PORT=" in answer.stderr
    assert not (tmp_path / "postgres").exists(), "nothing may be started before the checks pass"


def test_reset_refuses_a_folder_that_is_not_a_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    answer = gemba("reset", "--yes", home=tmp_path)
    assert answer.returncode == 1
    assert "does not look like a home" in answer.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_reset_removes_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    assert gemba("reset", "--yes", home=home).returncode == 0
    assert not home.exists()


def test_down_of_a_plant_that_is_down_is_no_error(tmp_path: Path) -> None:
    answer = gemba("down", home=tmp_path)
    assert (answer.returncode, answer.stdout) == (0, "Nothing was running.\n")


def test_an_unknown_bench_names_the_known_ones(tmp_path: Path) -> None:
    answer = gemba("bench", "no-such-bench", home=tmp_path)
    assert answer.returncode == 1
    assert "choose one of" in answer.stderr


@pytest.mark.parametrize("role", ["gemba_reader", "gemba_app"])
def test_db_url_is_that_of_the_role(role: str, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"postgres": "p", role: "pw"}))
    answer = gemba("db", "url", "--role", role, home=tmp_path, GEMBA_DB_PORT="6003")
    assert answer.stdout == f"postgresql://{role}:pw@127.0.0.1:6003/gemba\n"


def test_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, gemba.cli; print(*{'psycopg', 'pydantic', 'dagster', 'supervisor'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
