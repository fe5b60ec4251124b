"""docker-compose.yml: no default secrets, each process as its own role, health checks."""

import re

import pytest
import yaml

from gemba.paths import PROJECT

TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
ROLES = {
    "migrate": "postgres",
    "ingest": "gemba_ingest",
    "dagster-code": "gemba_transformer",
    "dagster-daemon": "gemba_transformer",
    "dagster-web": "gemba_transformer",
    "streamlit": "gemba_reader",
}


def test_every_secret_is_required_and_has_no_default() -> None:
    secrets = re.findall(r"\$\{(GEMBA_SECRET_\w+)([^}]*)\}", TEXT)
    assert len({name for name, _ in secrets}) == 9
    assert all(rest.startswith(":?") for _, rest in secrets)


@pytest.mark.parametrize(("service", "role"), ROLES.items())
def test_each_process_connects_as_its_own_role(service: str, role: str) -> None:
    assert SERVICES[service]["environment"]["GEMBA_DATABASE_URL"].startswith(f"postgresql://{role}:${{")


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_each_lasting_service_has_a_health_check_and_restarts(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_ports_are_published_on_this_machine_only_unless_asked() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("${GEMBA_BIND:-127.0.0.1}:") for port in ports)


def test_nobody_reaches_the_broker_without_a_password() -> None:
    conf = (PROJECT / "deploy/mosquitto/mosquitto.conf").read_text(encoding="utf-8")
    assert "allow_anonymous false" in conf and "password_file" in conf and "acl_file" in conf
