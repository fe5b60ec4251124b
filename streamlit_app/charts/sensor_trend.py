"""Sensors over time, one panel per sensor on a shared time axis."""

from datetime import datetime

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from streamlit_app.charts.style import BAND, BLUE, MUTED, ORANGE, PURPLE, VERMILLION, styled
from streamlit_app.parts.units import unit_sign

PANEL_PX = 150
_INSTANT = pd.Timedelta(seconds=2)  # a change point labels one row; a span that short would not be seen
_NOTHING_SAID = ("0", "0.0", "false")
_LIMITS = (
    ("high_critical", VERMILLION, "solid", "critical"),
    ("high_warning", ORANGE, "dash", "warning"),
    ("low_warning", ORANGE, "dash", "warning"),
    ("low_critical", VERMILLION, "solid", "critical"),
)


def sensor_trend(
    readings: pd.DataFrame,
    sensors: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> go.Figure:
    """Mean line with the band from minimum to maximum, limits where the sensor has them, labels as shaded spans.

    readings: sensor_id, bucket_at (site's wall clock), value_mean, value_min, value_max; raw readings have the three
    equal. sensors: sensor_id, name, unit, the four limits; one panel each, in this order. labels: started_at,
    ended_at, event_type; may be empty.
    """
    figure = make_subplots(
        rows=len(sensors),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=min(0.09, 0.30 / max(len(sensors), 1)),
        subplot_titles=[_title(sensor) for sensor in sensors.itertuples()],
    )
    for row, sensor in enumerate(sensors.itertuples(), start=1):
        mine = readings[readings["sensor_id"] == sensor.sensor_id]
        _draw_series(figure, mine, sensor, row)
        _draw_limits(figure, mine, sensor, row)
        figure.update_yaxes(title={"text": unit_sign(sensor.unit), "font": {"color": MUTED}}, row=row, col=1)
    styled(figure, height=PANEL_PX * len(sensors) + 46, top=24, bottom=30)
    for title in figure.layout.annotations[: len(sensors)]:
        title.update(x=0, xanchor="left", font={"size": 12.5}, yshift=2)
    _draw_labels(figure, labels)
    figure.update_xaxes(type="date", range=[starts_at, ends_at])
    figure.update_layout(hovermode="x")
    return figure


def _title(sensor) -> str:
    return f"<b>{sensor.name}</b>  <span style='color:{MUTED}'>{sensor.tag}</span>"


def _draw_series(figure: go.Figure, mine: pd.DataFrame, sensor, row: int) -> None:
    unit = unit_sign(sensor.unit)
    has_band = not mine.empty and bool((mine["value_min"] != mine["value_max"]).any())
    if has_band:
        for edge, fill in (("value_min", None), ("value_max", "tonexty")):
            figure.add_trace(
                go.Scatter(
                    x=mine["bucket_at"],
                    y=mine[edge],
                    mode="lines",
                    line={"width": 0},
                    fill=fill,
                    fillcolor=BAND,
                    hoverinfo="skip",
                    connectgaps=False,
                ),
                row=row,
                col=1,
            )
    extra = f"<br>%{{customdata[0]:.4~g}} to %{{customdata[1]:.4~g}} {unit}" if has_band else ""
    figure.add_trace(
        go.Scatter(
            x=mine["bucket_at"],
            y=mine["value_mean"],
            mode="lines" if len(mine) > 1 else "markers",
            line={"width": 1.3, "color": BLUE},
            name=sensor.name,
            connectgaps=False,
            customdata=mine[["value_min", "value_max"]].to_numpy(),
            hovertemplate=f"%{{y:.4~g}} {unit}{extra}<extra></extra>",
        ),
        row=row,
        col=1,
    )


def _draw_limits(figure: go.Figure, mine: pd.DataFrame, sensor, row: int) -> None:
    # a limit far from the data would flatten the curve: it is drawn where the data come near it, and named otherwise
    if mine.empty:
        return
    low, high = float(mine["value_min"].min()), float(mine["value_max"].max())
    reach = max(high - low, abs(high) * 0.02, 1e-9)
    for field, color, dash, word in _LIMITS:
        limit = getattr(sensor, field)
        if limit is None or pd.isna(limit) or not low - 1.2 * reach <= limit <= high + 1.2 * reach:
            continue
        figure.add_hline(
            y=limit,
            line={"color": color, "width": 1.1, "dash": dash},
            row=row,
            col=1,
            annotation={
                "text": f"{word} {limit:g}",
                "font": {"size": 10.5, "color": color},
                "xanchor": "right",
                "x": 1,
                # critical outside its line, warning inside: they stay apart where the two limits are close
                "yanchor": "bottom" if field in ("high_critical", "low_warning") else "top",
                "showarrow": False,
                "yshift": 0,
            },
        )


def _draw_labels(figure: go.Figure, labels: pd.DataFrame) -> None:
    """Shade what was labelled. One list of shapes over all panels: add_vrect would copy every shape at each call."""
    shapes = []
    for label in labels[~labels["event_code"].isin(_NOTHING_SAID)].itertuples():
        color = PURPLE if label.event_type == "changepoint" else ORANGE
        is_instant = label.ended_at - label.started_at <= _INSTANT
        place = {"type": "line" if is_instant else "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
        if is_instant:
            place |= {"x0": label.started_at, "x1": label.started_at, "line": {"color": color, "width": 1, "dash": "dot"}}
        else:
            place |= {"x0": label.started_at, "x1": label.ended_at, "fillcolor": color, "opacity": 0.16, "line": {"width": 0}}
        shapes.append(place)
    if shapes:
        figure.update_layout(shapes=[*figure.layout.shapes, *shapes])
