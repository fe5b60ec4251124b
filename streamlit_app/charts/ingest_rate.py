"""What ingest takes in, by minute."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from streamlit_app.charts.style import BLUE, GREEN, MUTED, ORANGE, VERMILLION, styled


def ingest_rate(minutes: pd.DataFrame) -> go.Figure:
    """Messages and rows per second, lag in seconds, and refused or repeated rows a minute, over time.

    minutes: bucket_at (wall clock), messages_per_s, rows_per_s, lag_max_s, duplicate_count, dead_letter_count.
    """
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.09,
        row_heights=[0.46, 0.27, 0.27],
        subplot_titles=["Taken in, per second", "Largest lag, s", "Repeated and refused, per minute"],
    )
    for row, field, name, color, dash in (
        (1, "rows_per_s", "rows/s", BLUE, "solid"),
        (1, "messages_per_s", "messages/s", GREEN, "dash"),
        (2, "lag_max_s", "largest lag, s", ORANGE, "solid"),
        (3, "duplicate_count", "duplicates/min", BLUE, "solid"),
        (3, "dead_letter_count", "dead letters/min", VERMILLION, "dash"),
    ):
        figure.add_trace(
            go.Scatter(
                x=minutes["bucket_at"],
                y=minutes[field],
                name=name,
                mode="lines",
                line={"color": color, "width": 1.5, "dash": dash},
                hovertemplate=f"%{{y:,.1f}} {name}<extra></extra>",
            ),
            row=row,
            col=1,
        )
    styled(figure, height=430, legend=True, top=46, bottom=30)
    for note in figure.layout.annotations:
        note.update(x=0, xanchor="left", font={"size": 12, "color": MUTED})
    figure.update_layout(legend={"y": 1.06}, hovermode="x")
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(type="date")
    return figure
