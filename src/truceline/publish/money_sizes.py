"""How money is shown: with no more digits than it is known to, its range, and whose it is.

Millions in tables, millions or billions in sentences. Where the mark goes is decided in `sizes`; a sum that
rests on a size nobody stated never stands bare. Nothing is computed but the rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from truceline.cost.bases import CostBasis
from truceline.cost.burden import PayRule
from truceline.cost.inputs import NOBODY
from truceline.cost.lines import Amount, Heading
from truceline.publish.sizes import ABOUT, DIGITS, OURS, Size, format_units, round_to, show_range
from truceline.trace import Traced
from truceline.units import format_share

MILLION, BILLION = 1e6, 1e9
SMALL_SHARE = 0.01
"""Below it a share is shown with more decimals: a bill is a small part of a GDP."""
HEADING_WORDS: Mapping[Heading, str] = {
    "people": "People",
    "posts": "Posts, built and run",
    "masts": "Masts, built and run",
    "drones": "Drones, with losses",
    "drone-services": "Contracted drones",
    "lift-in": "Moving in",
    "lift-out": "Moving out",
    "camp": "Camps",
    "sustainment": "Supply",
    "start-up": "Start-up",
    "contingency": "Contingency",
}
BASIS_WORDS: Mapping[CostBasis, str] = {
    "full": "full cost: everything its payers count as the cost of the force",
    "incremental": "extra cost of being sent, without pay at home",
    "reimbursement": "what an organisation pays back to governments",
}
RULE_WORDS: Mapping[PayRule, str] = {
    "as-sent": "each pays for what it sends",
    "gdp-share": "those who send pay by their GDP",
    "un-scale": "those who send pay by the regular scale of the United Nations",
    "own": "shares as given",
}
if len(RULE_WORDS) != len(get_args(PayRule)):
    raise AssertionError("every rule has words")
NOBODY_WORDS = "Sent by nobody yet"


def name_nation(code: str, names: Mapping[str, str]) -> str:
    """Return a nation's name; the part that nobody sends has words of its own."""
    return NOBODY_WORDS if code == NOBODY else names.get(code, code)


def amount_of_tree(tree: Traced, *, ours: bool = False) -> Amount:
    """Return a traced sum as an amount; one without a range is its own ends."""
    return Amount(tree.value, *tree.bounds, ours)


def show_millions(amount: Amount, *, tight: bool = False) -> Size:
    """Return an amount in millions, with its range unless `tight`; ours carries its mark."""
    return _show(amount, MILLION, "", "", tight=tight)


def say_money(amount: Amount, currency: str, *, tight: bool = False) -> Size:
    """Return an amount for a sentence: currency, number, and millions or billions."""
    scale, unit = (BILLION, " bn") if amount.value >= BILLION else (MILLION, " m")
    return _show(amount, scale, f"{currency} ", unit, tight=tight)


def show_price(amount: Amount, currency: str) -> Size:
    """Return the price of one thing in whole units of a currency."""
    return _show(amount, 1.0, f"{currency} ", "", tight=False)


def _show(amount: Amount, scale: float, before: str, after: str, *, tight: bool) -> Size:
    number = f"{before}{format_units(round_to(amount.value / scale, DIGITS))}{after}"
    has_range = not tight and amount.low < amount.high
    span = show_range(amount.low / scale, amount.high / scale) if has_range else ""
    if amount.ours:
        return Size(f"{ABOUT}{number}" if tight else f"{ABOUT} {number}", OURS, span, is_ours=True)
    return Size(number, "", span)


def show_part(amount: Amount, *, tight: bool = False) -> Size:
    """Return a share of something with its range; a small one with more decimals, ours with its mark."""
    number = _percent(amount.value)
    span = "" if tight else f"({_percent(amount.low)}\N{EN DASH}{_percent(amount.high)})"
    if amount.ours:
        return Size(f"{ABOUT}{number}", OURS, span, is_ours=True)
    return Size(number, "", span)


def _percent(share: float) -> str:
    if 0 < share < SMALL_SHARE / 100:
        return "<0.01 %"
    return format_share(share, 2 if share < SMALL_SHARE else 1 if share < 10 * SMALL_SHARE else 0)


def show_rate(amount: Amount, unit: str) -> Size:
    """Return a ratio to two digits with its range."""
    return Size(f"{amount.value:.2g} {unit}".strip(), "", f"({amount.low:.2g}\N{EN DASH}{amount.high:.2g})")
