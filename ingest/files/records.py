"""Cuts blocks of CSV bytes into records and knows the line on which each begins, quoted line breaks included."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from gemba.errors import InputError

LONGEST_RECORD = 1 << 20  # bytes; a longer one is a quote that was never closed


@dataclass(frozen=True)
class Block:
    """Whole records. starts, ends: int64 offsets into data, the line break not included; lines: their line numbers."""

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray


def read_blocks(stream: BinaryIO, delimiter: str, first_line: int, block_bytes: int) -> Iterator[Block]:
    """Read a binary stream to its end in blocks of whole records; blank lines are left out, but counted.

    stream stands at the start of line `first_line`. Memory is bounded by block_bytes and the longest record.
    Raises InputError where a quoted field goes on for more than a megabyte.
    """
    rest, line = b"", first_line
    while True:
        fresh = stream.read(block_bytes)
        data = rest + fresh
        if not data:
            return
        starts, ends, lines, used, lines_used = _records(data, delimiter, line, is_last=not fresh)
        if len(starts):
            yield Block(data, starts, ends, lines)
        rest, line = data[used:], line + lines_used
        if not fresh:
            return
        if len(rest) > LONGEST_RECORD + block_bytes:
            raise InputError(
                f"The record that begins in line {line} has more than {LONGEST_RECORD >> 20} MB",
                'a quote (") there is opened and never closed: mend that line',
            )


def _records(
    data: bytes, delimiter: str, line: int, *, is_last: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """starts, ends, lines of the whole records in data; bytes used; line breaks used."""
    bytes_ = np.frombuffer(data, dtype=np.uint8)
    breaks = np.flatnonzero(bytes_ == 10)
    if is_last and (not len(breaks) or breaks[-1] != len(data) - 1):
        breaks = np.append(breaks, len(data))
    starts = np.concatenate(([0], breaks[:-1] + 1)) if len(breaks) else np.empty(0, np.int64)
    ends = breaks
    first = np.arange(len(breaks))
    used, lines_used = (int(breaks[-1]) + 1, len(breaks)) if len(breaks) else (0, 0)
    if b'"' in data and len(breaks):
        first, last = _join_quoted(data, bytes_, starts, ends, delimiter, is_last)
        whole_lines = int(last[-1]) + 1 if len(last) else 0
        used, lines_used = (int(breaks[whole_lines - 1]) + 1, whole_lines) if whole_lines else (0, 0)
        starts, ends = starts[first], ends[last]
    if len(starts):
        ends = np.where((ends > starts) & (bytes_[np.maximum(ends - 1, 0)] == 13), ends - 1, ends)  # \r\n
    kept = ends > starts
    return starts[kept], ends[kept], (first + line)[kept], min(used, len(data)), lines_used


def _join_quoted(
    data: bytes, bytes_: np.ndarray, starts: np.ndarray, ends: np.ndarray, delimiter: str, is_last: bool
) -> tuple[np.ndarray, np.ndarray]:
    """First and last line (indices) of each record: a line that leaves a quoted field open goes on in the next."""
    before = np.concatenate(([0], np.cumsum(bytes_ == 34)))
    is_odd = (before[ends] - before[starts]) % 2 == 1
    if not is_odd.any():
        every = np.arange(len(starts))
        return every, every
    opening = delimiter.encode() + b'"'
    first, last, number, count = [], [], 0, len(starts)
    while number < count:
        begin = number
        if is_odd[number]:
            line = data[starts[number] : ends[number]]
            # a lone quote inside a plain field (3.5" pipe) opens nothing
            if line.startswith(b'"') or opening in line:
                number += 1
                while number < count and not is_odd[number]:
                    number += 1
                if number == count:  # still open at the end of what was read
                    if not is_last:
                        break
                    number = begin  # never closed: let the line stand alone and be refused
        first.append(begin)
        last.append(number)
        number += 1
    return np.array(first, dtype=np.int64), np.array(last, dtype=np.int64)
