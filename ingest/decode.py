"""Topic and bytes -> rows or rejects. Pure: no clock, no database, no broker.

One bad part of a message does not cost its good parts: each is stored or refused by itself.
"""

import orjson

from ingest.catalog import Catalog
from ingest.kinds import HANDLERS
from ingest.records import Decoded, Reject
from ingest.rules import BadValue, instant_micros

LIMIT_BYTES = 256 * 1024
KEPT_BYTES = 1024 * 1024
PREFIX = ("gemba", "v1")
MISSES = frozenset({"unknown_machine", "unknown_tag", "unknown_product", "unknown_state", "unknown_reason"})


def decode(topic: str, payload: bytes, catalog: Catalog, now_micros: int, source: str = "mqtt") -> Decoded:
    """What a message of `gemba/v1/<site>/<area>/<line>/<machine>/<kind>` holds.

    now_micros: microseconds since 1970 UTC, bound for timestamps. Never raises: what can't be read becomes a reject.
    """
    found = Decoded(topic, payload[:KEPT_BYTES], source)
    try:
        parts = topic.split("/")
        if len(parts) != 7 or tuple(parts[:2]) != PREFIX:
            raise BadValue("bad_topic", "the topic is not gemba/v1/<site>/<area>/<line>/<machine>/<kind>")
        handler = HANDLERS.get(parts[6])
        if handler is None:
            raise BadValue("bad_topic", f"kind {parts[6]!r} is none of {', '.join(sorted(HANDLERS))}")
        if len(payload) > LIMIT_BYTES:
            kept = "" if len(payload) <= KEPT_BYTES else f"; the first {KEPT_BYTES} are kept"
            raise BadValue("too_large", f"{len(payload)} bytes, the limit is {LIMIT_BYTES}{kept}")
        content = _parse(payload)
        machine_id = catalog.machines.get((parts[2], parts[3], parts[4], parts[5]))
        if machine_id is None:
            raise BadValue("unknown_machine", f"{'/'.join(parts[2:6])} is not in ref.machines")
    except BadValue as error:
        found.rejects.append(Reject(error.reason_code, error.detail))
        return found
    for item in content:
        try:
            if not isinstance(item, dict):
                raise BadValue("undecodable", f"an element is {_json_type(item)}, not an object")
            if "ts" not in item:
                raise BadValue("bad_timestamp", "there is no ts")
            micros = instant_micros(item["ts"], now_micros)
            handler(found, catalog, machine_id, micros, item)
        except BadValue as error:
            found.rejects.append(Reject(error.reason_code, error.detail))
    return found


def is_catalog_miss(found: Decoded) -> bool:
    """Whether a fresh catalog could change the verdict."""
    return any(reject.reason_code in MISSES for reject in found.rejects)


def _parse(payload: bytes) -> list:
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise BadValue("undecodable", f"not JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise BadValue("undecodable", "nested too deep") from error
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise BadValue("undecodable", f"{_json_type(content)}, not an object or an array of objects")
    if not content:
        raise BadValue("undecodable", "an empty array")
    return content


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
