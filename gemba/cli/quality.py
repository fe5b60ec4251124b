"""Commands that measure the platform itself: test, bench."""

import os
import shutil
import subprocess
import sys
from enum import StrEnum
from typing import Annotated

import typer

PANEL = "Quality"
Tier = StrEnum("Tier", {name: name for name in ("unit", "sql", "db", "models", "app", "e2e", "bench")})


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(rich_help_panel=PANEL, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        test
    )
    app.command(rich_help_panel=PANEL)(bench)


def test(
    context: typer.Context,
    tier: Annotated[Tier | None, typer.Argument(help="one tier; without it all of them")] = None,
) -> None:
    """Run the tests: all tiers, or one. Sets up what they need first. Further arguments are pytest's.

    A private TimescaleDB and a private broker are started for the run; a plant that runs here is not touched.
    """
    from gemba.paths import PROJECT
    from gemba.services import programs
    from gemba.services.provision import install_packages
    from gemba.settings import child_environment, get_settings

    settings = get_settings()
    if tier not in (Tier.unit, Tier.sql) and settings.is_embedded_database:
        programs.find(settings.home, typer.echo)
    if tier in (None, Tier.e2e) and not any(shutil.which(name) for name in ("chromium", "chromium-browser")):
        install_packages({"chromium": "chromium"}, typer.echo)
    where = f"tests/{tier.value}" if tier else "tests"
    if not (PROJECT / where).is_dir():
        typer.echo(f"There are no tests in {where}.")
        raise typer.Exit(1)
    os.chdir(PROJECT)
    os.execve(sys.executable, [sys.executable, "-m", "pytest", where, *context.args], child_environment())


def bench(
    name: Annotated[str | None, typer.Argument(help="one bench; without it all of them")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Measure rates and latencies on this machine, on the plant that runs here. Figures, never a verdict.

    A bench is a module of tests/bench with a function run() that returns a JSON object of figures.
    """
    from gemba.errors import GembaError
    from gemba.paths import PROJECT
    from gemba.settings import child_environment

    folder = PROJECT / "tests" / "bench"
    known = sorted(path.stem for path in folder.glob("*.py") if "def run(" in path.read_text(encoding="utf-8"))
    if name and name not in known:
        raise GembaError(f"There is no bench {name!r}", f"choose one of: {', '.join(known) or '(there is none yet)'}")
    failed = False
    for each in [name] if name else known:
        # Each in a process of its own: what one leaves in memory must not show in the figures of the next.
        code = "import importlib, json, sys; print(json.dumps(importlib.import_module(sys.argv[1]).run()))"
        command = [sys.executable, "-c", code, f"tests.bench.{each}"]
        done = subprocess.run(command, cwd=PROJECT, env=child_environment(), stdout=subprocess.PIPE, text=True)
        failed = failed or done.returncode != 0
        if done.returncode == 0:
            _show(each, done.stdout.strip().splitlines()[-1], as_json)
    if failed:
        raise typer.Exit(1)


def _show(name: str, answer: str, as_json: bool) -> None:
    import json

    figures = json.loads(answer)
    if as_json:
        typer.echo(json.dumps({"bench": name, **figures}))
        return
    typer.echo(name)
    for key, value in figures.items():
        typer.echo(f"  {key:40} {value:,.4g}" if isinstance(value, float) else f"  {key:40} {value}")
