"""Named changes to a deployment, so that two dates can be set side by side.

Days, people. A what-if changes what it names and nothing else; whether anybody would do it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from truceline.deployment._flow_arrays import Loss
from truceline.deployment.model import Movement, Network
from truceline.errors import Problem, ProblemList, ScenarioError

NEXT_DOOR = "next-door"
"""Origin of people who wait in a neighbouring country."""
US_LIFT_NODE = "airlift-us"
NATIONS_LIFT_NODE = "airlift-nations"
US_LIFT = "us.strategic-lift"
"""Condition that brings it."""


@dataclass(frozen=True)
class WhatIf:
    """One named change."""

    key: str
    label: str
    early_days: float = 0.0
    """Days before the ceasefire from which approvals are worked on."""
    next_door: float = 0.0
    """People who wait next door on the day of the ceasefire."""
    losses: tuple[Loss, ...] = ()
    delays: Mapping[str, float] = field(default_factory=dict)
    """Further days by condition, for example ``parliament.DEU``."""
    us_lift: bool | None = None
    """Whether the United States bring strategic lift; None as the case says."""


AS_PLANNED = WhatIf("as-planned", "As planned")


def check_what_if(what_if: WhatIf, network: Network, conditions: Sequence[str]) -> None:
    """Raise ScenarioError with all that a what-if names and that is not there, and all impossible times."""
    problems = ProblemList()
    where = f"what-if {what_if.key}"
    for what, number in (("early_days", what_if.early_days), ("next_door", what_if.next_door)):
        if not 0 <= number < 1e7:
            problems.add(where, f"{what} {number:g} is not possible", "write zero or more")
    if what_if.next_door > 0 and NEXT_DOOR not in network.nodes:
        problems.add(where, f"the network has no origin {NEXT_DOOR!r}", "add it with a route that leaves it")
    for key, days in what_if.delays.items():
        if key not in conditions:
            problems.add(where, f"nobody waits for {key!r}", "see the calendar of approvals for the keys")
        if not 0 <= days < 1e5:
            problems.add(where, f"a delay of {days:g} days is not possible", "write zero or more")
    problems.raise_if_any(ScenarioError, "what-if")


def wait_next_door(movements: Sequence[Movement], people: float) -> list[Movement]:
    """Return movements with the most urgent `people` waiting next door: approved, they march in at once.

    They are on no notice any more. Who that is follows from priority, then from who would be ready first.
    """
    left, found = people, []
    order = sorted(range(len(movements)), key=lambda g: (movements[g].priority, movements[g].ready_day, g))
    near = dict.fromkeys(range(len(movements)), 0.0)
    for g in order:
        near[g] = min(left, movements[g].people)
        left -= near[g]
    for g, one in enumerate(movements):
        if near[g] <= 0:
            found.append(one)
            continue
        share = near[g] / one.people
        found.append(
            replace(
                _scaled(one, share), origin=NEXT_DOOR, ready_day=max(0.0, one.approved_day), release_days=0.0
            )
        )
        if share < 1:
            found.append(_scaled(one, 1 - share))
    return found


def _scaled(one: Movement, share: float) -> Movement:
    low = None if one.people_low is None else one.people_low * share
    high = None if one.people_high is None else one.people_high * share
    return replace(one, people=one.people * share, people_low=low, people_high=high)


def lose(node: str, from_day: int, to_day: int, left_share: float = 0.0) -> WhatIf:
    """Return the what-if that a node passes less from one day to another."""
    if to_day < from_day or from_day < 0:
        problem = Problem(
            f"lost {node}", f"days {from_day} to {to_day} are not a time", "write first and last"
        )
        raise ScenarioError("what-if", [problem])
    label = f"{node} lost from day {from_day} to day {to_day}"
    return WhatIf(f"lost-{node}", label, losses=(Loss(node, from_day, to_day, left_share),))


def list_what_ifs(
    *, next_door: float, early_days: float, delay_days: float, horizon: int, port: str, parliament: str = ""
) -> tuple[WhatIf, ...]:
    """Return the plan as it is and the what-ifs that are shown beside it.

    port: node that is lost. parliament: condition that comes later (`make.find_parliament`); empty for none.
    """
    found = [
        AS_PLANNED,
        WhatIf("early", f"Approvals begun {early_days:g} days before the ceasefire", early_days=early_days),
        WhatIf("next-door", f"{next_door:,.0f} people waiting next door", next_door=next_door),
        replace(lose(port, 1, horizon), key="lost-port", label=f"{port} lost for the whole time"),
    ]
    if parliament:
        label = f"{parliament} {delay_days:g} days later"
        found.append(WhatIf("late-parliament", label, delays={parliament: delay_days}))
    found.append(WhatIf("no-us-lift", "No strategic lift of the United States", us_lift=False))
    return tuple(found)
