"""Pages run by Streamlit's AppTest against a real database."""

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gemba.paths import PROJECT
from gemba.settings import get_settings
from tests.built_plant import BuiltPlant

PAGES = PROJECT / "streamlit_app" / "app_pages"


def _forget() -> None:
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def pages_url(built_plant: BuiltPlant, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The pages read the simulated plant."""
    monkeypatch.setenv("GEMBA_DATABASE_URL", built_plant.url)
    _forget()
    yield built_plant.url
    _forget()


@pytest.fixture
def empty_url(database_url: str) -> Iterator[str]:
    """The pages read a migrated database without a plant, in which dbt never ran."""
    _forget()
    yield database_url
    _forget()


def run_page(name: str, **query: str) -> AppTest:
    """Draw a page with the query parameters of its address."""
    test = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()


def text_of(test: AppTest) -> str:
    """All words on the page."""
    values = [getattr(element, "value", None) for element in test.main]
    return "\n".join(
        [str(value) for value in values if isinstance(value, str)]
        + [element.proto.body for element in test.get("html")]
    )
