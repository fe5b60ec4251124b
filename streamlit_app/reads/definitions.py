"""Definitions of numbers as the database holds them: comments on relations and columns."""

from streamlit_app.reads import database


def comments(targets: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Page name -> comment, for targets (page name, `schema.relation[.column]`), in their order."""
    rows = database.reference("definitions", "comments", targets=tuple(target for _, target in targets))
    found = dict(zip(rows["target"], rows["comment"], strict=True))
    return {name: found.get(target) or f"no comment on {target} in the database yet" for name, target in targets}
