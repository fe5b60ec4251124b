"""Dead letters: what can't be stored is kept byte for byte, with its reason."""

from collections.abc import Sequence

import psycopg

from ingest.records import Decoded, Reject

LONGEST_DETAIL = 2000


def put_aside(conn: psycopg.Connection, letters: Sequence[tuple[Decoded, Sequence[Reject]]]) -> int:
    """Write one letter per message and reason, within the caller's transaction; returns how many there were.

    A letter that is open already (same topic, bytes and reason) is not written again.
    """
    rows = []
    for message, rejects in letters:
        details: dict[str, list[str]] = {}
        for reject in rejects:
            details.setdefault(reject.reason_code, []).append(reject.detail)
        for reason_code, found in details.items():
            text = "; ".join(dict.fromkeys(found)).replace("\x00", "\\0")
            rows.append(
                (
                    message.source,
                    message.topic.replace("\x00", "\\0"),
                    message.payload,
                    reason_code,
                    text[:LONGEST_DETAIL],
                )
            )
    if rows:
        conn.execute(
            "INSERT INTO ops.dead_letters (source, topic, payload, reason_code, detail)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)],
        )
    return len(rows)
