"""A wrong mapping file or flag is refused with the place of the mistake; a right one comes back from its record."""

import json
from pathlib import Path

import pytest

from gemba.errors import InputError
from ingest.files import records
from ingest.files.__main__ import build_parser, mapping_of
from ingest.files.csv_source import open_csv
from ingest.files.mapping import StateRule, mapping_from, read_mapping


def mapping(*flags: str):
    return mapping_of(build_parser().parse_args([*flags, "f.csv"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sensor: []", "unknown entry sensor"),
        ("sensors: {a: b}", "not a list"),
        ("sensors: [{tag: a}]", "column"),
        ("sensors: [{column: a, units: bar}]", "unknown entry units"),
        ("sensors: [{column: a, high_warning: hot}]", "high_warning"),
        ("site: [1]", "entries"),
        ("- a", "list"),
        ("a: [", "can't be read"),
        ("shifts: [{code: a, starts: 14:00, ends: 22:00}]", "in quotes"),
    ],
)
def test_a_mistake_in_a_mapping_file_names_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_mapping(tmp_path / "m.yml")


def test_a_mapping_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError, match="skab"):
        read_mapping(Path("no-such"))


@pytest.mark.parametrize(
    "flags",
    [
        ["--tag", "a"],
        ["--label", "=b"],
        ["--unit", "oil=degF:Cel"],
        ["--state-when", "a=1"],
        ["--delimiter", ";;"],
        ["--timezone", "CEST-2"],
        ["--site-timezone", "UTC"],
    ],
)
def test_a_misshapen_flag_is_refused(flags: list[str]) -> None:
    with pytest.raises(InputError):
        mapping(*flags)


def test_flags_win_over_the_mapping_file() -> None:
    found = mapping(
        "--mapping", "skab", "--machine", "rig-2", "--timezone", "Europe/Moscow", "--state-when", "Current > 0.2"
    )
    assert found.machine is not None
    assert (found.machine.code, found.machine.type) == ("rig-2", "pump")
    assert found.timezone == "Europe/Moscow"
    assert found.state == StateRule("Current", 0.2)
    assert len(found.sensors) == 8


def test_a_mapping_comes_back_from_its_record_as_it_was() -> None:
    """ops.job_runs keeps it as JSON, and a replay reads rows by it."""
    for found in (
        mapping("--mapping", "skab"),
        mapping("--long", "--decimal", ",", "--null", "NA", "--timezone", "UTC"),
    ):
        assert mapping_from(json.loads(json.dumps(found.as_document()))) == found


def test_a_quote_that_is_never_closed_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 1000)
    monkeypatch.setattr("ingest.files.csv_source.BLOCK_BYTES", 1000)
    path = tmp_path / "f.csv"
    path.write_text('a,b\n1,2\n"3,4\n' + "5,6\n" * 2000, encoding="utf-8")
    with pytest.raises(InputError, match="line 3"):
        list(open_csv(path).chunks(["a", "b"], 10))
