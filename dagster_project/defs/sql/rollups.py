"""The rollups of agg, refreshed by the database's own policies; Dagster only says when, and records how far each is."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetsDefinition, AssetSpec, MaterializeResult, multi_asset
from psycopg.rows import dict_row

from dagster_project.defs.resources import PlantDatabase
from dagster_project.lib.rollup_files import read_rollups
from gemba.paths import SQL


def rollups() -> AssetsDefinition:
    """One definition with an asset for each file of sql/rollups."""
    specs = [
        AssetSpec(["agg", rollup.table], deps=[list(source) for source in rollup.sources], group_name="agg", kinds={"timescaledb"})
        for rollup in read_rollups(SQL / "rollups")
    ]

    @multi_asset(name="rollups", specs=specs)
    def refreshed(context: AssetExecutionContext, plant: PlantDatabase) -> Iterator[MaterializeResult]:
        with plant.connect() as conn, conn.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SELECT rollup.run_policies()")
            status = {row["name"]: row for row in cursor.execute("SELECT * FROM rollup.status")}
        for spec in specs:
            yield MaterializeResult(asset_key=spec.key, metadata=status[spec.key.path[-1]])

    return refreshed
