"""The sentences of the daily report in one language: a message for each key, plurals, dates and numbers.

A language is one file, `texts/daily.<language>.yaml`. A message has named places in braces; where its words
depend on a number it has a form for each plural category of the language (Unicode CLDR), chosen by `n`.
Everything a reader sees comes through here, so a further language needs no code but its plural rule.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator, model_validator

from truceline.errors import Problem, TableError
from truceline.monitor.day_tally import Count
from truceline.scenario.assumption import Frozen
from truceline.scenario.yaml_source import YamlSource, parse_yaml, read_yaml

COMPASS_POINTS = 16
_TEXTS = "truceline.publish"
_TAIL = re.compile(r"[ \t\r\n\x00-\x1f\x7f]+")
MAX_FOREIGN = 200
"""Longest words from elsewhere (given to monitors, reasons) that a report repeats, in characters."""


def _one_other(n: int) -> str:
    return "one" if n == 1 else "other"


def _east_slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14:
        return "few"
    return "many"


PLURALS: Mapping[str, tuple[Callable[[int], str], tuple[str, ...]]] = {
    "one_other": (_one_other, ("one", "other")),
    "east_slavic": (_east_slavic, ("one", "few", "many")),
}
"""Rule and categories for whole numbers by name: one_other is English, east_slavic Ukrainian and Russian."""

Message = str | dict[str, str]


class Numbers(Frozen):
    """How numbers are written."""

    group: str
    """Between thousands."""
    decimal: str
    range: str
    """With {low} and {high}."""
    about: str
    """A number with its range: {best} and {range}."""


class Dates(Frozen):
    """How dates and times are written."""

    date: str
    """With {day}, {month} and {year}."""
    day: str
    """Without the year."""
    time: str
    """With {hour} and {minute}, two digits each."""
    moment: str
    """With {date} and {time}."""
    weekday: str
    """A date with its {weekday}."""
    months: tuple[str, ...]
    """In the form they have after a day."""
    months_short: tuple[str, ...]
    weekdays: tuple[str, ...]
    """From Monday."""


class Catalogue(Frozen):
    """One language."""

    language: str
    plural: str
    numbers: Numbers
    dates: Dates
    compass: tuple[str, ...]
    """Sixteen points from north, clockwise."""
    messages: dict[str, Message]

    @field_validator("plural")
    @classmethod
    def _rule_exists(cls, plural: str) -> str:
        if plural not in PLURALS:
            raise ValueError(f"'{plural}' is no plural rule; write one of {', '.join(PLURALS)}")
        return plural

    @model_validator(mode="after")
    def _is_whole(self) -> Catalogue:
        for what, words, n in (
            ("months", self.dates.months, 12),
            ("months_short", self.dates.months_short, 12),
            ("weekdays", self.dates.weekdays, 7),
            ("compass", self.compass, COMPASS_POINTS),
        ):
            if len(words) != n:
                raise ValueError(f"{what} has {len(words)} words; write {n}")
        wanted = set(PLURALS[self.plural][1])
        for key, message in self.messages.items():
            if isinstance(message, dict) and set(message) != wanted:
                forms = ", ".join(sorted(wanted))
                raise ValueError(f"{key} has the forms {', '.join(sorted(message))}; write {forms}")
        return self


class Words:
    """Says things in one language, in the mission's time zone."""

    def __init__(self, catalogue: Catalogue, zone: str = "UTC") -> None:
        self.catalogue = catalogue
        self.zone = ZoneInfo(zone)
        self._rule = PLURALS[catalogue.plural][0]

    @property
    def language(self) -> str:
        """Code of the language."""
        return self.catalogue.language

    def say(self, key: str, **values: Any) -> str:
        """Return the message of a key with its places filled; KeyError for a key that is not there.

        Whole numbers and counts are written as the language does; `n` also chooses the plural.
        """
        message = self.catalogue.messages[key]
        if isinstance(message, dict):
            n = values["n"]
            message = message[self._rule(n.best if isinstance(n, Count) else int(n))]
        return message.format(**{name: self._show(value) for name, value in values.items()})

    def whole(self, value: int) -> str:
        """Return a whole number."""
        return f"{value:,}".replace(",", self.catalogue.numbers.group)

    def decimal(self, value: float, digits: int) -> str:
        """Return a number with so many decimals."""
        whole, _, rest = f"{value:,.{digits}f}".partition(".")
        whole = whole.replace(",", self.catalogue.numbers.group)
        return f"{whole}{self.catalogue.numbers.decimal}{rest}" if rest else whole

    def count(self, count: Count) -> str:
        """Return a count: the most likely number, and the range where there is one."""
        if count.low == count.high:
            return self.whole(count.best)
        bounds = self.range(self.whole(count.low), self.whole(count.high))
        return self.catalogue.numbers.about.format(best=self.whole(count.best), range=bounds)

    def range(self, low: str, high: str) -> str:
        """Return two ends as a range."""
        return low if low == high else self.catalogue.numbers.range.format(low=low, high=high)

    def date(self, day: dt.date) -> str:
        """Return a date."""
        dates = self.catalogue.dates
        return dates.date.format(day=day.day, month=dates.months[day.month - 1], year=day.year)

    def day(self, day: dt.date) -> str:
        """Return a date without its year, the month shortened."""
        dates = self.catalogue.dates
        return dates.day.format(day=day.day, month=dates.months_short[day.month - 1])

    def weekday(self, day: dt.date) -> str:
        """Return a date with its weekday."""
        dates = self.catalogue.dates
        return dates.weekday.format(weekday=dates.weekdays[day.weekday()], date=self.date(day))

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment (UTC without zone) by the clock of the mission."""
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(self.zone)

    def time(self, moment: dt.datetime) -> str:
        """Return the time of day of a moment, by the clock of the mission."""
        at = self.local(moment)
        return self.catalogue.dates.time.format(hour=f"{at.hour:02}", minute=f"{at.minute:02}")

    def moment(self, moment: dt.datetime) -> str:
        """Return date and time of a moment, by the clock of the mission."""
        date_ = self.date(self.local(moment).date())
        return self.catalogue.dates.moment.format(date=date_, time=self.time(moment))

    def compass(self, bearing_deg: float) -> str:
        """Return the nearest of the sixteen points of the compass."""
        step = 360.0 / COMPASS_POINTS
        return self.catalogue.compass[int((bearing_deg % 360.0) / step + 0.5) % COMPASS_POINTS]

    def join(self, parts: Sequence[str]) -> str:
        """Return things in a row, the last one with 'and'."""
        if len(parts) < 2:
            return "".join(parts)
        return self.say("list.last", first=self.list(parts[:-1]), last=parts[-1])

    def list(self, parts: Iterable[str], key: str = "list.comma") -> str:
        """Return things in a row, parted by commas or as the message of `key` does; empty for none."""
        said = ""
        for part in parts:
            said = self.say(key, first=said, last=part) if said else part
        return said

    def name(self, family: str, word: str) -> str:
        """Return the name of a word of a vocabulary; the word itself, in plain letters, where it has none."""
        return self.say(f"{family}.{word}") if f"{family}.{word}" in self.catalogue.messages else plain(word)

    def _show(self, value: Any) -> str:
        if isinstance(value, Count):
            return self.count(value)
        if isinstance(value, int):
            return self.whole(value)
        return str(value)


def start(text: str) -> str:
    """Return text with its first letter large, as the head of a column begins."""
    return text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """Return words from elsewhere on one line, without control characters, cut where they are long."""
    line = _TAIL.sub(" ", text).strip()
    return line if len(line) <= MAX_FOREIGN else f"{line[: MAX_FOREIGN - 3]}..."


def places_of(message: Message) -> set[str]:
    """Return the names of the places in a message, in all its forms."""
    forms = message.values() if isinstance(message, dict) else (message,)
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None}


def list_languages() -> tuple[str, ...]:
    """Return the languages that are packaged."""
    names = (entry.name for entry in files(_TEXTS).joinpath("texts").iterdir())
    return tuple(sorted(n.split(".")[1] for n in names if re.fullmatch(r"daily\.[a-z-]+\.yaml", n)))


def load_texts(language_or_file: str | Path = "en") -> Catalogue:
    """Return a packaged language, or one from a file; TableError where it cannot be used."""
    if isinstance(language_or_file, Path):
        return _check(read_yaml(language_or_file))
    return _load_packaged(language_or_file)


@cache
def _load_packaged(language: str) -> Catalogue:
    if language not in list_languages():
        hint = f"write one of {', '.join(list_languages())}, or the path of a file"
        raise TableError("texts", [Problem("language", f"there is no '{language}'", hint)])
    entry = files(_TEXTS).joinpath("texts", f"daily.{language}.yaml")
    return _check(parse_yaml(entry.read_text(encoding="utf-8"), entry.name))


def _check(source: YamlSource) -> Catalogue:
    try:
        return Catalogue.model_validate(source.data)
    except ValidationError as error:
        problems = []
        for item in error.errors():
            found, _, hint = str(item.get("ctx", {}).get("error", "") or item["msg"]).partition("; ")
            path = ".".join(str(part) for part in item["loc"])
            problems.append(Problem(f"{source.name}  {path}", found, hint or "see daily.en.yaml"))
        raise TableError("texts", problems) from None
