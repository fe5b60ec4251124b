"""The raw hypertables: ingest writes them, Dagster looks at them and says how far they reach and if they are fresh."""

import warnings
from collections.abc import Iterator
from datetime import timedelta

import psycopg
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    MetadataValue,
    ObserveResult,
    multi_observable_source_asset,
)

from dagster_project.defs.resources import PlantDatabase, database_now
from dagster_project.lib.freshness import check_name, judge_age

# table -> how old its newest row may be while a plant sends, and the column of ref that its index leads with.
# Sensors send every 10 s, machines every minute; an event can stay away for a shift and is not late for that.
RAW_TABLES = {
    "sensor_readings": (timedelta(minutes=5), "sensors", "sensor_id"),
    "machine_samples": (timedelta(minutes=5), "machines", "machine_id"),
    "machine_events": (timedelta(hours=12), "machines", "machine_id"),
}

# The newest row by one step down the unique index for each sensor or machine; max(ts) alone would read a whole chunk.
NEWEST = """
SELECT max(newest.ts)
FROM ref.{owners} AS owner
CROSS JOIN LATERAL (
    SELECT r.ts FROM raw.{table} AS r WHERE r.{key} = owner.{key} ORDER BY r.ts DESC LIMIT 1
) AS newest
"""


def observe(conn: psycopg.Connection, table: str) -> tuple[ObserveResult, AssetCheckResult]:
    """Look at one raw table: an observation with its approximate row count and newest instant, and its check."""
    allowed, owners, key = RAW_TABLES[table]
    newest_at = conn.execute(NEWEST.format(table=table, owners=owners, key=key)).fetchone()[0]  # type: ignore[index]
    rows = conn.execute("SELECT approximate_row_count(%s::regclass)", (f"raw.{table}",)).fetchone()[0]  # type: ignore[index]
    found = judge_age(f"raw.{table}", newest_at, database_now(conn), allowed)
    metadata = {"dagster/row_count": MetadataValue.int(rows), "row_count_is_approximate": MetadataValue.bool(True)}
    if newest_at is not None:
        metadata |= {
            "newest_at": MetadataValue.timestamp(newest_at),
            "age_s": MetadataValue.float(found.age_s),
        }
    observation = ObserveResult(asset_key=["raw", table], metadata=metadata)
    verdict = AssetCheckResult(
        asset_key=["raw", table],
        check_name=check_name(table),
        passed=found.is_fresh,
        severity=AssetCheckSeverity.WARN,
        description=found.description,
    )
    return observation, verdict


def raw_tables() -> AssetsDefinition:
    """One definition with an observed asset and a check for each raw table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # the decorator is; requirements.lock pins it

        @multi_observable_source_asset(
            name="raw_tables",
            specs=[AssetSpec(["raw", table], group_name="raw", kinds={"timescaledb"}) for table in RAW_TABLES],
            check_specs=[
                AssetCheckSpec(
                    check_name(table), asset=["raw", table], description=f"Its newest row is at most {allowed} h old."
                )
                for table, (allowed, _, _) in RAW_TABLES.items()
            ],
        )
        def observed(plant: PlantDatabase) -> Iterator[ObserveResult | AssetCheckResult]:
            with plant.connect() as conn:
                for table in RAW_TABLES:
                    yield from observe(conn, table)

    return observed
