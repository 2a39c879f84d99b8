"""A weighted game in whole units, without what changes nobody's power: what the counting works on.

Weights and quota are exact: a decimal is the number as written (0.1 is one tenth), never the binary fraction
nearest to it, so that a sum that just meets the quota is never decided by rounding. Nothing is counted here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import SupportsFloat, TypeAlias

Number: TypeAlias = int | float | Decimal | Fraction


@dataclass(frozen=True)
class WholeGame:
    """Free players grouped by weight, beside vetoes and players without any weight; all in whole units.

    A coalition wins when it holds every veto and its free members weigh at least `needed`.
    """

    weights: tuple[int, ...]
    """Distinct weights of the free players, heaviest first, each from 1 to `needed`."""
    multiplicity: tuple[int, ...]
    """How many free players have each of them."""
    needed: int
    """What the free members have to weigh; 0 when the vetoes are enough by themselves."""
    n_vetoes: int
    n_idle: int
    """Free players of weight zero, or all free players when none is needed."""
    places: tuple[int, ...]
    """For each player, its place in `weights`; VETO or IDLE otherwise."""
    unit: Fraction
    """One unit of weight in the user's own measure."""

    @property
    def n_active(self) -> int:
        """Free players with a weight."""
        return sum(self.multiplicity)

    @property
    def total(self) -> int:
        """What all free players weigh."""
        return sum(w * k for w, k in zip(self.weights, self.multiplicity, strict=True))

    @property
    def spread(self) -> tuple[int, ...]:
        """The weight of every free player, heaviest first."""
        pairs = zip(self.weights, self.multiplicity, strict=True)
        return tuple(weight for weight, times in pairs for _ in range(times))

    @property
    def is_upside_down(self) -> bool:
        """Whether it is shorter to count who stays out: a swing is one there too (the dual game)."""
        return self.total - self.needed + 1 < self.needed

    @property
    def length(self) -> int:
        """Weights below this have to be told apart: the smaller of the quota and the quota of the dual."""
        return min(self.needed, self.total - self.needed + 1)


VETO = -1
"""Place of a player that every winning coalition has to hold."""
IDLE = -2
"""Place of a player whose weight never matters."""


def fraction_from(value: Number) -> Fraction:
    """Return a number exactly as written: 0.1 is one tenth.

    Raises ValueError or TypeError where it is no finite number.
    """
    if isinstance(value, bool):
        raise TypeError("true or false is no number")
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Rational | Decimal):
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError("not finite")
        return Fraction(value)
    if isinstance(value, SupportsFloat):
        return Fraction(str(value))  # the shortest decimal that reads back as this float
    raise TypeError("not a number")


def write_exactly(value: Fraction) -> str:
    """Return an exact number for people: a decimal where it ends, otherwise a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest > 1:
        return f"{value.numerator}/{value.denominator}"
    digits = len(str(value.numerator)) + value.denominator.bit_length()
    return f"{Context(prec=digits + 1).divide(Decimal(value.numerator), Decimal(value.denominator)):f}"


def build_whole_game(weights: Sequence[Fraction], quota: Fraction, is_veto: Sequence[bool]) -> WholeGame:
    """Return the game in the largest unit that keeps all weights whole.

    Weights above what is needed are cut to it, and the quota is raised to the next whole unit: neither
    changes who wins. `quota` is at most the total and above zero.
    """
    scale = math.lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    held = sum(w for w, veto in zip(whole, is_veto, strict=True) if veto)
    free = [w for w, veto in zip(whole, is_veto, strict=True) if not veto]
    step = math.gcd(*free) or 1
    needed = max(0, math.ceil((quota * scale - held) / step))
    cut = [min(w // step, needed) for w in free]
    times = Counter(cut)
    distinct = sorted(times.keys() - {0}, reverse=True)
    place_of = {weight: place for place, weight in enumerate(distinct)} | {0: IDLE}
    free_places = iter([place_of[w] for w in cut])
    return WholeGame(
        weights=tuple(distinct),
        multiplicity=tuple(times[weight] for weight in distinct),
        needed=needed,
        n_vetoes=sum(is_veto),
        n_idle=times[0],
        places=tuple(VETO if veto else next(free_places) for veto in is_veto),
        unit=Fraction(step, scale),
    )
