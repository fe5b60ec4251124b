"""The info mark behind numbers: what each means, from the database's own comments, and the SQL that made it."""

from collections.abc import Mapping

import streamlit as st

from streamlit_app.reads import database, definitions


def number_info(
    subject: str, query: str, definitions_of: Mapping[str, str], *, note: str = "", key: str | None = None
) -> None:
    """A small popover: definitions of columns and the SQL of the named query.

    subject, query: the named query. definitions_of: what the page calls a number -> `schema.relation.column`, whose
    comment is its definition, or `schema.relation` for the relation's own.
    """
    opened = st.popover(
        "",
        icon=":material/info:",
        type="tertiary",
        help="What the numbers mean, and their SQL",
        key=key or f"info_{subject}_{query}",
    )
    with opened:
        if note:
            st.markdown(note)
        for name, text in definitions.comments(tuple(definitions_of.items())).items():
            st.markdown(f"**{name}**: {text}")
        st.caption(f"Query `{query}` of `sql/queries/{subject}.sql`, as role gemba_reader:")
        st.code(database.sql_of(subject, query), language="sql", height=320)
