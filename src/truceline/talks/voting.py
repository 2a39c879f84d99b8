"""Voting power under weights, a quota and vetoes: who decides how often, what one seat changes for others.

Banzhaf and Shapley-Shubik indices with exact counts, for thousands of players. A coalition wins when it
weighs at least the quota and holds every veto player. All coalitions (Banzhaf) or all orders of joining
(Shapley-Shubik) count alike: this measures the rule, not what the players want, and forecasts nothing.
Weights may be decimals; they are taken exactly as written (0.1 is one tenth).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.talks._voting_counts import Counts, count_coalitions
from truceline.talks._voting_game import (
    IDLE,
    VETO,
    Number,
    WholeGame,
    build_whole_game,
    write_exactly,
)
from truceline.talks._voting_input import (
    check_names,
    name_some,
    read_quota,
    read_seated,
    read_share,
    read_weights,
)
from truceline.talks._voting_shapley import share_by_counts, share_by_quadrature

FloatArray = NDArray[np.float64]
T = TypeVar("T")

TITLE = "voting power"
"""Head of every message from here."""


@dataclass(frozen=True, eq=False)
class PowerIndices:
    """How often each player decides; all arrays in the order of `players`."""

    players: tuple[str, ...]
    weights: tuple[Number, ...]
    """As given."""
    quota: Number
    """As given; in the unit of the weights."""
    veto: tuple[str, ...]
    """Players whom every winning coalition must hold by the rule, in the order of `players`."""
    swings: tuple[int, ...]
    """For each player, winning coalitions that lose without it; exact."""
    banzhaf: FloatArray
    """(n,) swings as a share of all players' swings (Banzhaf, normalised); sums to 1."""
    banzhaf_absolute: FloatArray
    """(n,) swings as a share of the coalitions of the others: the chance to decide if each vote is even."""
    shapley_shubik: FloatArray
    """(n,) share of all orders of joining in which the player is the one that makes the coalition win."""
    shapley_fractions: tuple[Fraction, ...] | None
    """The same as exact fractions; None where sets could not be told apart by size in reasonable time."""
    shapley_rounding: float
    """How far the Shapley-Shubik indices are from summing to 1; 0 where they are exact."""
    n_winning: int
    """Winning coalitions; exact."""
    n_minimal: int
    """Winning coalitions that lose whenever any one member leaves; exact."""
    method: str
    """How each number was made, in plain words."""

    @property
    def banzhaf_fractions(self) -> tuple[Fraction, ...]:
        """The normalised Banzhaf indices as exact fractions."""
        total = sum(self.swings)
        known = {times: Fraction(times, total) for times in set(self.swings)}
        return tuple(known[times] for times in self.swings)

    @property
    def dummies(self) -> tuple[str, ...]:
        """Players who never decide, whatever the others do."""
        return tuple(name for name, times in zip(self.players, self.swings, strict=True) if not times)

    @property
    def blockers(self) -> tuple[str, ...]:
        """Players in every winning coalition, by a veto or by weight: each can stop anything alone."""
        pairs = zip(self.players, self.swings, strict=True)
        return tuple(name for name, times in pairs if times == self.n_winning)

    @property
    def dictator(self) -> str | None:
        """The player who wins alone and without whom nobody wins, if there is one."""
        everything = 2 ** (len(self.players) - 1)
        return next(
            (name for name, n in zip(self.players, self.swings, strict=True) if n == everything), None
        )

    @property
    def winning_share(self) -> float:
        """Winning coalitions as a share of all: how easily anything is decided (Coleman 1971)."""
        return float(Fraction(self.n_winning, 1 << len(self.players)))

    def place(self, player: str) -> int:
        """Return the place of a player in all arrays. Raises ScenarioError for one who is not there."""
        if player not in self.players:
            problems = ProblemList()
            problems.add(f"player {player}", "is not in this vote", f"one of {name_some(self.players)}")
            problems.raise_if_any(ScenarioError, TITLE)
        return self.players.index(player)


