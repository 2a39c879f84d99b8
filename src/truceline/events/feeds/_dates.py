"""Dates as sources write them, put into the one form that is parsed: 16 February 2024, 20240216, 17-Feb.

Words in, words out; what is not understood stays as it is and is refused later with its own words.
"""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})[ .\-/]+([A-Za-z]{3,9})\.?(?:[ .,\-/]+(\d{4}))?")


def tidy_date(word: str, *, year: str = "") -> str:
    """Return a date as YYYY-MM-DD; `year` is for a date that names none. Other words stay as they are."""
    if match := _COMPACT.fullmatch(word):
        return "-".join(match.groups())
    if match := _DAY_MONTH.fullmatch(word):
        day, month, written = match.groups()
        number = month_number(month)
        if number and (written or year):
            return f"{written or year}-{number:02d}-{int(day):02d}"
    return word


def month_number(word: str) -> int:
    """Return 1 to 12 for the English name of a month or its first three letters, 0 for other words."""
    start = word[:3].lower()
    return _MONTHS.index(start) + 1 if start in _MONTHS else 0
