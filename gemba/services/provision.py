"""Provision the root directory that holds TimescaleDB and Mosquitto where the host has none.

Debian 13's packages are unpacked into `<home>/rootfs` and run from there. Standard library only: `make up` starts this
file with the system's Python while pip is still installing everything else.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gemba.errors import GembaError, ServiceError

SUITE = "trixie"
PACKAGES = "postgresql-17-timescaledb,mosquitto"
NEEDED_BYTES = 1_500_000_000  # 535 MB unpacked, as much again while the packages are fetched, and some air
MOUNT_POINT = "data"  # the one folder of the host that a program in the root sees

Announce = Callable[[str], None]


def rootfs_of(home: Path) -> Path:
    """The root directory of a plant's home; it exists only when it is complete."""
    return home / "rootfs"


def provision(home: Path, announce: Announce = print) -> Path:
    """Make `<home>/rootfs` unless it is there, and return it. Raises ServiceError with the remedy.

    It is built beside its place and renamed last, so a root that exists is complete; what an interrupted try left
    is removed. Two at once wait for each other.
    """
    root = rootfs_of(home)
    home.mkdir(parents=True, exist_ok=True)
    with _exclusive(home / "provision.lock", announce) as lock:
        if not root.is_dir():
            _check_disk(home)
            install_packages({"mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}, announce)
            _build(root, home / "logs" / "provision.log", lock, announce)
    if shutil.which("bwrap") is None:  # a root made earlier, on a host that lost the tool since
        install_packages({"bwrap": "bubblewrap"}, announce)
    return root


def install_packages(tools: dict[str, str], announce: Announce = print) -> None:
    """Install with apt-get the packages of those tools (program -> package) that the host lacks, saying so first.

    This is the only change Gemba ever makes outside its own folder.
    """
    packages = [package for program, package in tools.items() if shutil.which(program) is None]
    if not packages:
        return
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise ServiceError(f"These packages are missing and there is no apt-get here: {names}", "install them yourself")
    if os.geteuid() != 0:
        raise ServiceError(
            f"These packages are missing: {names}",
            f"run `sudo apt-get install {names}`, then the same command again",
        )
    announce(f"Installing on this machine with apt-get: {names}")
    # The caller's environment goes on to apt (proxies); nothing is read from it here.
    install = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-y",
        "--no-install-recommends",
        "install",
    ]
    if subprocess.run([*install, *packages], capture_output=True, check=False).returncode == 0:
        return
    # A machine that never ran `apt-get update`, or not lately, doesn't find the packages: ask once for the lists.
    subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=False)
    tried = subprocess.run([*install, *packages], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise ServiceError(
            f"apt-get could not install {names}:\n{_tail(tried.stdout + tried.stderr)}",
            "check the network and the package sources (`apt-get update` must pass), then run the same command again",
        )


def _check_disk(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < NEEDED_BYTES:
        raise ServiceError(
            f"{home} has {free / 1e9:.1f} GB free; provisioning TimescaleDB needs {NEEDED_BYTES / 1e9:.1f} GB",
            "free some space, or set GEMBA_HOME to a folder on a larger disk, then run the same command again",
        )


def _build(root: Path, log: Path, lock: int, announce: Announce) -> None:
    partial = root.with_suffix(".partial")
    if partial.exists():
        announce("Removing what an interrupted provisioning left")
        shutil.rmtree(partial)
    log.parent.mkdir(parents=True, exist_ok=True)
    announce(f"Provisioning TimescaleDB and Mosquitto into {root} (about 20 s; log: {log})")
    command = ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "--skip=output/mknod", SUITE]
    with log.open("wb") as output:
        # The lock goes on to the child, so a killed parent doesn't let a second try in beside a living first.
        common = {"stderr": output, "stdin": subprocess.DEVNULL, "pass_fds": (lock,)}
        if os.geteuid() == 0:
            failed = subprocess.run([*command, str(partial)], stdout=output, **common).returncode  # noqa: PLW1510
        else:
            # Through tar every file belongs to this user, and can be removed without a user namespace later.
            partial.mkdir()
            packing = subprocess.Popen([*command, "--mode=unshare", "-"], stdout=subprocess.PIPE, **common)
            unpack = ["tar", "-x", "--no-same-owner", "--exclude=./dev/*", "-C", str(partial)]
            unpacked = subprocess.run(unpack, stdin=packing.stdout, stderr=output, check=False).returncode
            failed = packing.wait() or unpacked
    if failed:
        shutil.rmtree(partial, ignore_errors=True)
        raise ServiceError(
            f"Provisioning TimescaleDB failed:\n{_tail(log.read_text(encoding='utf-8', errors='replace'))}",
            f"check the network (deb.debian.org or your mirror must answer; {log} has the whole story), "
            "then run the same command again. An ordinary user needs the package uidmap and a line in /etc/subuid",
        )
    (partial / MOUNT_POINT).mkdir(exist_ok=True)
    partial.rename(root)
    announce("TimescaleDB and Mosquitto are provisioned")


def _tail(text: str, lines: int = 6) -> str:
    return "\n".join("  | " + line for line in text.strip().splitlines()[-lines:])


@contextmanager
def _exclusive(path: Path, announce: Announce) -> Iterator[int]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce("Another process is provisioning; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def main() -> int:
    """`python3 -m gemba.services.provision HOME`, for the Makefile."""
    parser = argparse.ArgumentParser(description="Provision TimescaleDB and Mosquitto unless the host has them.")
    parser.add_argument("home", type=Path)
    home = parser.parse_args().home.resolve()
    from gemba.services import programs

    try:
        if programs.needs_rootfs():
            provision(home)
    except GembaError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
