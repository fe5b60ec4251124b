"""Reads delimited text in chunks. Arrow's parser does the usual block; a block with a broken row goes row by row."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from gemba.errors import InputError
from ingest.files.chunk import Chunk
from ingest.files.records import LONGEST_RECORD, Block, read_blocks

BLOCK_BYTES = 4 << 20
DELIMITERS = (";", "\t", ",", "|")
SAMPLE_BYTES = 256 << 10


@dataclass(frozen=True)
class CsvFile:
    """A delimited text file: its dialect and the names in its header. header_lines: lines before the first row."""

    path: Path
    delimiter: str
    encoding: str
    columns: tuple[str, ...]
    header_lines: int

    @property
    def size(self) -> int:
        """Length in bytes; Chunk.position counts towards it."""
        return self.path.stat().st_size

    def chunks(self, wanted: list[str], chunk_rows: int) -> Iterator[Chunk]:
        """The rows in chunks of at most chunk_rows, with the wanted columns as text."""
        with _open_utf8(self.path, self.encoding) as stream:
            for _ in range(self.header_lines):
                stream.readline()
            position = 0
            for block in read_blocks(stream, self.delimiter, self.header_lines + 1, BLOCK_BYTES):
                for begin in range(0, len(block.starts), chunk_rows):
                    end = min(begin + chunk_rows, len(block.starts))
                    yield self._chunk(block, begin, end, wanted, position + int(block.ends[end - 1]))
                position += int(block.ends[-1]) + 1

    def _chunk(self, block: Block, begin: int, end: int, wanted: list[str], position: int) -> Chunk:
        starts, ends, lines = block.starts[begin:end], block.ends[begin:end], block.lines[begin:end]

        def text_of(row: int) -> bytes:
            return block.data[starts[row] : ends[row]]

        table = self._parse_fast(block.data[starts[0] : ends[-1]], wanted, len(starts))
        if table is not None:
            return Chunk(table, lines, text_of, position)
        table, kept, broken = self.parse_rows([text_of(row) for row in range(len(starts))], wanted)
        whole = [(int(lines[row]), text_of(row), reason, detail) for row, reason, detail in broken]
        return Chunk(table, lines[kept], lambda row: text_of(kept[row]), position, whole)

    def _parse_fast(self, data: bytes, wanted: list[str], row_count: int) -> pa.Table | None:
        """The whole chunk at once; None if any row of it is broken or Arrow counts the rows otherwise."""
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data),
                pyarrow.csv.ReadOptions(
                    column_names=list(self.columns), use_threads=False, block_size=max(len(data), 1) + 1
                ),
                pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=b'"' in data),
                pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table.combine_chunks() if table.num_rows == row_count else None

    def parse_rows(
        self, texts: list[bytes], wanted: list[str]
    ) -> tuple[pa.Table, list[int], list[tuple[int, str, str]]]:
        """Row by row: the table of the sound rows, their indices, and (index, reason, detail) of the broken ones."""
        places = [self.columns.index(name) for name in wanted]
        cells: list[list[str]] = [[] for _ in wanted]
        kept: list[int] = []
        broken: list[tuple[int, str, str]] = []
        for row, text in enumerate(texts):
            try:
                fields = next(csv.reader([text.decode("utf-8")], delimiter=self.delimiter, strict=True))
            except UnicodeDecodeError as error:
                broken.append((row, "undecodable", f"byte {error.start + 1} of the row is no {self.encoding}"))
                continue
            except (csv.Error, StopIteration) as error:
                broken.append((row, "undecodable", f"the row can't be taken apart: {error}"))
                continue
            if len(fields) < len(self.columns) or any(extra.strip() for extra in fields[len(self.columns) :]):
                broken.append(
                    (row, "wrong_field_count", f"{len(fields)} fields, but the header has {len(self.columns)} columns")
                )
                continue
            kept.append(row)
            for cell, place in zip(cells, places, strict=True):
                cell.append(fields[place])
        arrays = [pa.array(cell, type=pa.string()) for cell in cells]
        return pa.table(arrays, names=wanted), kept, broken


def open_csv(path: Path, *, delimiter: str | None = None, encoding: str | None = None, skip_lines: int = 0) -> CsvFile:
    """Look at the head of a text file: encoding (by its byte order mark, else UTF-8), delimiter and column names.

    Raises InputError for an empty file, an unknown encoding, an undecodable header, one column only, or a name twice.
    """
    csv.field_size_limit(LONGEST_RECORD)
    encoding = _encoding(path, encoding)
    with _open_utf8(path, encoding) as stream:
        for _ in range(skip_lines):
            stream.readline()
        sample = stream.read(SAMPLE_BYTES)
    try:
        text = sample[: sample.rfind(b"\n") + 1 or None].decode("utf-8", errors="replace" if skip_lines else "strict")
    except UnicodeDecodeError:
        text = sample.decode("utf-8", errors="replace")
        if "\ufffd" in text.split("\n", 1)[0]:
            raise InputError(
                f"The header of {path} is not {encoding}",
                "name the encoding, say --encoding cp1252 or --encoding latin-1",
            ) from None
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise InputError(
            f"{path} has no header line",
            "the first line must name the columns; --skip-lines N leaves out what stands above",
        )
    delimiter = delimiter or _sniff_delimiter(lines[:50])
    columns = [name.strip() for name in next(csv.reader([lines[0]], delimiter=delimiter))]
    while columns and not columns[-1]:  # a delimiter at the end of each line
        columns.pop()
    columns = [name or f"column_{place}" for place, name in enumerate(columns, 1)]
    if len(columns) < 2:
        raise InputError(
            f"{path} has one column only: {columns}", "name the delimiter, say --delimiter ';' or --delimiter tab"
        )
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"{path} names a column twice: {', '.join(twice)}", "give each column its own name")
    return CsvFile(path, delimiter, encoding, tuple(columns), skip_lines + 1)


def _sniff_delimiter(lines: list[str]) -> str:
    """The delimiter that cuts the header into most fields, among those that cut most rows alike."""

    def score(delimiter: str) -> tuple[float, int]:
        counts = [len(fields) for fields in csv.reader(lines, delimiter=delimiter) if fields]
        return (sum(count == counts[0] for count in counts) / len(counts) if counts[0] > 1 else -1.0), counts[0]

    return max(DELIMITERS, key=score)


def _encoding(path: Path, given: str | None) -> str:
    if given:
        try:
            return codecs.lookup(given).name
        except LookupError:
            raise InputError(
                f"The encoding {given!r} is not known", "use utf-8, cp1252, latin-1, utf-16 or another name of Python's"
            ) from None
    with path.open("rb") as stream:
        head = stream.read(2)
    return "utf-16" if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"


def _open_utf8(path: Path, encoding: str) -> BinaryIO:
    """The file as a stream of UTF-8 bytes without byte order mark; UTF-8 itself is passed through unchecked."""
    stream: BinaryIO = path.open("rb")
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        if stream.read(3) != codecs.BOM_UTF8:
            stream.seek(0)
        return stream
    return io.BufferedReader(_Transcoder(stream, encoding), buffer_size=1 << 20)


class _Transcoder(io.RawIOBase):
    """Reads text in any encoding and gives it out as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._ready:
            raw = self._stream.read(1 << 18)
            self._ready = self._decoder.decode(raw, final=not raw).encode("utf-8")
            if not raw:
                break
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()
