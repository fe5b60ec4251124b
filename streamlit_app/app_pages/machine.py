"""Machine: one machine's state, OEE and sensors over any time."""

import pandas as pd
import streamlit as st

from streamlit_app.charts.oee_by_shift import oee_by_shift
from streamlit_app.charts.sensor_trend import sensor_trend
from streamlit_app.charts.state_ribbon import state_ribbon
from streamlit_app.charts.style import CONFIG
from streamlit_app.parts import empty, tiles, url
from streamlit_app.parts.frame import guarded
from streamlit_app.parts.number_info import number_info
from streamlit_app.parts.tables import download, table
from streamlit_app.parts.units import at_site, clock, count, duration, unit_sign, zone_now
from streamlit_app.parts.window import Window, choose_window, ending
from streamlit_app.reads import machine as reads
from streamlit_app.reads.resolution import choose

LIVE_S = 3
DEFAULT_SENSORS = 4
MAX_SENSORS = 12
OEE = "marts.fct_oee_by_shift"


def page() -> None:
    """Choose a machine and a time, then the parts about it."""
    machines = reads.machines()
    title, picker = st.columns([1, 2.2], vertical_alignment="bottom")
    title.title("Machine")
    if machines.empty:
        empty.no_machines()
        return
    with picker:
        machine_id = _choose_machine(machines)
    if machine_id is None:
        return
    row = machines[machines["machine_id"] == machine_id].iloc[0]
    state = reads.now(machine_id).iloc[0]
    window = choose_window(row["time_zone"], state["last_data_at"], bool(state["is_current"]))
    is_live = (
        url.switch("Live", "live", help=f"Moves with the clock, every {LIVE_S} s")
        if window.ends_with == "now"
        else False
    )
    length = st.query_params.get("range", "8h")
    st.fragment(_follow, run_every=LIVE_S if is_live else None)(row, window, length, is_live)


def _choose_machine(machines: pd.DataFrame) -> int | None:
    several_sites = machines["site_name"].nunique() > 1
    names = {
        str(row.machine_id): f"{row.machine_name} · {row.line_name}" + (f" · {row.site_name}" if several_sites else "")
        for row in machines.itertuples()
    }
    wanted = st.query_params.get("machine")
    if wanted is not None and wanted not in names:
        st.warning(
            f"No machine has the id {wanted[:40]!r}. Choose one of the {len(names)} machines.",
            icon=":material/search_off:",
        )
        default = None
    else:
        default = next(iter(names))
    chosen = url.select(
        "Machine",
        "machine",
        names,
        default=default,
        keep_default=True,
        label_visibility="collapsed",
        placeholder="Choose a machine",
    )
    return int(chosen) if chosen else None


def _follow(row: pd.Series, window: Window, length: str, is_live: bool) -> None:
    """Draw all parts; when live, the window moves along with the clock."""

    def draw() -> None:
        moving = ending(length, "now", None) if is_live and length != "custom" else window
        _draw(row, moving)

    guarded(draw)


def _draw(row: pd.Series, window: Window) -> None:
    machine_id, zone = int(row["machine_id"]), row["time_zone"]
    state = reads.now(machine_id).iloc[0]
    _state_line(row, state)
    if pd.isna(state["last_data_at"]):
        empty.no_data()
        return
    if not state["is_current"] and window.ends_with == "now":
        st.info(
            f"No data since {clock(state['last_data_at'], zone, with_date=True)}. “Last data” shows the last of them.",
            icon=":material/history:",
        )
    labels = reads.labels(machine_id, window.starts_at, window.ends_at)
    _ribbon(machine_id, window, zone, row["machine_name"])
    _sensors(machine_id, window, zone, labels, row["machine_name"])
    _oee(machine_id, window, zone, state, row["machine_name"])
    _labels(labels, zone, row["machine_name"])


def _state_line(row: pd.Series, state: pd.Series) -> None:
    chip = tiles.state_chip(state["state_name"], state["color"])
    reason = f" · {state['reason_name']}" if isinstance(state["reason_name"], str) else ""
    since = (
        f" since {clock(state['since'], row['time_zone'])} ({duration(state['state_for_s'])})"
        if not pd.isna(state["since"])
        else ""
    )
    product = f" · making {state['product_name']}" if isinstance(state["product_name"], str) else ""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.html(chip, width="content")
        st.markdown(
            f"{since}{reason}{product} · last data {clock(state['last_data_at'], row['time_zone'])}", width="content"
        )
        number_info("machine", "machine_now", {"State": "marts.rpt_machine_states_now.state_code"})
    st.caption(
        f"{row['machine_type']} · {row['site_name']} / {row['area_name']} / {row['line_name']} · "
        f"times in {zone_now(row['time_zone'])}"
    )


def _heading(text: str, *info, **more) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.subheader(text, width="content")
        number_info(*info, **more)


def _ribbon(machine_id: int, window: Window, zone: str, name: str) -> None:
    states = reads.states(machine_id, window.starts_at, window.ends_at)
    _heading("States", "machine", "states", {"State": "marts.fct_state_intervals.state_code"})
    if states.empty:
        st.caption("No state was reported in this time.")
        return
    local = states.assign(
        started_at=at_site(states["started_at"], zone),
        ended_at=at_site(states["ended_at"], zone),
        duration_text=states["duration_s"].map(duration),
    )
    st.plotly_chart(
        state_ribbon(local, starts_at=_local(window.starts_at, zone), ends_at=_local(window.ends_at, zone)),
        theme=None,
        config=CONFIG | {"displayModeBar": False},
        key="ribbon",
    )
    with st.expander(f"{len(states)} states as a table"):
        table(
            local,
            name=f"states_{machine_id}",
            columns={
                "started_at": st.column_config.DatetimeColumn(f"From ({zone})"),
                "ended_at": st.column_config.DatetimeColumn("To"),
                "duration_text": st.column_config.TextColumn("Lasted"),
                "state_name": st.column_config.TextColumn("State"),
                "reason_name": st.column_config.TextColumn("Reason"),
            },
        )


