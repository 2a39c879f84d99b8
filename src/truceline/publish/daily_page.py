"""What a daily report is made of on any page: sections of paragraphs, lists, tables and figures, as text.

HTML and DOCX lay out the same blocks, so that they cannot say different things. Text only, already in the
reader's language; nothing here is escaped yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str
    kind: str = ""
    """note for small print, alarm for what must not be overlooked; empty for plain text."""
    lead: str = ""
    """Words set in bold before the text."""


@dataclass(frozen=True)
class Bullets:
    """A list; each item has a lead in bold, and its text."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Head:
    """Head of a column."""

    text: str
    is_number: bool = False
    share: float = 1.0
    """Width against the other columns."""


@dataclass(frozen=True)
class Row:
    """Row of a table."""

    cells: tuple[str, ...]
    kind: str = ""
    """total, group (one cell for the whole width), out (not counted) or empty."""


@dataclass(frozen=True)
class Grid:
    """A table with a head."""

    name: str
    """Its id on the page."""
    title: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    note: str = ""
    is_small: bool = False
    """Set in small type: many columns of words."""


@dataclass(frozen=True)
class Plate:
    """A figure, drawn elsewhere under that name."""

    name: str
    label: str


Block = Paragraph | Bullets | Grid | Plate


@dataclass(frozen=True)
class Section:
    """A numbered part of the report."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    is_wide: bool = False
    """Needs a page across."""


@dataclass(frozen=True)
class Stat:
    """One of the large numbers at the top."""

    what: str
    number: str
    band: str
    more: str
    is_alarm: bool = False


@dataclass(frozen=True)
class Page:
    """The whole report."""

    language: str
    brand: str
    title: str
    mission: str
    lines: tuple[str, ...]
    """Under the title: as of, period, issued."""
    notices: tuple[str, ...]
    """What must be known before anything is read: simulated, corrects an earlier report."""
    stats: tuple[Stat, ...]
    sections: tuple[Section, ...]
    contents: str
    """Name of the list of contents."""
    footer: str
    page_word: str
    """Before the number of a page."""
    figures: dict[str, str] = field(default_factory=dict)
