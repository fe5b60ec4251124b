"""Downtime by reason, longest first."""

import pandas as pd
import plotly.graph_objects as go

from streamlit_app.charts.style import BLUE, MUTED, styled

ROW_PX = 30


def downtime_pareto(reasons: pd.DataFrame) -> go.Figure:
    """Horizontal bars of minutes per reason with the cumulative share beside each.

    reasons: reason_name, downtime_min, stop_count, cumulative_ratio; longest first.
    """
    figure = go.Figure(
        go.Bar(
            x=reasons["downtime_min"],
            y=reasons["reason_name"],
            orientation="h",
            marker={"color": BLUE},
            text=[
                f"{minutes:,.0f} min · {share:.0%} cumulated"
                for minutes, share in zip(reasons["downtime_min"], reasons["cumulative_ratio"], strict=True)
            ],
            textposition="auto",
            insidetextanchor="start",
            customdata=reasons[["stop_count"]].to_numpy(),
            hovertemplate="%{y}<br>%{x:,.1f} min in %{customdata[0]:,} stops<extra></extra>",
            cliponaxis=False,
        )
    )
    styled(figure, height=54 + ROW_PX * len(reasons), left=8, bottom=40)
    figure.update_yaxes(autorange="reversed", automargin=True, title=None, ticksuffix="  ")
    figure.update_xaxes(title={"text": "Minutes stopped", "font": {"color": MUTED}}, rangemode="tozero")
    figure.update_layout(bargap=0.25, dragmode=False)
    return figure
