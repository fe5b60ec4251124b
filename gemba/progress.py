"""Steps on the terminal: a line each, with a spinner and the time while it runs; plain lines without a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)

Note = Callable[[str], None]


@contextmanager
def step(title: str) -> Iterator[Note]:
    """Show that a step runs and, at its end, how long it took. Yields a function that shows a detail meanwhile."""
    started = time.monotonic()

    def elapsed() -> str:
        return f"{time.monotonic() - started:.1f} s"

    if not console.is_terminal:
        console.print(f"  {title} ...")
        yield lambda detail: console.print(f"    {detail}", markup=False)
        console.print(f"  {title}: done in {elapsed()}")
        sys.stdout.flush()
        return
    with console.status(f"{title} ...") as status:
        yield lambda detail: status.update(f"{title} ... [dim]{detail[-100:]}[/dim]")
    console.print(f"[green]✓[/green] {title} [dim]{elapsed()}[/dim]")
