"""The rollups of agg, refreshed by the database's own policies; Dagster says when, and records how far each reaches."""

from collections.abc import Iterator
from typing import Any

import psycopg
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)
from psycopg.rows import dict_row

from dagster_project.defs.resources import PlantDatabase
from dagster_project.lib.rollup_files import read_rollups
from gemba.paths import SQL

STATUS = AssetKey(["rollup", "status"])


def rollup_status(rollups: AssetsDefinition) -> AssetSpec:
    """The engine's own view of how far the rollups are, which models read: it follows from them."""
    return AssetSpec(STATUS, deps=list(rollups.keys), group_name="rollup", kinds={"postgres"})


def status_by_rollup(conn: psycopg.Connection) -> dict[str, dict[str, Any]]:
    """Rows of rollup.status by the rollup's name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return {row["name"]: row for row in cursor.execute("SELECT * FROM rollup.status")}


def refresh(conn: psycopg.Connection) -> dict[str, int]:
    """Run what is due of the policies, for at most 50 s; the rest is done by the next call. Returns the rows written
    by rollup; where the database's own scheduler refreshes them (community edition) there is nothing to write here.
    """
    return dict(
        conn.execute("SELECT name, sum(written_count)::bigint FROM rollup.run_policies() GROUP BY name").fetchall()
    )


def as_metadata(status: dict[str, Any], written_count: int) -> dict[str, Any]:
    """A row of rollup.status as Dagster shows it. lag_s: from the watermark to now, seconds."""
    shown: dict[str, Any] = {
        "written_count": written_count,
        "pending_count": status["pending_count"],
        "dagster/row_count": status["row_count"],
        "edition": status["edition"],
    }
    if status["watermark_at"] is not None:
        shown["watermark_at"] = MetadataValue.timestamp(status["watermark_at"])
        shown["lag_s"] = status["lag_s"]
    return shown


def rollups() -> AssetsDefinition:
    """One definition with an asset for each rollup that sql/rollups declares."""
    specs = [
        AssetSpec(
            ["agg", rollup.table],
            deps=[list(source) for source in rollup.sources],
            description=rollup.comment or None,
            group_name="agg",
            kinds={"timescaledb"},
        )
        for rollup in read_rollups(SQL / "rollups")
    ]

    @multi_asset(name="rollups", specs=specs)
    def refreshed(context: AssetExecutionContext, plant: PlantDatabase) -> Iterator[MaterializeResult]:
        with plant.connect() as conn:
            written = refresh(conn)
            context.log.info("rows written: %s", written)
            status = status_by_rollup(conn)
        for spec in specs:
            table = spec.key.path[-1]
            yield MaterializeResult(asset_key=spec.key, metadata=as_metadata(status[table], written.get(table, 0)))

    return refreshed
