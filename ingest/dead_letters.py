"""`python -m ingest.dead_letters list | replay`: look at what was refused, and send it through again."""

import argparse
import json
import sys
import time

import psycopg
from psycopg.rows import dict_row

from gemba.db import connect
from gemba.errors import GembaError
from ingest.catalog import load_catalog
from ingest.decode import decode
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
            f"SELECT reason_code, count(*) AS letters FROM ops.dead_letters WHERE {_OPEN} GROUP BY 1 ORDER BY 2 DESC", which
        ).fetchall()
    for row in rows:
        text = bytes(row.pop("payload"))[:200].decode("utf-8", errors="backslashreplace")
        if options.json:
            print(json.dumps({**row, "received_at": row["received_at"].isoformat(), "payload_text": text}))
        else:
            line = f":{row['line_number']}" if row["line_number"] else ""
            print(f"{row['dead_letter_id']}  {row['received_at']:%Y-%m-%d %H:%M:%S}Z  {row['reason_code']}  {row['topic']}{line}")
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
                f"SELECT dead_letter_id, source, topic, payload FROM ops.dead_letters WHERE {_OPEN} AND dead_letter_id > %(last)s"
                # letters that this very run puts aside are not its business
                " AND received_at < %(started_at)s ORDER BY dead_letter_id LIMIT 1 FOR UPDATE SKIP LOCKED",
                {"reason": reason, "id": letter_id, "last": last, "started_at": started_at},
            ).fetchone()
            if row is None:
                break
            last, source, topic, payload = row
            if source == "file":
                outcome = "left: import the mended file again"
            else:
                outcome = _replay_one(conn, catalog, last, topic, bytes(payload), source)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    for outcome, count in sorted(outcomes.items()):
        print(f"{count} {outcome}")
    if not outcomes:
        print("nothing to replay")
    return outcomes


def _replay_one(conn: psycopg.Connection, catalog, letter_id: int, topic: str, payload: bytes, source: str) -> str:  # noqa: ANN001
    # closed first: a letter that is refused again may come back with the very same reason
    conn.execute("UPDATE ops.dead_letters SET replayed_at = clock_timestamp() WHERE dead_letter_id = %s", (letter_id,))
    found = decode(topic, payload, catalog, time.time_ns() // 1000, source)
    try:
        result = write_batch(conn, [found])
    except (psycopg.DataError, psycopg.IntegrityError):
        outcome = "refused_by_database"
        conn.execute("UPDATE ops.dead_letters SET replayed_at = NULL WHERE dead_letter_id = %s", (letter_id,))
    else:
        rejects = [*found.rejects, *(reject for each in result.conflicts.values() for reject in each)]
        outcome = rejects[0].reason_code if rejects else ("stored" if result.stored else "duplicate")
    conn.execute("UPDATE ops.dead_letters SET replay_outcome = %s WHERE dead_letter_id = %s", (outcome, letter_id))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
