"""What stands around every page: styles, and the error page that recovers by itself."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gemba.errors import DatabaseUnavailable, GembaError
from streamlit_app.reads import database

_STYLES = Path(__file__).with_name("styles.css")
RETRY_EVERY_S = 5


def apply_styles() -> None:
    """The few styles Streamlit's theme can't say: denser page, machine tiles."""
    st.html(f"<style>{_STYLES.read_text(encoding='utf-8')}</style>")


def show_error(error: GembaError) -> None:
    """What happened and what to do, in place of a traceback."""
    icon = ":material/cloud_off:" if isinstance(error, DatabaseUnavailable) else ":material/build:"
    remedy = f"\n\n**What to do:** {error.remedy}" if error.remedy else ""
    st.error(f"{error.what}{remedy}", icon=icon)


def guarded(draw: Callable[[], None]) -> None:
    """Draw a page or a part of it; an error with a remedy is shown as such, and retried where waiting can mend it."""
    try:
        draw()
    except GembaError as error:
        show_error(error)
        _retry()


@st.fragment(run_every=RETRY_EVERY_S)
def _retry() -> None:
    """Runs while an error page is up; draws the page anew once the database answers again."""
    tries = st.session_state.get("_retries", 0)
    st.caption(f"Trying again every {RETRY_EVERY_S} s.")
    if tries and database.answers():
        st.session_state["_retries"] = 0
        st.rerun()
    st.session_state["_retries"] = tries + 1
