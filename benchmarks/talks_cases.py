"""Made-up talks of any size, the same each time."""

from __future__ import annotations

from datetime import date

import numpy as np

from truceline.talks.model import Actor, Board, Issue, Place, Standing, StandingRow, Statement
from truceline.talks.tables import name_position, name_power, name_salience
from truceline.trace import Traced

DAY = date(2025, 2, 17)
ROUGHLY = 0.1
"""Half the width of a range, as a share of the scale."""


def make_board(n_actors: int, n_issues: int, seed: int = 1) -> Board:
    """Return a day's board on which every actor has spoken on every issue, with a range on every number."""
    rng = np.random.default_rng(seed)
    issues = {}
    for k in range(n_issues):
        quota = Traced(f"talks.quota.i{k:02}", 0.6, "1", low=0.5, high=0.7)
        nothing = Traced(f"talks.reference.i{k:02}", 10.0, "1", low=0.0, high=20.0)
        issues[f"i{k:02}"] = Issue(f"i{k:02}", f"Issue {k}", "", 0.0, 100.0, "", "", "", (), quota, nothing)
    actors = {
        f"a{i:03}": Actor(f"a{i:03}", f"Actor {i}", "other", "", tuple(issues)) for i in range(n_actors)
    }
    places, standings = {}, {}
    for actor in actors:
        for issue in issues:
            x, s, c = rng.uniform(0, 100), rng.uniform(10, 100), rng.uniform(5, 100)
            said = Statement(
                f"{actor}.{issue}",
                "",
                "",
                (actor,),
                issue,
                "",
                "2025",
                DAY,
                (x, x, x),
                (s, s, s),
                "",
                False,
                "",
                "",
                "",
            )
            row = StandingRow("T", actor, "*", "2025", DAY, "party", (c, c, c), False, "", "", "", "")
            position, salience, power = (
                _trace(name(issue, actor), value)
                for name, value in ((name_position, x), (name_salience, s), (name_power, c))
            )
            places[actor, issue] = Place(actor, issue, said, position, salience)
            standings[actor, issue] = Standing(actor, issue, "party", power, False, row, row, None)
    return Board(DAY, actors, issues, places, standings, dict.fromkeys(issues, ()))


def _trace(name: str, value: float) -> Traced:
    apart = 100 * ROUGHLY
    return Traced(name, value, "1", low=max(0.0, value - apart), high=min(100.0, value + apart))
