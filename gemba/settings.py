"""The only reader of the environment. Every variable is GEMBA_<FIELD>; an optional `.env` in the project is read too."""

import json
import os
from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gemba.paths import PROJECT


class Settings(BaseSettings):
    """Frozen settings of one process. Ports are TCP ports on 127.0.0.1 of the embedded plant."""

    model_config = SettingsConfigDict(
        env_prefix="GEMBA_", env_file=PROJECT / ".env", env_file_encoding="utf-8", frozen=True, extra="ignore"
    )

    home: Path = Field(PROJECT / ".gemba", description="folder of everything the embedded plant writes")
    database_url: str | None = Field(None, description="use this database instead of the embedded one")
    mqtt_url: str | None = Field(
        None, description="use this broker instead of the embedded one, mqtt://user:pw@host:port"
    )
    db_port: int = Field(5442, description="port of the embedded TimescaleDB")
    mqtt_port: int = Field(1893, description="port of the embedded MQTT broker")
    dagster_port: int = Field(3070, description="port of Dagster's web page")
    streamlit_port: int = Field(8570, description="port of the Streamlit pages")
    db_name: str = Field("gemba", description="database of the plant's data")
    dagster_db_name: str = Field("gemba_dagster", description="database of Dagster's runs, events and schedules")
    role_passwords: dict[str, str] = Field(
        {}, description="JSON object role -> password that `gemba migrate` sets on a server that Gemba did not start"
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @property
    def is_embedded_database(self) -> bool:
        return self.database_url is None

    @property
    def is_embedded_broker(self) -> bool:
        return self.mqtt_url is None

    @property
    def broker_url(self) -> str:
        """mqtt:// or mqtts:// address of the broker in use."""
        return self.mqtt_url or f"mqtt://127.0.0.1:{self.mqtt_port}"

    @property
    def secrets_file(self) -> Path:
        """JSON object role -> password, mode 0600, written when the embedded database is provisioned."""
        return self.home / "secrets.json"

    def password_of(self, role: str) -> str | None:
        """The password of a database role, or None where it is not known. Only the embedded plant keeps them."""
        if self.is_embedded_database and self.secrets_file.is_file():
            return json.loads(self.secrets_file.read_text(encoding="utf-8")).get(role)
        return None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once, on first use and never at import."""
    return Settings()


TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


def child_environment(**more: str) -> dict[str, str]:
    """The environment for a process that Gemba starts: this one's, the home, no telemetry, and `more`."""
    own = {"GEMBA_HOME": str(get_settings().home), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **TELEMETRY_OFF, **own, **more}
