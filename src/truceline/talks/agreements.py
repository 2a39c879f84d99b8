"""Candidate agreements as sets of terms: what each settles on the scales, and which conditions it brings.

A term is one clause of an agreement: a force, a zone, a consent, an order of steps, a backstop, a seat. Where
it settles a contested issue the place on the scale is our coding, with a range. Nothing here says that
anybody proposed an agreement in this form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.scenario.assumption import Evidence
from truceline.scenario.tables import Row, check_words, read_rows, split_list
from truceline.talks.model import Issue
from truceline.talks.register_rows import Limits, find_near, order_range, read_number
from truceline.trace import Traced

KINDS: Mapping[str, str] = {
    "force": "what kind of force comes",
    "zone": "how wide the zone between the sides is",
    "consent": "who lets the force in",
    "sequence": "what comes first",
    "rules": "what is written before anybody comes",
    "backstop": "what the guarantor brings",
    "seats": "who takes part in deciding",
    "spending": "what is spent on defence",
}
"""Kinds of terms, each with its meaning; an agreement has at most one of each."""
MISSIONS = ("", "observation", "reassurance", "interposition")
"""What a force term may be for; empty where no force comes, or for terms of other kinds."""
_TERM_COLUMNS = (
    "term",
    "kind",
    "label",
    "points",
    "asks",
    "meets",
    "bars",
    "mission",
    "zone_half_width_km",
    "note",
)
_AGREEMENT_COLUMNS = ("agreement", "label", "terms", "sentence", "source")


@dataclass(frozen=True)
class Term:
    """One clause."""

    key: str
    kind: str
    """One of KINDS."""
    label: str
    points: Mapping[str, tuple[float, float, float]]
    """Where it settles issues: low, value, high by issue."""
    asks: tuple[str, ...]
    """Actors without whose yes it cannot be: a ceasefire takes both sides, a backstop who brings it."""
    meets: tuple[str, ...]
    """Conditions of pledges that it brings about."""
    bars: tuple[str, ...]
    """Conditions that it rules out."""
    mission: str
    zone_half_width_km: float | None
    note: str


@dataclass(frozen=True)
class Agreement:
    """A set of terms that could be agreed together."""

    key: str
    label: str
    sentence: str
    terms: tuple[Term, ...]
    points: Mapping[str, Traced]
    """Where it settles issues; ``talks.agreement.<agreement>.<issue>``."""
    source: str

    @property
    def meets(self) -> frozenset[str]:
        """Return the conditions that its terms bring about."""
        return frozenset(key for term in self.terms for key in term.meets)

    @property
    def bars(self) -> frozenset[str]:
        """Return the conditions that its terms rule out."""
        return frozenset(key for term in self.terms for key in term.bars)

    def asks_of(self, actor: str) -> tuple[Term, ...]:
        """Return the terms that cannot be without an actor's yes."""
        return tuple(term for term in self.terms if actor in term.asks)

    @property
    def mission(self) -> str:
        """Return what its force is for; empty where none comes."""
        return next((term.mission for term in self.terms if term.mission), "")

    @property
    def zone_half_width_km(self) -> float | None:
        """Return half the width of its zone; None where it names none."""
        return next((t.zone_half_width_km for t in self.terms if t.zone_half_width_km is not None), None)


def read_agreements(
    folder: Path | None, issues: Mapping[str, Issue], actors: Collection[str]
) -> tuple[Agreement, ...]:
    """Return the agreements of a user's folder, or the packaged ones.

    folder: holds ``terms.csv`` and ``agreements.csv``; a folder with neither has no agreements. issues,
    actors: those of the register.

    Raises TableError with every problem of both tables: keys unknown or twice, two terms of one kind, points
    off their scale, a condition that an agreement both meets and bars.
    """
    if folder is not None and not any((folder / f"{one}.csv").exists() for one in ("terms", "agreements")):
        return ()
    problems = ProblemList()
    names = ("talks_terms", "talks_agreements") if folder is None else ("terms", "agreements")
    paths = [None if folder is None else folder / f"{name}.csv" for name in names]
    terms: dict[str, Term] = {}
    for where, row in read_rows(paths[0], names[0], _TERM_COLUMNS):
        term = _parse_term(row, where, issues, actors, problems)
        if not term.key or term.key in terms:
            problems.add(where, f"term {term.key!r} is missing or there twice", "give each its own name")
        terms[term.key] = term
    found: dict[str, Agreement] = {}
    for where, row in read_rows(paths[1], names[1], _AGREEMENT_COLUMNS):
        agreement = _parse_agreement(row, where, terms, issues, problems)
        if not agreement.key or agreement.key in found:
            problems.add(where, f"agreement {agreement.key!r} is missing or there twice", "name each once")
        found[agreement.key] = agreement
    problems.raise_if_any(TableError, "agreements")
    return tuple(found.values())


