"""The embedded servers: clean stops, no orphans, half-made data made again, nobody in without a password."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from gemba import access
from gemba.errors import DatabaseUnavailable
from gemba.services import broker, postgres, programs
from gemba.services.ports import free_port, is_taken
from gemba.settings import get_settings

pytestmark = pytest.mark.skipif(
    get_settings().database_url is not None, reason="GEMBA_DATABASE_URL is set: nothing embedded is started"
)
GB = 1024**3


def eventually(holds: Callable[[], bool], timeout_s: float = 15) -> bool:
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def binaries() -> programs.Programs:
    return programs.find(get_settings().home)


@contextmanager
def running(binaries: programs.Programs, home: Path, port: int) -> Iterator[tuple[subprocess.Popen, str]]:
    """A durable server as the plant starts it, over what the home holds already."""
    password = access.superuser_password(home / "secrets.json")
    folder, log = home / "postgres", home / "log"
    postgres.initialise(binaries, folder, password)
    postgres.configure(folder, port=port, memory_bytes=GB)
    with log.open("ab") as output:
        command = postgres.start_command(binaries, folder)
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    try:
        postgres.wait_until_ready(url, lambda: server.poll() is None, log)
        yield server, url
    finally:
        server.kill()  # bubblewrap and the server go with it
        server.wait()


def test_a_stop_of_the_server_is_clean_and_fast(binaries: programs.Programs, tmp_path: Path) -> None:
    with running(binaries, tmp_path, free_port()) as (server, url), psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 1 AS one")
        conn.commit()
        began = time.monotonic()
        server.terminate()
        assert server.wait(timeout=10) == 0, "an open session must not hold the stop up"
        assert time.monotonic() - began < 5
    assert "database system is shut down" in (tmp_path / "log").read_text()


def test_what_was_committed_outlives_a_killed_server_and_no_process_stays(
    binaries: programs.Programs, tmp_path: Path
) -> None:
    port = free_port()
    with running(binaries, tmp_path, port) as (server, url), psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        postmaster = int((tmp_path / "postgres/data/postmaster.pid").read_text().split()[0])
        server.kill()
        assert eventually(lambda: not is_taken(port)), "the server must die with its runner"
        assert eventually(lambda: not Path(f"/proc/{postmaster}").exists())
    with running(binaries, tmp_path, port) as (_, url), psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_half_made_cluster_is_made_again(binaries: programs.Programs, tmp_path: Path) -> None:
    half = tmp_path / "postgres.partial" / "data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("17")
    postgres.initialise(binaries, tmp_path / "postgres", "secret")
    assert (tmp_path / "postgres/data/global/pg_control").exists()
    assert not half.exists()
    assert not (tmp_path / "postgres/password").exists()


def test_nobody_gets_in_without_the_password_and_a_lost_one_is_explained(server_url: str, tmp_path: Path) -> None:
    parts = urlsplit(server_url)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{parts.port}/postgres", passfile="/dev/null")
    wrong = f"postgresql://postgres:wrong@127.0.0.1:{parts.port}/postgres"
    with pytest.raises(DatabaseUnavailable, match="secrets.json"):
        postgres.wait_until_ready(wrong, lambda: True, tmp_path / "log")


def test_the_server_sends_no_telemetry_and_listens_on_this_machine_only(server_url: str) -> None:
    with psycopg.connect(server_url) as conn:
        names = ("timescaledb.telemetry_level", "listen_addresses", "jit")
        shown = [conn.execute("SELECT current_setting(%s)", (name,)).fetchone()[0] for name in names]
    assert shown == ["off", "127.0.0.1", "off"]


def test_roles_get_passwords_that_only_the_owner_can_read_and_keep_them(database_url: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    try:
        with psycopg.connect(database_url, autocommit=True) as conn:
            access.give_passwords(conn, secrets)
            first = secrets.read_text()
            access.give_passwords(conn, secrets)
        assert secrets.read_text() == first
        assert secrets.stat().st_mode & 0o777 == 0o600
        password = access._read(secrets)["gemba_reader"]
        parts = urlsplit(database_url)
        own = f"postgresql://gemba_reader:{password}@127.0.0.1:{parts.port}{parts.path}"
        with psycopg.connect(own) as conn:
            assert conn.execute("SELECT current_user").fetchone() == ("gemba_reader",)
    finally:  # roles belong to the whole server, which other tests use
        with psycopg.connect(database_url, autocommit=True) as conn:
            for role in access.ROLES:
                conn.execute(f"ALTER ROLE {role} PASSWORD NULL")


def test_the_broker_keeps_a_retained_message_over_a_stop(binaries: programs.Programs, tmp_path: Path) -> None:
    import paho.mqtt.client as mqtt

    def started(port: int) -> subprocess.Popen:
        broker.configure(binaries, tmp_path / "mosquitto", port=port)
        with (tmp_path / "log").open("ab") as output:
            process = subprocess.Popen(
                broker.start_command(binaries, tmp_path / "mosquitto"), stdout=output, stderr=output
            )
        broker.wait_until_ready(port, lambda: process.poll() is None, tmp_path / "log")
        return process

    def stopped(process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    port = free_port()
    first = started(port)
    publisher = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    publisher.connect("127.0.0.1", port)
    publisher.loop_start()
    publisher.publish("gemba/test", b"kept", qos=1, retain=True).wait_for_publish(5)
    publisher.disconnect()
    publisher.loop_stop()
    stopped(first)

    second = started(port)
    seen: list[bytes] = []
    reader = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    reader.on_message = lambda client, userdata, message: seen.append(message.payload)
    reader.connect("127.0.0.1", port)
    reader.subscribe("gemba/test", qos=1)
    reader.loop_start()
    try:
        assert eventually(lambda: seen == [b"kept"])
    finally:
        reader.disconnect()
        reader.loop_stop()
        stopped(second)


def test_a_port_that_is_taken_ends_the_wait_with_the_servers_own_words(
    binaries: programs.Programs, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with (
            pytest.raises(DatabaseUnavailable, match="(?s)did not start.*Address already in use"),
            running(binaries, tmp_path, port),
        ):
            pytest.fail("it must not start")


def test_making_a_database_that_is_there_changes_nothing(server_url: str) -> None:
    name = "gemba_test_made_twice"
    with psycopg.connect(server_url, autocommit=True) as conn:
        try:
            access.ensure_database(conn, name)
            access.ensure_database(conn, name)
            assert conn.execute("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)).fetchone() == (1,)
        finally:
            conn.execute(f"DROP DATABASE IF EXISTS {name}")
