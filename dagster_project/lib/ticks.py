"""Whether a schedule's tick starts a run."""

from collections.abc import Sequence

from dagster import DagsterRunStatus, RunRequest, RunsFilter, ScheduleEvaluationContext, SkipReason

UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def run_unless_one_is_going(context: ScheduleEvaluationContext, job_name: str) -> RunRequest | SkipReason:
    """Ask for a run, or skip the tick while one of the job is queued or going: ticks must never pile up."""
    going = context.instance.get_runs(RunsFilter(job_name=job_name, statuses=UNFINISHED), limit=1)
    return tick(job_name, [run.run_id for run in going])


def tick(job_name: str, unfinished_run_ids: Sequence[str]) -> RunRequest | SkipReason:
    """The decision itself."""
    if unfinished_run_ids:
        return SkipReason(f"run {unfinished_run_ids[0]} of {job_name} is not finished yet")
    return RunRequest()
