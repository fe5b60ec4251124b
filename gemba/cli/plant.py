"""Commands that run the plant: up, down, status, doctor, reset."""

import shutil
import signal
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

PANEL = "Run the plant"


class Scale(StrEnum):
    """Sizes of the simulated plant."""

    small = "small"
    reference = "reference"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (up, down, status, doctor, reset):
        app.command(rich_help_panel=PANEL)(command)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="return when everything answers; it goes on until `down`")
    ] = False,
    scale: Annotated[Scale, typer.Option(help="size of the simulated plant")] = Scale.small,
    days: Annotated[int, typer.Option(min=1, max=366, help="days of simulated history, first time only")] = 3,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="with or without the simulated plant")] = True,
) -> None:
    """Start the plant: database, broker, migrations, a simulated plant, dbt, ingest, Dagster, Streamlit.

    In the foreground until Ctrl-C, unless --detach. May be run again after anything that went wrong: it carries on.
    """
    from gemba import startup
    from gemba.settings import get_settings
    from gemba.supervise import Supervisor

    settings = get_settings()
    for number in (signal.SIGINT, signal.SIGTERM):  # a polite kill cleans up as Ctrl-C does, from a script too
        signal.signal(number, _interrupt)
    supervisor = Supervisor(settings.home)
    was_up = supervisor.is_up()
    try:
        startup.up(settings, startup.Demo(scale.value, days) if demo else None)
        _show_addresses()
        if not detach:
            _stay(supervisor)
    except KeyboardInterrupt:
        # A start with --detach over a plant that ran before leaves that one alone.
        if not (detach and was_up):
            typer.echo("\nStopping ...")
            supervisor.stop()
            typer.echo("Everything is stopped.")
        raise typer.Exit(130) from None


def down() -> None:
    """Stop every process of the plant, within 10 s. The data stay."""
    from gemba.settings import get_settings
    from gemba.supervise import Supervisor

    started = time.monotonic()
    if Supervisor(get_settings().home).stop():
        typer.echo(f"Everything is stopped ({time.monotonic() - started:.1f} s).")
    else:
        typer.echo("Nothing was running.")


def status(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Show each process: state, restarts, address. Exit status 1 if one that should run doesn't."""
    import json

    from gemba import plant
    from gemba.settings import get_settings
    from gemba.supervise import Supervisor

    settings = get_settings()
    states = Supervisor(settings.home).states()
    services = {service.name: service for service in plant.servers(settings, None)}
    services |= {service.name: service for service in plant.apps(settings, with_simulator=True)}
    rows = []
    for state in sorted(states, key=lambda state: [*services, state.name].index(state.name)):
        service = services.get(state.name)
        answers = state.is_running and (service is None or service.answers())
        shown = "running" if answers else "not answering" if state.is_running else state.state.lower()
        rows.append(
            {
                "name": state.name,
                "state": shown,
                "pid": state.pid,
                "uptime_s": round(state.uptime_s),
                "restarts": state.restart_count,
                "address": service.address if service else "",
                "detail": state.detail,
            }
        )
    whole = bool(rows) and all(row["state"] == "running" for row in rows)
    if as_json:
        typer.echo(json.dumps({"running": whole, "home": str(settings.home), "processes": rows}, indent=2))
    elif not rows:
        typer.echo("Nothing is running. Start with `gemba up`.")
    else:
        _show_table(rows)
    if not whole:
        raise typer.Exit(1)


def doctor() -> None:
    """Check the machine and the plant: disk, tools, ports, database, processes. Each problem comes with its remedy."""
    from rich.console import Console
    from rich.markup import escape

    from gemba import doctor
    from gemba.settings import get_settings

    findings = doctor.examine(get_settings())
    marks = {"ok": "[green]ok     [/green]", "warning": "[yellow]warning[/yellow]", "problem": "[red]problem[/red]"}
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{marks[finding.verdict]} {finding.what:12} {escape(finding.detail)}")
        if finding.remedy:
            console.print(f"        {'':12} Remedy: {escape(finding.remedy)}")
    if any(finding.verdict == "problem" for finding in findings):
        raise typer.Exit(1)


def reset(yes: Annotated[bool, typer.Option("--yes", help="don't ask")] = False) -> None:
    """Stop everything and remove the plant's home (.gemba): all data, the provisioned TimescaleDB, passwords, logs."""
    from gemba.errors import GembaError
    from gemba.settings import get_settings
    from gemba.supervise import Supervisor

    home = get_settings().home
    if not home.exists():
        typer.echo(f"{home} is not there; nothing to remove.")
        return
    ours = {"rootfs", "postgres", "state.json", "run", "logs", "provision.lock", "up.lock", "secrets.json", "dagster"}
    if any(home.iterdir()) and not ours & {entry.name for entry in home.iterdir()}:
        raise GembaError(f"{home} does not look like a home of Gemba, so it is not removed", "check GEMBA_HOME")
    if not yes:
        typer.confirm(f"Remove {home} with all data in it?", abort=True)
    Supervisor(home).stop()
    shutil.rmtree(home)
    typer.echo(f"{home} is removed.")


def _stay(supervisor) -> None:
    """Stay in the foreground and say what changes, until Ctrl-C or until someone stops the plant elsewhere."""
    typer.echo("Ctrl-C stops everything.")
    seen: dict[str, tuple[str, int]] = {}
    while True:
        states = supervisor.states()
        if not states:
            typer.echo("The plant was stopped from elsewhere.")
            return
        for state in states:
            now = (state.state, state.restart_count)
            if state.name in seen and seen[state.name] != now:
                typer.echo(f"{time.strftime('%H:%M:%S')} {state.name}: {state.state.lower()}, restarts {now[1]}")
            seen[state.name] = now
        time.sleep(2)


def _show_addresses() -> None:
    from gemba.db import database_url
    from gemba.settings import get_settings

    settings = get_settings()
    typer.echo(f"""
  Pages (Streamlit)   http://127.0.0.1:{settings.streamlit_port}
  Dagster             http://127.0.0.1:{settings.dagster_port}
  Database for BI     {database_url("gemba_reader")}
  MQTT                {settings.broker_url.partition("://")[0]}://{settings.broker_url.rpartition("@")[2].split("://")[-1]}
  State: {_gemba()} status    Stop: {_gemba()} down    Logs: {settings.home / "logs"}
""")


def _gemba() -> str:
    """How this command is called from here."""
    from pathlib import Path

    own = Path(sys.argv[0])
    try:
        return str(own.absolute().relative_to(Path.cwd()))
    except ValueError:
        return own.name


def _show_table(rows: list[dict]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("process", "state", "pid", "up", "restarts", "address"):
        table.add_column(heading, no_wrap=heading != "address")
    colours = {"running": "green", "starting": "yellow", "stopped": "yellow"}
    for row in rows:
        colour = colours.get(row["state"], "red")
        table.add_row(
            row["name"],
            f"[{colour}]{row['state']}[/{colour}]",
            str(row["pid"] or ""),
            _duration(row["uptime_s"]) if row["pid"] else "",
            str(row["restarts"]),
            row["address"] if row["state"] == "running" else row["detail"],
        )
    # Into a pipe too, addresses stay whole.
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
