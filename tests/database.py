"""Databases for tests: one migrated template a run, cloned in a fraction of a second for each test that asks."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from gemba import migrate
from gemba.settings import get_settings


def with_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def migrated(url: str) -> None:
    """Bring the database at url up to date with sql/."""
    with psycopg.connect(url) as conn:
        migrate.apply(conn)


@contextmanager
def empty_database(server_url: str, name: str) -> Iterator[str]:
    """A database without anything of ours in it, dropped at the end."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"')
        try:
            yield with_database(server_url, name)
        finally:
            conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def clone_of(server_url: str, template: str, name: str) -> Iterator[str]:
    """A copy of a template database that release_template has freed; dropped at the end."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        conn.execute(
            f"ALTER DATABASE \"{name}\" SET timezone TO 'UTC'"
        )  # settings of a database are not cloned with it
        try:
            yield with_database(server_url, name)
        finally:
            conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def release_template(server_url: str, name: str) -> None:
    """Keep everybody out of a database that is to be cloned: TimescaleDB's scheduler, attached, blocks the cloning."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


@pytest.fixture(scope="session")
def template_name(server_url: str) -> Iterator[str]:
    """Name of a fully migrated database without data."""
    name = f"gemba_template_{uuid.uuid4().hex[:8]}"
    with empty_database(server_url, name) as url:
        migrated(url)
        release_template(server_url, name)
        yield name


@pytest.fixture
def database_url(server_url: str, template_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a fresh migrated database; GEMBA_DATABASE_URL points at it, so gemba.db connects there too."""
    with clone_of(server_url, template_name, f"gemba_test_{uuid.uuid4().hex[:8]}") as url:
        monkeypatch.setenv("GEMBA_DATABASE_URL", url)
        get_settings.cache_clear()
        yield url
    get_settings.cache_clear()


@pytest.fixture
def db(database_url: str) -> Iterator[psycopg.Connection]:
    """An open connection to `database_url` as the server's superuser."""
    with psycopg.connect(database_url) as conn:
        yield conn
