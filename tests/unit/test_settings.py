"""Settings and the errors a wrong one gives."""

import json
from pathlib import Path

import pytest

from gemba.db import database_url
from gemba.errors import GembaError
from gemba.settings import Settings, child_environment, get_settings


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


def test_each_variable_of_the_environment_sets_its_field(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GEMBA_DB_PORT", "6001")
    monkeypatch.setenv("GEMBA_HOME", str(tmp_path / "x" / ".." / "home"))
    monkeypatch.setenv("GEMBA_ROLE_PASSWORDS", '{"gemba_reader": "r"}')
    read = settings()
    assert read.db_port == 6001
    assert read.home == tmp_path / "home"
    assert read.role_passwords == {"gemba_reader": "r"}


def test_a_role_with_a_known_password_logs_in_as_itself(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"postgres": "p/w", "gemba_reader": "a@b"}))
    plant = settings(home=tmp_path, db_port=6002, database_url=None)
    assert database_url("gemba_reader", settings=plant) == "postgresql://gemba_reader:a%40b@127.0.0.1:6002/gemba"
    assert database_url(settings=plant) == "postgresql://postgres:p%2Fw@127.0.0.1:6002/gemba"


def test_a_role_without_a_password_is_switched_to_after_login() -> None:
    other = settings(database_url="postgresql://me:pw@db.example:5432/plant?sslmode=require")
    url = database_url("gemba_ingest", settings=other)
    assert url.startswith("postgresql://me:pw@db.example:5432/plant?")
    assert "options=-c%20role%3Dgemba_ingest" in url and "sslmode=require" in url


def test_a_url_that_is_the_roles_own_is_used_as_it_is() -> None:
    own = "postgresql://gemba_ingest:pw@db:5432/gemba"
    assert database_url("gemba_ingest", settings=settings(database_url=own)) == own


def test_a_url_of_another_kind_is_refused_with_the_right_shape() -> None:
    with pytest.raises(GembaError, match="mysql") as caught:
        database_url(settings=settings(database_url="mysql://x/y"))
    assert "postgresql://user:password@host:port/database" in caught.value.remedy


def test_processes_of_ours_send_no_telemetry_and_share_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEMBA_HOME", str(tmp_path))
    get_settings.cache_clear()
    environment = child_environment(MORE="1")
    get_settings.cache_clear()
    assert environment["GEMBA_HOME"] == str(tmp_path)
    assert environment["MORE"] == "1"
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
