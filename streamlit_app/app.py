"""Router and frame of the pages: `streamlit run streamlit_app/app.py`."""

import streamlit as st

from streamlit_app.parts.frame import apply_styles

st.set_page_config(page_title="Gemba", page_icon="🏭", layout="wide", initial_sidebar_state="collapsed")
apply_styles()

page = st.navigation(
    [
        st.Page("app_pages/overview.py", title="Overview", icon=":material/grid_view:", default=True),
        st.Page("app_pages/machine.py", title="Machine", icon=":material/precision_manufacturing:", url_path="machine"),
        st.Page(
            "app_pages/data_health.py", title="Data health", icon=":material/monitor_heart:", url_path="data-health"
        ),
    ],
    position="top",
)
page.run()