@dataclass(frozen=True, eq=False)
class SeatEffect:
    """What the seat of one player changes: the table with it beside the same table without it.

    Every change is *with the seat* less *without it*, for `others` in the order of the table. The quota is
    the same share of the weight at either table, so a new seat raises what has to be reached.
    """

    player: str
    is_seated: bool
    """Whether it sits at the table now: then the question is denying the seat, otherwise giving it."""
    with_seat: PowerIndices
    without_seat: PowerIndices | None
    """None when fewer than two others would be left, or they weigh nothing: there is no vote to measure."""

    @property
    def others(self) -> tuple[str, ...]:
        """Everybody else at the table."""
        return tuple(name for name in self.with_seat.players if name != self.player)

    @property
    def own_banzhaf(self) -> float:
        """The player's own normalised Banzhaf index with the seat; without it there is none."""
        return float(self.with_seat.banzhaf[self.with_seat.place(self.player)])

    @property
    def own_shapley_shubik(self) -> float:
        """The player's own Shapley-Shubik index with the seat; without it there is none."""
        return float(self.with_seat.shapley_shubik[self.with_seat.place(self.player)])

    @property
    def banzhaf_change(self) -> FloatArray | None:
        """(n - 1,) what the seat adds to the normalised Banzhaf index of each of the others."""
        return self._change("banzhaf")

    @property
    def banzhaf_absolute_change(self) -> FloatArray | None:
        """(n - 1,) what it adds to their chance to decide if each vote is even; all can lose at once."""
        return self._change("banzhaf_absolute")

    @property
    def shapley_shubik_change(self) -> FloatArray | None:
        """(n - 1,) what it adds to the Shapley-Shubik index of each of the others."""
        return self._change("shapley_shubik")

    @property
    def winning_share_change(self) -> float | None:
        """What it adds to the share of coalitions that win: below zero, decisions become harder."""
        if self.without_seat is None:
            return None
        return self.with_seat.winning_share - self.without_seat.winning_share

    @property
    def blocks_gained(self) -> tuple[str, ...]:
        """Others who can stop anything alone only with the seat there."""
        return self._newly("blockers", with_seat=True)

    @property
    def blocks_lost(self) -> tuple[str, ...]:
        """Others who can stop anything alone only without it."""
        return self._newly("blockers", with_seat=False)

    @property
    def made_dummies(self) -> tuple[str, ...]:
        """Others who never decide with the seat there, and sometimes do without it."""
        return self._newly("dummies", with_seat=True)

    @property
    def no_longer_dummies(self) -> tuple[str, ...]:
        """Others who never decide without the seat, and sometimes do with it: it can help a third party."""
        return self._newly("dummies", with_seat=False)

    def _change(self, measure: str) -> FloatArray | None:
        if self.without_seat is None:
            return None
        present: FloatArray = getattr(self.with_seat, measure)
        absent: FloatArray = getattr(self.without_seat, measure)
        return np.delete(present, self.with_seat.place(self.player)) - absent

    def _newly(self, measure: str, *, with_seat: bool) -> tuple[str, ...]:
        if self.without_seat is None:
            return ()
        present, absent = set(getattr(self.with_seat, measure)), set(getattr(self.without_seat, measure))
        new = present - absent if with_seat else absent - present
        return tuple(name for name in self.others if name in new)


def measure_voting_power(
    players: Sequence[str], weights: Sequence[Number], quota: Number, veto: Collection[str] | None = None
) -> PowerIndices:
    """Return the power of each player where `quota` decides, with every player in `veto` on board.

    Parameters
    ----------
    players
        Names, two or more, each once.
    weights
        Votes of each, zero or more, in any one unit; decimals are taken as written, fractions exactly.
    quota
        What a coalition has to weigh at least, in the same unit; above zero.
    veto
        Names without whom nothing is decided, whatever their weight.

    Counts and Banzhaf indices are exact integers and fractions of any size. Shapley-Shubik indices are exact
    fractions for small games and right up to rounding for large ones (`shapley_fractions`, `method`).
    Players of the same weight, both with or both without a veto, get the very same numbers.

    Raises
    ------
    ScenarioError
        With all that is wrong: nobody or one player alone, names given twice, weights below zero, a quota
        of zero or out of reach, a veto of somebody who is not there, a game too large to be counted.
    """
    names, given, vetoes = tuple(players), tuple(weights), () if veto is None else veto
    problems = ProblemList()
    check_names(names, len(given), vetoes, problems)
    exact = read_weights(names, given, problems)
    line = read_quota(quota, exact, problems)
    problems.raise_if_any(ScenarioError, TITLE)
    held = set(vetoes)
    is_veto = [name in held for name in names]
    game = build_whole_game(exact, line, is_veto)
    counts = count_coalitions(game)
    exact_shares = share_by_counts(game, counts)
    if exact_shares is not None:
        fractions = _spread(game, exact_shares.free, exact_shares.veto, Fraction(0))
        shapley, n_nodes, rounding = np.array([float(share) for share in fractions]), 0, 0.0
    else:
        shares, n_nodes = share_by_quadrature(game)
        fractions, shapley = None, np.array(_spread(game, shares.free, shares.veto, 0.0))
        rounding = abs(1.0 - math.fsum(shapley))
    idle = 2**game.n_idle  # players without weight are in or out of every coalition
    n_winning = counts.n_winning * idle
    swings = _spread(game, [times * idle for times in counts.swings], n_winning, 0)
    total, others = sum(swings), 2 ** (len(names) - 1)
    share_of = {times: (times / total, times / others) for times in set(swings)}  # whole: rounded once
    return PowerIndices(
        players=names,
        weights=given,
        quota=quota,
        veto=tuple(name for name, veto_here in zip(names, is_veto, strict=True) if veto_here),
        swings=swings,
        banzhaf=_freeze([share_of[times][0] for times in swings]),
        banzhaf_absolute=_freeze([share_of[times][1] for times in swings]),
        shapley_shubik=_freeze(shapley),
        shapley_fractions=fractions,
        shapley_rounding=rounding,
        n_winning=n_winning,
        n_minimal=counts.n_minimal,
        method=_describe_method(game, counts, n_nodes, rounding),
    )


