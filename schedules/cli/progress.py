"""How far a simulation is: a bar with the time to go on stderr, where somebody watches; else what was compiled only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def told(what: str) -> Iterator[Callable[[str, float], None]]:
    """What the laboratory reports to while ``what`` runs: its sentence, and the fraction of the paths that are done.

    stdout stays the answer's. The bar is gone when the work ends, however it ends.
    """
    if not sys.stderr.isatty():
        yield _compiled
        return
    from rich.console import Console  # noqa: PLC0415 - rich costs 50 ms that --json and --help should not pay
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)

        def tell(doing: str, done: float) -> None:
            if doing.startswith("compiled"):
                bar.console.print(f"insure: {doing}", markup=False, highlight=False)
            else:
                bar.update(task, completed=done, description=f"{what}: {doing}")

        yield tell


def _compiled(doing: str, _done: float) -> None:
    """Compilations take seconds once; the paths themselves need no line each."""
    if doing.startswith("compiled"):
        typer.echo(f"insure: {doing}", err=True)
