"""Each page shows what the database holds; what is missing or wrong is said, never a traceback."""

import pytest

from tests.app.conftest import run_page, text_of
from tests.built_plant import BuiltPlant

PAGES = ["overview", "machine", "data_health"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_an_error(pages_url: str, page: str) -> None:
    test = run_page(page)
    assert not test.exception and not test.error, [element.value for element in [*test.exception, *test.error]]


def test_overview_names_every_machine(pages_url: str, built_plant: BuiltPlant) -> None:
    words = text_of(run_page("overview"))
    for name in built_plant.frame("SELECT name FROM ref.machines").name:
        assert name in words


def test_overview_of_one_line_leaves_the_others_out(pages_url: str, built_plant: BuiltPlant) -> None:
    lines = built_plant.frame("SELECT line_id, machine_name, site_code FROM marts.dim_machines ORDER BY line_id")
    first = int(lines.line_id.iloc[0])
    words = text_of(run_page("overview", site=lines.site_code.iloc[0], line=str(first)))
    for row in lines.itertuples():
        assert (row.machine_name in words) == (row.line_id == first), row.machine_name


def test_a_machine_page_shows_the_machine_of_its_address(pages_url: str, built_plant: BuiltPlant) -> None:
    test = run_page("machine", machine="3")
    name = built_plant.frame("SELECT name FROM ref.machines WHERE machine_id = 3").name[0]
    assert test.selectbox[0].value == "3" or name in str(test.selectbox[0].value)
    assert len(test.get("plotly_chart")) >= 2, "the ribbon and the sensors are drawn"


@pytest.mark.parametrize("machine", ["999", "abc", "-1", "3; DROP TABLE x"])
def test_an_unknown_machine_in_the_address_is_said_and_not_guessed(pages_url: str, machine: str) -> None:
    test = run_page("machine", machine=machine)
    assert not test.exception
    assert machine in test.warning[0].value


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_database_says_what_to_do(empty_url: str, page: str) -> None:
    test = run_page(page)
    assert not test.exception
    words = text_of(test) + "".join(element.value for element in [*test.error, *test.info, *test.warning])
    assert "gemba" in words


@pytest.mark.parametrize("page", PAGES)
def test_a_database_that_is_away_is_said_with_the_remedy(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gemba.settings import get_settings

    monkeypatch.setenv("GEMBA_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    get_settings.cache_clear()
    test = run_page(page)
    get_settings.cache_clear()
    assert not test.exception
    assert "gemba up" in test.error[0].value
