"""Reads Parquet in chunks, row group by row group, so that a large file is never in memory whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from gemba.errors import InputError
from ingest.files.chunk import Chunk


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file: its column names and its number of rows. Its rows are numbered from 1."""

    path: Path
    columns: tuple[str, ...]
    size: int

    def chunks(self, wanted: list[str], chunk_rows: int) -> Iterator[Chunk]:
        """The rows in chunks of at most chunk_rows, with the wanted columns as they are typed in the file."""
        done = 0
        with pyarrow.parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=chunk_rows, columns=wanted):
                table = pa.Table.from_batches([batch])
                lines = np.arange(done + 1, done + 1 + table.num_rows)
                done += table.num_rows
                yield Chunk(table, lines, _text_of(table), done)


def _text_of(table: pa.Table):
    def text_of(row: int) -> bytes:
        """The row as a JSON object; there is no text in the file to keep."""
        return json.dumps(table.slice(row, 1).to_pylist()[0], default=str, ensure_ascii=False).encode()

    return text_of


def open_parquet(path: Path) -> ParquetFile:
    """Read the footer. Raises InputError when the file is not Parquet or is cut off."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            return ParquetFile(path, tuple(file.schema_arrow.names), file.metadata.num_rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is no readable Parquet file: {error}", "copy it again, or export it again") from error
