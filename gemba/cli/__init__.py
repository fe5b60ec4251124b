"""The command line `gemba`. Thin: it shows, asks and starts processes; what it starts it never imports.

Modules are imported inside the commands that need them, so that `gemba --help` and `gemba status` answer at once.
"""

import sys

import typer

from gemba.cli import database, parts, plant, quality
from gemba.errors import GembaError


class _Commands(typer.core.TyperGroup):
    """Shows an error of ours as what happened and what to do, with status 1 and no traceback."""

    def invoke(self, ctx: typer.Context) -> object:
        try:
            return super().invoke(ctx)
        except GembaError as error:
            typer.echo(f"Error: {error}", err=True)
            sys.exit(1)


app = typer.Typer(
    cls=_Commands,
    help="Gemba: a manufacturing analytics platform that lives in TimescaleDB. Start with `gemba up`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for part in (plant, database, parts, quality):
    part.add_to(app)
