"""Print for people: tables that fit the terminal, problems on the error stream, no surprises in pipes.

Text from files is printed as it is, never as markup, and without control characters: a scenario from
somebody else must not steer the reader's terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from truceline.errors import Problem, TrucelineError

PIPED_COLUMNS = 180
"""Width of tables that do not go to a terminal, so that a pipe or a file does not wrap them narrowly."""

MAX_CELL_COLUMNS = 60
"""Width at which a cell is folded, so that one long text does not starve the columns after it."""


class _Pipe(Console):
    """A console that leaves it to the front door what becomes of a reader that went away."""

    def on_broken_pipe(self) -> None:
        """Pass the error on; by default the library ends the program with a code of its own."""
        raise BrokenPipeError


def open_console() -> Console:
    """Return a console on the current standard output."""
    is_terminal = sys.stdout.isatty()
    return _Pipe(width=None if is_terminal else PIPED_COLUMNS, markup=False, highlight=False, emoji=False)


def printable(text: str) -> str:
    """Return `text` without characters that would steer a terminal; line ends stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\ufffd" for character in text
    )


def print_line(text: str = "") -> None:
    """Print one line as it is: no wrapping, no markup."""
    sys.stdout.write(f"{printable(text)}\n")


def print_title(text: str) -> None:
    """Print a heading, bold where the terminal can."""
    _write(Text(printable(text), style="bold"), fold=False)


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells, and how it stands out where the terminal can show that.

    The style only repeats what the text says: a pipe loses nothing.
    """

    cells: Sequence[str]
    style: str = ""


def print_table(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print rows under column heads, folded to the width there is; short rows are filled up."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    for number, column in enumerate(columns):
        is_last = number == len(columns) - 1
        # Names in the first column stay whole: cut or folded, a path could not be copied.
        whole = number == 0
        most = None if is_last or whole else MAX_CELL_COLUMNS
        table.add_column(column, overflow="fold", no_wrap=whole, max_width=most)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row.cells), style=row.style or None)
    _write(table)


def _write(what: RenderableType, *, fold: bool = True) -> None:
    """Render for the width there is, then write without the blanks that fill up lines.

    The console library would end the program by itself where the reader of a pipe went away.
    """
    console = open_console()
    with console.capture() as captured:
        console.print(what, soft_wrap=not fold)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_error(error: TrucelineError) -> None:
    """Print the gathered problems of an error on the error stream."""
    sys.stderr.write(f"{printable(error.message())}\n")


def print_warnings(title: str, warnings: Iterable[Problem]) -> None:
    """Print warnings on the error stream, where they do not disturb what is piped."""
    gathered = tuple(warnings)
    if gathered:
        print_error(TrucelineError(title, gathered))
