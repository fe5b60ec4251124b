"""Commands about the database: db url, psql, migrate."""

import os
import shutil
from enum import StrEnum
from typing import Annotated

import typer

PANEL = "Database"
RoleName = StrEnum(
    "RoleName", {name: f"gemba_{name}" for name in ("migrator", "ingest", "transformer", "app", "reader")}
)
RoleOption = Annotated[RoleName | None, typer.Option("--role", help="as this role; without it, as the owner")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    db = typer.Typer(help="The database's address.", no_args_is_help=True)
    db.command("url")(url)
    app.add_typer(db, name="db", rich_help_panel=PANEL)
    app.command(rich_help_panel=PANEL, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        psql
    )
    app.command(rich_help_panel=PANEL)(migrate)


def url(role: RoleOption = None) -> None:
    """Print the database URL, password included, for BI tools and scripts. BI tools use --role gemba_reader."""
    from gemba.db import database_url

    typer.echo(database_url(role.value if role else None))


def psql(context: typer.Context, role: RoleOption = None) -> None:
    """Open psql on the plant's database. Further arguments are psql's: gemba psql --role gemba_reader -c "SELECT 1"."""
    from gemba.db import database_url
    from gemba.errors import GembaError
    from gemba.services import programs
    from gemba.services.provision import rootfs_of
    from gemba.settings import child_environment, get_settings

    home = get_settings().home
    if shutil.which("psql"):
        command = ["psql"]
    elif rootfs_of(home).is_dir():
        command = programs.find(home).client("psql")
    else:
        raise GembaError("There is no psql here", "apt-get install postgresql-client, or `gemba up` once")
    # In the environment, not on the command line, where every user of the machine could read the password.
    environment = child_environment(**_libpq_environment(database_url(role.value if role else None)))
    os.execvpe(command[0], [*command, *context.args], environment)


def _libpq_environment(address: str) -> dict[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    names |= {"options": "PGOPTIONS", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    parts = conninfo_to_dict(address)
    return {variable: str(parts[key]) for key, variable in names.items() if parts.get(key) is not None}


def migrate(
    plan: Annotated[bool, typer.Option("--plan", help="only say what would be done; reads only")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="exit status 1 unless the database is up to date")] = False,
) -> None:
    """Bring the database to the state that sql/ describes. Needs the owner's or a superuser's connection."""
    from gemba import access
    from gemba import migrate as migrations
    from gemba.db import connect
    from gemba.settings import get_settings

    with connect() as conn:
        if plan:
            todo = migrations.plan(conn)
            for file in [*todo.pending, *todo.changed]:
                typer.echo(file.path)
            typer.echo(f"{len(todo.pending)} migrations to run, {len(todo.changed)} changed files to apply again.")
            return
        if verify:
            migrations.verify(conn)
            typer.echo("The database is up to date.")
            return
        migrations.apply(conn, report=typer.echo)
    settings = get_settings()
    with connect(autocommit=True) as conn:
        if settings.is_embedded_database:
            access.give_passwords(conn, settings.secrets_file)
        elif settings.role_passwords:
            access.set_passwords(conn, settings.role_passwords)
            typer.echo(f"Passwords of {', '.join(settings.role_passwords)} are set.")
