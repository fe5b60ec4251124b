"""Overview: every machine's state now, OEE now and of the last shifts, and what stops the plant most."""

import pandas as pd
import streamlit as st

from streamlit_app.charts.downtime_pareto import downtime_pareto
from streamlit_app.charts.style import CONFIG
from streamlit_app.parts import empty, tiles, url
from streamlit_app.parts.frame import guarded
from streamlit_app.parts.number_info import number_info
from streamlit_app.parts.tables import table
from streamlit_app.parts.units import clock, count, percent, zone_now
from streamlit_app.reads import overview

REFRESH_S = 10
ALL = "all"
OEE = "marts.fct_oee_by_shift"


def page() -> None:
    """Filters, then the live part below them."""
    plant = overview.plant()
    if plant.empty:
        st.title("Overview")
        empty.no_machines()
        return
    site_code, line_id = _filters(plant)
    zones = plant.loc[plant["site_code"].eq(site_code) if site_code else slice(None), "time_zone"].unique()
    _live(site_code, line_id, list(zones))


def _filters(plant: pd.DataFrame) -> tuple[str | None, int | None]:
    title, site_box, line_box = st.columns([2, 1, 1], vertical_alignment="bottom")
    title.title("Overview")
    sites = dict(zip(plant["site_code"], plant["site_name"], strict=True))
    with site_box:
        site = url.select("Site", "site", {ALL: "All sites"} | sites, default=ALL)
    of_site = plant if site == ALL else plant[plant["site_code"] == site]
    names = {str(row.line_id): f"{row.line_name} ({row.area_name})" for row in of_site.itertuples()}
    with line_box:
        line = url.select("Line", "line", {ALL: "All lines"} | names, default=ALL)
    return (None if site == ALL else site), (None if line == ALL else int(line))


@st.fragment(run_every=REFRESH_S)
def _live(site_code: str | None, line_id: int | None, zones: list[str]) -> None:
    guarded(lambda: _draw(site_code, line_id, zones))


def _draw(site_code: str | None, line_id: int | None, zones: list[str]) -> None:
    machines = overview.machines_now(site_code, line_id)
    now = pd.Timestamp.now(tz="UTC")
    clocks = " · ".join(f"{clock(now, zone, with_date=True)} {zone_now(zone)}" for zone in zones)
    st.caption(f"{clocks} · refreshed every {REFRESH_S} s. Times are those of each site.")
    if machines["last_signal_at"].isna().all():
        empty.no_data()
    totals = overview.oee_now(site_code, line_id)
    _headline(totals, overview.states_now(site_code, line_id))
    left, right = st.columns([2.3, 1], gap="medium")
    with left:
        _tiles(machines, totals, overview.last_shifts(site_code, line_id))
    with right:
        _pareto(overview.downtime_reasons(site_code, line_id))
    _table(machines)


def _headline(totals: pd.DataFrame, states: pd.DataFrame) -> None:
    whole = totals[totals["line_id"].isna()]
    row = whole.iloc[0] if not whole.empty else None
    with st.container(horizontal=True, gap="large", vertical_alignment="center"):
        for label, field in (
            ("OEE now", "oee_ratio"),
            ("Availability", "availability_ratio"),
            ("Performance", "performance_ratio"),
            ("Quality", "quality_ratio"),
        ):
            st.metric(label, percent(None if row is None else row[field]), width=108)
        st.metric("Good parts", count(None if row is None else row["good_count"]), width=118)
        number_info(
            "overview",
            "oee_now",
            {
                "OEE now": f"{OEE}.oee_ratio",
                "Availability": f"{OEE}.availability_ratio",
                "Performance": f"{OEE}.performance_ratio",
                "Quality": f"{OEE}.quality_ratio",
                "Good parts": f"{OEE}.good_count",
            },
            note="Shifts in progress, all machines selected: seconds and counts are summed first, then divided.",
        )
        with st.container(width="content"):
            st.html(tiles.state_chips(states), width="content")


def _tiles(machines: pd.DataFrame, totals: pd.DataFrame, shifts: pd.DataFrame) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.subheader("Machines", width="content")
        number_info(
            "overview",
            "machines_now",
            {
                "State": "marts.rpt_machine_states_now.state_code",
                "Since": "marts.rpt_machine_states_now.started_at",
                "OEE now": f"{OEE}.oee_ratio",
            },
            note="Bars: OEE of the last seven ended shifts, oldest left, full height 100 %; a dotted line is a shift "
            "without an OEE, the pointer tells why. A tile opens its machine.",
        )
    line_facts = {row.line_id: row for row in totals[totals["line_id"].notna()].itertuples()}
    several_sites = machines["site_code"].nunique() > 1
    blocks = []
    for line_id, rows in machines.groupby("line_id", sort=False):
        first = rows.iloc[0]
        facts = line_facts.get(line_id)
        text = (
            f"OEE now {percent(facts.oee_ratio)} · {count(facts.good_count)} good"
            if facts is not None
            else "no shift in progress"
        )
        title = f"{first['site_name']} · {first['line_name']}" if several_sites else first["line_name"]
        blocks.append(tiles.line_tiles(title, f"{first['area_name']} · {text}", rows, shifts))
    st.html("".join(blocks))


def _pareto(reasons: pd.DataFrame) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.subheader("Top downtime reasons", width="content")
        number_info(
            "overview",
            "downtime_reasons",
            {"Minutes": "marts.fct_downtime_events.duration_s", "Reason": "marts.fct_downtime_events.reason_code"},
            note="Unplanned stops that overlap the last seven ended shifts and the one in progress.",
        )
    if reasons.empty:
        st.info("No unplanned stop in the last seven shifts.", icon=":material/check_circle:")
        return
    st.plotly_chart(
        downtime_pareto(reasons.head(10)), theme=None, config=CONFIG | {"displayModeBar": False}, key="pareto"
    )
    with st.expander("As a table"):
        table(
            reasons,
            name="downtime_reasons",
            columns={
                "reason_name": st.column_config.TextColumn("Reason"),
                "downtime_min": st.column_config.NumberColumn("Minutes", format="%.1f"),
                "stop_count": st.column_config.NumberColumn("Stops"),
                "share_ratio": st.column_config.NumberColumn("Share", format="percent"),
                "cumulative_ratio": st.column_config.NumberColumn("Cumulated", format="percent"),
            },
        )


def _table(machines: pd.DataFrame) -> None:
    with st.expander("All machines as a table"):
        shown = machines.assign(
            since_local=[
                clock(at, zone, with_date=True)
                for at, zone in zip(machines["since"], machines["time_zone"], strict=True)
            ]
        )
        table(
            shown,
            name="machines_now",
            columns={
                "machine_name": st.column_config.TextColumn("Machine"),
                "line_name": st.column_config.TextColumn("Line"),
                "state_name": st.column_config.TextColumn("State"),
                "reason_name": st.column_config.TextColumn("Reason"),
                "since_local": st.column_config.TextColumn("Since (site's time)"),
                "product_name": st.column_config.TextColumn("Product"),
                "oee_ratio": st.column_config.NumberColumn("OEE now", format="percent"),
                "availability_ratio": st.column_config.NumberColumn("Availability", format="percent"),
                "performance_ratio": st.column_config.NumberColumn("Performance", format="percent"),
                "quality_ratio": st.column_config.NumberColumn("Quality", format="percent"),
                "total_count": st.column_config.NumberColumn("Parts"),
                "oee_note": st.column_config.TextColumn("Note"),
            },
        )


guarded(page)
