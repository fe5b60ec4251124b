"""Runs named queries as gemba_reader through one pool per database, and turns database errors into remedies."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
import psycopg
import streamlit as st
from psycopg.types.numeric import FloatLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from gemba.db import database_url, load_queries
from gemba.errors import DatabaseUnavailable, GembaError

LIVE_TTL_S = 3  # what moves: every viewer of a page shares one query per this many seconds
REFERENCE_TTL_S = 60  # what people change: machines, sensors, comments
POOL_SIZE = 6
STATEMENT_TIMEOUT_MS = 15_000

log = logging.getLogger(__name__)


def _configure(connection: psycopg.Connection) -> None:
    # numbers are for drawing: double precision is what the database computed them in
    connection.adapters.register_loader("numeric", FloatLoader)
    connection.autocommit = True
    connection.execute(f"SET default_transaction_read_only = on; SET statement_timeout = {STATEMENT_TIMEOUT_MS}")


@st.cache_resource(show_spinner=False, max_entries=4, on_release=lambda pool: pool.close())
def _pool(url: str) -> ConnectionPool:
    # check: a connection that died with the server is replaced before a page sees it, so pages recover by themselves
    return ConnectionPool(
        url,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=3,
        reconnect_timeout=10,
        check=ConnectionPool.check_connection,
        configure=_configure,
        kwargs={"connect_timeout": 3, "prepare_threshold": None, "application_name": "gemba_pages"},
        name="gemba_pages",
        open=True,
    )


def _run(url: str, subject: str, name: str, parameters: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    sql = load_queries(subject)[name]
    try:
        with _pool(url).connection() as connection:
            # tuples are in the cache's key, PostgreSQL wants arrays
            values = {key: list(value) if isinstance(value, tuple) else value for key, value in parameters}
            cursor = connection.execute(sql, values)
            columns = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=columns)
    except PoolTimeout as error:
        raise DatabaseUnavailable(
            "The database does not answer.",
            "start it with `gemba up`, or see what is wrong with `gemba status` and `gemba doctor`. "
            "This page tries again by itself.",
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedColumn) as error:
        raise GembaError(
            f"The tables this page reads are not built yet: {_first_line(error)}.",
            "run `gemba migrate`, then `gemba dbt build`.",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise GembaError(
            f"The reader may not see what this page shows: {_first_line(error)}.",
            "run `gemba migrate`, which grants the roles their rights, then `gemba dbt build`.",
        ) from error
    except psycopg.errors.QueryCanceled as error:
        raise GembaError(
            f"The query {subject}.{name} took longer than {STATEMENT_TIMEOUT_MS // 1000} s and was stopped.",
            "choose a shorter time, or look at `gemba status`: the rollups may be behind.",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The database broke off: {_first_line(error)}.",
            "nothing needs doing if it is being restarted: this page tries again by itself. Else see `gemba status`.",
        ) from error
    except psycopg.Error as error:
        log.exception("query %s.%s failed", subject, name)
        raise GembaError(
            f"The query {subject}.{name} failed: {_first_line(error)}.",
            "run `gemba migrate` and `gemba dbt build` so that database and pages are of one version.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


@st.cache_data(ttl=LIVE_TTL_S, show_spinner=False, max_entries=400)
def _run_live(url: str, subject: str, name: str, parameters: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    return _run(url, subject, name, parameters)


@st.cache_data(ttl=REFERENCE_TTL_S, show_spinner=False, max_entries=200)
def _run_reference(url: str, subject: str, name: str, parameters: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    return _run(url, subject, name, parameters)


def _frozen(parameters: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(parameters.items()))


def live(subject: str, name: str, **parameters: Any) -> pd.DataFrame:
    """Rows of a named query, at most LIVE_TTL_S seconds old. Raises GembaError with the remedy."""
    return _run_live(database_url("gemba_reader"), subject, name, _frozen(parameters))


def reference(subject: str, name: str, **parameters: Any) -> pd.DataFrame:
    """Rows of a named query of master data, at most REFERENCE_TTL_S seconds old. Raises GembaError with the remedy."""
    return _run_reference(database_url("gemba_reader"), subject, name, _frozen(parameters))


def answers() -> bool:
    """Whether the database answers now."""
    try:
        with _pool(database_url("gemba_reader")).connection() as connection:
            connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout):
        return False
    return True


def sql_of(subject: str, name: str) -> str:
    """The text of a named query, as shown behind info marks."""
    return load_queries(subject)[name]
