"""A machine's states over time, as a ribbon."""

from datetime import datetime

import pandas as pd
import plotly.graph_objects as go

from streamlit_app.charts.style import styled


def ribbon_traces(states: pd.DataFrame) -> list[go.Bar]:
    """One bar trace per state, legend included.

    states: started_at, ended_at (wall clock of the site, no zone), state_name, color, reason_name, duration_text.
    """
    traces = []
    for (name, color), rows in states.groupby(["state_name", "color"], sort=False):
        length_ms = (rows["ended_at"] - rows["started_at"]).dt.total_seconds() * 1000
        traces.append(
            go.Bar(
                base=rows["started_at"],
                x=length_ms,
                y=["State"] * len(rows),
                orientation="h",
                name=name,
                legendgroup=name,
                marker={"color": color, "line": {"width": 0}},
                customdata=rows[["started_at", "ended_at", "duration_text", "reason_name"]]
                .astype(object)
                .fillna("")
                .to_numpy(),
                hovertemplate=f"<b>{name}</b> %{{customdata[2]}}<br>%{{customdata[0]|%Y-%m-%d %H:%M:%S}} – "
                "%{customdata[1]|%Y-%m-%d %H:%M:%S}<br>%{customdata[3]}<extra></extra>",
            )
        )
    return traces


def state_ribbon(states: pd.DataFrame, *, starts_at: datetime, ends_at: datetime) -> go.Figure:
    """The ribbon by itself, over [starts_at, ends_at) of the site's wall clock."""
    figure = go.Figure(ribbon_traces(states))
    styled(figure, height=104, legend=True, top=30, bottom=26)
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_xaxes(type="date", range=[starts_at, ends_at])
    figure.update_yaxes(showticklabels=False, showgrid=False, fixedrange=True)
    return figure
