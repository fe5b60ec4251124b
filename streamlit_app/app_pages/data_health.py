"""Data health: whether what the other pages show can be trusted, and what to do where it can't."""

import streamlit as st

from streamlit_app.charts.ingest_rate import ingest_rate
from streamlit_app.charts.style import CONFIG
from streamlit_app.parts import status, url
from streamlit_app.parts.frame import guarded
from streamlit_app.parts.number_info import number_info
from streamlit_app.parts.tables import download, table
from streamlit_app.parts.units import at_site, duration, zone_now
from streamlit_app.reads import health, overview

REFRESH_S = 10
SPANS = {"60": "1 h", "480": "8 h", "1440": "24 h"}


def page() -> None:
    """Title and the live part."""
    title, zone_box = st.columns([3, 1], vertical_alignment="bottom")
    title.title("Data health")
    plant = overview.plant()
    zones = sorted(set(plant["time_zone"])) if not plant.empty else []
    with zone_box:
        zone = url.select(
            "Times in", "zone", {name: zone_now(name) for name in [*zones, "UTC"]}, default=zones[0] if zones else "UTC"
        )
    st.fragment(_live, run_every=REFRESH_S)(zone)


def _live(zone: str) -> None:
    guarded(lambda: _draw(zone))


def _draw(zone: str) -> None:
    st.caption(f"Times in {zone_now(zone)}, refreshed every {REFRESH_S} s.")
    _heading("At a glance", "checks", {})
    st.html(status.status_list(health.checks()))
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _ingest(zone)
    with right:
        _rollups(zone)
    _dead_letters(zone)
    _freshness(zone)


def _heading(text: str, query: str, definitions: dict[str, str], note: str = "") -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.subheader(text, width="content")
        number_info("data_health", query, definitions, note=note)


def _ingest(zone: str) -> None:
    _heading(
        "Ingest",
        "ingest_by_minute",
        {
            "Messages": "marts.rpt_ingest_by_minute.message_count",
            "Rows": "marts.rpt_ingest_by_minute.stored_count",
            "Duplicates": "marts.rpt_ingest_by_minute.duplicate_count",
            "Lag": "marts.rpt_ingest_by_minute.lag_max_s",
        },
    )
    span = url.segments("Time", "span", SPANS, default="60", label_visibility="collapsed")
    minutes = health.ingest_by_minute(int(span))
    if minutes.empty:
        st.info(
            "Ingest took in nothing in this time. Start it with `gemba up` or `gemba ingest`; `gemba status` shows "
            "whether it runs.",
            icon=":material/sensors_off:",
        )
        return
    local = minutes.assign(bucket_at=at_site(minutes["bucket_at"], zone))
    st.plotly_chart(ingest_rate(local), theme=None, config=CONFIG | {"displayModeBar": False}, key="ingest")
    download(local, name="ingest_by_minute")


def _rollups(zone: str) -> None:
    _heading(
        "Rollups",
        "rollups",
        {},
        note="How far the materialised part of each rollup is behind the newest data. "
        "The not yet materialised tail is added at reading, so curves are whole all the same.",
    )
    rollups = health.rollups()
    table(
        rollups.assign(
            status=rollups["status"].map(status.status_word),
            behind=rollups["behind_s"].map(duration),
            materialized_until=at_site(rollups["materialized_until"], zone),
        ),
        name="rollups",
        columns={
            "status": st.column_config.TextColumn("Status", width="small"),
            "rollup_name": st.column_config.TextColumn("Rollup"),
            "behind": st.column_config.TextColumn("Behind"),
            "materialized_until": st.column_config.DatetimeColumn(f"Done until ({zone})", format="YYYY-MM-DD HH:mm"),
            "pending_count": st.column_config.NumberColumn("Ranges to redo"),
        },
    )


def _dead_letters(zone: str) -> None:
    _heading(
        "Dead letters",
        "dead_letter_reasons",
        {"Dead letters": "marts.rpt_dead_letters"},
        note="Messages and rows that could not be stored are kept, byte for byte, and can be sent through again.",
    )
    reasons = health.dead_letter_reasons()
    if reasons.empty:
        st.success("No open dead letters.", icon=":material/mark_email_read:")
        return
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        table(
            reasons.assign(last_received_at=at_site(reasons["last_received_at"], zone)),
            name="dead_letters_by_reason",
            columns={
                "reason_code": st.column_config.TextColumn("Reason"),
                "letter_count": st.column_config.NumberColumn("Open"),
                "last_received_at": st.column_config.DatetimeColumn("Last", format="MM-DD HH:mm:ss"),
                "remedy": st.column_config.TextColumn("What to do", width="large"),
            },
        )
    with right:
        latest = health.dead_letters_latest()
        table(
            latest.assign(received_at=at_site(latest["received_at"], zone)),
            name="dead_letters_latest",
            height=320,
            columns={
                "received_at": st.column_config.DatetimeColumn("Received", format="MM-DD HH:mm:ss"),
                "reason_code": st.column_config.TextColumn("Reason"),
                "detail": st.column_config.TextColumn("Detail", width="medium"),
                "topic": st.column_config.TextColumn("Topic or file", width="medium"),
                "line_number": st.column_config.NumberColumn("Line"),
                "payload_text": st.column_config.TextColumn("Payload", width="medium"),
            },
        )


def _freshness(zone: str) -> None:
    _heading("Freshness by machine", "freshness", {})
    rows = health.freshness()
    if rows.empty:
        st.caption("No machines yet.")
        return
    table(
        rows.assign(
            status=rows["status"].map(status.status_word),
            age=rows["age_s"].map(duration),
            last_data_at=at_site(rows["last_data_at"], zone),
        ),
        name="freshness",
        height=360,
        columns={
            "status": st.column_config.TextColumn("Status", width="small"),
            "machine_name": st.column_config.TextColumn("Machine"),
            "line_name": st.column_config.TextColumn("Line"),
            "age": st.column_config.TextColumn("Age of the last data"),
            "last_data_at": st.column_config.DatetimeColumn(f"Last data ({zone})", format="YYYY-MM-DD HH:mm:ss"),
            "remedy": st.column_config.TextColumn("What to do", width="large"),
        },
    )


guarded(page)
