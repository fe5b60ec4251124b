"""dbt's manifest, from which Dagster knows the models. Made before the definitions are loaded; needs no database."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from gemba.dbt_env import dbt_environment
from gemba.errors import GembaError
from gemba.paths import DBT

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


def ensure_manifest(folder: Path, *, project: Path = DBT) -> Path:
    """The manifest in the folder, made now if it is missing. A run's process takes the one its code server wrote."""
    manifest = folder / "manifest.json"
    return manifest if manifest.is_file() else write_manifest(folder, project=project)
