"""What pages say where there is nothing to show, and how to get something."""

import streamlit as st


def no_machines() -> None:
    """The database has no machine yet."""
    st.info(
        "**No machines yet.** Make a small plant with three days of history with `gemba simulate history`, or bring "
        "your own data with `gemba import FILE...`, then `gemba dbt build`.",
        icon=":material/factory:",
    )


def no_data() -> None:
    """Machines exist, and none has sent anything."""
    st.info(
        "**No data yet.** No machine has sent anything. Run `gemba simulate live` for a simulated plant, point your "
        "machines at the broker (`gemba status` shows its address), or `gemba import FILE...`.",
        icon=":material/sensors_off:",
    )
