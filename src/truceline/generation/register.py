"""The pledge register: what every nation had said by a given day, and who said how many.

One row is one dated statement. Sizes in people, as stated: a nation that stated none has none here, and no
prior is put in its place. Announced, approved and deployed are never added together. A size of the coalition
as a whole or a wish of the host is kept and is not an offer. Whether a statement will be kept is not asked.
The nouns are in `pledges`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.generation.condition_book import suggest_key
from truceline.generation.model import MISSIONS
from truceline.generation.pledges import (
    CAVEATS,
    COALITION,
    MISSION_BASES,
    POSITIONS,
    STAGES,
    Pledge,
    Stance,
)
from truceline.scenario.tables import Row, check_words, read_day, read_people, read_rows, split_list

__all__ = ["Pledge", "Register", "Stance", "read_register"]

_COLUMNS = (
    "pledge_id",
    "nation",
    "name",
    "date",
    "until",
    "stage",
    "position",
    "forms",
    "size_low",
    "size_high",
    "size_note",
    "location",
    "conditions",
    "conditions_as_said",
    "caveats",
    "accepts",
    "refuses",
    "missions_basis",
    "amends",
    "statement",
    "source",
    "source_url",
    "confidence",
)


class Register:
    """Every statement, by the day it counts from. Immutable."""

    def __init__(self, pledges: Iterable[Pledge]) -> None:
        self.pledges = tuple(
            sorted(pledges, key=lambda pledge: (pledge.day, pledge.nation, pledge.pledge_id))
        )
        """All statements, oldest first."""
        self._by_id = {pledge.pledge_id: pledge for pledge in self.pledges}
        self._by_nation: dict[str, list[Pledge]] = {}
        for pledge in self.pledges:
            self._by_nation.setdefault(pledge.nation, []).append(pledge)

    @property
    def first_day(self) -> date:
        """Return the day of the first statement: nothing is known before it."""
        return self.pledges[0].day

    @property
    def last_day(self) -> date:
        """Return the day of the last statement: what came later is not in the register."""
        return self.pledges[-1].day

    @property
    def nations(self) -> tuple[str, ...]:
        """Codes of all who said something, sorted."""
        return tuple(sorted(self._by_nation))

    def made_by(self, nation: str, day: date) -> tuple[Pledge, ...]:
        """Return what a nation had said by a day, oldest first, also what no longer counts."""
        return tuple(pledge for pledge in self._by_nation.get(nation, ()) if pledge.day <= day)

    def stance(self, nation: str, day: date) -> Stance | None:
        """Return what a nation's word was on a day, or None when it had given none that still counted.

        Its latest statement by that day counts. When that one has run out, the nation has no stance: the
        statement before it does not revive. A statement that amends another adds its conditions, caveats
        and forms to those of the other, and what it leaves empty (size, place, missions) stands from there.
        """
        made = self.made_by(nation, day)
        if not made or not _counts(made[-1], day):
            return None
        latest = made[-1]
        chain = [latest]
        while chain[-1].amends:
            chain.append(self._by_id[chain[-1].amends])
        missions = next((pledge for pledge in chain if pledge.missions_basis), latest)
        return Stance(
            nation=nation,
            name=latest.name,
            latest=latest,
            size_from=next((pledge for pledge in chain if pledge.has_size), None),
            forms=_union(pledge.forms for pledge in chain),
            location=next((pledge.location for pledge in chain if pledge.location), ""),
            conditions=_union(pledge.conditions for pledge in chain),
            caveats=_union(pledge.caveats for pledge in chain),
            accepts=missions.accepts,
            refuses=missions.refuses,
            missions_basis=missions.missions_basis or "open",
            statements=tuple(chain),
            by_stage={pledge.stage: pledge for pledge in made if _counts(pledge, day)},
        )

    def on(self, day: date) -> dict[str, Stance]:
        """Return the stance of every nation that had one on a day, sorted by code."""
        found = ((nation, self.stance(nation, day)) for nation in self.nations)
        return {nation: stance for nation, stance in found if stance is not None}


def read_register(
    path: Path | None = None,
    *,
    known_nations: Collection[str],
    known_conditions: Collection[str] | None = None,
) -> Register:
    """Return the register of a CSV file; None reads the packaged one.

    known_nations: codes a statement may come from, beside COA. known_conditions: keys it may name; default
    those of the packaged conditions, with a decision for each known nation.

    Raises
    ------
    TableError
        With every problem of the file: an unknown nation, position, stage, form of mission, caveat or
        condition; a negative size or one whose low end is above its high end; a date that is none; two
        statements of one nation whose days overlap; an amendment of an unknown, later or other nation's
        statement.
    """
    if known_conditions is None:
        from truceline.generation.conditions import read_conditions

        known_conditions = read_conditions(nations={code: code for code in known_nations})
    problems = ProblemList()
    found: list[tuple[str, Pledge]] = []
    for where, row in read_rows(path, "pledges", _COLUMNS):
        pledge = _parse(row, where, frozenset(known_nations), known_conditions, problems)
        if pledge is not None:
            found.append((where, pledge))
    _check_together(found, problems)
    problems.raise_if_any(TableError, "pledge register")
    return Register(pledge for _, pledge in found)


def _counts(pledge: Pledge, day: date) -> bool:
    return pledge.day <= day and (pledge.until is None or day <= pledge.until)


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))


def _parse(
    row: Row, where: str, nations: Collection[str], conditions: Collection[str], problems: ProblemList
) -> Pledge | None:
    nation = row["nation"]
    if nation != COALITION and nation not in nations:
        problems.add(where, f"{nation!r} is not a known nation", suggest_key(nation, nations))
    check_words([row["stage"]], STAGES, "stage", where, problems)
    check_words([row["position"]], POSITIONS, "position", where, problems)
    lists = {name: split_list(row[name]) for name in ("forms", "conditions", "caveats", "accepts", "refuses")}
    check_words(lists["caveats"], CAVEATS, "caveat", where, problems)
    for name in ("accepts", "refuses"):
        check_words(lists[name], MISSIONS, "mission", where, problems)
    for mission in sorted({*lists["accepts"]} & {*lists["refuses"]}):
        problems.add(where, f"accepts and refuses {mission}", "keep one of the two")
    for key in lists["conditions"]:
        if key not in conditions:
            problems.add(where, f"{key!r} is not a known condition", suggest_key(key, conditions))
    low = read_people(row["size_low"], "size_low", where, problems)
    high = read_people(row["size_high"], "size_high", where, problems)
    if low is not None and high is not None and low > high:
        problems.add(where, f"size_low {low:,} is above size_high {high:,}", "put the smaller number first")
    if not row["source"]:
        problems.add(where, "has no source", "say where it was read")
    basis = _read_basis(row, lists, where, problems)
    day = read_day(row["date"], "date", where, problems)
    until = read_day(row["until"], "until", where, problems) if row["until"] else None
    if day and until and until < day:
        problems.add(where, f"until {until} is before its date {row['date']}", "write a later day or none")
    if day is None:
        return None
    return Pledge(
        pledge_id=row["pledge_id"],
        nation=nation,
        name=row["name"] or nation,
        date=row["date"],
        day=day,
        until=until,
        stage=row["stage"],  # type: ignore[arg-type]  # checked above
        position=row["position"],
        forms=lists["forms"],
        size_low=low,
        size_high=high,
        size_note=row["size_note"],
        location=row["location"],
        conditions=lists["conditions"],
        conditions_as_said=split_list(row["conditions_as_said"]),
        caveats=lists["caveats"],
        accepts=MISSIONS if basis == "open" else lists["accepts"],  # type: ignore[arg-type]  # checked above
        refuses=lists["refuses"],  # type: ignore[arg-type]  # checked above
        missions_basis=basis,
        amends=row["amends"],
        statement=row["statement"],
        source=row["source"],
        source_url=row["source_url"],
        confidence=row["confidence"],
    )


def _read_basis(row: Row, lists: Mapping[str, tuple[str, ...]], where: str, problems: ProblemList) -> str:
    """Return how the missions are known; what is said of none is open, or stands from the row amended."""
    basis = row["missions_basis"]
    said = bool(lists["accepts"] or lists["refuses"])
    if not basis and not said:
        return "" if row["amends"] else "open"
    check_words([basis], MISSION_BASES, "missions_basis", where, problems)
    if basis == "open" and lists["refuses"]:
        problems.add(where, "refuses a mission and calls it open", "write stated or coded")
    return basis


def _check_together(found: list[tuple[str, Pledge]], problems: ProblemList) -> None:
    """Note what single rows cannot show: ids, amendments, and days that overlap."""
    by_id: dict[str, Pledge] = {}
    for where, pledge in found:
        if not pledge.pledge_id:
            problems.add(where, "has no pledge_id", "give each statement one of its own")
        elif pledge.pledge_id in by_id:
            problems.add(where, f"pledge_id {pledge.pledge_id!r} is there twice", "give each its own")
        by_id.setdefault(pledge.pledge_id, pledge)
    for where, pledge in found:
        amended = by_id.get(pledge.amends)
        if not pledge.amends:
            continue
        if amended is None:
            problems.add(where, f"amends {pledge.amends!r}, which is not there", "name a row of this table")
        elif amended.nation != pledge.nation:
            problems.add(where, f"amends {pledge.amends}, a statement of {amended.nation}", "name its own")
        elif amended.day >= pledge.day:
            problems.add(where, f"amends {pledge.amends}, which is not earlier", "name an earlier statement")
    _check_overlaps(found, problems)


def _check_overlaps(found: list[tuple[str, Pledge]], problems: ProblemList) -> None:
    """Note each statement that begins on the day of another of its nation, or while one with an end lasts.

    A statement without an end is followed, not overlapped, by the next.
    """
    longest: Pledge | None = None
    for where, pledge in sorted(found, key=lambda item: (item[1].nation, item[1].day)):
        reach = pledge.until or pledge.day
        if longest is None or longest.nation != pledge.nation:
            longest = pledge
            continue
        end = longest.until or longest.day
        if pledge.day <= end:
            lasts = f"{longest.date} to {longest.until}" if longest.until else longest.date
            problems.add(
                where,
                f"overlapping dates: {pledge.nation} {pledge.date} falls in {longest.pledge_id} ({lasts})",
                "end the earlier statement before the later one begins, or merge the two",
            )
        if reach >= end:
            longest = pledge
