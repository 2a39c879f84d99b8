"""`truceline monitor copy`: a store into another one, from a file to a server or back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table
from truceline.cli._monitor_store import DEFAULT_WAIT_S, WaitOption, open_for
from truceline.cli._progress import show_progress

if TYPE_CHECKING:
    from truceline.store.base import Store


def copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The store that is copied.", show_default=False)
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="A new file, or postgresql://user@host/database.", show_default=False
        ),
    ],
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Copy a store into a new or empty one, either way between a file and a server.

    Everything is copied, with the history of every row, and read back and compared before it is kept: in the
    end the target holds all of it, or nothing. A copy that was broken off is started again.
    """
    from truceline.events.schema import TABLES
    from truceline.store.copying import copy_store

    with (
        open_for(source, writing=False, wait_s=wait) as opened,
        _open_target(target, wait) as made,
        show_progress(list(TABLES), quiet=False) as tell,
    ):
        copied, place = copy_store(opened, made, progress=tell), made.place
    rows = [Row((table.name, f"{table.n_rows:,}", table.checksum)) for table in copied if table.n_rows]
    print_table(("table", "rows", "checksum"), rows)
    n_rows = sum(table.n_rows for table in copied)
    print_line(f"{place}: {n_rows:,} rows, read back and found the same.")


def _open_target(target: str, wait_s: float) -> Store:
    """Return the target open for writing, made where it is not there."""
    from truceline.store.open import create_store, has_store, open_store

    return open_store(target, writing=True, wait_s=wait_s) if has_store(target) else create_store(target)
