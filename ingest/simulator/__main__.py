"""`python -m ingest.simulator history|live|truth`: a plant that makes data, for trials and tests."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gemba import db
from gemba.errors import GembaError, InputError
from ingest.simulator import record
from ingest.simulator.faults import PATTERNS
from ingest.simulator.history import Outcome, Wanted, load_history, truth_folder
from ingest.simulator.plant import SCALES


def _instant(text: str) -> int:
    """RFC 3339 text, UTC where it names no zone, to epoch ms."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an instant such as 2026-03-01T06:00Z") from error
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="gemba simulate", description="A seeded plant that makes data and knows the truth behind it."
    )
    commands = top.add_subparsers(dest="command", required=True)
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument(
        "--scale", choices=SCALES, help="plant to simulate (default: what the database holds, else small)"
    )
    which.add_argument("--seed", type=int, help="seed of all random streams (default: what the database holds, else 1)")
    past = commands.add_parser("history", parents=[which], help="register the plant and load its past by COPY")
    past.add_argument(
        "--days", type=float, default=3, help="days of history, begun with a whole production day (default 3)"
    )
    past.add_argument("--until", type=_instant, help="where history ends (default: now)")
    past.add_argument(
        "--continue", dest="is_continued", action="store_true", help="fill from what is there to now; --days if empty"
    )
    past.add_argument("--fault", choices=PATTERNS, help="the fault that 5 %% of the machines carry (default: a mix)")
    past.add_argument("--truth", type=Path, help="folder of the truth files (default: <home>/simulator)")
    past.add_argument("--machines", type=int, help="only the first N machines, for trials")
    past.add_argument("--workers", type=int, default=2, help="connections that load at the same time (default 2)")
    now = commands.add_parser("live", parents=[which], help="publish the plant's present over MQTT, until stopped")
    now.add_argument(
        "--speed", type=float, default=1.0, help="simulated seconds per second, up to the present (default 1)"
    )
    now.add_argument("--start", type=_instant, help="simulated instant to start at (default: the end of the history)")
    now.add_argument("--until", type=_instant, help="simulated instant to stop at (default: never)")
    known = commands.add_parser("truth", help="write the truth files again, up to now")
    known.add_argument("--until", type=_instant, help="where truth ends (default: now)")
    known.add_argument("--truth", type=Path, help="folder of the truth files (default: <home>/simulator)")
    return top


def _history(options: argparse.Namespace) -> None:
    if options.days <= 0 or options.workers < 1:
        raise InputError("--days and --workers must be above 0", "leave them out for 3 days over 2 connections")
    wanted = Wanted(
        options.scale,
        options.seed,
        options.fault,
        options.days,
        options.until,
        options.is_continued,
        options.truth,
        options.machines,
        options.workers,
    )
    console = Console(stderr=True)
    with Progress(TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("Starting", total=1.0)
        outcome = load_history(wanted, lambda step, share: bar.update(task, description=step, completed=share or None))
        bar.update(task, description="Done", completed=1.0)
    print(_summary(outcome))


def _summary(outcome: Outcome) -> str:
    counts = ", ".join(f"{count:,} {table.split('_')[1]}" for table, count in outcome.rows.items())
    begin, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (outcome.from_ms, outcome.until_ms))
    span = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    return (
        f"{outcome.identity.scale} plant, seed {outcome.identity.seed}, {span}: added {counts or 'nothing'}"
        f" in {outcome.load_s:.1f} s ({outcome.rows_per_s:,.0f} rows/s); {outcome.total_s:.1f} s in all"
    )


def _truth(options: argparse.Namespace) -> None:
    import time

    from ingest.simulator.timeline import Timeline
    from ingest.simulator.truth import write_truth

    with db.connect("gemba_ingest") as conn:
        found = record.remembered(conn)
    if found is None:
        raise GembaError("The database holds no simulated plant", "load one first: `gemba simulate history`")
    timeline = Timeline(found.identity)
    folder = options.truth or truth_folder()
    rows = write_truth(
        timeline, list(timeline.plant.machines), found.from_ms, options.until or int(time.time() * 1000), folder
    )
    print(f"{folder}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the process's exit status. Errors a user can mend print without a traceback."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "history":
            _history(options)
        elif options.command == "live":
            from ingest.simulator.live import run_live

            run_live(options)
        else:
            _truth(options)
    except GembaError as error:
        print(f"gemba simulate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
