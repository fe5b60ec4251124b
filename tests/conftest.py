"""What every tier of tests shares: one private TimescaleDB and one private MQTT broker for the whole run.

GEMBA_DATABASE_URL (a superuser's) or GEMBA_MQTT_URL, when set, are used instead and nothing is started.
"""

from collections.abc import Iterator

import pytest

from gemba.settings import get_settings

pytest_plugins = ["tests.database", "tests.built_plant"]


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a superuser on the run's database server; each test makes and drops databases of its own there."""
    if given := get_settings().database_url:
        yield given
        return
    from gemba.services.postgres import temporary_database

    with temporary_database() as url:
        yield url


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """mqtt:// URL of the run's broker; tests keep apart by client ids and machine codes of their own."""
    if given := get_settings().mqtt_url:
        yield given
        return
    from gemba.services.broker import temporary_broker

    with temporary_broker() as url:
        yield url
