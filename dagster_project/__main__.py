"""`python -m dagster_project`: prepares Dagster's place and starts its processes, each with the right environment."""

import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dagster_project import home
from gemba.errors import GembaError
from gemba.paths import PROJECT
from gemba.services.ports import holder_of, is_taken
from gemba.settings import get_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
CodeHost = Annotated[str, typer.Option(help="host of the code server")]
CodePort = Annotated[int | None, typer.Option(help="port of the code server; default: one above Dagster's port")]
Host = Annotated[str, typer.Option(help="address to listen on")]


def become(program: str, *arguments: str, code_host: str = "127.0.0.1", code_port: int | None = None) -> NoReturn:
    """Replace this process by a program of the same virtual environment, so that a supervisor sees just one."""
    executable = Path(sys.executable).parent / program
    if not executable.exists():
        raise GembaError(f"{executable} is missing", "install the project's pinned set: `make up`")
    environment = home.process_environment(get_settings(), code_host=code_host, code_port=code_port)
    path = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    sys.stdout.flush()
    os.chdir(PROJECT)
    # Dagster takes its SIGTERM handler from SIGINT's, and a background shell hands SIGINT down ignored: it could not
    # be stopped then.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(executable, [program, *arguments], {**os.environ, **environment, "PYTHONPATH": path})


def wait_for_code_server(host: str, port: int, *, patience_s: float = 60) -> None:
    """Return once the code server listens, or after patience_s seconds: what starts then keeps on trying by itself."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)


@app.command()
def prepare() -> None:
    """Make Dagster's database, tables and folder and dbt's manifest. May be run again; needs the database server."""
    from dagster_project.manifest import update_manifest

    settings = get_settings()
    home.ensure_folder(settings)
    home.ensure_storage(settings)
    manifest = update_manifest(home.dbt_folder(settings))
    typer.echo(f"Dagster: storage in database {settings.dagster_db_name}, dbt manifest {manifest}")


@app.command("code-server")
def code_server(host: Host = "127.0.0.1", port: CodePort = None) -> None:
    """Serve the definitions and start the runs. Reads dbt's models anew first: restart it when they change."""
    from dagster_project.manifest import update_manifest

    settings = get_settings()
    port = port or settings.dagster_port + 1
    if is_taken(port):  # gRPC would share the port with the other process, and each would get some of the calls
        raise GembaError(
            f"Port {port}, for Dagster's code server, is taken by {holder_of(port)}",
            "stop that process, or set GEMBA_DAGSTER_PORT: the code server takes the port above it",
        )
    home.ensure_folder(settings)
    update_manifest(home.dbt_folder(settings))
    for run_id in home.close_abandoned_runs(settings):
        typer.echo(f"run {run_id} was left unfinished and is marked as failed", err=True)
    become(
        "dagster", "api", "grpc", "--module-name", "dagster_project.definitions", "--host", host,
        "--port", str(port), "--location-name", "gemba", "--log-level", "warning",
        code_host=host, code_port=port,
    )  # fmt: skip


@app.command()
def daemon(code_host: CodeHost = "127.0.0.1", code_port: CodePort = None) -> None:
    """Run the schedules and the queue."""
    settings = get_settings()
    home.ensure_folder(settings)
    wait_for_code_server(code_host, code_port or settings.dagster_port + 1)
    become(
        "dagster-daemon", "run", "--workspace", str(home.WORKSPACE), "--log-level", "warning",
        code_host=code_host, code_port=code_port,
    )  # fmt: skip


@app.command()
def webserver(
    host: Host = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="port to listen on; default: GEMBA_DAGSTER_PORT")] = None,
    code_host: CodeHost = "127.0.0.1",
    code_port: CodePort = None,
) -> None:
    """Serve Dagster's web page and GraphQL."""
    settings = get_settings()
    home.ensure_folder(settings)
    wait_for_code_server(code_host, code_port or settings.dagster_port + 1)
    become(
        "dagster-webserver", "--host", host, "--port", str(port or settings.dagster_port),
        "--workspace", str(home.WORKSPACE), "--dagster-log-level", "warning", "--suppress-warnings",
        code_host=code_host, code_port=code_port,
    )  # fmt: skip


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def cli(context: typer.Context) -> None:
    """Run Dagster's own command line on this plant's instance, e.g. `cli run list`."""
    home.ensure_folder(get_settings())
    become("dagster", *context.args)


if __name__ == "__main__":
    try:
        app()
    except GembaError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
