"""The pure parts of the orchestration, and the decisions of ticks."""

from datetime import UTC, datetime, timedelta

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    job,
    op,
)

from dagster_project.defs.history import delete_runs
from dagster_project.lib.freshness import judge_age
from dagster_project.lib.rollup_files import Rollup, read_rollup
from dagster_project.lib.ticks import UNFINISHED, run_unless_one_is_going

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@job
def trial_job() -> None:
    @op
    def nothing() -> None:
        pass

    nothing()


def test_a_run_that_waits_in_the_queue_is_not_finished() -> None:
    assert DagsterRunStatus.QUEUED in UNFINISHED


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_a_tick_is_skipped_while_a_run_of_the_job_is_not_finished(status: str) -> None:
    with DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(trial_job, status=DagsterRunStatus(status))
        decision = run_unless_one_is_going(instance, "trial_job")
    assert isinstance(decision, SkipReason)
    assert run.run_id in decision.skip_message


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE", "CANCELED"])
def test_a_tick_starts_a_run_once_the_last_one_has_ended(status: str) -> None:
    with DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(trial_job, status=DagsterRunStatus(status))
        assert isinstance(run_unless_one_is_going(instance, "trial_job"), RunRequest)


def test_a_run_of_another_job_holds_nobody_up() -> None:
    with DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(trial_job, status=DagsterRunStatus.STARTED)
        assert isinstance(run_unless_one_is_going(instance, "other_job"), RunRequest)


def test_purging_deletes_finished_runs_and_no_other() -> None:
    with DagsterInstance.ephemeral() as instance:
        kept = instance.create_run_for_job(trial_job, status=DagsterRunStatus.STARTED)
        for _ in range(3):
            instance.create_run_for_job(trial_job, status=DagsterRunStatus.SUCCESS)
        tomorrow, yesterday = (datetime.now(UTC) + timedelta(days=days) for days in (1, -1))
        assert delete_runs(instance, yesterday) == 0
        assert delete_runs(instance, tomorrow, job_name="other_job") == 0
        assert delete_runs(instance, tomorrow) == 3
        assert [run.run_id for run in instance.get_runs()] == [kept.run_id]


@pytest.mark.parametrize(
    ("newest_at", "is_fresh", "age_s"),
    [
        (NOON - timedelta(minutes=4), True, 240.0),
        (NOON - timedelta(minutes=5), True, 300.0),
        (NOON - timedelta(minutes=5, seconds=1), False, 301.0),
        (NOON + timedelta(seconds=30), True, -30.0),
        (None, False, None),
    ],
)
def test_a_table_is_fresh_when_its_newest_row_is_at_most_as_old_as_allowed(
    newest_at: datetime | None, is_fresh: bool, age_s: float | None
) -> None:
    found = judge_age("raw.sensor_readings", newest_at, NOON, timedelta(minutes=5))
    assert (found.is_fresh, found.age_s) == (is_fresh, age_s)


def test_a_rollup_is_read_from_its_file_with_all_it_is_made_from() -> None:
    text = """
    -- FROM raw.not_this_one
    SELECT rollup.define(
        p_name => 'sensor_1h', p_source => 'agg.sensor_15m', p_comment => 'The machine''s hours.',
        p_query => $query$
            SELECT 1 FROM agg.sensor_15m AS q
            JOIN ref.sensors AS s USING (sensor_id)
        $query$);
    """
    sources = (("agg", "sensor_15m"), ("ref", "sensors"))
    assert read_rollup(text) == Rollup("sensor_1h", sources, "The machine's hours.")


def test_a_file_that_declares_no_rollup_is_an_error() -> None:
    with pytest.raises(ValueError, match="rollup.define"):
        read_rollup("SELECT 1 FROM raw.sensor_readings")
