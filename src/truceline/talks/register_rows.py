"""Turn rows of the tables of talks into actors, issues, statements and standings.

What is wrong with a row is noted with its place and what to write; `register_reading` gathers and checks the
tables against each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from truceline.errors import ProblemList
from truceline.scenario.assumption import Evidence
from truceline.scenario.tables import Row, check_words, read_day, split_list
from truceline.talks.model import EVERY_ISSUE, KINDS, MOST_POWER, SEATS, Actor, Issue, StandingRow, Statement
from truceline.trace import Traced

SILENCE = "none"
"""What stands for a position where nothing was said."""
_VETOES: Mapping[str, bool | None] = {"yes": True, "no": False, "": None}
Range = tuple[float, float, float]


@dataclass(frozen=True)
class Limits:
    """Between which ends numbers of a column lie, and in which words that is said."""

    low: float
    high: float
    what: str


def find_near(key: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown key: the nearest known one, or the known ones."""
    names = sorted(known)
    near = get_close_matches(key, names, n=1)
    return f"did you mean {near[0]}?" if near else f"one of {', '.join(names[:20])}"


def read_number(cell: str, column: str, where: str, limits: Limits, problems: ProblemList) -> float | None:
    """Return a cell as a number within its limits, or None with a problem noted."""
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        problems.add(where, f"{column} {cell!r} is not a number", f"write {limits.what}")
        return None
    if not limits.low <= number <= limits.high:
        found = "is negative" if number < 0 <= limits.low else "is outside its scale"
        problems.add(where, f"{column} {cell} {found}", f"write {limits.what}")
        return None
    return number


def _parse_range(
    row: Row, columns: Sequence[str], where: str, limits: Limits, problems: ProblemList
) -> Range | None:
    """Return low, value and high from the columns value, low, high; a range left empty is the value alone."""
    value, low, high = columns
    cells = {column: cell for column in columns if (cell := row.get(column, ""))}
    if value not in cells:
        problems.add(where, f"{value} is empty", f"write {limits.what}")
        return None
    numbers = {
        column: number
        for column, cell in cells.items()
        if (number := read_number(cell, column, where, limits, problems)) is not None
    }
    if len(numbers) < len(cells):
        return None
    middle = numbers[value]
    ends = numbers.get(low, middle), middle, numbers.get(high, middle)
    return order_range(ends, f"{low}, {value}, {high}", where, problems)


def order_range(numbers: Range, what: str, where: str, problems: ProblemList) -> Range | None:
    """Return low, value, high, or None with a problem noted where they are not in that order."""
    low, value, high = numbers
    if not low <= value <= high:
        found = f"{what}: {low:g}, {value:g}, {high:g} are not in order"
        problems.add(where, found, "write the lowest, the value, the highest")
        return None
    return numbers


def parse_issue(row: Row, where: str, problems: ProblemList) -> Issue:
    """Return an issue with its scale, quota and reference.

    Something stands in for numbers that are refused, so that other tables do not seem to name an issue that
    is not there.
    """
    anything = Limits(-math.inf, math.inf, "a number")
    low = read_number(row["from"], "from", where, anything, problems)
    high = read_number(row["to"], "to", where, anything, problems)
    share = Limits(0.0, math.inf, "a share above 0 and up to 1")
    quota = _parse_range(row, ("quota", "quota_low", "quota_high"), where, share, problems)
    if quota is not None and quota[2] > 1:
        found = f"quota {quota[2]:g} is more than the whole weight: nobody reaches it"
        problems.add(where, found, f"write {share.what}")
    if quota is not None and quota[0] <= 0:
        problems.add(where, f"quota {quota[0]:g} lets anybody decide", f"write {share.what}")
    if low is not None and high is not None and low >= high:
        problems.add(where, f"the scale from {low:g} to {high:g} has no width", "write the lower end first")
        low = high = None
    if low is None or high is None:
        low, high = -math.inf, math.inf
    scale = Limits(low, high, f"a number from {low:g} to {high:g}")
    columns = ("reference", "reference_low", "reference_high")
    reference = _parse_range(row, columns, where, scale, problems)
    marks = []
    for mark in split_list(row.get("marks", "")):
        value, _, meaning = mark.partition("=")
        number = read_number(value.strip(), "marks", where, scale, problems)
        if number is not None:
            marks.append((number, meaning.strip()))
    quota, reference = quota or (1.0, 1.0, 1.0), reference or (low, low, low)
    key, label, unit = row["issue"], row["label"] or row["issue"], row.get("unit", "")
    return Issue(
        key=key,
        label=label,
        question=row["question"],
        low_end=low,
        high_end=high,
        unit=unit,
        low_means=row.get("from_means", ""),
        high_means=row.get("to_means", ""),
        marks=tuple(sorted(marks)),
        quota=_trace(
            f"talks.quota.{key}", f"Share of the weight that decides: {label}", "1", quota, row, "quota"
        ),
        reference=_trace(
            f"talks.reference.{key}",
            f"If nothing is agreed: {label}",
            unit or "1",
            reference,
            row,
            "reference",
        ),
    )


