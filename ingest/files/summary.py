"""What an import did, counted so that it adds up: read = stored + duplicates + rejected, in readings."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass
class Counts:
    """read = stored + duplicates + rejected."""

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0

    def add(self, other: "Counts") -> None:
        self.read += other.read
        self.stored += other.stored
        self.duplicates += other.duplicates
        self.rejected += other.rejected

    @property
    def adds_up(self) -> bool:
        return self.read == self.stored + self.duplicates + self.rejected


@dataclass
class Tally:
    """One file, or all of them. rows: data rows. readings: cells with something in them. labels: label cells.

    states: state samples made from a column. empty: cells without a reading. reasons: rejected readings and labels by
    reason_code. rejected_rows: rows of which something was rejected.
    """

    rows: int = 0
    rejected_rows: int = 0
    empty: int = 0
    readings: Counts = field(default_factory=Counts)
    labels: Counts = field(default_factory=Counts)
    states: Counts = field(default_factory=Counts)
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        self.rows += other.rows
        self.rejected_rows += other.rejected_rows
        self.empty += other.empty
        self.readings.add(other.readings)
        self.labels.add(other.labels)
        self.states.add(other.states)
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count

    @property
    def adds_up(self) -> bool:
        return self.readings.adds_up and self.labels.adds_up and self.states.adds_up

    @property
    def rejected(self) -> int:
        return self.readings.rejected + self.labels.rejected + self.states.rejected

    def as_document(self) -> dict[str, Any]:
        """For ops.job_runs.detail."""
        return asdict(self)


def total_of(tallies: dict[str, Tally]) -> Tally:
    """The sum over files."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    return total


def show(console: Console, tallies: dict[str, Tally], seconds: float, machine: str, *, is_dry_run: bool) -> None:
    """Print the table by file and in total, and what was refused and why."""
    total = total_of(tallies)
    title = f"{'Dry run: nothing was stored' if is_dry_run else 'Import'} - {machine}"
    console.print(title, style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold")
    stored = "to store" if is_dry_run else "stored"
    for name in ("rows", "readings read", stored, "duplicates", "rejected", "empty cells"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, tally in tallies.items():
        table.add_row(escape(name), *_cells(tally))
    if len(tallies) > 1:
        table.add_section()
        table.add_row("all files", *_cells(total), style="bold")
    console.print(table)
    for name, counts in (("labels", total.labels), ("state samples", total.states)):
        if counts.read:
            console.print(
                f"{name}: read {counts.read:,} = {stored} {counts.stored:,} + duplicates {counts.duplicates:,}"
                f" + rejected {counts.rejected:,}"
            )
    if total.reasons:
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(total.reasons.items()))
        console.print(f"rejected: {why} (in {total.rejected_rows:,} rows)")
        if "conflict" in total.reasons:
            console.print("conflict: the same instant was stored before with another value; the first value stands")
        if not is_dry_run:
            console.print("`gemba dead-letters list` shows each row with its line number")
    rate = f", {total.readings.read / seconds:,.0f} readings/s" if seconds > 0.5 else ""
    console.print(f"{total.rows:,} rows in {seconds:.1f} s{rate}")


def _cells(tally: Tally) -> list[str]:
    counts = tally.readings
    return [
        f"{each:,}"
        for each in (tally.rows, counts.read, counts.stored, counts.duplicates, counts.rejected, tally.empty)
    ]
