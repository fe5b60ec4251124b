"""Status words with a sign, a word and a remedy: never by colour alone."""

from html import escape

import pandas as pd

# Okabe and Ito's colours; the signs differ in shape too
SIGNS = {"ok": ("●", "#009e73", "Fine"), "attention": ("▲", "#b36b00", "Look"), "problem": ("■", "#d55e00", "Act")}


def status_list(checks: pd.DataFrame) -> str:
    """HTML rows: sign, check, status word with finding, remedy. checks: check_name, status, finding, remedy."""
    rows = []
    for check in checks.itertuples():
        sign, color, word = SIGNS.get(check.status, ("?", "#51606e", check.status))
        remedy = check.remedy if isinstance(check.remedy, str) else ""
        rows.append(
            f'<span style="color:{color}">{sign}</span><b>{escape(check.check_name)}</b>'
            f'<span><b style="color:{color}">{escape(word)}</b> · {escape(check.finding)}</span>'
            f'<span class="g-note">{escape(remedy)}</span>'
        )
    return f'<div class="g-status">{"".join(rows)}</div>'


def status_word(status: str) -> str:
    """`● Fine`, for cells of tables."""
    sign, _, word = SIGNS.get(status, ("?", "", status))
    return f"{sign} {word}"
