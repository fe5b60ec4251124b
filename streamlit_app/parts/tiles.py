"""Machine tiles: state as colour and word, since when, OEE now and of the last shifts, as one HTML block."""

from html import escape

import pandas as pd

from streamlit_app.parts.units import NOTHING, clock, duration, percent


def state_chips(counts: pd.DataFrame) -> str:
    """How many machines are in each state. counts: state_name, color, machine_count."""
    chips = "".join(state_chip(row.state_name, row.color, str(row.machine_count)) for row in counts.itertuples())
    return f'<div class="g-chips">{chips}</div>'


def state_chip(state_name: str, color: str, number: str = "") -> str:
    """A state as colour and word, with a number beside where given."""
    text = f"{escape(state_name)} <b>{escape(number)}</b>" if number else escape(state_name)
    return f'<span class="g-chip" style="--state:{escape(color)}"><i></i>{text}</span>'


def line_tiles(line_title: str, facts: str, tiles: pd.DataFrame, shifts: pd.DataFrame) -> str:
    """A line's heading with its facts and its machines' tiles, as HTML.

    tiles: one row per machine with machine_id, machine_name, time_zone, state_name, color, since, state_for_s,
    reason_name, oee_ratio, oee_note. shifts: machine_id, shift_label, oee_ratio, oee_note; oldest first.
    """
    by_machine = dict(tuple(shifts.groupby("machine_id", sort=False))) if not shifts.empty else {}
    body = "".join(_tile(row, by_machine.get(row.machine_id)) for row in tiles.itertuples())
    heading = f'<div class="g-line"><b>{escape(line_title)}</b><span>{escape(facts)}</span></div>'
    return f'{heading}<div class="g-tiles">{body}</div>'


def _tile(row, shifts: pd.DataFrame | None) -> str:
    reason = f" · {row.reason_name}" if isinstance(row.reason_name, str) and row.reason_name else ""
    since = (
        f"since {clock(row.since, row.time_zone)} · {duration(row.state_for_s)}"
        if not pd.isna(row.since)
        else "never heard of"
    )
    oee = percent(row.oee_ratio) if not pd.isna(row.oee_ratio) else NOTHING
    note = row.oee_note if isinstance(row.oee_note, str) else ""
    name = escape(row.machine_name)
    state = escape(f"{row.state_name}{reason}")
    return (
        f'<a class="g-tile" data-machine="{row.machine_id}" href="machine?machine={row.machine_id}" target="_self" '
        f'style="--state:{escape(row.color)}" title="{name}: {state}. {escape(note)}">'
        f'<div class="g-name">{name}</div>'
        f'<div class="g-row"><div class="g-state"><b>{state}</b><small>{escape(since)}</small></div>'
        f'<div class="g-oee"><b>{oee}</b><small>OEE now</small></div></div>'
        f"{_shift_bars(shifts)}</a>"
    )


def _shift_bars(shifts: pd.DataFrame | None) -> str:
    """OEE of the last shifts as small bars on a 0..100 % scale; a shift without OEE is a hollow stub.

    Plain elements, since Streamlit takes SVG out of HTML.
    """
    if shifts is None or shifts.empty:
        return ""
    bars = []
    for row in shifts.itertuples():
        if pd.isna(row.oee_ratio):
            note = row.oee_note if isinstance(row.oee_note, str) else "no OEE"
            bars.append(f'<i class="g-none" title="{escape(f"{row.shift_label}: {note}")}"></i>')
        else:
            height = max(2.0, min(row.oee_ratio, 1.0) * 100)
            title = escape(f"{row.shift_label}: OEE {percent(row.oee_ratio)}")
            bars.append(f'<i title="{title}"><u style="height:{height:.0f}%"></u></i>')
    return f'<div class="g-bars" aria-label="OEE of the last {len(shifts)} shifts">{"".join(bars)}</div>'