def compare_seats(
    players: Sequence[str],
    weights: Sequence[Number],
    quota_share: Number,
    veto: Collection[str] | None = None,
    *,
    seated: Collection[str] | None = None,
    strict: bool = False,
) -> tuple[SeatEffect, ...]:
    """Return, for each player, the power of everybody at the table with its seat and without it.

    Parameters
    ----------
    players, weights, veto
        As in `measure_voting_power`; also those who have no seat yet. A veto counts only with a seat.
    quota_share
        What decides, as a share (above 0, at most 1) of all weight at the table; worked out anew for each.
    seated
        Who sits at the table now; everybody where it is not given. For one of them the other table is this
        one without it; for anybody else this one with it. Seats keep the order of `players`.
    strict
        Whether a coalition needs more than that share (as in "more than half"); otherwise at least it.

    Raises ScenarioError with all that is wrong, as `measure_voting_power` does.
    """
    names, given = tuple(players), tuple(weights)
    vetoes = () if veto is None else veto
    problems = ProblemList()
    check_names(names, len(given), vetoes, problems)
    exact = read_weights(names, given, problems)
    share = read_share(quota_share, strict, problems)
    here = read_seated(names, seated, problems)
    if not problems.has_errors() and sum(w for n, w in zip(names, exact, strict=True) if n in here) == 0:
        problems.add("weights", "nobody at the table has any weight", "give one of them votes")
    problems.raise_if_any(ScenarioError, TITLE)

    def measure(table: Collection[str]) -> PowerIndices | None:
        at = [place for place, name in enumerate(names) if name in table]
        there = [exact[place] for place in at]
        if len(at) < 2 or sum(there) == 0:
            return None
        sitting = [names[place] for place in at]
        held = [name for name in sitting if name in set(vetoes)]
        return measure_voting_power(sitting, [given[i] for i in at], _quota_of(there, share, strict), held)

    now = measure(here)
    effects = []
    for name in names:
        present, absent = (now, measure(here - {name})) if name in here else (measure(here | {name}), now)
        if present is None:
            raise AssertionError("the table now is a vote, and one more seat does not undo that")
        effects.append(SeatEffect(name, name in here, present, absent))
    return tuple(effects)


def _quota_of(weights: Sequence[Fraction], share: Fraction, strict: bool) -> Fraction:
    """Return what has to be reached: the share of the total, or the next whole unit of weight above it."""
    line = share * sum(weights)
    if not strict:
        return line
    scale = math.lcm(*(weight.denominator for weight in weights))
    return Fraction(math.floor(line * scale) + 1, scale)


def _spread(game: WholeGame, free: Sequence[T], veto: T, idle: T) -> tuple[T, ...]:
    """Return for each player what belongs to its weight, to a veto or to a player without weight."""
    special = {VETO: veto, IDLE: idle}
    return tuple(special[place] if place < 0 else free[place] for place in game.places)


def _freeze(values: Sequence[float] | FloatArray) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _describe_method(game: WholeGame, counts: Counts, n_nodes: int, rounding: float) -> str:
    """Say how the numbers were made."""
    how = "over all subsets of two halves of the players" if counts.by_halves else "by generating functions"
    text = f"Weights taken as written, in whole units of {write_exactly(game.unit)}; coalitions counted "
    text += f"exactly {how}; Banzhaf indices are exact fractions of them; "
    if not n_nodes:
        return text + "Shapley-Shubik indices are exact fractions."
    return text + (
        f"Shapley-Shubik indices by Gauss-Legendre quadrature of the multilinear extension, of full degree "
        f"({n_nodes} nodes matter), exact up to rounding: they sum to 1 within {rounding:.1e}."
    )
