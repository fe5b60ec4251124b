"""Rows as bytes of PostgreSQL's binary COPY, built by numpy: a record of fixed width per row."""

import numpy as np

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_PG_EPOCH_MS = 946_684_800_000

_READING = np.dtype(
    [
        ("fields", ">i2"),
        ("ts_len", ">i4"),
        ("ts", ">i8"),
        ("value_len", ">i4"),
        ("value", ">f8"),
        ("id_len", ">i4"),
        ("id", ">i4"),
    ]
)
READING_COLUMNS = "ts, value, sensor_id"
SAMPLE_COLUMNS = (
    "ts, total_count, good_count, scrap_count, rework_count, cycle_time_s, power_kw,"
    " machine_id, state_code, reason_code, process_values"
)


def pg_timestamps(ts_ms: np.ndarray) -> np.ndarray:
    """Epoch milliseconds as PostgreSQL's microseconds since 2000."""
    return (ts_ms - _PG_EPOCH_MS) * 1000


def reading_bytes(sensor_ids: list[int], ts_ms: np.ndarray, values: np.ndarray) -> bytes:
    """Rows of raw.sensor_readings (READING_COLUMNS), sensor by sensor. values: (sensors, instants)."""
    rows = np.empty(values.shape, _READING)
    rows["fields"], rows["ts_len"], rows["value_len"], rows["id_len"] = 3, 8, 8, 4
    rows["ts"] = pg_timestamps(ts_ms)
    rows["value"] = values
    rows["id"] = np.array(sensor_ids)[:, None]
    return rows.tobytes()


def sample_bytes(
    machine_id: int,
    state: str,
    reason: str | None,
    ts_ms: np.ndarray,
    counts: np.ndarray,
    cycle_time_s: np.ndarray,
    power_kw: np.ndarray,
    speed_ratio: np.ndarray,
) -> bytes:
    """Rows of raw.machine_samples (SAMPLE_COLUMNS), all in one state; counts (n, 3): good, scrap, rework."""
    values = [b'{"speed_ratio": %5.3f}' % ratio for ratio in speed_ratio.tolist()]
    fields: list[tuple[str, str, object]] = [("ts", ">i8", pg_timestamps(ts_ms)), ("total", ">i8", counts.sum(axis=1))]
    fields += [(name, ">i8", counts[:, i]) for i, name in enumerate(("good", "scrap", "rework"))]
    fields += [("cycle", ">f8", cycle_time_s), ("power", ">f8", power_kw), ("machine", ">i4", machine_id)]
    fields.append(("state", f"S{len(state)}", state.encode()))
    fields.append(("reason", f"S{len(reason or '')}", reason.encode() if reason else None))
    # jsonb travels as its version, 1, and its text
    fields.append(("process", f"S{1 + len(values[0])}", np.array([b"\1" + value for value in values])))
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind, value in fields:
        layout += [(f"{name}_len", ">i4")] + ([(name, kind)] if value is not None else [])
    rows = np.zeros(len(ts_ms), np.dtype(layout))
    rows["fields"] = len(fields)
    for name, kind, value in fields:
        rows[f"{name}_len"] = np.dtype(kind).itemsize if value is not None else -1
        if value is not None:
            rows[name] = value
    return rows.tobytes()
