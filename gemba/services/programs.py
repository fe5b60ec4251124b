"""Which PostgreSQL and Mosquitto binaries serve, and how a program of theirs is started.

The host's own are used where it has PostgreSQL >= 15 with TimescaleDB; else those of the provisioned root directory,
through bubblewrap. Standard library only (see provision).
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gemba.services.provision import MOUNT_POINT, Announce, provision

OLDEST_POSTGRES = 15
OLDEST_TIMESCALEDB = (2, 18)  # the first whose triggers with transition tables work on hypertables
BIN_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/bin",
)


@dataclass(frozen=True)
class Programs:
    """A set of server programs: the folder of PostgreSQL's, mosquitto's path, and the root they live in, if any."""

    postgres_bin: str
    mosquitto: str
    rootfs: Path | None = None

    def inside(self, folder: Path, name: str = "") -> str:
        """The path by which a program sees a file of the one folder it is given."""
        base = Path("/", MOUNT_POINT) if self.rootfs else folder
        return str(base / name) if name else str(base)

    def postgres(self, program: str, *args: str, folder: Path) -> list[str]:
        """Command line of a PostgreSQL program that works in the folder. PostgreSQL refuses to run as root."""
        return [*self._sandbox(folder, "postgres"), f"{self.postgres_bin}/{program}", *args]

    def client(self, program: str) -> list[str]:
        """Command line of a PostgreSQL client such as psql, which sees the current folder as its own."""
        if not self.rootfs:
            return [f"{self.postgres_bin}/{program}"]
        here = ["--bind", str(Path.cwd()), f"/{MOUNT_POINT}", "--chdir", f"/{MOUNT_POINT}"]
        return ["bwrap", "--die-with-parent", *_ro_root(self.rootfs), *here, f"{self.postgres_bin}/{program}"]

    def broker(self, *args: str, folder: Path) -> list[str]:
        """Command line of the MQTT broker that works in the folder."""
        return [*(self._sandbox(folder, "root") if self.rootfs else []), self.mosquitto, *args]

    def _sandbox(self, folder: Path, user: str) -> list[str]:
        # Inside a user namespace the caller appears as `user` and owns what the caller owns outside: the data
        # belong to whoever started Gemba, root included. Without a PID namespace, PIDs are the same on both sides.
        if self.rootfs:
            uid, gid = _ids(self.rootfs, user)
            where = [*_ro_root(self.rootfs), "--bind", str(folder), f"/{MOUNT_POINT}"]
        elif os.geteuid() == 0:
            uid, gid = _ids(Path("/"), user)
            where = ["--dev-bind", "/", "/"]
        else:
            return []
        return ["bwrap", "--die-with-parent", "--unshare-user", "--uid", str(uid), "--gid", str(gid), *where]


def find(home: Path, announce: Announce = print) -> Programs:
    """The programs to use: the host's, else those of the root directory, which is provisioned if it is absent."""
    postgres_bin, mosquitto = host_postgres(), host_mosquitto()
    if postgres_bin and mosquitto:
        return Programs(str(postgres_bin), str(mosquitto))
    root = provision(home, announce)
    [inside] = [f"/{path.relative_to(root)}" for path in root.glob(BIN_PATTERNS[0])]
    return Programs(inside, "/usr/sbin/mosquitto", root)


def needs_rootfs() -> bool:
    """Whether the host lacks one of the two servers."""
    return host_postgres() is None or host_mosquitto() is None


def host_mosquitto(host: Path = Path("/")) -> Path | None:
    """The host's own MQTT broker, or None."""
    found = [path for path in (host / "usr/sbin/mosquitto", host / "opt/homebrew/sbin/mosquitto") if path.is_file()]
    return found[0] if found else None


def host_postgres(host: Path = Path("/")) -> Path | None:
    """The folder of the newest PostgreSQL on the host that is recent enough and has TimescaleDB's files, or None."""
    usable = []
    for pattern in BIN_PATTERNS:
        for folder in host.glob(pattern):
            version = _postgres_version(folder)
            if version and version >= OLDEST_POSTGRES and _has_timescaledb(folder, version, host):
                usable.append((version, folder))
    return max(usable)[1] if usable else None


def _postgres_version(folder: Path) -> int | None:
    if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
        return None
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)(\.\d+|devel|beta|rc)", answer.stdout)
    return int(found.group(1)) if found else None


def _has_timescaledb(folder: Path, version: int, host: Path) -> bool:
    shares = [host / f"usr/share/postgresql/{version}", folder.parent / "share"]
    if (folder / "pg_config").is_file():
        asked = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
        shares.insert(0, Path(asked.stdout.strip() or "/nonexistent"))
    for share in shares:
        control = share / "extension" / "timescaledb.control"
        if control.is_file():
            found = re.search(r"default_version\s*=\s*'(\d+)\.(\d+)", control.read_text(encoding="utf-8"))
            return bool(found) and (int(found[1]), int(found[2])) >= OLDEST_TIMESCALEDB
    return False


def _ro_root(rootfs: Path) -> list[str]:
    return ["--ro-bind", str(rootfs), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm"]


def _ids(root: Path, user: str) -> tuple[int, int]:
    if user == "root":
        return 0, 0
    for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == user:
            return int(uid), int(gid)
    return 65534, 65534  # nobody: any user that isn't root will do


def tool_versions(programs: Programs) -> str:
    """One line for people: which binaries serve."""
    origin = f"provisioned in {programs.rootfs}" if programs.rootfs else "the host's own"
    return f"{origin}: {programs.postgres_bin}/postgres, {programs.mosquitto}"
