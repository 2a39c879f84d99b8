"""Who carries how much: the key a burden rule goes by, and each nation's share of people, GDP and capacity.

People, shares between 0 and 1. Money is for GDP shares only: what a contribution costs is not asked here.
Where a nation's capacity or GDP is not known its share is NaN: unknown, not zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.allocation import BURDEN_RULES, BurdenRule
from truceline.generation.model import Offer

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BurdenShares:
    """Each nation's share, in the order of the offers."""

    codes: tuple[str, ...]
    people_share: FloatArray
    """(n,) of all people sent; 0 where nobody sends any."""
    gdp_share: FloatArray
    """(n,) of the GDP of the nations given whose GDP is known; NaN where it is not."""
    effort: FloatArray
    """(n,) people sent over people it can keep abroad without end, which is our prior; NaN where unknown."""

    @property
    def fairness(self) -> FloatArray:
        """(n,) people share over GDP share: 1 is proportional; NaN where GDP is unknown."""
        ratio = np.full(len(self.codes), math.nan)
        np.divide(self.people_share, self.gdp_share, out=ratio, where=self.gdp_share > 0)
        return ratio


def burden_keys(rule: BurdenRule, offers: Sequence[Offer]) -> tuple[FloatArray, BoolArray]:
    """Return the key of each nation under a rule (n,), and whether it stated a size (n,).

    ``gdp-share`` goes by GDP in billion US dollars. The other rules go by the people a nation can keep abroad
    without end; where that is unknown, by the size it stated, for a nation that offers a size can be taken
    to bear it. A key of 0 is an unknown one: `allocate` asks that nation last.
    """
    if rule not in BURDEN_RULES:
        problems = ProblemList()
        problems.add("burden", f"'{rule}' is not a rule", f"choose among {', '.join(BURDEN_RULES)}")
        problems.raise_if_any(ScenarioError, "burden")
    stated = np.array([offer.basis == "stated" for offer in offers], dtype=bool)
    key = [offer.gdp_usd_bn if rule == "gdp-share" else _capacity(offer) for offer in offers]
    return np.maximum(np.array(key, dtype=np.float64), 0.0), stated


def measure_burden(people: FloatArray, offers: Sequence[Offer]) -> BurdenShares:
    """Return each nation's share of people (n,), of GDP, and of what it can sustain.

    Raises
    ------
    ScenarioError
        When there is not one number of people, zero or more, for each offer.
    """
    problems = ProblemList()
    sent = np.asarray(people, dtype=np.float64)
    if sent.shape != (len(offers),):
        problems.add("people", f"has shape {sent.shape}", f"write one number for each of {len(offers)}")
    elif not (np.isfinite(sent).all() and (sent >= 0).all()):
        problems.add("people", "holds a number that is negative or not finite", "write zero or more")
    problems.raise_if_any(ScenarioError, "burden")
    gdp = np.array([offer.gdp_usd_bn for offer in offers], dtype=np.float64)
    sustained = np.array([_sustained(offer) for offer in offers], dtype=np.float64)
    known = np.where(gdp > 0, gdp, math.nan)
    effort = np.full(len(offers), math.nan)
    np.divide(sent, sustained, out=effort, where=sustained > 0)
    return BurdenShares(
        codes=tuple(offer.code for offer in offers),
        people_share=sent / sent.sum() if sent.sum() > 0 else np.zeros(len(offers)),
        gdp_share=known / gdp[gdp > 0].sum(),
        effort=effort,
    )


def _sustained(offer: Offer) -> float:
    return 0.0 if offer.sustained is None else offer.sustained.value


def _capacity(offer: Offer) -> float:
    if offer.sustained is None and offer.basis == "stated":
        return offer.people.value
    return _sustained(offer)
