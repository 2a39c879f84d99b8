"""Times as the web writes them (RFC 3339): read to UTC without zone, written with a Z.

A time without a zone is refused, not guessed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def read_moment(text: str) -> datetime:
    """Return a moment, UTC without zone; ValueError for anything that is not a full time with its zone.

    What is finer than a microsecond is cut off.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text[:40]}' is no time with its zone")
    day, clock, fraction, zone = found.groups()
    offset = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}")
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"'{text[:40]}' is out of the calendar") from None


def write_moment(moment: datetime) -> str:
    """Return a moment (UTC without zone) as RFC 3339, with no more digits than it has."""
    return f"{moment.isoformat()}Z"
