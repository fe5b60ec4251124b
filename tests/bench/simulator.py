"""How fast the simulator makes data and loads it, in a database of its own on the plant's server."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gemba import db
from gemba.settings import get_settings
from ingest.simulator.history import Wanted, load_history
from ingest.simulator.shifts import day_of
from ingest.simulator.signals import day_signals
from ingest.simulator.timeline import Identity, Timeline
from tests.database import empty_database, migrated

MACHINES = 60
UNTIL = datetime(2026, 3, 5, tzinfo=UTC)


def run(server_url: str | None = None) -> dict[str, float]:
    """Rates of generating and of loading a day of the reference plant's first 60 machines.

    server_url: of a superuser, default the plant's. The load includes the rollups' change log; bringing rollups up to
    date comes on top in with_rollups_s.
    """
    with empty_database(server_url or db.database_url(), f"gemba_bench_{os.getpid()}") as url:
        migrated(url)
        before = os.environ.get("GEMBA_DATABASE_URL")
        os.environ["GEMBA_DATABASE_URL"] = url
        get_settings.cache_clear()
        try:
            return {"generated_rows_per_s": _generated_rows_per_s(), **_loaded()}
        finally:
            os.environ.pop("GEMBA_DATABASE_URL")
            os.environ.update({"GEMBA_DATABASE_URL": before} if before else {})
            get_settings.cache_clear()


def _generated_rows_per_s() -> float:
    timeline = Timeline(Identity("reference", 1, round(UNTIL.timestamp() * 1000)))
    yesterday = round((UNTIL - timedelta(days=1)).timestamp() * 1000)
    started = time.perf_counter()
    machines = timeline.plant.machines[:MACHINES]
    rows = sum(day_signals(timeline, machine, day_of(machine.site, yesterday))[1].size for machine in machines)
    return rows / (time.perf_counter() - started)


def _loaded() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        until_ms = round(UNTIL.timestamp() * 1000)
        wanted = Wanted("reference", 1, None, 1.0, until_ms, truth=Path(folder), machine_limit=MACHINES)
        first, again = load_history(wanted), load_history(wanted)
    return {
        "loaded_rows": first.row_count,
        "loaded_rows_per_s": first.rows_per_s,
        "with_rollups_s": first.total_s,
        "second_time_added_rows": again.row_count,
        "second_time_s": again.load_s,
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<24}{value:>16,.1f}")
