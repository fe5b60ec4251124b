"""`python -m ingest.dead_letters list | replay`: look at what was refused, and send it through again."""

import argparse
import json
import sys
import time

import psycopg
from psycopg.rows import dict_row

from gemba.db import connect
from gemba.errors import GembaError
from ingest.catalog import Catalog, load_catalog
from ingest.decode import decode
from ingest.files.replay import replay_row
from ingest.write import write_batch

_OPEN = (
    "replayed_at IS NULL AND (%(reason)s::text IS NULL OR reason_code = %(reason)s)"
    " AND (%(id)s::bigint IS NULL OR dead_letter_id = %(id)s)"
)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 1 after an error a person must mend."""
    parser = argparse.ArgumentParser(prog="gemba dead-letters", description=__doc__.partition(":")[2].strip())
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("list", help="the open letters, newest first")
    show.add_argument("--limit", type=int, default=50, help="how many at the most (%(default)s)")
    show.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    replay = commands.add_parser("replay", help="send open letters through again, once the cause is mended")
    replay.add_argument("--all", action="store_true", help="every open letter")
    for command in (show, replay):
        command.add_argument("--reason", help="only letters refused for this reason")
        command.add_argument("--id", type=int, help="only this letter")
    options = parser.parse_args(arguments)
    try:
        with connect("gemba_ingest", autocommit=True) as conn:
            if options.command == "list":
                show_letters(conn, options)
            elif not (options.all or options.reason or options.id):
                parser.error("say which: --all, --reason REASON or --id ID")
            else:
                replay_letters(conn, options.reason, options.id)
    except GembaError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def show_letters(conn: psycopg.Connection, options: argparse.Namespace) -> None:
    """Print the open letters, and how many there are by reason."""
    which = {"reason": options.reason, "id": options.id, "limit": options.limit}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT dead_letter_id, received_at, source, topic, line_number, reason_code, detail, payload FROM ops.dead_letters"
            f" WHERE {_OPEN} ORDER BY dead_letter_id DESC LIMIT %(limit)s",
            which,
        ).fetchall()
        totals = cursor.execute(
            f"SELECT reason_code, count(*) AS letters FROM ops.dead_letters WHERE {_OPEN} GROUP BY 1 ORDER BY 2 DESC",
            which,
        ).fetchall()
    for row in rows:
        text = bytes(row.pop("payload"))[:200].decode("utf-8", errors="backslashreplace")
        if options.json:
            print(json.dumps({**row, "received_at": row["received_at"].isoformat(), "payload_text": text}))
        else:
            line = f":{row['line_number']}" if row["line_number"] else ""
            print(
                f"{row['dead_letter_id']}  {row['received_at']:%Y-%m-%d %H:%M:%S}Z  {row['reason_code']}  {row['topic']}{line}"
            )
            print(f"    {row['detail']}\n    {text}")
    if not options.json:
        summary = ", ".join(f"{row['letters']} {row['reason_code']}" for row in totals)
        print(f"open: {summary}" if totals else "no open dead letters")


def replay_letters(conn: psycopg.Connection, reason: str | None = None, letter_id: int | None = None) -> dict[str, int]:
    """Send the open letters through decode and write again; returns how many had which outcome.

    Each is marked with its outcome. One that is refused again goes on as a new open letter, with the reason of today.
    """
    catalog = load_catalog(conn)
    started_at = conn.execute("SELECT clock_timestamp()").fetchone()[0]
    outcomes: dict[str, int] = {}
    last = 0
    while True:
        with conn.transaction():
            row = conn.execute(
                f"SELECT dead_letter_id, source, topic, line_number, payload FROM ops.dead_letters WHERE {_OPEN} AND dead_letter_id > %(last)s"
                # letters that this very run puts aside are not its business
                " AND received_at < %(started_at)s ORDER BY dead_letter_id LIMIT 1 FOR UPDATE SKIP LOCKED",
                {"reason": reason, "id": letter_id, "last": last, "started_at": started_at},
            ).fetchone()
            if row is None:
                break
            last, source, topic, line_number, payload = row
            # closed first: a letter that is refused again may come back with the very same reason
            _mark(conn, last, is_closed=True)
            if source == "file":
                outcome = _replay_row(conn, last, topic, line_number, bytes(payload))
            else:
                outcome = _replay_message(conn, catalog, last, topic, bytes(payload), source)
            conn.execute("UPDATE ops.dead_letters SET replay_outcome = %s WHERE dead_letter_id = %s", (outcome, last))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    for outcome, count in sorted(outcomes.items()):
        print(f"{count} {outcome}")
    if not outcomes:
        print("nothing to replay")
    return outcomes


def _replay_message(
    conn: psycopg.Connection, catalog: Catalog, letter_id: int, topic: str, payload: bytes, source: str
) -> str:
    found = decode(topic, payload, catalog, time.time_ns() // 1000, source)
    try:
        result = write_batch(conn, [found])
    except (psycopg.DataError, psycopg.IntegrityError):
        _mark(conn, letter_id, is_closed=False)
        return "refused_by_database"
    rejects = [*found.rejects, *(reject for each in result.conflicts.values() for reject in each)]
    if rejects:
        return rejects[0].reason_code
    return "stored" if result.stored else "duplicate"


def _replay_row(conn: psycopg.Connection, letter_id: int, topic: str, line_number: int, payload: bytes) -> str:
    try:
        again = replay_row(conn, topic, line_number, payload)
    except GembaError as error:
        _mark(conn, letter_id, is_closed=False)
        return f"left: {error.what}"
    return again.reason_code or ("stored" if again.stored else "duplicate")


def _mark(conn: psycopg.Connection, letter_id: int, *, is_closed: bool) -> None:
    conn.execute(
        "UPDATE ops.dead_letters SET replayed_at = CASE WHEN %s THEN clock_timestamp() END WHERE dead_letter_id = %s",
        (is_closed, letter_id),
    )


if __name__ == "__main__":
    sys.exit(main())
