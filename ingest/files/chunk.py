"""What a reader of files hands on: some rows as Arrow columns, each row with its line number and its text."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Reject:
    """One refused row, or the refused cells of a row.

    line_number: 1 first, the header counted. payload: the row as it stands in the file. reason_code and detail as in
    ops.dead_letters. reading_count, label_count: how many readings and labels are refused with it.
    """

    line_number: int
    payload: bytes
    reason_code: str
    detail: str
    reading_count: int = 0
    label_count: int = 0


@dataclass(frozen=True)
class Chunk:
    """Rows of one file, in the file's order.

    table: one column per wanted column; text from CSV, typed from Parquet. line_numbers: int64, one per row (the line
    on which the row begins; the row's number from 1 for Parquet). text_of(i): the i-th row as it stands in the file.
    broken: rows that could not be taken apart (their line number, text, reason_code, detail).
    position: how far into the file this chunk reaches, in bytes (rows for Parquet).
    """

    table: pa.Table
    line_numbers: np.ndarray
    text_of: Callable[[int], bytes]
    position: int
    broken: list[tuple[int, bytes, str, str]] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        """Rows of the file that this chunk covers, the broken ones included."""
        return self.table.num_rows + len(self.broken)
