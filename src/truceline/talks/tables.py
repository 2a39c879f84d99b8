"""Lay a day's codings out as arrays for the models: one issue, or several at once.

Only those who said something are in; who is left out stays named on the board. Values may be replaced by
name, which is how ranges are sampled and what-ifs are asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from truceline.talks.model import Board, FloatArray, IssueTable, JointTable
from truceline.trace import Traced

Values = Mapping[str, float]
"""Numbers by name that stand in for coded ones."""
NOTHING: Values = {}


def name_position(issue: str, actor: str) -> str:
    """Return the name under which a coded position is explained."""
    return f"talks.position.{issue}.{actor}"


def name_salience(issue: str, actor: str) -> str:
    """Return the name under which a coded salience is explained."""
    return f"talks.salience.{issue}.{actor}"


def name_power(issue: str, actor: str) -> str:
    """Return the name under which a coded power is explained."""
    return f"talks.power.{issue}.{actor}"


def lay_out_issue(
    board: Board, issue: str, *, only: Collection[str] | None = None, values: Values = NOTHING
) -> IssueTable | None:
    """Return one issue as arrays, or None where fewer than two spoke or nobody who spoke has any weight.

    only: keep these actors alone. values: numbers by name in place of coded ones.
    """
    actors = tuple(a for a in board.speakers(issue) if only is None or a in only)
    table = IssueTable(
        issue=board.issues[issue],
        actors=actors,
        position=_numbers([board.places[a, issue].position for a in actors], values),
        salience=_numbers([board.places[a, issue].salience for a in actors], values),
        power=_numbers([board.standings[a, issue].power for a in actors], values),
        veto=np.array([board.standings[a, issue].veto for a in actors], dtype=bool),
        quota_share=float(_numbers([board.issues[issue].quota], values)[0]),
    )
    return table if len(actors) > 1 and table.weight.any() else None


def lay_out_issues(
    board: Board, issues: Sequence[str], *, only: Collection[str] | None = None, values: Values = NOTHING
) -> JointTable | None:
    """Return several issues as arrays of those who spoke on all; None for fewer than two actors or issues.

    An issue on which none of them has any weight is left out, and so is who cares about none of the rest: it
    has no view of a bundle.
    """
    spoke = [
        actor
        for actor in sorted(board.actors)
        if all((actor, issue) in board.places for issue in issues) and (only is None or actor in only)
    ]

    def column(read: str) -> FloatArray:
        return np.array(
            [_numbers([_number(board, read, actor, issue) for issue in issues], values) for actor in spoke]
        ).reshape(len(spoke), len(issues))

    salience, power = column("salience"), column("power")
    weighs = (salience * power > 0).any(axis=0)
    cares = (salience[:, weighs] > 0).any(axis=1)
    kept = np.ix_(cares, weighs)
    if cares.sum() < 2 or weighs.sum() < 2:
        return None
    return JointTable(
        issues=tuple(board.issues[issues[k]] for k in np.flatnonzero(weighs).tolist()),
        actors=tuple(spoke[i] for i in np.flatnonzero(cares)),
        position=column("position")[kept],
        salience=salience[kept],
        power=power[kept],
    )


def _number(board: Board, read: str, actor: str, issue: str) -> Traced:
    if read == "power":
        return board.standings[actor, issue].power
    place = board.places[actor, issue]
    return place.position if read == "position" else place.salience


def _numbers(traced: Sequence[Traced], values: Values) -> FloatArray:
    return np.array([values.get(each.name, each.value) for each in traced], dtype=np.float64)
