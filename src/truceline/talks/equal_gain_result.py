"""What an equal-gain exchange of votes gives back: the deals, the outcomes, and who gains and loses by them.

Positions in units of the issue's scale; gains and losses in those units times salience. Actors and issues
are named by their place in the tables. The rules stand in `equal_gain`; nothing is reckoned here but sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

POTENTIAL = np.dtype(
    [
        ("gain", np.float64),
        ("actor_a", np.int32),
        ("issue_q", np.int32),
        ("from_q", np.float64),
        ("to_q", np.float64),
        ("actor_b", np.int32),
        ("issue_p", np.int32),
        ("from_p", np.float64),
        ("to_p", np.float64),
    ]
)
"""Columns of a table of exchanges; the fields of `Exchange` say what they are."""


@dataclass(frozen=True)
class Exchange:
    """One realised exchange: a votes nearer to b on issue q, b nearer to a on p, the earlier issue."""

    gain: float
    """What either partner gains by the model's reckoning, in units of the scale times salience."""
    actor_a: int
    issue_q: int
    """The issue a supplies (and b demands)."""
    from_q: float
    to_q: float
    """The vote of a on q before and after."""
    actor_b: int
    issue_p: int
    """The issue b supplies (and a demands)."""
    from_p: float
    to_p: float
    """The vote of b on p before and after."""
    outcome_q: tuple[float, float]
    """The outcome on q before and after."""
    outcome_p: tuple[float, float]
    """The outcome on p before and after."""
    gain_a: float
    gain_b: float
    """What the partners really have of it; equal to `gain` unless an outcome passed a partner's position."""
    others_gain: float
    """Sum over the third parties who are better off: the positive externality, zero or more."""
    others_loss: float
    """Sum over the third parties who are worse off: the negative externality, zero or less."""

    @property
    def move_q(self) -> float:
        """How far a's vote moves on q; negative is to the left."""
        return self.to_q - self.from_q

    @property
    def move_p(self) -> float:
        """How far b's vote moves on p; negative is to the left."""
        return self.to_p - self.from_p


@dataclass(frozen=True, eq=False)
class ExchangeResult:
    """Every exchange realised, the outcomes they lead to, and who gains and loses by the deals of others."""

    table: NDArray[np.void]
    """The realised exchanges in order, in the columns of `POTENTIAL`."""
    outcomes: Floats
    """(step, 4): outcome on p before and after each exchange, then on q before and after."""
    effects: Floats
    """(step, actor): the change of everybody's utility by each exchange, from the outcomes as they moved."""
    n_potential: int
    """Exchanges that were possible before anything was exchanged."""
    start: Floats
    """(actor, issue) positions: the interests, and the votes at the start."""
    end: Floats
    """(actor, issue) votes after all exchanges."""
    left: Bools
    """(actor, issue): whether an actor stood left of the outcome, or on it, at the start."""
    outcome_start: Floats
    """(issue,) weighted mean of the positions."""
    outcome_end: Floats
    """(issue,) weighted mean of the votes after all exchanges."""
    own_gain: Floats
    """(actor,) change of utility by the exchanges in which an actor took part."""
    externality: Floats
    """(actor,) change of utility by the exchanges of others; with `own_gain` the whole change."""
    n_ties: int
    """Steps at which several exchanges had the highest gain."""
    tie_rule: str
    """How they were told apart."""
    ended: Literal["none left", "limit"]
    """Whether nothing gainful was left to exchange, or the number asked for was reached."""
    stop_at_interest: bool
    """Whether exchanges were cut back where an outcome would pass the position of who demands it."""
    low: Floats | None = None
    """(issue,) lowest outcome over the tie-breaks tried; None where none were asked for."""
    high: Floats | None = None
    """(issue,) highest outcome over the tie-breaks tried."""

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The realised exchanges in order."""
        own = self._find_partners()
        gain = np.where(own, 0.0, self.effects).clip(min=0).sum(axis=1)
        loss = np.where(own, 0.0, self.effects).clip(max=0).sum(axis=1)
        found = []
        for step, row in enumerate(self.table):
            fields = dict(zip(POTENTIAL.names or (), row.item(), strict=True))
            p_before, p_after, q_before, q_after = self.outcomes[step].tolist()
            found.append(
                Exchange(
                    **fields,
                    outcome_p=(p_before, p_after),
                    outcome_q=(q_before, q_after),
                    gain_a=float(self.effects[step, row["actor_a"]]),
                    gain_b=float(self.effects[step, row["actor_b"]]),
                    others_gain=float(gain[step]),
                    others_loss=float(loss[step]),
                )
            )
        return tuple(found)

    @cached_property
    def inner(self) -> Bools:
        """(step, actor): third parties who stood where a or b stood on both issues, and so might have traded.

        The literature calls what an exchange does to them its inner externality, to all others its outer.
        """
        same = self.left[:, self.table["issue_p"]] == self.left[:, self.table["issue_q"]]
        steps = np.arange(len(self.table))
        inner: Bools = (same == same[self.table["actor_a"], steps]).T & ~self._find_partners()
        return inner

    def _find_partners(self) -> Bools:
        own = np.zeros(self.effects.shape, dtype=np.bool_)
        steps = np.arange(len(self.table))
        own[steps, self.table["actor_a"]] = True
        own[steps, self.table["actor_b"]] = True
        return own
