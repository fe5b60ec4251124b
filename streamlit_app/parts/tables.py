"""Tables as pages show them: dense, without index, and each with its download."""

import pandas as pd
import streamlit as st


def table(rows: pd.DataFrame, *, name: str, columns: dict | None = None, height: int | str = "auto") -> None:
    """Show rows and offer them as CSV. name: the file's name without ending. columns: Streamlit column config."""
    order = list(columns) if columns else list(rows.columns)
    st.dataframe(rows, hide_index=True, column_order=order, column_config=columns, height=height, width="stretch")
    download(rows, name=name)


def download(rows: pd.DataFrame, *, name: str) -> None:
    """A button that hands out all columns of rows as CSV, UTF-8 with a header line."""
    st.download_button(
        f"CSV, {len(rows):,} rows".replace(",", "\u202f"),
        data=lambda: rows.to_csv(index=False).encode("utf-8"),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"csv_{name}",
    )
