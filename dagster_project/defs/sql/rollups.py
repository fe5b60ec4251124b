"""The rollups of agg, refreshed by the database's own policies; Dagster says when, and records how far each reaches."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from dagster import AssetExecutionContext, AssetsDefinition, AssetSpec, MaterializeResult, MetadataValue, multi_asset
from psycopg.rows import dict_row

from dagster_project.defs.resources import PlantDatabase
from dagster_project.lib.rollup_files import read_rollups
from gemba.paths import SQL


def status_by_rollup(conn: psycopg.Connection) -> dict[str, dict[str, Any]]:
    """Rows of rollup.status by the rollup's name."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return {row["name"]: row for row in cursor.execute("SELECT * FROM rollup.status")}


def as_metadata(row: dict[str, Any]) -> dict[str, MetadataValue]:
    """A status row as Dagster shows it: instants as instants, the rest as numbers or words, unknown ones left out."""
    shown: dict[str, MetadataValue] = {}
    for name, value in row.items():
        match value:
            case None:
                continue
            case datetime():
                shown[name] = MetadataValue.timestamp(value)
            case bool():
                shown[name] = MetadataValue.bool(value)
            case int():
                shown[name] = MetadataValue.int(value)
            case float():
                shown[name] = MetadataValue.float(value)
            case _:
                shown[name] = MetadataValue.text(str(value))
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
            done = conn.execute("SELECT rollup.run_policies()").fetchone()
            context.log.info("rollup.run_policies() returned %s", done)
            status = status_by_rollup(conn)
        for spec in specs:
            yield MaterializeResult(asset_key=spec.key, metadata=as_metadata(status.get(spec.key.path[-1], {})))

    return refreshed
