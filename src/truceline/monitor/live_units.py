"""Which senders of a live feed are the mission's own: a list made by the mission, read from a CSV file.

A row names a sender by `uid` or `callsign` (`*` and `?` stand for any letters), and says for which post, by
which means and in which region it watches. Senders that are not listed are nobody's: they are counted, and
nothing of them is kept. A callsign is easily borrowed: where that matters, list uids and ask for
certificates.
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from truceline.errors import ProblemList, ScenarioError
from truceline.events.kinds import OWN_MEANS
from truceline.exchange.cot_event import CotEvent
from truceline.monitor.mission import Mission

COLUMNS: Mapping[str, str] = {
    "uid": "Identity that the device sends; * and ? stand for any letters",
    "callsign": "Callsign that the device sends, where uid is empty",
    "post": "Name of the post, patrol or aircraft, as in reports and effort",
    "means": "patrol, uav, post, camera, acoustic or radar",
    "region": "Region in which it watches, as the mission names it",
}
"""Every column of the list and its meaning."""

_MOST_BYTES = 5_000_000
"""Largest list read."""
_MOST_PATTERNS = 1000
"""Most rows with * or ?: every event of an unlisted sender is compared with each."""
_MOST_LETTERS = 120


@dataclass(frozen=True, order=True)
class Unit:
    """One who watches: what several devices of one patrol have in common."""

    means: str
    post: str
    region: str


@dataclass(frozen=True)
class UnitList:
    """The senders that are the mission's own."""

    by_uid: Mapping[str, Unit] = field(default_factory=dict)
    by_callsign: Mapping[str, Unit] = field(default_factory=dict)
    patterns: tuple[tuple[str, re.Pattern[str], Unit], ...] = ()
    """Which of the two, the pattern, and whom it stands for; the first that fits holds."""

    def find(self, event: CotEvent) -> Unit | None:
        """Return whose event it is: by its uid, by the one who sent it, by its callsign; None for others'."""
        senders = [event.uid, *(link.uid for link in event.links if link.relation == "p-p")]
        for uid in senders:
            if unit := self._find(uid, "uid"):
                return unit
        return self._find(event.callsign, "callsign") if event.callsign else None

    def _find(self, word: str, which: str) -> Unit | None:
        exact = (self.by_uid if which == "uid" else self.by_callsign).get(word)
        if exact is not None:
            return exact
        return next((u for kind, p, u in self.patterns if kind == which and p.fullmatch(word)), None)

    @property
    def units(self) -> tuple[Unit, ...]:
        """All of them, in order."""
        named = (*self.by_uid.values(), *self.by_callsign.values(), *(unit for *_, unit in self.patterns))
        return tuple(sorted(set(named)))


def read_units(path: Path, mission: Mission) -> UnitList:
    """Return the list in a CSV file; ScenarioError that gathers everything wrong with it."""
    problems = ProblemList()
    try:
        data = path.read_bytes()[: _MOST_BYTES + 1]
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        problems.add(str(path), "cannot be read as text in UTF-8", "save it as CSV in UTF-8")
        problems.raise_if_any(ScenarioError, "units")
        raise  # never: the line above raised
    if len(data) > _MOST_BYTES:
        problems.add(str(path), f"is larger than {_MOST_BYTES:,} bytes", "list the mission's units alone")
        problems.raise_if_any(ScenarioError, "units")
    rows = csv.DictReader(io.StringIO(text))
    given = tuple(name.strip().lower() for name in rows.fieldnames or ())
    rows.fieldnames = given
    lacking = [name for name in ("post", "means", "region") if name not in given]
    if not {"uid", "callsign"} & set(given):
        lacking.insert(0, "uid or callsign")
    if lacking:
        problems.add(f"{path}:1", f"lacks {', '.join(lacking)}", f"columns are {', '.join(COLUMNS)}")
        problems.raise_if_any(ScenarioError, "units")
    try:
        made = _read_rows(rows, path, mission, problems)
    except csv.Error as error:
        problems.add(f"{path}:{rows.line_num}", f"is no CSV: {error}", "save it as CSV in UTF-8")
        made = UnitList()
    if not made.units and not problems.has_errors():
        problems.add(str(path), "names nobody", "write a row for each device")
    problems.raise_if_any(ScenarioError, "units")
    return made


def _read_rows(
    rows: Iterable[Mapping[str, str | None]], path: Path, mission: Mission, problems: ProblemList
) -> UnitList:
    exact: dict[str, dict[str, Unit]] = {"uid": {}, "callsign": {}}
    patterns: list[tuple[str, re.Pattern[str], Unit]] = []
    for at, row in enumerate(rows, start=2):
        where = f"{path.name}:{at}"
        words = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not any(words.values()):
            continue
        unit = _read_unit(words, mission, where, problems)
        which = "uid" if words["uid"] else "callsign"
        word = words[which]
        if not word:
            problems.add(where, "has neither uid nor callsign", "write one of them")
        elif "*" in word or "?" in word:
            if not word.strip("*?"):
                problems.add(where, f"'{word}' fits everybody", "write at least one letter of it")
            patterns.append((which, re.compile(fnmatch.translate(word)), unit))
        elif exact[which].setdefault(word, unit) != unit:
            problems.add(where, f"'{word[:40]}' is listed twice, for different posts", "keep one row")
    if len(patterns) > _MOST_PATTERNS:
        problems.add(str(path), f"has {len(patterns):,} rows with * or ?", f"keep {_MOST_PATTERNS:,}")
    return UnitList(exact["uid"], exact["callsign"], tuple(patterns))


def _read_unit(words: Mapping[str, str], mission: Mission, where: str, problems: ProblemList) -> Unit:
    means = words["means"].lower()
    if means not in OWN_MEANS:
        problems.add(where, f"means '{means[:40]}' is none of ours", f"write {', '.join(OWN_MEANS)}")
    for name in ("post", "region"):
        if not words[name]:
            problems.add(where, f"{name} is empty", COLUMNS[name])
        elif len(words[name]) > _MOST_LETTERS or not words[name].isprintable():
            problems.add(where, f"{name} is too long, or not printable", COLUMNS[name])
    region = mission.region_of(words["region"])
    known = [each.name for each in mission.regions]
    if known and words["region"] and region not in known:
        found = f"region '{words['region'][:40]}' is not one of the mission"
        problems.add(where, found, f"write {', '.join(known)}")
    return Unit(means, words["post"], region)
