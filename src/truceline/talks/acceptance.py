"""Who would accept an agreement, who could block it, and how far that hangs on our coding.

An actor sets each issue that the agreement settles, and on which it has spoken, against where things lie if
nothing is agreed: nearer to its own position is a gain, weighted by its salience. It accepts where the gains
make up for the losses; an even balance is acceptance. An actor with a veto blocks where the issue of its veto
alone would leave it worse off, or the agreement as a whole does. An actor whose yes a term asks for (a
ceasefire takes both sides) blocks where it rejects the whole. Who has said nothing on any of it is counted
neither way. Nothing here values an end of the fighting itself: no statement puts a number on it. This is a
reading of statements, not of what anybody would do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.talks.agreements import Agreement
from truceline.talks.core import QUOTA_SHARE
from truceline.talks.model import MOST_POWER, Board, FloatArray
from truceline.talks.sampling import Draws
from truceline.trace import Traced

BoolArray = NDArray[np.bool_]

EVEN = 1e-9
"""A balance nearer to zero than this share of a scale is even."""
ACCEPTS_FROM, REJECTS_TO = 0.9, 0.1
"""Shares of the codings from which an acceptance holds, and up to which a rejection does."""


@dataclass(frozen=True)
class Verdict:
    """What one actor makes of one agreement."""

    actor: str
    issues: tuple[str, ...]
    """Issues it has spoken on that the agreement settles; empty where it has said nothing on any."""
    gain: float
    """Balance over them, -1 to 1: how much nearer than without agreement, by share of the scale, weighted."""
    gains: Mapping[str, float]
    """The same for each issue alone."""
    accepts: bool
    vetoes: tuple[str, ...]
    """Issues that the agreement settles on which it has a veto."""
    blocks_on: tuple[str, ...]
    """Issues on which it would block; all of its vetoes where the agreement as a whole is a loss to it."""
    asked_by: tuple[str, ...]
    """Terms that cannot be without its yes."""
    refuses: tuple[str, ...]
    """Those of them that it does not give: all where it rejects the whole, none where it has said nothing."""
    accepts_share: float | None
    """Draws of all coded numbers in which it accepts; None without draws."""
    blocks_share: float | None

    @property
    def is_silent(self) -> bool:
        """Tell whether it has said nothing on what the agreement settles."""
        return not self.issues

    @property
    def word(self) -> str:
        """Return the verdict in a word or two: firm only where it holds over nearly all codings."""
        if self.is_silent:
            return "silent"
        share = self.accepts_share
        if share is None:
            return "accepts" if self.accepts else "rejects"
        if share >= ACCEPTS_FROM:
            return "accepts"
        if share <= REJECTS_TO:
            return "rejects"
        return "leans to yes" if share > 0.5 else "leans to no"


@dataclass(frozen=True)
class Backing:
    """Weight behind an agreement on one issue."""

    issue: str
    weight_share: float
    """Share of the weight of all who spoke on the issue; 0 where nobody has: nothing stands on silence."""
    quota_share: float

    @property
    def is_enough(self) -> bool:
        """Tell whether the quota is reached."""
        return self.weight_share >= self.quota_share - QUOTA_SHARE


@dataclass(frozen=True, eq=False)
class Reception:
    """How one agreement is received."""

    agreement: Agreement
    verdicts: tuple[Verdict, ...]
    """By actor, sorted."""
    backing: tuple[Backing, ...]
    stands_share: float | None
    """Draws in which nobody blocks and every quota is reached; None without draws."""

    @property
    def accepting(self) -> tuple[str, ...]:
        """Actors that accept at the coded values."""
        return tuple(one.actor for one in self.verdicts if one.accepts and not one.is_silent)

    @property
    def rejecting(self) -> tuple[str, ...]:
        """Actors that reject at the coded values."""
        return tuple(one.actor for one in self.verdicts if not one.accepts and not one.is_silent)

    @property
    def blocking(self) -> tuple[str, ...]:
        """Actors that would block at the coded values: by a veto, or by the yes that a term asks for."""
        return tuple(one.actor for one in self.verdicts if one.blocks_on or one.refuses)

    @property
    def could_block(self) -> tuple[str, ...]:
        """Actors with a veto on something it settles, or whose yes a term asks for."""
        return tuple(one.actor for one in self.verdicts if one.vetoes or one.asked_by)

    @property
    def unheard(self) -> tuple[str, ...]:
        """Actors that could block and have said nothing on the issue of their veto, or on any where asked."""
        return tuple(
            one.actor
            for one in self.verdicts
            if any(issue not in one.issues for issue in one.vetoes) or (one.asked_by and one.is_silent)
        )

    @property
    def stands(self) -> bool:
        """Tell whether, at the coded values, nobody blocks and every quota is reached."""
        return not self.blocking and all(one.is_enough for one in self.backing)


def weigh_agreements(
    board: Board, agreements: Sequence[Agreement], draws: Draws | None = None
) -> tuple[Reception, ...]:
    """Return how each agreement is received on a day.

    draws: of the day's coded numbers and of the agreements' points (`sampling.draw_codings`); without them
    nothing is said of how far the verdicts hang on our coding.
    """
    return tuple(_weigh(board, one, draws) for one in agreements)


def _weigh(board: Board, agreement: Agreement, draws: Draws | None) -> Reception:
    settled = [issue for issue in board.issues if issue in agreement.points]
    central = _Balance(board, agreement, settled, None)
    sampled = None if draws is None else _Balance(board, agreement, settled, draws)
    verdicts = []
    for actor in sorted(board.actors):
        issues = tuple(issue for issue in settled if (actor, issue) in board.places)
        vetoes = tuple(
            issue
            for issue in settled
            if (actor, issue) in board.standings and board.standings[actor, issue].veto
        )
        blocks_on = tuple(issue for issue in vetoes if central.blocks(actor, issue)[0])
        asked_by = tuple(term.key for term in agreement.asks_of(actor))
        verdicts.append(
            Verdict(
                actor=actor,
                issues=issues,
                gain=float(central.total(actor)[0]),
                gains={issue: float(central.gain(actor, issue)[0]) for issue in issues},
                accepts=bool(issues) and bool(central.accepts(actor)[0]),
                vetoes=vetoes,
                blocks_on=blocks_on,
                asked_by=asked_by,
                refuses=asked_by if issues and not central.accepts(actor)[0] else (),
                accepts_share=float(sampled.accepts(actor).mean()) if sampled and issues else None,
                blocks_share=float(sampled.stops(actor).mean()) if sampled and (vetoes or asked_by) else None,
            )
        )
    backing = tuple(
        Backing(issue, float(central.behind(issue)[0]), board.issues[issue].quota.value) for issue in settled
    )
    stands = None if sampled is None else float(sampled.stands().mean())
    return Reception(agreement, tuple(verdicts), backing, stands)


class _Balance:
    """Gains and losses of one agreement, at the coded values or over draws: arrays (n,)."""

    def __init__(
        self, board: Board, agreement: Agreement, settled: Sequence[str], draws: Draws | None
    ) -> None:
        self._board, self._agreement, self._settled, self._draws = board, agreement, settled, draws
        self._n = 1 if draws is None else len(draws.points)
        self._gains: dict[tuple[str, str], FloatArray] = {}

    def _read(self, traced: Traced) -> FloatArray:
        return np.array([traced.value]) if self._draws is None else self._draws.read([traced])[:, 0]

    def gain(self, actor: str, issue: str) -> FloatArray:
        """Return the share of the scale by which an agreement lies nearer to an actor than no agreement."""
        if (actor, issue) not in self._gains:
            scale, place = self._board.issues[issue], self._board.places[actor, issue]
            wants = self._read(place.position)
            with_it = np.abs(wants - self._read(self._agreement.points[issue]))
            without = np.abs(wants - self._read(scale.reference))
            self._gains[actor, issue] = (without - with_it) / scale.span
        return self._gains[actor, issue]

    def total(self, actor: str) -> FloatArray:
        """Return the balance over the issues it has spoken on, weighted by salience; 0 where none is."""
        spoken = [issue for issue in self._settled if (actor, issue) in self._board.places]
        if not spoken:
            return np.zeros(self._n)
        care = np.array([self._read(self._board.places[actor, issue].salience) for issue in spoken])
        gains = np.array([self.gain(actor, issue) for issue in spoken])
        most = care.sum(axis=0)
        return np.asarray(np.where(most > 0, (care * gains).sum(axis=0) / np.where(most > 0, most, 1.0), 0.0))

    def accepts(self, actor: str) -> BoolArray:
        """Return whether it accepts."""
        return np.asarray(self.total(actor) >= -EVEN)

    def blocks(self, actor: str, issue: str) -> BoolArray:
        """Return whether an actor with a veto on an issue would use it: who is silent is not known to.

        One that has not spoken on the issue of its veto, and rejects the whole by the others, would.
        """
        rejects = ~self.accepts(actor)
        if (actor, issue) not in self._board.places:
            return np.asarray(rejects)
        return np.asarray((self.gain(actor, issue) < -EVEN) | rejects)

    def stops(self, actor: str) -> BoolArray:
        """Return whether an actor blocks, by a veto or by refusing the yes that a term asks for."""
        standings, places = self._board.standings, self._board.places
        stops = np.zeros(self._n, dtype=bool)
        for issue in self._settled:
            if (actor, issue) in standings and standings[actor, issue].veto:
                stops |= self.blocks(actor, issue)
        if self._agreement.asks_of(actor) and any((actor, issue) in places for issue in self._settled):
            stops |= ~self.accepts(actor)
        return stops

    def behind(self, issue: str) -> FloatArray:
        """Return the share of the weight on an issue that accepts the agreement."""
        for_it, whole = np.zeros(1), np.zeros(1)
        for actor in self._board.speakers(issue):
            place, standing = self._board.places[actor, issue], self._board.standings[actor, issue]
            weight = self._read(place.salience) * self._read(standing.power) / MOST_POWER**2
            whole = whole + weight
            for_it = for_it + weight * self.accepts(actor)
        return np.asarray(np.where(whole > 0, for_it / np.where(whole > 0, whole, 1.0), 0.0))

    def stands(self) -> BoolArray:
        """Return whether nobody blocks and every quota is reached."""
        good = np.ones(self._n, dtype=bool)
        for issue in self._settled:
            quota = self._read(self._board.issues[issue].quota)
            good &= self.behind(issue) >= quota - QUOTA_SHARE
        for actor in self._board.actors:
            good &= ~self.stops(actor)
        return good