def _trace(name: str, label: str, unit: str, number: Range, row: Row, column: str) -> Traced:
    low, value, high = number
    note = row.get(f"{column}_note", "")
    return Traced(
        name=name,
        value=value,
        unit=unit,
        label=label,
        low=low,
        high=high,
        evidence=Evidence.judgement.value,
        source=row.get("source", "") or "Truceline",
        note=f"{note}. Our coding" if note else "Our coding",
    )


def parse_actor(row: Row, where: str, issues: Mapping[str, Issue], problems: ProblemList) -> Actor:
    """Return an actor with the issues it takes part in."""
    check_words([row["kind"]], KINDS, "kind of actor", where, problems)
    listed = split_list(row["issues"])
    for issue in listed:
        if issue not in issues and issue != EVERY_ISSUE:
            problems.add(where, f"issue {issue!r} is not in issues.csv", find_near(issue, issues))
    if not listed:
        problems.add(where, "takes part in no issue", "write * or issues parted by |")
    taken = tuple(issues) if EVERY_ISSUE in listed else tuple(key for key in issues if key in listed)
    return Actor(row["actor"], row["name"] or row["actor"], row["kind"], row.get("nation", ""), taken)


def parse_statement(
    row: Row,
    where: str,
    issues: Mapping[str, Issue],
    actors: Mapping[str, Actor],
    problems: ProblemList,
) -> Statement | None:
    """Return a statement with its coding, where it has one; None where its date cannot be read."""
    day = read_day(row["date"], "date", where, problems)
    whose = split_list(row["actors"])
    cell = row["position"]
    is_silence = cell == SILENCE
    position = salience = None
    issue = issues.get(row["issue"])
    if cell and issue is None:
        problems.add(where, f"issue {row['issue']!r} has no scale", find_near(row["issue"], issues))
    if not whose:
        problems.add(where, "counts for nobody", "name one actor, or several parted by |")
    if cell and issue is not None:
        for actor in whose:
            if actor not in actors:
                problems.add(where, f"actor {actor!r} is not in actors.csv", find_near(actor, actors))
            elif issue.key not in actors[actor].issues:
                found = f"{actor} takes no part in {issue.key}"
                problems.add(where, found, "add the issue to the actor, or leave the position empty")
        if not is_silence:
            ends = f"a number from {issue.low_end:g} to {issue.high_end:g}, or {SILENCE}"
            scale = Limits(issue.low_end, issue.high_end, ends)
            position = _parse_range(row, ("position", "low", "high"), where, scale, problems)
            position = position or (issue.low_end,) * 3  # a refused number is no gap as well
            care = Limits(0.0, MOST_POWER, f"0 to {MOST_POWER:g}")
            columns = ("salience", "salience_low", "salience_high")
            salience = _parse_range(row, columns, where, care, problems)
    if day is None:
        return None
    return Statement(
        statement_id=row["position_id"],
        speaker=row.get("speaker", ""),
        role=row.get("role", ""),
        actors=whose,
        issue=row["issue"],
        text=row["statement"],
        date=row["date"],
        day=day,
        position=position,
        salience=salience,
        coding=row.get("coding", ""),
        is_silence=is_silence,
        source=row["source"],
        source_url=row.get("source_url", ""),
        confidence=row.get("confidence", ""),
    )


def parse_standing(
    row: Row,
    where: str,
    issues: Mapping[str, Issue],
    actors: Mapping[str, Actor],
    problems: ProblemList,
) -> StandingRow | None:
    """Return a row of seat, power and veto; None where its date cannot be read."""
    day = read_day(row["date"], "date", where, problems)
    actor, issue = row["actor"], row["issue"]
    if actor not in actors:
        problems.add(where, f"actor {actor!r} is not in actors.csv", find_near(actor, actors))
    if issue != EVERY_ISSUE and issue not in issues:
        problems.add(where, f"issue {issue!r} is not in issues.csv", find_near(issue, [*issues, EVERY_ISSUE]))
    seat = next((one for one in SEATS if one == row["seat"]), None)
    if row["seat"] and seat is None:
        problems.add(where, f"seat {row['seat']!r} is not known", f"one of {', '.join(SEATS)}")
        seat = SEATS[0]  # nor is a refused word
    if row["veto"] not in _VETOES:
        problems.add(where, f"veto {row['veto']!r} is not known", "write yes, no or nothing")
    veto = _VETOES.get(row["veto"])
    takes_part = actor in actors and (issue == EVERY_ISSUE or issue in actors[actor].issues)
    if veto and actor in actors and issue in issues and not takes_part:
        found = f"gives {actor} a veto on {issue}, in which it takes no part: the two contradict each other"
        problems.add(where, found, "add the issue to the actor, or take the veto out")
    power = None
    if row["power"]:
        limits = Limits(0.0, MOST_POWER, f"0 to {MOST_POWER:g}")
        power = _parse_range(row, ("power", "power_low", "power_high"), where, limits, problems)
        power = power or (0.0,) * 3  # a refused number is no gap as well
    if day is None:
        return None
    return StandingRow(
        standing_id=row["standing_id"],
        actor=actor,
        issue=issue,
        date=row["date"],
        day=day,
        seat=seat,
        power=power,
        veto=veto,
        statement=row.get("statement", ""),
        source=row["source"],
        source_url=row.get("source_url", ""),
        confidence=row.get("confidence", ""),
    )
