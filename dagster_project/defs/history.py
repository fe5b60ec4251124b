"""Dagster's own history, which grows by thousands of events a day and is thrown away when it is old."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dagster import DagsterInstance, DagsterRunStatus, Nothing, OpExecutionContext, Out, RunsFilter, op

from dagster_project.lib.ticks import FINISHED
from gemba.access import DAGSTER_ROLE
from gemba.db import connect
from gemba.settings import get_settings

# A build of dbt leaves about 0.4 MB of events, a refresh of the rollups 30 kB: 150 MB a day together.
ROLLUP_SUCCESSES_KEPT = timedelta(days=1)  # one a minute
SUCCESSES_KEPT = timedelta(days=3)
ALL_KEPT = timedelta(days=14)
BATCH = 200


def delete_runs(
    instance: DagsterInstance,
    created_before: datetime,
    *,
    job_name: str | None = None,
    statuses: Sequence[DagsterRunStatus] = FINISHED,
) -> int:
    """Delete finished runs that were created before the instant, with their events. Returns how many."""
    wanted = RunsFilter(created_before=created_before, job_name=job_name, statuses=list(statuses))
    count = 0
    while run_ids := instance.get_run_ids(wanted, limit=BATCH):
        for run_id in run_ids:
            instance.delete_run(run_id)
        count += len(run_ids)
    return count


# Dagster keeps the results of asset checks when it deletes the run they came from; the latest of each check is
# what its page shows, so that one stays.
DELETE_CHECK_RESULTS = """
DELETE FROM asset_check_executions AS old
WHERE old.create_timestamp < %(created_before)s
    AND EXISTS (
        SELECT FROM asset_check_executions AS newer
        WHERE newer.asset_key = old.asset_key AND newer.check_name = old.check_name AND newer.id > old.id
    )
"""


def delete_check_results(created_before: datetime) -> int:
    """Delete results of asset checks that were stored before the instant, but the latest of each. Returns how many."""
    with connect(DAGSTER_ROLE, dbname=get_settings().dagster_db_name) as conn:
        naive_utc = created_before.astimezone(UTC).replace(tzinfo=None)  # the column has no time zone and holds UTC
        return conn.execute(DELETE_CHECK_RESULTS, {"created_before": naive_utc}).rowcount


@op(out=Out(Nothing), description="Deletes old runs, their events and old results of checks from Dagster's database.")
def purge_history(context: OpExecutionContext) -> None:
    now = datetime.now(UTC)
    success = [DagsterRunStatus.SUCCESS]
    instance = context.instance
    runs = delete_runs(instance, now - ROLLUP_SUCCESSES_KEPT, job_name="rollups_refresh_job", statuses=success)
    runs += delete_runs(instance, now - SUCCESSES_KEPT, statuses=success)
    runs += delete_runs(instance, now - ALL_KEPT)
    results = delete_check_results(now - SUCCESSES_KEPT)
    context.log.info("deleted %d runs and %d results of checks", runs, results)
