"""Cells to numbers, instants and units. Expectations are worked by hand or stand in published definitions."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from gemba.errors import InputError
from ingest.files import numbers, times
from ingest.files.numbers import parse_numbers
from ingest.files.times import TimeReader
from ingest.files.units import conversion


def instants(reader: TimeReader, cells: pa.Array) -> list[datetime | int]:
    """The instants of the sound cells, the verdict of the others."""
    micros, verdict = reader.parse(cells)
    return [
        datetime.fromtimestamp(m / 1e6, UTC) if v == times.OK else int(v) for m, v in zip(micros, verdict, strict=True)
    ]


def test_numbers_of_all_spellings_are_read_and_the_rest_is_told_apart() -> None:
    cells = [
        "1.5",
        " -2 ",
        "+3",
        "1e3",
        ".5",
        "4.",
        "",
        "  ",
        "NaN",
        "-inf",
        "1e999",
        "x",
        "1_000",
        "0x10",
        "1,5",
        "--1",
        "NA",
    ]
    values, verdict = parse_numbers(pa.array(cells), null_texts=("NA",))
    assert values[verdict == numbers.OK].tolist() == [1.5, -2, 3, 1000, 0.5, 4]
    assert verdict.tolist() == [0] * 6 + [numbers.EMPTY] * 2 + [numbers.NOT_FINITE] * 3 + [numbers.NOT_A_NUMBER] * 5 + [
        numbers.EMPTY
    ]


def test_with_a_decimal_comma_a_point_is_refused_not_guessed() -> None:
    assert parse_numbers(pa.array(["1,5", "1.5"]), ",")[1].tolist() == [numbers.OK, numbers.NOT_A_NUMBER]
    values, verdict = parse_numbers(pa.array(["1,5", "-0,25", "7", "1.234,5", "1.5", "1,2,3"]), ",")
    assert values[:3].tolist() == [1.5, -0.25, 7]
    assert verdict.tolist() == [0, 0, 0] + [numbers.NOT_A_NUMBER] * 3


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None], pa.int32()),
        pa.array([True, None]),
        pa.array([1.0, None], pa.float32()),
        pa.array(["1", None]),
    ],
)
def test_typed_columns_are_numbers_and_null_is_no_reading(column: pa.Array) -> None:
    values, verdict = parse_numbers(column)
    assert values[0] == 1
    assert verdict.tolist() == [numbers.OK, numbers.EMPTY]


def test_every_double_survives_its_text() -> None:
    chance = np.random.default_rng(1)
    doubles = chance.standard_normal(5000) * 10.0 ** chance.integers(-200, 200, 5000)
    values, _ = parse_numbers(pa.array([repr(float(each)) for each in doubles]))
    assert (values == doubles).all()


def test_summer_time_in_berlin_is_an_hour_less_and_both_changes_are_refused() -> None:
    # EU rules: 2024-03-31 02:00 CET -> 03:00 CEST; 2024-10-27 03:00 CEST -> 02:00 CET
    cells = [
        "2024-01-15 12:00:00",
        "2024-07-15 12:00:00",
        "2024-03-31 01:59:59",
        "2024-03-31 02:30:00",
        "2024-03-31 03:00:00",
        "2024-10-27 02:30:00",
    ]
    assert instants(TimeReader(timezone="Europe/Berlin"), pa.array(cells)) == [
        datetime(2024, 1, 15, 11, tzinfo=UTC),
        datetime(2024, 7, 15, 10, tzinfo=UTC),
        datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC),
        times.NONEXISTENT,
        datetime(2024, 3, 31, 1, tzinfo=UTC),
        times.AMBIGUOUS,
    ]


@pytest.mark.parametrize(("choice", "hour"), [("earlier", 0), ("later", 1)])
def test_the_repeated_hour_can_be_taken_as_the_earlier_or_the_later(choice: str, hour: int) -> None:
    reader = TimeReader(timezone="Europe/Berlin", ambiguous=choice)
    assert instants(reader, pa.array(["2024-10-27 02:30:00"])) == [datetime(2024, 10, 27, hour, 30, tzinfo=UTC)]


def test_times_with_zone_need_no_timezone_and_ignore_it() -> None:
    cells = pa.array(["2024-07-15T12:00:00+02:00", "2024-07-15 12:00:00.5Z", "2024-07-15 12:00:00-0530"])
    expected = [
        datetime(2024, 7, 15, 10, tzinfo=UTC),
        datetime(2024, 7, 15, 12, 0, 0, 500000, tzinfo=UTC),
        datetime(2024, 7, 15, 17, 30, tzinfo=UTC),
    ]
    for zone in (None, "Asia/Yangon"):
        assert instants(TimeReader(timezone=zone), cells) == expected


def test_with_and_without_zone_may_stand_in_one_column() -> None:
    cells = pa.array(["2024-07-15 12:00:00Z", "2024-07-15 12:00", "", "soon", "2024-02-30 00:00"])
    noon = datetime(2024, 7, 15, 12, tzinfo=UTC)
    assert instants(TimeReader(timezone="Asia/Yangon"), cells) == [
        noon, datetime(2024, 7, 15, 5, 30, tzinfo=UTC), times.EMPTY, times.UNREADABLE, times.UNREADABLE,
    ]  # fmt: skip
    assert instants(TimeReader(), cells)[1] == times.WITHOUT_ZONE


def test_dates_that_a_plant_cannot_have_measured_are_refused() -> None:
    cells = pa.array(["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z"])
    assert instants(TimeReader(), cells)[:2] == [times.IMPLAUSIBLE, times.IMPLAUSIBLE]


def test_day_first_and_epoch_times_are_read() -> None:
    noon = datetime(2018, 1, 2, 0, 15, tzinfo=UTC)
    assert instants(TimeReader("%d/%m/%Y %H:%M", "UTC"), pa.array(["02/01/2018 0:15", "2018"])) == [
        noon,
        times.UNREADABLE,
    ]
    stamp = int(noon.timestamp())
    assert instants(TimeReader("epoch_s"), pa.array([str(stamp), f"{stamp}.5", "", "x"]))[0] == noon
    assert instants(TimeReader("epoch_ms"), pa.array([stamp * 1000])) == [noon]
    assert instants(TimeReader("epoch_ns"), pa.array([stamp * 10**9 + 999])) == [noon]


def test_parquet_times_are_read_with_and_without_zone() -> None:
    wall = datetime(2024, 7, 15, 12)
    expected = [datetime(2024, 7, 15, 10, tzinfo=UTC)]
    assert instants(TimeReader(timezone="Europe/Berlin"), pa.array([wall], pa.timestamp("ns"))) == expected
    zoned = pa.array([wall.replace(tzinfo=ZoneInfo("Europe/Berlin"))], pa.timestamp("ms", "Europe/Berlin"))
    assert instants(TimeReader(), zoned) == expected


@pytest.mark.parametrize(
    "bad", [{"timezone": "Berlin"}, {"format": "dd/mm/yyyy"}, {"format": "epoch_days"}, {"ambiguous": "both"}]
)
def test_a_mistaken_time_setting_is_refused_at_once(bad: dict) -> None:
    with pytest.raises(InputError):
        TimeReader(**bad)


@pytest.mark.parametrize(
    ("value", "source", "stored", "expected"),
    [
        (212, "degF", "Cel", 100), (-40, "[degF]", "Cel", -40), (273.15, "K", "°C", 0),
        (100, "psi", "bar", 6.894757293168361),
        (1, "inch", "mm", 25.4), (60, "L/min", "m3/h", 3.6), (1, "gpm", "L/min", 3.785411784), (2500, "mA", "A", 2.5),
        (1, "[g]", "m/s2", 9.80665), (3000, "rpm", "Hz", 50), (1, "kWh", "MJ", 3.6), (37, "%", "1", 0.37),
    ],
)  # fmt: skip
def test_units_are_converted_by_their_definitions(value: float, source: str, stored: str, expected: float) -> None:
    rule = conversion(source, stored)
    assert value * rule.factor + rule.offset == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_a_value_in_the_stored_unit_is_not_touched() -> None:
    assert conversion("degC", "Cel").is_identity


def test_unlike_units_are_refused() -> None:
    with pytest.raises(InputError, match="turning"):
        conversion("bar", "Cel")
