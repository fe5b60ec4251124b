"""OEE as dbt computes it against the truth of the plant that made the data."""

import json

import pandas as pd
import pytest

from tests.built_plant import BuiltPlant

FACTS = {
    "fct_oee_by_shift": "machine_id, shift_id",
    "fct_state_intervals": "machine_id, shift_id, started_at",
    "fct_downtime_events": "machine_id, shift_id, started_at",
    "fct_production_by_hour": "machine_id, shift_id, hour_at, product_id",
}


@pytest.fixture
def compared(built_plant: BuiltPlant) -> pd.DataFrame:
    truth = pd.read_parquet(built_plant.truth / "truth_oee.parquet")
    truth = truth[truth.is_complete]
    truth["production_date"] = pd.to_datetime(truth.production_date).dt.date
    built = built_plant.frame(
        "SELECT site_code, machine_code, shift.*"
        " FROM marts.fct_oee_by_shift AS shift JOIN marts.dim_machines USING (machine_id, site_id, line_id)"
    )
    keys = ["site_code", "machine_code", "production_date", "shift_code"]
    return truth.merge(built, on=keys, how="left", suffixes=("_truth", ""), validate="one_to_one")


def test_oee_is_within_half_a_point_of_the_truth_for_every_machine_and_shift(compared: pd.DataFrame) -> None:
    assert len(compared) >= 12 * 5
    defined = compared[compared.oee.notna()]
    assert len(defined) > 0.9 * len(compared)
    assert (defined.oee - defined.oee_ratio.astype(float)).abs().max() < 0.005
    assert compared[compared.oee.isna()].oee_ratio.isna().all()


@pytest.mark.parametrize("seconds", ["apt_s", "aust_s", "adet_s", "planned_downtime_s", "pbt_s", "ideal_time_s"])
def test_the_seconds_behind_it_are_the_true_ones(compared: pd.DataFrame, seconds: str) -> None:
    assert (compared[f"{seconds}_truth"] - compared[seconds]).abs().max() < 1.0


@pytest.mark.parametrize("count", ["total_count", "good_count", "scrap_count", "rework_count"])
def test_every_piece_is_counted_in_the_shift_that_made_it(compared: pd.DataFrame, count: str) -> None:
    assert (compared[f"{count}_truth"] == compared[count]).all()


def content(built_plant: BuiltPlant) -> dict[str, pd.DataFrame]:
    return {fact: built_plant.frame(f"SELECT * FROM marts.{fact} ORDER BY {key}") for fact, key in FACTS.items()}


def assert_same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    for fact in FACTS:
        pd.testing.assert_frame_equal(left[fact], right[fact], check_exact=True, obj=fact)


def test_after_late_data_an_incremental_build_equals_a_full_one(built_plant: BuiltPlant) -> None:
    instant = built_plant.frame("SELECT built_at FROM intermediate.int_oee__builds").built_at[0]
    at_same_instant = ("--vars", json.dumps({"build_instant": instant.isoformat()}))
    before = content(built_plant)
    # The history was loaded a minute ago: within the ten minutes that a build looks back further than the last one.
    for table, stamp in (
        ("raw.machine_samples", "received_at"),
        ("raw.machine_events", "received_at"),
        ("ops.production_runs", "updated_at"),
    ):
        built_plant.execute(f"UPDATE {table} SET {stamp} = {stamp} - interval '1 hour'")
    # A stop nobody had heard of, a sample of a silent minute, an order that began earlier than thought: all a day old.
    machine_id, started_at = built_plant.frame(
        "SELECT machine_id, started_at FROM marts.fct_oee_by_shift"
        " WHERE NOT is_open AND oee_ratio > 0.5 AND shift_code = 'B' ORDER BY started_at LIMIT 1"
    ).iloc[0]
    built_plant.execute(
        "INSERT INTO raw.machine_events (ts, machine_id, event_type, event_code, reason_code)"
        " VALUES (%s::timestamptz + interval '61 min 7 s', %s, 'state', 'down', 'BRK-ELEC')",
        started_at,
        int(machine_id),
    )
    built_plant.execute(
        "INSERT INTO raw.machine_samples (ts, machine_id, state_code, total_count, good_count)"
        " SELECT ts + interval '30 s', machine_id, state_code, total_count + 1, good_count FROM raw.machine_samples"
        " WHERE machine_id = %s AND ts > %s::timestamptz + interval '3 hours' ORDER BY ts LIMIT 1",
        int(machine_id),
        started_at,
    )
    built_plant.execute(
        "SELECT ops.start_production_run(%s, 'LATE-1', min(product_id), %s::timestamptz + interval '2 hours')"
        " FROM ref.product_rates WHERE machine_id = %s",
        int(machine_id),
        started_at,
        int(machine_id),
    )
    # The calendar is corrected: one past shift ended half an hour earlier, another one did not take place.
    first_shift, second_shift = built_plant.frame(
        "SELECT shift_id FROM ref.shift_calendar WHERE ended_at < now() ORDER BY started_at DESC LIMIT 2"
    ).shift_id
    built_plant.execute(
        "UPDATE ref.shift_calendar SET ended_at = ended_at - interval '30 min' WHERE shift_id = %s", int(first_shift)
    )
    built_plant.execute("DELETE FROM ref.shift_calendar WHERE shift_id = %s", int(second_shift))
    built_plant.dbt("build", *at_same_instant)
    touched = built_plant.frame("SELECT count(*) AS n FROM intermediate.int_oee__shifts_touched").n[0]
    incremental = content(built_plant)
    assert not (incremental["fct_oee_by_shift"].shift_id == second_shift).any(), "a shift that is gone still has rows"
    assert touched < len(incremental["fct_oee_by_shift"]), "the build was not incremental"
    assert not incremental["fct_oee_by_shift"].equals(before["fct_oee_by_shift"]), "the late rows changed nothing"
    built_plant.dbt("build", "--full-refresh", *at_same_instant)
    assert_same(incremental, content(built_plant))


def test_ratios_of_several_machines_come_from_sums_and_differ_from_their_average(built_plant: BuiltPlant) -> None:
    row = built_plant.frame(
        "SELECT sum(apt_s) / sum(pbt_s) AS summed, avg(availability_ratio) AS averaged"
        " FROM marts.fct_oee_by_shift WHERE NOT is_open"
    ).iloc[0]
    assert abs(row.summed - row.averaged) > 1e-6, "were they the same, nobody would need the seconds in the mart"