def check_conditions(agreements: Collection[Agreement], known: Collection[str]) -> None:
    """Refuse agreements that name conditions which the register of conditions does not have.

    Raises TableError with every one of them.
    """
    problems = ProblemList()
    for agreement in agreements:
        for term in agreement.terms:
            for key in (*term.meets, *term.bars):
                if key not in known:
                    where = f"terms.csv, {term.key}"
                    problems.add(where, f"{key!r} is not a known condition", find_near(key, known))
    problems.raise_if_any(TableError, "agreements")


def _parse_term(
    row: Row, where: str, issues: Mapping[str, Issue], actors: Collection[str], problems: ProblemList
) -> Term:
    check_words([row["kind"]], KINDS, "kind of term", where, problems)
    check_words([row["mission"]], MISSIONS, "mission", where, problems)
    if row["mission"] and row["kind"] != "force":
        problems.add(where, f"mission {row['mission']} is not on a force term", "name it on the force term")
    points: dict[str, tuple[float, float, float]] = {}
    for cell in split_list(row["points"]):
        issue, _, numbers = (part.strip() for part in cell.partition("="))
        if issue not in issues:
            problems.add(where, f"points: issue {issue!r} has no scale", find_near(issue, issues))
            continue
        found = _parse_point(numbers, issues[issue], where, problems)
        if found is not None:
            points[issue] = found
    asks = split_list(row["asks"])
    for actor in asks:
        if actor not in actors:
            problems.add(where, f"asks: actor {actor!r} is not in actors.csv", find_near(actor, actors))
    zone = None
    if row["zone_half_width_km"]:
        limits = Limits(0.0, 1000.0, "kilometres above 0")
        zone = read_number(row["zone_half_width_km"], "zone_half_width_km", where, limits, problems)
    return Term(
        key=row["term"],
        kind=row["kind"],
        label=row["label"] or row["term"],
        points=points,
        asks=asks,
        meets=split_list(row["meets"]),
        bars=split_list(row["bars"]),
        mission=row["mission"],
        zone_half_width_km=zone,
        note=row["note"],
    )


def _parse_point(
    text: str, issue: Issue, where: str, problems: ProblemList
) -> tuple[float, float, float] | None:
    """Return low, value, high of ``40..50..60``, or of a single number."""
    limits = Limits(issue.low_end, issue.high_end, f"a number from {issue.low_end:g} to {issue.high_end:g}")
    parts = text.split("..")
    if len(parts) not in (1, 3):
        problems.add(where, f"points: {text!r} is not a range", "write 60 or 50..60..70")
        return None
    numbers = [read_number(part.strip(), f"points of {issue.key}", where, limits, problems) for part in parts]
    if any(number is None for number in numbers):
        return None
    known = [number for number in numbers if number is not None]
    low, value, high = known * 3 if len(known) == 1 else known
    return order_range((low, value, high), f"points of {issue.key}", where, problems)


def _parse_agreement(
    row: Row,
    where: str,
    terms: Mapping[str, Term],
    issues: Mapping[str, Issue],
    problems: ProblemList,
) -> Agreement:
    chosen = []
    for key in split_list(row["terms"]):
        if key in terms:
            chosen.append(terms[key])
        else:
            problems.add(where, f"term {key!r} is not in terms.csv", find_near(key, terms))
    kinds = [term.kind for term in chosen]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        both = ", ".join(term.key for term in chosen if term.kind == kind)
        problems.add(where, f"has more than one term of the kind {kind}: {both}", "keep one")
    settled: dict[str, Traced] = {}
    for term in chosen:
        for issue, (low, value, high) in term.points.items():
            if issue in settled:
                problems.add(where, f"settles {issue} twice, last by {term.key}", "keep one of the terms")
            settled[issue] = Traced(
                name=f"talks.agreement.{row['agreement']}.{issue}",
                value=value,
                unit=issues[issue].unit or "1",
                label=f"{row['label'] or row['agreement']}: {issues[issue].label}",
                low=low,
                high=high,
                evidence=Evidence.judgement.value,
                source=row["source"],
                note=f"{term.label}. Our coding" + (f": {term.note}" if term.note else ""),
            )
    agreement = Agreement(
        row["agreement"],
        row["label"] or row["agreement"],
        row["sentence"],
        tuple(chosen),
        settled,
        row["source"],
    )
    for key in sorted(agreement.meets & agreement.bars):
        problems.add(where, f"both brings and rules out the condition {key}", "change one of its terms")
    if not chosen:
        problems.add(where, "has no term", "name some, parted by |")
    return agreement
