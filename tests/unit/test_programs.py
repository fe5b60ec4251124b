"""Which PostgreSQL serves: the host's if it is recent enough and has TimescaleDB, else the provisioned one."""

import subprocess
import sys
from pathlib import Path

import pytest

from gemba.paths import PROJECT
from gemba.services.programs import Programs, host_postgres


def make_postgres(host: Path, version: int, timescaledb: str | None) -> Path:
    folder = host / f"usr/lib/postgresql/{version}/bin"
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.4 (Debian)'\n")
        (folder / name).chmod(0o755)
    if timescaledb:
        extension = host / f"usr/share/postgresql/{version}/extension"
        extension.mkdir(parents=True)
        (extension / "timescaledb.control").write_text(f"comment = 'x'\ndefault_version = '{timescaledb}'\n")
    return folder


def test_the_newest_suitable_one_is_chosen(tmp_path: Path) -> None:
    make_postgres(tmp_path, 15, "2.20.1")
    newest = make_postgres(tmp_path, 17, "2.19.3")
    make_postgres(tmp_path, 18, None)
    assert host_postgres(tmp_path) == newest


@pytest.mark.parametrize(("version", "timescaledb"), [(14, "2.19.3"), (17, "2.17.2"), (17, None)])
def test_one_that_is_too_old_or_without_timescaledb_is_not_used(
    version: int, timescaledb: str | None, tmp_path: Path
) -> None:
    make_postgres(tmp_path, version, timescaledb)
    assert host_postgres(tmp_path) is None


def test_a_program_of_the_root_sees_its_folder_as_data_and_runs_as_postgres(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:\npostgres:x:123:456:PostgreSQL:/var/lib/postgresql:/bin/sh\n")
    programs = Programs("/usr/lib/postgresql/17/bin", "/usr/sbin/mosquitto", tmp_path)
    command = programs.postgres("initdb", "-D", programs.inside(Path("/x"), "data"), folder=Path("/x"))
    line = " ".join(command)
    assert line.startswith("bwrap ")
    assert "--uid 123 --gid 456" in line
    assert "--bind /x /data" in line
    assert line.endswith("/usr/lib/postgresql/17/bin/initdb -D /data/data")


def test_provisioning_needs_nothing_but_the_standard_library() -> None:
    code = "import gemba.services.provision, gemba.services.programs"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=PROJECT, check=True)
