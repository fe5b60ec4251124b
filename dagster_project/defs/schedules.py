"""When each job runs: all schedules of the plant, on one screen. Names are <job>_<cadence>_schedule, times are UTC."""

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
)

from dagster_project.lib.ticks import run_unless_one_is_going

# job, cadence (for the name), cron
CADENCES = [
    ("rollups_refresh_job", "minutely", "* * * * *"),
    ("dbt_build_job", "five_minutely", "*/5 * * * *"),
    ("freshness_check_job", "five_minutely", "3-59/5 * * * *"),  # not in the minute in which dbt builds
    ("calendar_extend_job", "daily", "17 0 * * *"),
    ("history_purge_job", "daily", "42 0 * * *"),
]


def schedule_of(job_name: str, cadence: str, cron: str) -> ScheduleDefinition:
    """A schedule that is on unless a person turns it off, and skips its tick while a run of its job is not finished."""

    def decide(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        return run_unless_one_is_going(context.instance, job_name)

    return ScheduleDefinition(
        name=f"{job_name}_{cadence}_schedule",
        job_name=job_name,
        cron_schedule=cron,
        execution_fn=decide,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
    )


SCHEDULES = [schedule_of(*cadence) for cadence in CADENCES]
