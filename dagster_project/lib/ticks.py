"""Whether a schedule's tick starts a run."""

from dagster import DagsterInstance, DagsterRunStatus, RunRequest, RunsFilter, SkipReason

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
UNFINISHED = [status for status in DagsterRunStatus if status not in FINISHED]


def run_unless_one_is_going(instance: DagsterInstance, job_name: str) -> RunRequest | SkipReason:
    """Ask for a run, or skip the tick while one of the job is queued or going: ticks must never pile up."""
    for run in instance.get_runs(RunsFilter(job_name=job_name, statuses=UNFINISHED), limit=1):
        return SkipReason(f"run {run.run_id} of {job_name} is not finished yet")
    return RunRequest()
