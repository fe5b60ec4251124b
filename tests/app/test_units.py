"""How numbers and times read on a page."""

import pandas as pd
import pytest

from streamlit_app.parts.units import at_site, clock, count, duration, percent, unit_sign


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7500, "2 h 05 min"), (97200, "1 d 3 h"), (None, "–")],
)
def test_durations_read_in_their_two_largest_units(seconds, text):
    assert duration(seconds) == text


def test_instants_are_shown_on_the_wall_clock_of_the_site():
    # Asia/Yangon is six and a half hours ahead of UTC
    noon = pd.Timestamp("2026-01-01 12:00", tz="UTC")
    assert clock(noon, "Asia/Yangon", with_date=True) == "2026-01-01 18:30"
    assert at_site(pd.Series([noon]), "Asia/Yangon")[0] == pd.Timestamp("2026-01-01 18:30")


def test_what_is_not_known_is_a_dash_and_never_a_zero():
    assert percent(None) == percent(float("nan")) == count(None) == duration(float("nan")) == clock(None, "UTC") == "–"
    assert percent(0.0) == "0.0 %"


def test_units_read_as_people_write_them():
    assert unit_sign("Cel") == "°C"
    assert unit_sign("mm/s") == "mm/s"
