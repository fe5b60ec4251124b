"""Command line of `gemba import` (`python -m ingest.files`)."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
from rich.console import Console

from gemba.errors import GembaError, InputError
from ingest.files.mapping import Mapping, Place, SensorColumn, parse_state_rule, read_mapping
from ingest.files.plan import FilePlan
from ingest.files.run import Options, plan_import, run_import
from ingest.files.summary import total_of
from ingest.files.times import AMBIGUOUS_CHOICES

EXIT_ERROR, EXIT_REJECTS, EXIT_INTERRUPTED = 1, 3, 130
EPILOG = """
examples:
  gemba import --mapping skab --create ../shared/real/skab
  gemba import --site s1 --area a1 --line l1 --machine m1 --timezone Europe/Berlin --decimal , july/*.csv
  gemba import --machine m1 --long --tag-column tag --value-column value export.parquet
"""


def build_parser() -> argparse.ArgumentParser:
    """The flags. A flag wins over the same entry of a mapping file."""
    parser = argparse.ArgumentParser(
        prog="gemba import", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Import CSV and Parquet files as readings of a machine. Running it again changes nothing: "
        "what is stored counts as duplicate.",
    )  # fmt: skip
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files, globs, or folders (all CSV and Parquet files below)"
    )
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE.yml",
        help="what the columns mean, as YAML; a bare name means one of ours (skab)",
    )

    place = parser.add_argument_group("machine")
    for level in ("site", "area", "line", "machine"):
        place.add_argument(f"--{level}", metavar="CODE", help=f"code of the {level}")
    place.add_argument(
        "--create", action="store_true", help="register what is missing of these and of the sensors (as gemba_migrator)"
    )
    place.add_argument("--site-timezone", metavar="ZONE", help="time zone of a new site, say Europe/Berlin")
    place.add_argument("--machine-type", metavar="TYPE", help="type of a new machine, say pump")

    columns = parser.add_argument_group("columns")
    columns.add_argument(
        "--timestamp", metavar="COLUMN", help="column of the time (default: ts, timestamp, datetime, date, ...)"
    )
    columns.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="COLUMN=TAG",
        help="a column and its sensor's tag; with it, other columns are left out",
    )
    columns.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="TAG=UNIT[:STORED]",
        help="unit in the file, and the one to store: oil=degF:Cel",
    )
    columns.add_argument(
        "--label", action="append", default=[], metavar="COLUMN=TYPE", help="keep a column as events of this type"
    )
    columns.add_argument("--ignore", action="append", default=[], metavar="COLUMN", help="leave a column out")
    columns.add_argument(
        "--state-when", metavar="'COLUMN>X'", help="state running while the column is above X, else idle"
    )
    columns.add_argument("--long", action="store_true", help="a row holds one reading: tag and value columns")
    columns.add_argument("--tag-column", metavar="COLUMN", help="with --long (default: tag)")
    columns.add_argument("--value-column", metavar="COLUMN", help="with --long (default: value)")

    form = parser.add_argument_group("form of the files")
    form.add_argument("--delimiter", metavar="CHAR", help="field delimiter, or `tab` (default: found out)")
    form.add_argument("--decimal", choices=[".", ","], help="decimal point or comma (default: .)")
    form.add_argument("--encoding", help="say cp1252 (default: UTF-8, or UTF-16 by its mark)")
    form.add_argument("--skip-lines", type=int, metavar="N", help="lines above the header")
    form.add_argument(
        "--null", action="append", default=[], metavar="TEXT", help="a text that means no reading, say NA"
    )
    form.add_argument("--timezone", metavar="ZONE", help="zone of times without one; without it such times are refused")
    form.add_argument(
        "--timestamp-format", metavar="FORMAT", help="'%%d/%%m/%%Y %%H:%%M', epoch_s, epoch_ms (default: ISO 8601)"
    )
    form.add_argument(
        "--ambiguous",
        choices=AMBIGUOUS_CHOICES,
        help="a local time that comes twice at the end of summer time (default: reject)",
    )

    running = parser.add_argument_group("running")
    running.add_argument(
        "--dry-run", action="store_true", help="read and check everything, store nothing; needs no database"
    )
    running.add_argument("--chunk-rows", type=int, metavar="N", help="rows per commit")
    running.add_argument("--yes", action="store_true", help="don't ask")
    running.add_argument("--strict", action="store_true", help="exit status 3 when something was rejected (default: 0)")
    return parser


def mapping_of(args: argparse.Namespace) -> Mapping:
    """The mapping file with the flags on top. Raises InputError on a misshapen flag."""
    mapping = read_mapping(args.mapping) if args.mapping else Mapping()
    changes: dict[str, object] = {}
    for level in ("site", "area", "line", "machine"):
        place = getattr(mapping, level)
        if code := getattr(args, level):
            place = replace(place, code=code) if place else Place(code)
        if level == "site" and args.site_timezone:
            if place is None:
                raise InputError("--site-timezone without a site", "add --site CODE")
            place = replace(place, time_zone=args.site_timezone)
        if level == "machine" and args.machine_type and place:
            place = replace(place, type=args.machine_type)
        changes[level] = place
    for name in ("timestamp", "timestamp_format", "timezone", "ambiguous", "decimal", "encoding", "skip_lines"):
        if (value := getattr(args, name)) is not None:
            changes[name] = value
    if args.delimiter:
        delimiter = {"tab": "\t", "\\t": "\t"}.get(args.delimiter, args.delimiter)
        if len(delimiter) != 1:
            raise InputError(
                f"The delimiter {args.delimiter!r} is more than one character", "use one character, or `tab`"
            )
        changes["delimiter"] = delimiter
    if args.null:
        changes["null"] = tuple(args.null)
    if args.ignore:
        changes["ignore"] = (*mapping.ignore, *args.ignore)
    if args.label:
        changes["labels"] = {**mapping.labels, **dict(_pair("--label", text) for text in args.label)}
    if args.state_when:
        changes["state"] = parse_state_rule(args.state_when)
    if args.long or args.tag_column or args.value_column:
        changes["tag_column"] = args.tag_column or mapping.tag_column or "tag"
        changes["value_column"] = args.value_column or mapping.value_column or "value"
    sensors = list(mapping.sensors)
    for text in args.tag:
        column, tag = _pair("--tag", text)
        sensors = [each for each in sensors if each.column != column]
        sensors.append(SensorColumn(column, tag).filled())
    changes["sensors"] = tuple(_with_units(sensors, args.unit))
    mapping = replace(mapping, **changes)
    _ = mapping.times  # refuses an unknown zone or format now
    return mapping


def _with_units(sensors: list[SensorColumn], units: list[str]) -> list[SensorColumn]:
    for text in units:
        tag, unit = _pair("--unit", text)
        source, _, stored = unit.partition(":")
        places = [place for place, sensor in enumerate(sensors) if tag in (sensor.tag, sensor.column)]
        if not places:
            raise InputError(f"--unit {text}: no sensor {tag!r} is listed", f"list it too: --tag COLUMN={tag}")
        for place in places:
            sensors[place] = replace(sensors[place], source_unit=source, unit=stored or source).filled()
    return sensors


def _pair(flag: str, text: str) -> tuple[str, str]:
    left, equals, right = text.rpartition("=")
    if not equals or not left or not right:
        raise InputError(
            f"{flag} {text!r} is not of the form NAME=VALUE", f"write it like {flag} 'Oil temperature=oil_temperature'"
        )
    return left, right


def confirmed(console: Console, plans: list[FilePlan], mapping: Mapping, args: argparse.Namespace) -> bool:
    """Ask a person before storing; without a terminal, with --yes or in a dry run nobody is asked."""
    if args.yes or args.dry_run or not sys.stdin.isatty():
        return True
    where = "/".join(place.code for level in ("site", "area", "line", "machine") if (place := getattr(mapping, level)))
    size = sum(plan.path.stat().st_size for plan in plans) / 1e6
    also = ", registering what is missing" if args.create else ""
    question = f"Import {len(plans)} files ({size:,.1f} MB) into {where}{also}? [Y/n] "
    return console.input(question).strip().lower() in ("", "y", "yes")


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 on an error, 3 with --strict when something was rejected."""
    args = build_parser().parse_args(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)  # a log file has no width of its own
    try:
        if args.chunk_rows is not None and args.chunk_rows < 1:
            raise InputError("--chunk-rows must be at least 1", "leave it out for a fitting number")
        mapping = mapping_of(args)
        plans = plan_import(args.files, mapping)
        if not confirmed(console, plans, mapping, args):
            console.print("Nothing was done.")
            return EXIT_ERROR
        if unused := sorted({name for plan in plans for name in plan.unused}):
            console.print(f"columns left out: {', '.join(unused)}", markup=False)
        tallies = run_import(plans, mapping, Options(args.create, args.dry_run, args.chunk_rows), console)
    except GembaError as error:
        print(f"gemba import: {error}", file=sys.stderr)
        return EXIT_ERROR
    except psycopg.OperationalError as error:
        print(
            f"gemba import: The database broke off: {str(error).strip()}\n"
            "  Remedy: what was read so far is stored; run the same command again when it answers (`gemba status`)",
            file=sys.stderr,
        )
        return EXIT_ERROR
    except psycopg.errors.UndefinedTable as error:
        print(
            f"gemba import: {error.diag.message_primary}\n  Remedy: bring the database up to date with `gemba migrate`",
            file=sys.stderr,
        )
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("Interrupted. What was read so far is stored; run the same command again to carry on.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_REJECTS if args.strict and total_of(tallies).rejected else 0


if __name__ == "__main__":
    sys.exit(main())
