"""The look all charts share: quiet axes, one ink, colours told apart by colour-blind readers (Okabe and Ito)."""

import plotly.graph_objects as go

INK = "#1c2733"
MUTED = "#51606e"
GRID = "#e6eaee"
BLUE = "#0072b2"
BAND = "rgba(0, 114, 178, 0.16)"
ORANGE = "#e69f00"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
FONT = "Inter, Segoe UI, Helvetica Neue, Arial, sans-serif"

# no mode bar button but what a reader uses; the logo tells nothing
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"], "responsive": True}


def styled(
    figure: go.Figure, *, height: int, legend: bool = False, left: int = 56, top: int = 8, bottom: int = 28
) -> go.Figure:
    """The figure with the common look; height and margins in pixels."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": left, "r": 12, "t": top, "b": bottom},
        font={"family": FONT, "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 11}},
        hoverlabel={"font": {"family": FONT, "size": 12}, "bgcolor": "white", "bordercolor": GRID},
        dragmode="zoom",
    )
    figure.update_xaxes(gridcolor=GRID, linecolor=GRID, zeroline=False, ticks="outside", tickcolor=GRID, ticklen=4)
    figure.update_yaxes(gridcolor=GRID, linecolor=GRID, zeroline=False)
    return figure
