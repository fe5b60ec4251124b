"""Commands that pass on to a part of the platform, as a process of its own: each has its own --help."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

PANEL = "Parts (arguments go on to them; --help shows theirs)"
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

# command -> (module that runs, arguments put before the user's, what it is for)
PARTS: dict[str, tuple[str, list[str], str]] = {
    "simulate": ("ingest.simulator", [], "A simulated plant: `history` fills the past, `live` sends over MQTT."),
    "import": ("ingest.files", [], "Import CSV and Parquet files, idempotent, bad rows to dead letters."),
    "ingest": ("ingest", [], "Take in what machines send over MQTT, in the foreground."),
    "dbt": ("dbt", [], "Run dbt on the plant's models, e.g. `gemba dbt build`, as gemba_transformer."),
    "dagster": ("dagster_project", ["cli"], "Dagster's own command line on this plant, e.g. `gemba dagster run list`."),
    "dead-letters": ("ingest.dead_letters", [], "What could not be stored: `list` shows it, `replay` tries again."),
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for name, (module, before, purpose) in PARTS.items():
        app.command(name, help=purpose, rich_help_panel=PANEL, context_settings=PASS_ON)(_passing_on(module, before))
    app.command(rich_help_panel=PANEL, context_settings=PASS_ON)(dashboard)


def _passing_on(module: str, before: list[str]) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        # dbt's own script: run as a module it warns. Without arguments a part says what it can do; ingest just runs.
        program = [str(Path(sys.executable).with_name("dbt"))] if module == "dbt" else [sys.executable, "-m", module]
        arguments = context.args or ([] if module == "ingest" else ["--help"])
        _become([*program, *before, *arguments], is_dbt=module == "dbt")

    return command


def dashboard(context: typer.Context) -> None:
    """Serve the pages in the foreground (Streamlit), reloading as their files change."""
    from gemba import plant
    from gemba.settings import get_settings

    _become([*plant.streamlit_command(get_settings()), *context.args])


def _become(command: list[str], *, is_dbt: bool = False) -> None:
    """Replace this process, so that signals, exit status and terminal are the part's own."""
    from gemba.paths import PROJECT
    from gemba.settings import child_environment

    more = {}
    if is_dbt:
        from gemba.dbt_env import dbt_environment

        more = dbt_environment()
    # The current folder stays: paths among the arguments are the user's. The modules must be found from it.
    environment = child_environment(**more)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), environment.get("PYTHONPATH")]))
    sys.stdout.flush()
    os.execve(command[0], command, environment)
