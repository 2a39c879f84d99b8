"""What each contributor could bring: stated people where it stated a size, our estimate where it did not.

People, and whole units of enablers. A size that a nation stated is taken as it was stated; where it stated
none, the number is our prior with a wide range and basis "ours", and must be shown as ours. Nations whose
stance offers nobody inside the country have 0 people and basis "none". Whether anybody comes is decided by
conditions elsewhere. The United States are no offer: the backstop is modelled apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Protocol

from truceline.generation.capabilities import list_from_outside, read_ruled_out
from truceline.generation.formula import add_range, compute
from truceline.generation.holdings import POOL_NAME, list_holdings
from truceline.generation.model import Offer, SizeBasis
from truceline.generation.nations import (
    BAND_LEAVES,
    POOL,
    Nation,
    pool_people,
    read_nations,
    sustained_people,
)
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

LAND_POSITIONS = frozenset({"will_send_conditional", "open_undecided"})
"""Positions that send people inside the country, or may; they bring all their enablers."""
ENABLER_POSITIONS = frozenset({"air_sea_only", "enabler_support_only"})
"""Positions that bring their enablers and no people."""
OUTSIDE_POSITIONS = frozenset({"neighbouring_territory_only", "basing_logistics_only"})
"""Positions that bring what serves from a neighbouring country, from the sea or from space."""
OTHER_POSITIONS = frozenset(
    {"support_no_troops", "training_support_only", "opposed", "denied", "rejects", "host"}
)
"""Positions that bring neither people nor enablers: help in kind is not a unit of the force."""
NOT_CONTRIBUTORS = frozenset({"USA", "UKR", "RUS"})
"""The backstop, the host and the other side: modelled apart, or no part of the force."""


class StanceLike(Protocol):
    """What an offer is made from: a nation's stance on a day."""

    @property
    def nation(self) -> str:
        """Return the ISO 3166 code, or COA for the coalition as a whole."""

    @property
    def name(self) -> str:
        """Return the nation's name."""

    @property
    def position(self) -> str:
        """Return the word of the register for what it would do."""

    @property
    def size_low(self) -> float | None:
        """Return the fewest people stated; None where nobody said."""

    @property
    def size_high(self) -> float | None:
        """Return the most people stated; None where nobody said."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """Return the words of its limits."""


Holdings = Mapping[str, Mapping[str, Traced]]
"""Units to be had, by capability and code (`holdings.list_holdings`)."""


def make_offer(nation: Nation, stance: StanceLike, holdings: Holdings, assumptions: AssumptionSet) -> Offer:
    """Return what one nation could bring, by its stance.

    People, in this order: a stated size, with the range stated; our estimate of what it could keep abroad,
    basis "ours"; 0 with basis "none" for every position that sends nobody inside the country. A size with an
    upper end alone ("fewer than 7,500") has that end as its value, and its low end is our share of it.
    """
    people, basis = _offer_people(nation, stance, assumptions)
    return Offer(
        code=nation.code,
        name=nation.name,
        people=people,
        basis=basis,
        sustained=sustained_people(nation, assumptions),
        pool=pool_people(nation, assumptions),
        units=_offer_units(nation.code, stance.position, holdings),
        refuses=_list_refused(stance.caveats),
        gdp_usd_bn=nation.gdp_usd_bn,
        note=_describe_stance(stance),
    )


def list_offers(
    stances: Mapping[str, StanceLike],
    assumptions: AssumptionSet,
    holdings: Holdings | None = None,
    *,
    nations: Mapping[str, Nation] | None = None,
) -> dict[str, Offer]:
    """Return the offer of every nation with a stance, and of what NATO holds in common, sorted by code.

    Nations without a stance offer nothing, and neither do the coalition as a whole (its members are listed),
    the United States, the host and the other side.

    holdings: of `list_holdings`, to save making them again. nations: the packaged ones when None.
    """
    held = list_holdings(assumptions) if holdings is None else holdings
    known = read_nations() if nations is None else nations
    offers = {
        code: make_offer(known[code], stance, held, assumptions)
        for code, stance in stances.items()
        if code in known and code not in NOT_CONTRIBUTORS
    }
    offers[POOL] = _offer_pool(held)
    return dict(sorted(offers.items()))


def _offer_pool(holdings: Holdings) -> Offer:
    label = f"{POOL_NAME}: people"
    nobody = Traced(f"offer.people.{POOL}", 0.0, "person", label, evidence="computed", note="aircraft only")
    units = {key: by_code[POOL] for key, by_code in holdings.items() if POOL in by_code}
    note = "aircraft with crews of many nations, some of them American; they come when the allies agree"
    return Offer(POOL, POOL_NAME, nobody, "none", None, None, units, note=note)


def _offer_people(nation: Nation, stance: StanceLike, assumptions: AssumptionSet) -> tuple[Traced, SizeBasis]:
    name = f"offer.people.{nation.code}"
    if stance.position not in LAND_POSITIONS:
        label = f"{nation.name}: people inside the country"
        note = f"none: its position is {_words(stance.position)}"
        return Traced(name, 0.0, "person", label, evidence="computed", note=note), "none"
    if stance.size_low is not None or stance.size_high is not None:
        return _trace_stated(name, stance, assumptions), "stated"
    sustained = sustained_people(nation, assumptions)
    if sustained is None:
        label = f"{nation.name}: people inside the country"
        note = "none stated, and no estimate of ours"
        return Traced(name, 0.0, "person", label, evidence="computed", note=note), "none"
    label = f"{nation.name}: people it might send (our estimate; it stated no number)"
    found = compute(name, label, "person", sustained.name, (sustained,), note=sustained.note)
    return add_range(found, only=BAND_LEAVES), "ours"


def _trace_stated(name: str, stance: StanceLike, assumptions: AssumptionSet) -> Traced:
    """Return a stated size with its range; what was stated is a leaf of its own."""
    low, high = stance.size_low, stance.size_high
    value = float(high if high is not None else low if low is not None else 0)
    stated = Traced(
        f"stated.{stance.nation}",
        value,
        "person",
        f"{stance.name}: people, as it stated them",
        low=None if low is None or high is None else float(low),
        high=None if low is None or high is None else value,
        evidence="stated",
        source=_describe_stance(stance),
    )
    label = f"{stance.name}: people it stated"
    if low is not None and high is None:
        note = "stated as 'at least'; no upper end is taken"
        return replace(compute(name, label, "person", stated.name, (stated,), note=note), low=value)
    found = compute(name, label, "person", stated.name, (stated,))
    if low is not None:
        return add_range(found)
    share = assumptions.trace("generation.at_most_low_share")
    note = f"stated as 'at most'; the low end is ours: {share.value:g} of it ({share.name})"
    return Traced(
        name,
        value,
        "person",
        label,
        stated.name,
        (stated, share),
        low=value * share.value,
        high=value,
        evidence="computed",
        note=note,
    )


def _offer_units(code: str, position: str, holdings: Holdings) -> dict[str, Traced]:
    """Return the enablers a position brings, by capability, sorted."""
    if position in LAND_POSITIONS | ENABLER_POSITIONS:
        brought: Collection[str] = holdings
    elif position in OUTSIDE_POSITIONS:
        brought = list_from_outside()
    else:
        brought = ()
    return {key: holdings[key][code] for key in sorted(brought) if code in holdings.get(key, {})}


def _list_refused(caveats: Collection[str]) -> tuple[str, ...]:
    """Return the people capabilities that a nation's caveats rule out, sorted."""
    ruled_out = read_ruled_out()
    return tuple(sorted({key for caveat in caveats for key in ruled_out.get(caveat, ())}))


def _describe_stance(stance: StanceLike) -> str:
    """Return a stance in words, with the day and number of the statement where it has one."""
    latest: Any = getattr(stance, "latest", None)
    if latest is None:
        return _words(stance.position)
    return f"{latest.statement or _words(stance.position)} ({latest.reference})"


def _words(position: str) -> str:
    return position.replace("_", " ")
