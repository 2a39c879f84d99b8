"""Every source format that can be imported, by name and by the columns of a file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from truceline.errors import Problem
from truceline.events.feeds import acled, alerts, attacks, efforts, firms, osce, osce_table, own, ucdp, viina
from truceline.events.feeds.base import Feed, shorten
from truceline.events.readers.chunk import ReportFileError

MAX_LISTED = 40
"""Most columns of a file repeated in a message."""

FEEDS: tuple[Feed, ...] = (
    *own.FEEDS,
    *efforts.FEEDS,
    *viina.FEEDS,
    *ucdp.FEEDS,
    *acled.FEEDS,
    *firms.FEEDS,
    *alerts.FEEDS,
    *attacks.FEEDS,
    *osce.FEEDS,
    *osce_table.FEEDS,
)
"""Every source format, the product's own first."""


def find_feed(name: str) -> Feed:
    """Return a format by its name; ReportFileError names those there are."""
    for feed in FEEDS:
        if feed.name == name:
            return feed
    names = [feed.name for feed in FEEDS]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"formats are {', '.join(names)}"
    raise ReportFileError("format", [Problem("format", f"'{shorten(name)}' is not known", hint)])


def recognise_feed(columns: Sequence[str], *, where: str = "file", how: str = "") -> Feed:
    """Return the format that a file with these columns (lower case) is of: the one that needs most of them.

    `where` names the file and `how` says how it was read, for the message. Raises ReportFileError that lists
    the columns found and what each format needs.
    """
    fitting = [feed for feed in FEEDS if feed.fits(columns)]
    if fitting:
        return max(fitting, key=lambda feed: len(feed.needs) + len(feed.one_of))
    raise _unknown(columns, where, how)


def check_feed(feed: Feed, columns: Sequence[str], *, where: str = "file", how: str = "") -> None:
    """Raise ReportFileError where a file lacks columns that the format named for it needs."""
    there = set(columns)
    lacking = [*sorted(feed.needs - there), *(" or ".join(sorted(n)) for n in feed.one_of if not n & there)]
    if lacking:
        found = f"lacks {', '.join(lacking)} for the format {feed.name}; it has {_list_columns(columns)}"
        raise ReportFileError(where, [Problem(where, f"{found}{_how(columns, how)}", "rename the columns")])


def _unknown(columns: Sequence[str], where: str, how: str) -> ReportFileError:
    found = f"is of no known format: it has {_list_columns(columns)}{_how(columns, how)}"
    formats = "".join(f"\n    {feed.name}: {feed.describe_needs()}" for feed in FEEDS)
    hint = f"name the columns as one of these formats does, or write the own form:{formats}"
    return ReportFileError(where, [Problem(where, found, hint)])


def _list_columns(columns: Sequence[str]) -> str:
    listed = ", ".join(shorten(name) for name in columns[:MAX_LISTED])
    n_more = len(columns) - MAX_LISTED
    noun = "the column" if len(columns) == 1 else f"{len(columns)} columns:"
    return f"{noun} {listed}" + (f" and {n_more} more" if n_more > 0 else "")


def _how(columns: Sequence[str], how: str) -> str:
    """Return how the file was cut into columns, where that may be what is wrong."""
    return f", read as {how}" if len(columns) == 1 and how else ""
