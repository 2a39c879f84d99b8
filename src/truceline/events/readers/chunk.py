"""What a reader of files gives: rows in chunks, and one message where a file cannot be read.

Sizes here are bounds on what is taken from an untrusted file; each says what it protects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, TrucelineError
from truceline.events.feeds.base import Reject, shorten

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 100_000
"""Most rows of a chunk."""
CHUNK_CHARACTERS = 32_000_000
"""Characters after which a chunk is full whatever its rows: the memory of a reader is a few times this."""
MAX_COLUMNS = 500
"""Most columns of a file; the widest of the formats known has under a hundred."""
MAX_ROWS = 100_000_000
"""Most rows of a file."""
MAX_UNPACKED_BYTES = 8_000_000_000
"""Most bytes taken out of a compressed file that is read as a stream."""
MAX_RATIO = 200
"""Most bytes out for a byte in: tables of reports give 5 to 30, a bomb gives 1,000."""
RATIO_FREE_BYTES = 20_000_000
"""Bytes out below which the ratio does not matter."""


class ReportFileError(TrucelineError):
    """A file of reports cannot be read or is of no known format."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file."""

    raw: pd.DataFrame
    """Columns by stripped lower-case names; text for CSV, XLSX and GeoJSON, typed for Parquet."""
    lines: NDArray[np.int64]
    """Line of each row in the file, from 1, header counted; number of the row where there are no lines."""
    originals: NDArray[np.object_]
    """Each row as compact JSON, keys as in the file."""
    digests: NDArray[np.object_] | None = None
    """Digest of each original (`feeds.base.digest_texts`), where the reader makes them on its way."""
    is_plain: bool = False
    """Text columns are Python strings without blanks at their ends, empty where missing."""
    rejects: tuple[Reject, ...] = ()
    """Rows that have not the columns of the header; they are in no frame."""
    done: float = 1.0
    """Share of the file read by now."""
    how: str = ""
    """How the file was read, for messages: CSV with the delimiter ','."""


@dataclass
class RowKeeper:
    """Collects rows of text until they make a chunk."""

    names: list[str]
    """Names of the columns, in lower case."""
    how: str
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    n_characters: int = 0

    def add(self, row: list[str], line: int, original: str) -> bool:
        """Keep a row; True when the chunk is full."""
        self.rows.append(row)
        self.lines.append(line)
        self.originals.append(original)
        self.n_characters += len(original)
        return len(self.rows) >= CHUNK_ROWS or self.n_characters >= CHUNK_CHARACTERS

    def reject(self, line: int, where: str, found: str, hint: str, reason: str) -> bool:
        """Note a row that cannot be used; True when the chunk is full."""
        self.rejects.append(Reject(line, where, found, hint, reason))
        return len(self.rejects) >= CHUNK_ROWS

    def take(self, done: float) -> Chunk:
        """Return the rows kept as a chunk, and start the next."""
        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * len(self.names)
        chunk = Chunk(
            make_text_frame(dict(zip(self.names, columns, strict=True)), len(self.rows)),
            np.asarray(self.lines, dtype=np.int64),
            as_objects(self.originals),
            rejects=tuple(self.rejects),
            done=min(max(done, 0.0), 1.0),
            how=self.how,
        )
        self.rows, self.lines, self.originals, self.rejects = [], [], [], []
        self.n_characters = 0
        return chunk


def make_text_frame(columns: dict[str, tuple[str, ...]], n_rows: int) -> pd.DataFrame:
    """Return columns of text as a frame of Python strings, whichever version of pandas makes it."""
    import pandas as pd

    index = pd.RangeIndex(n_rows)
    series = {
        name: pd.Series(as_objects(values), index=index, dtype=object) for name, values in columns.items()
    }
    return pd.DataFrame(series, index=index, copy=False)


def as_objects(values: list[str] | tuple[str, ...]) -> NDArray[np.object_]:
    """Return text as an array of Python objects."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def check_header(header: list[str], path: Path) -> list[str]:
    """Return the names of columns in lower case; ReportFileError where there are none, too many, or twins."""
    names = [name.strip().lower() for name in header]
    if not any(names):
        raise refuse(path, "has no header", "the first line must name the columns")
    if len(names) > MAX_COLUMNS:
        raise refuse(path, f"has {len(names):,} columns", f"at most {MAX_COLUMNS} are read")
    problems = []
    for at, name in enumerate(names):
        first = names.index(name)
        if not name:
            problems.append(Problem(f"{path.name}:1", f"column {at + 1} has no name", "give it one"))
        elif first < at:
            found = f"the column '{shorten(name)}' stands twice (columns {first + 1} and {at + 1})"
            problems.append(Problem(f"{path.name}:1", found, "rename or remove one"))
    if problems:
        raise ReportFileError(path.name, problems)
    return names


def refuse(path: Path, found: str, hint: str, *, line: int | None = None) -> ReportFileError:
    """Return the one error about a file."""
    where = path.name if line is None else f"{path.name}:{line}"
    return ReportFileError(path.name, [Problem(where, found, hint)])


def check_ratio(n_out: int, n_in: int, path: Path) -> None:
    """Raise ReportFileError where a compressed file gives more than belongs in a file of reports."""
    if n_out > MAX_UNPACKED_BYTES:
        raise refuse(
            path, f"unpacks to more than {MAX_UNPACKED_BYTES / 1e9:g} GB", "split it into several files"
        )
    if n_out > RATIO_FREE_BYTES and n_out > MAX_RATIO * max(n_in, 1):
        found = f"unpacks to more than {MAX_RATIO} times its size: it may be a zip bomb"
        raise refuse(path, found, "unpack it yourself and look at it first")
