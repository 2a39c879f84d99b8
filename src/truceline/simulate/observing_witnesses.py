"""Who notices a simulated incident, and the luck of each: drawn from the incident's own key.

A post that saw it or heard it, neighbours that heard it too, residents who tell it afterwards. Which post
that is, and what it says, is told in `observing`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.observing_rules import ObservingRules
from truceline.simulate.true_incidents import TrueIncidents, draw_uniform

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_WITNESSES = 4
"""Most posts that report one incident; more would be one burst heard along the whole front."""


@dataclass(frozen=True, eq=False)
class Slots:
    """Reports to be written: the row of the incident, the witness, and how it noticed."""

    row: IntArray
    witness: IntArray
    """0 for the first post, then its neighbours; MOST_WITNESSES for residents."""
    is_seen: BoolArray
    is_told: BoolArray


@dataclass(frozen=True, eq=False)
class Luck:
    """Draws for every incident and witness, made for all incidents whether noticed or not.

    So an incident that two watches both notice is described alike under both.
    """

    even: FloatArray
    """Uniform, (incidents, witnesses, purposes)."""
    normal: FloatArray
    """Normal, of the same shape."""

    def of(self, slots: Slots, purpose: int) -> FloatArray:
        """Return the even draw of each report for one purpose."""
        return np.asarray(self.even[slots.row, slots.witness, purpose])

    def normal_of(self, slots: Slots, purpose: int) -> FloatArray:
        """Return the normal draw of each report for one purpose."""
        return np.asarray(self.normal[slots.row, slots.witness, purpose])


HOW, JOINS, PRECISION, DELAY, LATE, IS_LATE, WRONG = range(7)
TURN, FAR, RANGED, KIND, CLEAR, COUNT, DEPTH = range(7, 14)
# What each even draw of a witness is for: how it noticed, whether it joins, how exact its time is, and so on.
_N_EVEN = 14
# And what each normal one is for.
CLOCK, EAST, NORTH, BEARING, RANGE = range(5)
_N_NORMAL = 5


def draw_luck(truth: TrueIncidents) -> Luck:
    """Return the luck of every incident, noticed or not, from its key."""
    from scipy.special import ndtri

    n_witnesses, n = MOST_WITNESSES + 1, _N_EVEN + _N_NORMAL
    drawn = draw_uniform(truth.key, n_witnesses * n).reshape(len(truth), n_witnesses, n)
    return Luck(drawn[..., :_N_EVEN], ndtri(drawn[..., _N_EVEN:]))


def list_slots(truth: TrueIncidents, luck: Luck, rules: ObservingRules) -> Slots:
    """Decide who reports what: posts and neighbours that saw or heard it, and residents.

    A false report has one witness: somebody who says he saw it where the simulation has it verified, else
    residents or a post that heard something.
    """
    first, residents = luck.even[:, 0], luck.even[:, MOST_WITNESSES]
    is_real = ~truth.is_false
    is_rumour = truth.is_false & ~truth.verified & (first[:, HOW] < rules.false_told_share)
    is_seen = truth.attributed | (truth.verified & (truth.is_false | (first[:, HOW] < rules.seen_share)))
    # Neighbours join one after the other until one does not; what nobody saw takes two to be verified.
    joins = np.cumprod(luck.even[:, 1:MOST_WITNESSES, JOINS] < rules.double_share, axis=1).sum(axis=1)
    n_posts = np.where(truth.verified & is_real, np.maximum(1 + joins, np.where(is_seen, 1, 2)), 1)
    n_posts = np.where((truth.detected | truth.is_false) & ~is_rumour, n_posts, 0)
    told = is_rumour | (truth.detected & is_real & (residents[:, HOW] < rules.told_share))
    rows = [np.repeat(np.arange(len(truth)), n_posts), np.flatnonzero(told)]
    witness = np.arange(len(rows[0])) - np.repeat(np.cumsum(n_posts) - n_posts, n_posts)
    return Slots(
        row=np.concatenate(rows),
        witness=np.concatenate([witness, np.full(len(rows[1]), MOST_WITNESSES)]),
        # The first post saw it; its neighbours heard it.
        is_seen=np.concatenate([is_seen[rows[0]] & (witness == 0), np.zeros(len(rows[1]), dtype=bool)]),
        is_told=np.repeat([False, True], [len(rows[0]), len(rows[1])]),
    )