def _sensors(machine_id: int, window: Window, zone: str, labels: pd.DataFrame, name: str) -> None:
    sensors = reads.sensors(machine_id)
    if sensors.empty:
        st.subheader("Sensors")
        st.caption("This machine has no sensors.")
        return
    chosen_rows = sensors.head(DEFAULT_SENSORS)
    with st.container():
        heading = st.container(horizontal=True, gap="small", vertical_alignment="center")
        tags = url.several(
            "Sensors",
            "sensors",
            {row.tag: f"{row.name} [{unit_sign(row.unit)}]" for row in sensors.itertuples(index=False)},
            default=list(chosen_rows["tag"]),
            max_selections=MAX_SENSORS,
            label_visibility="collapsed",
            placeholder="Choose sensors",
        )
    chosen = sensors[sensors["tag"].isin(tags)]
    if chosen.empty:
        st.caption("Choose at least one sensor.")
        return
    resolution = choose(window.length_s, float(chosen["sampling_interval_s"].min()))
    with heading:
        st.subheader("Sensors", width="content")
        number_info(
            "machine",
            resolution.query,
            {
                "Mean": "agg.sensor_1m.value_mean",
                "Band, lower edge": "agg.sensor_1m.value_min",
                "Band, upper edge": "agg.sensor_1m.value_max",
                "Limits": "ref.sensors.high_warning",
            },
            key="info_sensors",
        )
    readings = reads.readings(tuple(int(i) for i in chosen["sensor_id"]), window.starts_at, window.ends_at, resolution)
    most = count(readings.groupby("sensor_id").size().max()) if not readings.empty else "0"
    st.caption(
        f"Shown from: **{resolution.name}**, up to {most} points a sensor. Line: mean; band: minimum to maximum; "
        "dashed: warning limit, solid: critical limit, drawn where the readings come near them."
    )
    if readings.empty:
        st.info("No readings of these sensors in this time.", icon=":material/sensors_off:")
        return
    local = readings.assign(bucket_at=at_site(readings["bucket_at"], zone))
    local_labels = labels.assign(
        started_at=at_site(labels["started_at"], zone), ended_at=at_site(labels["ended_at"], zone)
    )
    figure = sensor_trend(
        local, chosen, local_labels, starts_at=_local(window.starts_at, zone), ends_at=_local(window.ends_at, zone)
    )
    figure.update_layout(uirevision=f"{machine_id} {window.ends_with} {round(window.length_s)}")
    st.plotly_chart(figure, theme=None, config=CONFIG, key="trend")
    download(local.merge(chosen[["sensor_id", "tag", "unit"]], on="sensor_id"), name=f"sensors_{machine_id}")


def _oee(machine_id: int, window: Window, zone: str, state: pd.Series, name: str) -> None:
    shifts = reads.shifts(machine_id, window.starts_at, window.ends_at)
    _heading(
        "OEE by shift",
        "machine",
        "shifts",
        {
            "OEE": f"{OEE}.oee_ratio",
            "Availability": f"{OEE}.availability_ratio",
            "Performance": f"{OEE}.performance_ratio",
            "Quality": f"{OEE}.quality_ratio",
        },
    )
    if shifts.empty:
        why = state["no_oee_because"] if isinstance(state["no_oee_because"], str) else "no shift overlaps this time"
        st.info(f"No OEE: {why}.", icon=":material/event_busy:")
        return
    local = shifts.assign(started_at=at_site(shifts["started_at"], zone), ended_at=at_site(shifts["ended_at"], zone))
    st.plotly_chart(oee_by_shift(local), theme=None, config=CONFIG | {"displayModeBar": False}, key="oee")
    with st.expander(f"{len(shifts)} shifts as a table"):
        ratio = {
            field: st.column_config.NumberColumn(label, format="percent")
            for field, label in (
                ("oee_ratio", "OEE"),
                ("availability_ratio", "Availability"),
                ("performance_ratio", "Performance"),
                ("quality_ratio", "Quality"),
            )
        }
        table(
            local.sort_values("started_at", ascending=False),
            name=f"oee_{machine_id}",
            columns={
                "shift_label": st.column_config.TextColumn("Shift"),
                **ratio,
                "total_count": st.column_config.NumberColumn("Parts"),
                "good_count": st.column_config.NumberColumn("Good"),
                "pbt_s": st.column_config.NumberColumn("Planned busy time, s", format="%.0f"),
                "apt_s": st.column_config.NumberColumn("Production, s", format="%.0f"),
                "adet_s": st.column_config.NumberColumn("Unplanned stops, s", format="%.0f"),
                "oee_note": st.column_config.TextColumn("Note"),
            },
        )


def _labels(labels: pd.DataFrame, zone: str, name: str) -> None:
    if labels.empty:
        return
    _heading(
        "Labels",
        "machine",
        "labels",
        {},
        note="Labels that came with the imported data, drawn as shaded time over the sensors.",
    )
    with st.expander(f"{len(labels)} labels as a table"):
        table(
            labels.assign(started_at=at_site(labels["started_at"], zone), ended_at=at_site(labels["ended_at"], zone)),
            name="labels",
        )


def _local(instant, zone: str) -> pd.Timestamp:
    return pd.Timestamp(instant).tz_convert(zone).tz_localize(None)


guarded(page)
