"""What dbt needs to know from outside: the connection for dbt/profiles.yml and where its output goes."""

from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from gemba.db import database_url
from gemba.paths import DBT
from gemba.settings import TELEMETRY_OFF, get_settings

ROLE = "gemba_transformer"


def target_path() -> Path:
    """Folder of dbt's manifest and compiled SQL, inside the plant's home."""
    return get_settings().home / "dbt" / "target"


def dbt_environment() -> dict[str, str]:
    """Environment variables for a dbt run as gemba_transformer, by the CLI and by Dagster alike.

    GEMBA_DBT_ROLE is set where the login is another user's and dbt has to switch to the role.
    """
    login = conninfo_to_dict(database_url(ROLE))
    environment = {
        "GEMBA_DBT_HOST": str(login.get("host", "127.0.0.1")),
        "GEMBA_DBT_PORT": str(login.get("port", 5432)),
        "GEMBA_DBT_USER": str(login.get("user", "postgres")),
        "GEMBA_DBT_PASSWORD": str(login.get("password", "")),
        "GEMBA_DBT_DBNAME": str(login.get("dbname", "gemba")),
        "DBT_PROFILES_DIR": str(DBT),
        "DBT_PROJECT_DIR": str(DBT),
        "DBT_TARGET_PATH": str(target_path()),
        "DBT_LOG_PATH": str(target_path().parent / "logs"),
        **TELEMETRY_OFF,
    }
    if login.get("user") != ROLE:
        environment["GEMBA_DBT_ROLE"] = ROLE
    return environment
