"""Read what a vote is made of, exactly, and note all that is wrong with it; nothing is raised here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from fractions import Fraction

from truceline.errors import ProblemList
from truceline.talks._voting_game import Number, fraction_from, write_exactly

MOST_NAMED = 8
"""Players named in one message; the rest are counted."""


def check_names(names: Sequence[str], n_weights: int, veto: Collection[str], problems: ProblemList) -> None:
    """Note players who are too few, there twice or without a weight, and vetoes of nobody."""
    if not names:
        problems.add("players", "there are none", "name two or more")
    if len(names) == 1:
        found = f"{names[0]} is alone and decides everything whatever the quota; nothing to measure"
        problems.add("players", found, "name two or more")
    for name, times in Counter(names).items():
        if times > 1:
            problems.add(f"player {name}", f"is there {times} times", "join its weights in one")
    if n_weights != len(names):
        problems.add("weights", f"{n_weights} for {len(names)} players", "give one for each")
    if isinstance(veto, str):
        problems.add("veto", f"'{veto}' is one word, not a list of players", f"write ['{veto}']")
        return
    for name in sorted(set(veto) - set(names), key=str):
        problems.add(f"veto of {name}", "is of somebody who is not there", f"one of {name_some(names)}")


def read_weights(names: Sequence[str], weights: Sequence[Number], problems: ProblemList) -> list[Fraction]:
    """Return the weights exactly; note those that are no number or below zero."""
    exact = []
    for place, weight in enumerate(weights):
        where = f"weight of {names[place]}" if place < len(names) else f"weights[{place}]"
        value = _read(where, weight, "write zero or more", problems)
        if value < 0:
            problems.add(where, f"{weight} is below zero", "write zero or more")
        exact.append(value)
    return exact


def _read(where: str, value: Number, hint: str, problems: ProblemList) -> Fraction:
    try:
        return fraction_from(value)
    except (ValueError, TypeError):
        problems.add(where, f"{value!s} is not a finite number", hint)
        return Fraction(0)


def read_quota(quota: Number, weights: Sequence[Fraction], problems: ProblemList) -> Fraction:
    """Return the quota exactly; note one that is zero or below, or that nobody reaches."""
    before, total = len(problems.problems), sum(weights, Fraction(0))
    most = f"write more than zero and at most the total, {write_exactly(total)}"
    line = _read("quota", quota, most, problems)
    if len(problems.problems) > before:
        return line
    if line <= 0:
        problems.add("quota", f"{quota} lets nobody at all decide", most)
    elif line > total and not problems.has_errors():
        found = f"{write_exactly(line)} is reached by nobody: all together weigh {write_exactly(total)}"
        problems.add("quota", found, most)
    return line


def read_share(quota_share: Number, strict: bool, problems: ProblemList) -> Fraction:
    """Return the share of the weight at the table that decides; note one out of range."""
    before, hint = len(problems.problems), "write a share above 0 and at most 1"
    share = _read("quota share", quota_share, hint, problems)
    if len(problems.problems) > before:
        return share
    if strict and not 0 <= share < 1:
        problems.add("quota share", f"more than {quota_share} of all is reached by nobody", "write 0.5 or so")
    elif not strict and not 0 < share <= 1:
        problems.add("quota share", f"{quota_share} is not a share that can decide", hint)
    return share


def read_seated(
    names: Sequence[str], seated: Collection[str] | None, problems: ProblemList
) -> frozenset[str]:
    """Return who sits at the table now; note strangers and a table of fewer than two."""
    if seated is None:
        return frozenset(names)
    if isinstance(seated, str):
        problems.add("seated", f"'{seated}' is one word, not a list of players", f"write ['{seated}', ...]")
        return frozenset()
    for name in sorted(set(seated) - set(names), key=str):
        problems.add(f"seat of {name}", "is of somebody who is not there", f"one of {name_some(names)}")
    if len(set(seated) & set(names)) < 2:
        problems.add("seated", f"{len(set(seated))} at the table is no vote", "seat two or more")
    return frozenset(seated) & frozenset(names)


def name_some(names: Sequence[str]) -> str:
    """Return the first players and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
