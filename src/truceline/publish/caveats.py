"""What is weak about the numbers, said before anybody else says it.

Sentences only, chosen by what the plan rests on: a plan without a map has nothing to confess about sight.
"""

from __future__ import annotations

from typing import NamedTuple

from truceline.plan.model import Plan


class Caveat(NamedTuple):
    """One weakness: what it is, and which way it bends the numbers."""

    title: str
    text: str


_STRENGTH_IS_NOT_WILL = Caveat(
    "Strength is not will",
    "Nothing here says whether anybody sends these people, whether a party lets them move, or"
    " what is done with a report. A guarantor's will and a party's intent are not estimated.",
)
"""Said where nations are not asked; where they are, what is weak about asking them is said instead."""
_OF_ANY_PLAN = (
    Caveat(
        "Fitted means consistent, not predictive",
        "Crew sizes, shifts and support shares were set so that past missions come out near the"
        " strength they had. That shows the model agrees with those missions; it does not show that"
        " the next one will be like them.",
    ),
    _STRENGTH_IS_NOT_WILL,
    Caveat(
        "Nobody is jammed or shot at",
        "Drones, masts and posts work as in their data sheets. Where drones are hunted and signals"
        " jammed, as on this kind of line they are, less is seen than is said here.",
    ),
    Caveat(
        "Costs are context",
        "Published costs of past missions count different things in prices of different years. They"
        " stand side by side and are not a cost plan.",
    ),
)
_OF_SIGHT = (
    Caveat(
        "Chances are taken as independent in time (Poisson)",
        "Detection adds up as if looks were independent. Fog, a tired crew or a broken radio make"
        " misses come together: then the average stays and the bad days are worse.",
    ),
    Caveat(
        "Patrols and drones are averaged over time",
        "Moving means are spread evenly over their sector and the day. Someone who watches them pass"
        " does better than the average: that is why the second intruder, who waits for the gap, has a"
        " line of its own.",
    ),
    Caveat(
        "Ranges come from single looks",
        "Sensor ranges say at what distance about half of the events are noticed in one look by an"
        " alert crew, and are turned into rates from there. Many were not read in a source; they are"
        " marked in the table above.",
    ),
    Caveat(
        "Attributed means seen at the origin",
        "Only means that see or locate the origin themselves count (drones with imagery, cooled towers,"
        " weapon-locating radars). What inspectors find out on the ground afterwards is not modelled, so a"
        " force of posts and patrols attributes more than is said here.",
    ),
    Caveat(
        "Along the far edge everybody is through",
        "The weakest crossing ends where the far edge of the zone of separation is reached. What"
        " happens behind it, and whether anybody is stopped, is not judged.",
    ),
)
_OF_NATIONS = (
    Caveat(
        "Most sizes are ours",
        "Few nations have said how many people they would send. For the others this report uses a share of"
        " their published strength that might be kept abroad, right within half and one and a half times at"
        " best, and marks every number that rests on it as ours. It is not what they offered.",
    ),
    Caveat(
        "Conditions are read from statements",
        "What a nation waits for is taken from what was reported, its law and rules of ours, and coded by"
        " one reader. Days for approvals are estimates. A statement may not be kept, and nothing here says"
        " how likely it is to be.",
    ),
    Caveat(
        "Holdings are not availability",
        "What is held is counted from public lists; how much of it is ready and would be released is ours."
        " Substitutes and their costs are orders of size.",
    ),
    Caveat(
        "A verdict on a claim is about these numbers",
        "A claim that is challenged here may still be right under other assumptions, and one that is"
        " reproduced may be right for other reasons.",
    ),
)
_OF_MONEY = (
    Caveat(
        "Costs follow a few published rates",
        "What a person costs for a year is the mean of a handful of published figures, and its range runs"
        " from the lowest to the highest of them. What a mission would really cost may lie outside.",
    ),
    Caveat(
        "Not everything is priced",
        "Aircraft, batteries, satellites and headquarters that nations bring as units have no price here, nor"
        " do the host's own forces. The total is too low by what they cost.",
    ),
    Caveat(
        "Bills are arithmetic, not agreements",
        "Who pays is a rule applied to this plan. Nobody has agreed to it, and a share of a budget says"
        " nothing of what a parliament would grant.",
    ),
)
_OF_DATES = (
    Caveat(
        "Dates are lead times added up, not a forecast",
        "How long a vote or a treaty takes is an estimate of analysts or of ours, and nothing says whether it"
        " comes at all. Ends of ranges are judgements, so the band is only as wide as they are.",
    ),
    Caveat(
        "The way in is simplified",
        "Ports, airfields, camps and roads are rounded capacities of ours; the change of gauge was published."
        " Weather, attacks, customs, training and trust between units are not in it.",
    ),
)
_OF_TALKS = (
    Caveat(
        "Positions are words that we put on a scale",
        "One reader coded public statements, each with a range. What was meant, offered behind doors or only"
        " threatened is not in them, and who said nothing is counted nowhere.",
    ),
    Caveat(
        "Models of talks have a poor record",
        "The plain weighted mean did as well as most, and most published successes could not be repeated."
        " They stand side by side so that their disagreement is seen; none of them forecasts.",
    ),
)
_STATISTICAL = Caveat(
    "No elevation model: sight is a chance, not a place",
    "Line of sight is statistical for the kind of country. Averages are indicative. The least-exposed"
    " path comes out too well watched, because real dead ground, which an intruder would seek out, is"
    " not known here.",
)
_TERRAIN = Caveat(
    "The elevation model decides what is hidden",
    "A coarse elevation model overstates what is seen: it smooths away the folds that hide a person.",
)


def list_caveats(plan: Plan) -> tuple[Caveat, ...]:
    """Return the weaknesses of this plan, those that move the numbers most first."""
    if plan.generation is not None:
        said = tuple(caveat for caveat in _of_force(plan) if caveat is not _STRENGTH_IS_NOT_WILL)
        return (*said, *_OF_NATIONS, *_of_money(plan), *_of_dates(plan), *_of_talks(plan))
    return (*_of_force(plan), *_of_money(plan), *_of_dates(plan), *_of_talks(plan))


def _of_money(plan: Plan) -> tuple[Caveat, ...]:
    return () if plan.money is None else _OF_MONEY


def _of_dates(plan: Plan) -> tuple[Caveat, ...]:
    return () if plan.dates is None else _OF_DATES


def _of_talks(plan: Plan) -> tuple[Caveat, ...]:
    return () if plan.talks is None else _OF_TALKS


def _of_force(plan: Plan) -> tuple[Caveat, ...]:
    if plan.ground is None:
        only_length = Caveat(
            "Only a length",
            "There is no map here: people are worked out from counts, and nothing is said of coverage.",
        )
        return (only_length, *_OF_ANY_PLAN)
    low_km, high_km = (bound / 1000 for bound in plan.scenario.line.tolerance.bounds)
    spread = f"about {low_km:g} km" + (f", 95 % of it within {high_km:g} km" if high_km > low_km else "")
    line = Caveat(
        "The line is known only so well",
        f"The true line lies within {spread} of the one drawn. A finer line is longer and asks for more"
        " people; a single post on this map is a place to look at, not a site.",
    )
    sight = _TERRAIN if plan.ground.sight.mode == "terrain" else _STATISTICAL
    return (sight, line, *(_OF_SIGHT if plan.chosen.watch is not None else ()), *_OF_ANY_PLAN)
