"""Show how far long work is, on a terminal only; a pipe or a file gets no control characters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Tell = Callable[[str, float], None]


@contextmanager
def show_progress(stages: list[str], *, quiet: bool) -> Iterator[Tell]:
    """Give a function that takes a stage and how far it is; others are shown without moving the bar."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=len(stages))
        place = {stage: number for number, stage in enumerate(stages)}

        def tell(stage: str, share: float) -> None:
            if stage in place:
                progress.update(task, description=stage, completed=place[stage] + min(max(share, 0.0), 1.0))
            else:
                progress.update(task, description=stage)

        yield tell
