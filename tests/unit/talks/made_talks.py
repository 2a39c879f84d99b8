"""Made-up talks for tests: boards in memory, and small registers as CSV text in a folder.

A harbour town, an island and a mill quarrel over a bridge and its toll. Numbers are small enough for a
reader to reckon with.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.tables import last_day
from truceline.talks.agreements import Agreement, Term
from truceline.talks.model import Actor, Board, Issue, Seat, StandingRow, Statement
from truceline.talks.register import TalksRegister
from truceline.trace import Traced

Number = float | tuple[float, float, float]
"""A value, or low, value and high."""
DAY = date(2025, 3, 1)
"""A day after everything that is said by default."""
ISSUES = """issue,label,question,from,to,quota,quota_low,quota_high,reference,reference_low,reference_high
bridge,Bridge,How wide shall the bridge be?,0,100,0.5,0.4,0.6,0,0,10
toll,Toll,What shall a crossing cost?,2,6,0.6,,,2,,
"""
ACTORS = """actor,name,kind,issues
harbour,Harbour,party,*
island,Island,party,bridge|toll
mill,Mill,contributor,bridge
"""
POSITIONS = """position_id,speaker,actors,issue,statement,date,position,low,high,salience,salience_low,\
salience_high,source
S1,Reeve,harbour,bridge,a wide bridge,2025-01-10,80,70,90,60,50,70,Gazette
S2,Reeve,harbour,toll,a low toll,2025-01-10,2.5,,,40,,,Gazette
S3,Elder,island,bridge,no wide bridge,2025-02,20,10,30,90,80,100,Herald
S4,Elder,island,toll,a high toll,2025-02-05,5.5,5,6,30,20,40,Herald
S5,Miller,mill,bridge,half as wide,2025-02-20,50,40,60,50,40,60,Courier
S6,Reeve,harbour,bridge,a little narrower,2025-03-05,70,60,80,60,50,70,Gazette
S7,Reeve,harbour,ferries,ferries are slow,2025-01-11,,,,,,,Gazette
"""
STANDING = """standing_id,actor,issue,date,seat,power,power_low,power_high,veto,source
R1,harbour,*,2025-01-01,party,50,40,60,no,Truceline
R2,island,*,2025-01-01,party,40,30,50,,Truceline
R3,mill,*,2025-01-01,consulted,20,10,30,no,Truceline
R4,island,bridge,2025-02-10,,60,,,yes,Truceline
R5,island,*,2025-02-15,absent,30,,,no,Truceline
"""
TABLES = {"issues": ISSUES, "actors": ACTORS, "positions": POSITIONS, "standing": STANDING}


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a reference table."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def write_talks(folder: Path, **changed: str) -> Path:
    """Write the four tables into a folder, some of them changed or others added, and return it."""
    for name, text in {**TABLES, **changed}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def make_issue(
    key: str, *, ends: tuple[float, float] = (0, 100), quota: Number = 0.5, reference: Number = 0
) -> Issue:
    return Issue(
        key=key,
        label=key.capitalize(),
        question="",
        low_end=ends[0],
        high_end=ends[1],
        unit="",
        low_means="",
        high_means="",
        marks=(),
        quota=make_number(f"talks.quota.{key}", quota),
        reference=make_number(f"talks.reference.{key}", reference),
    )


def make_number(name: str, number: Number) -> Traced:
    low, value, high = spread(number)
    return Traced(name, value, "1", low=low, high=high)


def make_statement(
    statement_id: str,
    actors: str | Sequence[str],
    issue: str,
    position: Number | None,
    salience: Number = 100,
    said: str = "2025-02-01",
    text: str = "said",
) -> Statement:
    """Return a statement; position None records a silence."""
    return Statement(
        statement_id=statement_id,
        speaker="Somebody",
        role="",
        actors=(actors,) if isinstance(actors, str) else tuple(actors),
        issue=issue,
        text=text,
        date=said,
        day=last_day(said),
        position=None if position is None else spread(position),
        salience=None if position is None else spread(salience),
        coding="",
        is_silence=position is None,
        source="Gazette",
        source_url="",
        confidence="high",
    )


def make_standing(
    standing_id: str,
    actor: str,
    issue: str = "*",
    *,
    seat: Seat | None = None,
    power: Number | None = None,
    veto: bool | None = None,
    said: str = "2025-01-01",
) -> StandingRow:
    return StandingRow(
        standing_id=standing_id,
        actor=actor,
        issue=issue,
        date=said,
        day=last_day(said),
        seat=seat,
        power=None if power is None else spread(power),
        veto=veto,
        statement="",
        source="Gazette",
        source_url="",
        confidence="high",
    )


def spread(number: Number) -> tuple[float, float, float]:
    if isinstance(number, tuple):
        return number
    return float(number), float(number), float(number)


def make_register(
    positions: Mapping[str, Mapping[str, Number]],
    *,
    salience: Mapping[str, Mapping[str, Number]] | Number = 100,
    power: Mapping[str, Number] | None = None,
    vetoes: Mapping[str, Collection[str]] | None = None,
    seats: Mapping[str, Seat] | None = None,
    issues: Sequence[Issue] = (),
    silent: Collection[str] = (),
    more: Sequence[Statement] = (),
) -> TalksRegister:
    """Return a register in which everybody speaks once.

    positions: by issue and actor. salience: by issue and actor, or one for all. power: by actor, else 100.
    vetoes: actors by issue. issues: those with a scale, quota or reference of their own. silent: actors that
    take part in every issue and say nothing. more: later statements.
    """
    known = {issue.key: issue for issue in issues}
    keys = [*known, *(key for key in positions if key not in known)]
    actors = sorted({actor for said in positions.values() for actor in said} | set(silent))
    statements = [
        make_statement(
            f"S-{issue}-{actor}",
            actor,
            issue,
            position,
            salience.get(issue, {}).get(actor, 100) if isinstance(salience, Mapping) else salience,
        )
        for issue, said in positions.items()
        for actor, position in said.items()
    ]
    standings = [
        make_standing(
            f"R-{actor}",
            actor,
            seat=(seats or {}).get(actor, "party"),
            power=(power or {}).get(actor, 100),
            veto=False,
        )
        for actor in actors
    ]
    standings += [
        make_standing(f"V-{issue}-{actor}", actor, issue, veto=True)
        for issue, holders in (vetoes or {}).items()
        for actor in holders
    ]
    return TalksRegister(
        actors=[Actor(key, key.capitalize(), "other", "", tuple(keys)) for key in actors],
        issues=[known.get(key) or make_issue(key) for key in keys],
        statements=[*statements, *more],
        standings=standings,
    )


def make_board(positions: Mapping[str, Mapping[str, Number]], **rest: object) -> Board:
    """Return what was known of `make_register` on a day after everything was said."""
    return make_register(positions, **rest).on(DAY)  # type: ignore[arg-type]


def make_agreement(key: str, points: Mapping[str, Number], asks: tuple[str, ...] = ()) -> Agreement:
    """Return an agreement of one term that settles some issues and asks for the yes of some actors."""
    ranges = {issue: spread(number) for issue, number in points.items()}
    term = Term(
        key=f"{key}-term",
        kind="force",
        label=key,
        points=ranges,
        meets=(),
        bars=(),
        asks=asks,
        mission="",
        zone_half_width_km=None,
        note="",
    )
    traced = {issue: make_number(f"talks.agreement.{key}.{issue}", one) for issue, one in ranges.items()}
    return Agreement(key, key, "", (term,), traced, "")


def assume(**values: float) -> AssumptionSet:
    """Return the catalogue with some talks assumptions replaced: consulted_share=0 and so on."""
    return load_catalogue().replaced({f"talks.{key}": value for key, value in values.items()})
