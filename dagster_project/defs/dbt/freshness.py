"""Whether the marts are kept up: a check for each, on its last successful build."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    DagsterInstance,
    multi_asset_check,
)

from dagster_project.lib.freshness import check_name, judge_age

ALLOWED = timedelta(minutes=15)  # three builds


def last_build_at(instance: DagsterInstance, key: AssetKey) -> datetime | None:
    """When Dagster last recorded a build of the table."""
    event = instance.get_latest_materialization_event(key)
    return datetime.fromtimestamp(event.timestamp, UTC) if event else None


def marts_freshness(marts: Sequence[AssetKey]) -> AssetChecksDefinition:
    """One definition with the check `<table>_is_fresh` of every mart.

    A build by dbt's command line alone is not recorded and so doesn't count.
    """

    @multi_asset_check(
        name="marts_freshness",
        specs=[
            AssetCheckSpec(check_name(key.path[-1]), asset=key, description=f"Last built at most {ALLOWED} h ago.")
            for key in marts
        ],
    )
    def checks(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        now = datetime.now(UTC)
        for key in marts:
            found = judge_age(".".join(key.path), last_build_at(context.instance, key), now, ALLOWED)
            yield AssetCheckResult(
                asset_key=key,
                check_name=check_name(key.path[-1]),
                passed=found.is_fresh,
                severity=AssetCheckSeverity.WARN,
                description=found.description,
            )

    return checks
