"""OEE and its factors by shift."""

import pandas as pd
import plotly.graph_objects as go

from streamlit_app.charts.style import GREEN, MUTED, ORANGE, PURPLE, styled

_FACTORS = (
    ("availability_ratio", "Availability", "triangle-up", GREEN),
    ("performance_ratio", "Performance", "diamond", ORANGE),
    ("quality_ratio", "Quality", "circle", PURPLE),
)


def oee_by_shift(shifts: pd.DataFrame) -> go.Figure:
    """Bars of OEE on the shift's own stretch of time, marks for its three factors.

    shifts: started_at, ended_at (site's wall clock), shift_label, the four ratios 0..1, is_open; in time order.
    """
    width_ms = (shifts["ended_at"] - shifts["started_at"]).dt.total_seconds() * 1000
    middle = shifts["started_at"] + (shifts["ended_at"] - shifts["started_at"]) / 2
    names = shifts[["shift_label"]].to_numpy()
    figure = go.Figure(
        go.Bar(
            x=middle,
            y=shifts["oee_ratio"],
            width=width_ms * 0.86,
            name="OEE",
            customdata=names,
            marker={"color": ["#b7cbdc" if is_open else "#5b7f9d" for is_open in shifts["is_open"]]},
            hovertemplate="%{customdata[0]}<br>OEE %{y:.1%}<extra></extra>",
        )
    )
    for field, name, symbol, color in _FACTORS:
        figure.add_trace(
            go.Scatter(
                x=middle,
                y=shifts[field],
                mode="markers",
                name=name,
                customdata=names,
                marker={"symbol": symbol, "size": 8, "color": color, "line": {"color": "white", "width": 0.7}},
                hovertemplate=f"%{{customdata[0]}}<br>{name} %{{y:.1%}}<extra></extra>",
            )
        )
    styled(figure, height=250, legend=True, top=30, bottom=28)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", title={"text": "Share of 1", "font": {"color": MUTED}})
    figure.update_xaxes(type="date")
    figure.update_layout(bargap=0.1)
    return figure
