"""What assets and checks work with: the plant's database and dbt."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from dagster import ConfigurableResource

from gemba.db import Role, connect


class PlantDatabase(ConfigurableResource):
    """Connections to the plant's database. The address comes from the settings when one is opened, not before."""

    role: str = "gemba_transformer"

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """An open connection in autocommit, named after Dagster in pg_stat_activity. Raises DatabaseUnavailable."""
        role: Role = self.role  # type: ignore[assignment]
        with connect(role, autocommit=True, application_name="gemba_dagster") as conn:
            yield conn


def database_now(conn: psycopg.Connection) -> datetime:
    """The database's clock: what is fresh is judged by the clock that stamped the rows."""
    return conn.execute("SELECT now()").fetchone()[0]  # type: ignore[index]
