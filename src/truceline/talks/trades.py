"""Which deals the exchange model makes, and what they do to those who take no part in them.

Gains and losses in hundredths of a scale at full salience, from the outcomes as they moved. The deals are a
model's: nobody offered them, and the order in which they would come is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from truceline.talks.equal_gain import exchange_positions
from truceline.talks.model import JointTable

N_TRADES = 5
"""Deals that are listed, those with the largest gain."""


@dataclass(frozen=True)
class Trade:
    """One deal: `a` supports something nearer to b on one issue, `b` something nearer to a on another."""

    actor_a: str
    issue_q: str
    """What a moves on, because it is worth less to it."""
    from_q: float
    to_q: float
    """Its support before and after, on the issue's scale."""
    actor_b: str
    issue_p: str
    from_p: float
    to_p: float
    gain: float
    """What each of the two gains."""
    others_gain: float
    """Sum over third parties who are better off."""
    others_loss: float
    """Sum over third parties who are worse off; zero or less."""


@dataclass(frozen=True, eq=False)
class Trading:
    """All deals, in sum."""

    trades: tuple[Trade, ...]
    """Those with the largest gain, largest first."""
    n_trades: int
    own: Mapping[str, float]
    """What each actor gains by the deals it takes part in."""
    others: Mapping[str, float]
    """What each actor gains, or loses, by the deals of others: the externality."""

    @property
    def winners(self) -> tuple[str, ...]:
        """Return those whom deals of others leave better off, most first."""
        return tuple(
            sorted((one for one, v in self.others.items() if v > 0), key=lambda one: -self.others[one])
        )

    @property
    def losers(self) -> tuple[str, ...]:
        """Return those whom deals of others leave worse off, most first."""
        return tuple(
            sorted((one for one, v in self.others.items() if v < 0), key=lambda one: self.others[one])
        )


def list_trades(table: JointTable, most: int = N_TRADES) -> Trading:
    """Return the deals of the exchange model over several issues, with what they do to third parties.

    Ties are broken by the lowest actors and issues first, as in the model's answer.
    """
    scaled = table.position / table.span
    done = exchange_positions(scaled, table.salience, table.power)
    best = np.argsort(-done.table["gain"], kind="stable")[:most]
    exchanges = done.exchanges
    return Trading(
        trades=tuple(
            Trade(
                actor_a=table.actors[one.actor_a],
                issue_q=table.issues[one.issue_q].key,
                from_q=one.from_q * table.issues[one.issue_q].span,
                to_q=one.to_q * table.issues[one.issue_q].span,
                actor_b=table.actors[one.actor_b],
                issue_p=table.issues[one.issue_p].key,
                from_p=one.from_p * table.issues[one.issue_p].span,
                to_p=one.to_p * table.issues[one.issue_p].span,
                gain=one.gain,
                others_gain=one.others_gain,
                others_loss=one.others_loss,
            )
            for one in (exchanges[step] for step in best.tolist())
        ),
        n_trades=len(exchanges),
        own=dict(zip(table.actors, done.own_gain.tolist(), strict=True)),
        others=dict(zip(table.actors, done.externality.tolist(), strict=True)),
    )
