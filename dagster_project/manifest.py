"""dbt's manifest, from which Dagster knows the models. Made before the definitions are loaded; needs no database."""

import fcntl
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from gemba.dbt_env import dbt_environment
from gemba.errors import GembaError
from gemba.paths import DBT

OUTPUT = {"target", "logs", "dbt_packages"}
DBT_PROGRAM = Path(sys.executable).parent / "dbt"


def write_manifest(folder: Path, *, project: Path = DBT) -> Path:
    """Run `dbt parse` of the project into the folder and return the manifest's path.

    A file lock keeps two processes from writing at once. Raises GembaError with dbt's own words when the project
    can't be parsed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parsed = subprocess.run(
            [DBT_PROGRAM, "--quiet", "parse", "--target-path", folder, "--log-path", folder / "logs"],
            cwd=project,
            env={**os.environ, **dbt_environment(), "DBT_PROJECT_DIR": str(project)},
            capture_output=True,
            text=True,
        )
    manifest = folder / "manifest.json"
    if parsed.returncode or not manifest.is_file():
        raise GembaError(
            f"dbt can't parse {project}: {(parsed.stdout + parsed.stderr).strip()}",
            "mend the model it names; `gemba dbt parse` tries again",
        )
    return manifest


def is_current(manifest: Path, project: Path) -> bool:
    """Whether the manifest is of the installed dbt and newer than every file and folder of the project.

    A deleted file counts too: it changes its folder. What dbt itself writes in the project doesn't count.
    """
    if not manifest.is_file():
        return False
    if json.loads(manifest.read_text(encoding="utf-8"))["metadata"]["dbt_version"] != version("dbt-core"):
        return False
    written = (path for path in project.rglob("*") if not OUTPUT & {*path.relative_to(project).parts})
    return all(path.stat().st_mtime < manifest.stat().st_mtime for path in written)


def update_manifest(folder: Path, *, project: Path = DBT) -> Path:
    """The manifest in the folder, made anew unless it is current. Raises GembaError like write_manifest."""
    manifest = folder / "manifest.json"
    return manifest if is_current(manifest, project) else write_manifest(folder, project=project)


def ensure_manifest(folder: Path, *, project: Path = DBT) -> Path:
    """The manifest in the folder, made now if it is missing. A run's process takes the one its code server wrote."""
    manifest = folder / "manifest.json"
    return manifest if manifest.is_file() else write_manifest(folder, project=project)
