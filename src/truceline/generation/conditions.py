"""Read the named conditions and what was known of them on which day.

Two tables: ``conditions.csv`` (what each condition is, waits for, needs and excludes; in days from the
ceasefire) and ``condition_states.csv`` (dated states with their source). A row whose key ends in ``*`` stands
for one condition a nation: a parliament where law or custom asks for its vote, and a government's decision.
The nouns are in `condition_book`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.generation.approvals import Approval, read_approvals
from truceline.generation.condition_book import (
    DECISION,
    KINDS,
    PARLIAMENT,
    Condition,
    ConditionBook,
    StateRecord,
    check_lead,
    find_rings,
    suggest_key,
)
from truceline.generation.model import STATES_OF_CONDITION, Composite
from truceline.scenario.assumption import AssumptionSet, Evidence
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.tables import Row, check_words, read_day, read_days, read_rows, split_list
from truceline.trace import Traced

__all__ = ["Condition", "ConditionBook", "StateRecord", "read_conditions"]

_COLUMNS = (
    "condition",
    "label",
    "kind",
    "lead_days",
    "lead_low",
    "lead_high",
    "lead_evidence",
    "after",
    "needs",
    "excludes",
    "comes_with_ceasefire",
    "members",
    "at_least",
    "source",
    "note",
)
_STATE_COLUMNS = ("condition", "date", "state", "statement", "source", "source_url", "confidence")
_FLAGS = ("yes", "no")


def read_conditions(
    path: Path | None = None,
    states_path: Path | None = None,
    *,
    nations: Mapping[str, str] | None = None,
    assumptions: AssumptionSet | None = None,
) -> ConditionBook:
    """Return the conditions of two tables; None reads the packaged ones.

    A user's conditions without a user's states take the packaged states of the keys they share.

    nations: names by code of further nations that may have to decide; those of the table of approvals are
    always there. assumptions: where a composite finds how many members it wants; default the catalogue.

    Raises
    ------
    TableError
        With every problem of both tables: an unknown kind, state or key, two rows of one key, a time that
        is not one, a circular condition (named with its ring), a condition that excludes what it needs.
    """
    approvals = read_approvals()
    names = {**{code: approval.name for code, approval in approvals.items()}, **(nations or {})}
    problems = ProblemList()
    rows = _expand(read_rows(path, "conditions", _COLUMNS), approvals, names)
    histories = _read_histories(states_path, problems)
    conditions: dict[str, Condition] = {}
    composites: list[Composite] = []
    values = load_catalogue() if assumptions is None else assumptions
    for where, row in rows:
        key = row["condition"]
        if key in conditions:
            problems.add(where, f"{key!r} has two rows", "keep one")
            continue
        conditions[key] = _parse(row, where, histories.pop(key, ()), problems)
        if row["members"]:
            composites.append(_compose(row, where, values, problems))
    if path is not None and states_path is None:
        histories = {}  # the packaged states of conditions that the user's book does not have
    for key, history in sorted(histories.items()):
        hint = suggest_key(key, conditions)
        problems.add(f"states from {history[0].date}", f"{key!r} is not a known condition", hint)
    _check_links(conditions, composites, problems)
    problems.raise_if_any(TableError, "conditions")
    return ConditionBook(conditions.values(), composites, approvals)


def _expand(
    rows: Iterable[tuple[str, Row]], approvals: Mapping[str, Approval], names: Mapping[str, str]
) -> list[tuple[str, Row]]:
    """Return rows with one for each nation in the place of every row whose key ends in ``*``."""
    expanded: list[tuple[str, Row]] = []
    for where, row in rows:
        prefix = row["condition"].removesuffix("*")
        if not row["condition"].endswith("*"):
            expanded.append((where, row))
            continue
        for code in sorted(names):
            approval = approvals.get(code)
            if prefix == PARLIAMENT and not (approval and approval.parliament):
                continue
            filled = {column: cell.replace("{name}", names[code]) for column, cell in row.items()}
            filled["condition"] = prefix + code
            filled["after"] = filled["after"].replace("*", code)
            if approval and not filled["lead_days"]:
                low, high = approval.days_low, approval.days_high
                numbers = {"lead_low": low, "lead_days": (low + high) / 2, "lead_high": high}
                filled |= {column: f"{number:g}" for column, number in numbers.items()}
                for mark, text in (("{code}", code), ("{low}", f"{low:g}"), ("{high}", f"{high:g}")):
                    filled["source"] = filled["source"].replace(mark, text)
                filled["lead_evidence"] = Evidence.judgement.value
            expanded.append((where, filled))
    return expanded


def _parse(row: Row, where: str, history: tuple[StateRecord, ...], problems: ProblemList) -> Condition:
    key = row["condition"]
    if not key:
        problems.add(where, "has no key", "name the condition in its first cell")
    check_words([row["kind"]], KINDS, "kind of condition", where, problems)
    check_words([row["comes_with_ceasefire"]], _FLAGS, "word of comes_with_ceasefire", where, problems)
    lead = Traced(f"condition.{key}.lead", 0.0, "day", f"Days until: {row['label']}", evidence="computed")
    if not row["members"]:
        check_words([row["lead_evidence"]], [grade.value for grade in Evidence], "evidence", where, problems)
        days = [
            read_days(row[name], name, where, problems) for name in ("lead_low", "lead_days", "lead_high")
        ]
        low, value, high = (0.0 if number is None else number for number in days)
        if None not in days:
            check_lead(low, value, high, where, problems)
        lead = Traced(
            name=lead.name,
            value=value,
            unit="day",
            label=lead.label,
            low=low,
            high=high,
            evidence=row["lead_evidence"],
            source=row["source"],
        )
    return Condition(
        key=key,
        label=row["label"],
        kind=row["kind"],
        lead=lead,
        after=split_list(row["after"]),
        needs=split_list(row["needs"]),
        excludes=split_list(row["excludes"]),
        history=history,
        note=row["note"],
        comes_with_ceasefire=row["comes_with_ceasefire"] == "yes",
    )


def _compose(row: Row, where: str, values: AssumptionSet, problems: ProblemList) -> Composite:
    members = split_list(row["members"])
    wanted = row["at_least"]
    at_least = len(members)
    if wanted not in values:
        problems.add(where, f"at_least {wanted!r} is not a known assumption", "name one that gives the count")
    else:
        at_least = round(values.value(wanted))
        if not 1 <= at_least <= len(members):
            problems.add(
                where, f"{wanted} is {at_least} of {len(members)} members", "choose 1 to all of them"
            )
    return Composite(row["condition"], frozenset(members), at_least)


def _check_links(
    conditions: Mapping[str, Condition], composites: Collection[Composite], problems: ProblemList
) -> None:
    linked = [
        *((one.key, what, getattr(one, what)) for one in conditions.values() for what in ("after", "needs")),
        *((one.key, "excludes", one.excludes) for one in conditions.values()),
        *((composite.key, "members", sorted(composite.members)) for composite in composites),
    ]
    templates = (PARLIAMENT, DECISION)
    for key, what, others in linked:
        for other in others:
            if other not in conditions and not (what == "after" and other.startswith(templates)):
                where = f"{key} {what}"
                problems.add(where, f"{other!r} is not a known condition", suggest_key(other, conditions))
    for composite in composites:
        for member in sorted(composite.members & {other.key for other in composites}):
            problems.add(f"{composite.key} members", f"{member!r} is made of others itself", "name those")
    for ring in find_rings(conditions):
        problems.add(
            " > ".join((*ring, ring[0])),
            "is a circular condition: each waits for the next",
            "take one link out",
        )
    for key in sorted(conditions):
        condition = conditions[key]
        clash = {key, *condition.needs} & set(condition.excludes)
        for other in sorted(clash):
            problems.add(key, f"needs and excludes {other!r}", "keep one of the two")


def _read_histories(path: Path | None, problems: ProblemList) -> dict[str, tuple[StateRecord, ...]]:
    found: dict[str, list[StateRecord]] = {}
    for where, row in read_rows(path, "condition_states", _STATE_COLUMNS):
        day = read_day(row["date"], "date", where, problems)
        check_words([row["state"]], STATES_OF_CONDITION, "state", where, problems)
        if not row["source"]:
            problems.add(where, "has no source", "say where it was read")
        if day is None or row["state"] not in STATES_OF_CONDITION:
            continue
        records = found.setdefault(row["condition"], [])
        if any(record.day == day for record in records):
            problems.add(where, f"{row['condition']!r} has two states on {day}", "keep one a day")
        records.append(
            StateRecord(
                day=day,
                date=row["date"],
                state=row["state"],
                statement=row["statement"],
                source=row["source"],
                source_url=row["source_url"],
                confidence=row["confidence"],
            )
        )
    return {key: tuple(sorted(records, key=lambda one: one.day)) for key, records in found.items()}
