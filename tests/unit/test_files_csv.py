"""Reading delimited text: the right cells, the right line numbers, whatever the dialect."""

import csv
import io
import random
from pathlib import Path

import pytest

from gemba.errors import InputError
from ingest.files import csv_source
from ingest.files.csv_source import open_csv


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode(encoding))
    return path


def rows_of(path: Path, chunk_rows: int = 1000, **options) -> list[tuple[int, tuple, bytes]]:
    """(line number, cells, text of the row) of each sound row."""
    file = open_csv(path, **options)
    found = []
    for chunk in file.chunks(list(file.columns), chunk_rows):
        cells = zip(*(chunk.table.column(name).to_pylist() for name in file.columns), strict=True)
        found += [
            (int(line), row, chunk.text_of(i))
            for i, (line, row) in enumerate(zip(chunk.line_numbers, cells, strict=True))
        ]
    return found


def broken_of(path: Path, **options) -> list[tuple[int, bytes, str]]:
    file = open_csv(path, **options)
    return [broken[:3] for chunk in file.chunks(list(file.columns), 1000) for broken in chunk.broken]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f"a{delimiter}b\n1{delimiter}2\n")
    assert rows_of(path) == [(2, ("1", "2"), f"1{delimiter}2".encode())]


def test_a_decimal_comma_is_not_taken_for_the_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path, "ts;a;b\n2024-01-01;1,5;2,5\n2024-01-02;1,5;2,5\n")
    assert open_csv(path).delimiter == ";"


def test_line_numbers_count_the_header_blank_lines_and_line_breaks_inside_quotes(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,2\n\n"x\ny",4\r\n5,6')
    assert [(line, cells) for line, cells, _ in rows_of(path)] == [(2, ("1", "2")), (4, ("x\ny", "4")), (6, ("5", "6"))]


def test_a_lone_quote_inside_a_field_does_not_swallow_the_next_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n3.5" pipe,1\n7,8\n')
    assert [line for line, _, _ in rows_of(path)] == [2, 3]


def test_rows_with_a_wrong_number_of_fields_are_refused_with_their_line_and_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8,\n")
    assert broken_of(path) == [(3, b"3", "wrong_field_count"), (4, b"4,5,6", "wrong_field_count")]
    assert [line for line, _, _ in rows_of(path)] == [2, 5]  # an empty field at the end loses nothing


def test_a_row_that_is_not_utf8_is_refused_byte_for_byte_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n1,2\n\xff\xfe,3\n4,5\n")
    assert broken_of(path) == [(3, b"\xff\xfe,3", "undecodable")]
    assert [line for line, _, _ in rows_of(path)] == [2, 4]


@pytest.mark.parametrize(("encoding", "given"), [("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252")])
def test_other_encodings_are_read(tmp_path: Path, encoding: str, given: str | None) -> None:
    path = write(tmp_path, "ts;Öltemperatur\n1;2\n", encoding)
    file = open_csv(path, encoding=given)
    assert file.columns == ("ts", "Öltemperatur")
    assert [cells for _, cells, _ in rows_of(path, encoding=given)] == [("1", "2")]


def test_a_header_in_another_encoding_gives_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--encoding cp1252"):
        open_csv(write(tmp_path, "ts;Öl\n1;2\n", "cp1252"))


@pytest.mark.parametrize(("text", "message"), [("", "no header"), ("a,a\n1,2\n", "twice"), ("abc\n1\n", "one column")])
def test_a_file_without_usable_header_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_csv(write(tmp_path, text))


def test_any_blocks_and_chunks_give_the_rows_of_pythons_own_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of few bytes cut records everywhere: in quotes, between \\r and \\n, in a multibyte letter."""
    chance = random.Random(7)
    pieces = ["1.5", "", "Ö", "a\nb", 'say "x"', "q;r", "line\r\nend", "0"]
    rows = [[chance.choice(pieces) for _ in range(3)] for _ in range(300)]
    rows = [row if any(row) else ["1", "", ""] for row in rows]
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([["a", "b", "c"], *rows])
    path = write(tmp_path, out.getvalue())
    lines, line = [], 2
    for row in rows:
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    for block_bytes in (1, 7, 64, 1 << 20):
        monkeypatch.setattr(csv_source, "BLOCK_BYTES", block_bytes)
        for chunk_rows in (1, 17, 1000):
            found = rows_of(path, chunk_rows, delimiter=";")
            assert [list(cells) for _, cells, _ in found] == rows, (block_bytes, chunk_rows)
            assert [at for at, _, _ in found] == lines
