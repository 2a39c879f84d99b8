"""The answer in a few lines, the same on the terminal, in comparisons and in the README."""

from __future__ import annotations

import math

from truceline.detection.kinds import STATES
from truceline.plan.model import Plan, PosturePlan
from truceline.units import format_chance, format_people, format_share

_STATE_WORDS = {"day": "clear day", "night": "clear night", "bad": "bad weather"}

SUMMARY_LINES = (
    "People deployed",
    "  watching the line",
    "  deterrence, declared apart",
    "People for each km",
    "Pool with rotation",
    "Incidents detected, average",
    "  best possible for these people",
    "Incidents verified",
    "Incidents attributed",
    *(f"Weakest crossing noticed, {_STATE_WORDS[state]}" for state in STATES),
    *(f"Line open, {_STATE_WORDS[state]}" for state in STATES),
)
"""Rows of the summary, in order: average, weakest crossing and open share always together."""


def summarise(one: PosturePlan) -> dict[str, str]:
    """Return every line of the summary for a posture; empty where it does not apply."""
    force, head = one.people.force, one.headlines
    found = dict.fromkeys(SUMMARY_LINES, "")
    found["People deployed"] = format_people(force.deployed_people)
    found["  watching the line"] = format_people(force.watching_people)
    found["  deterrence, declared apart"] = format_people(force.deterrence_people)
    found["People for each km"] = f"{head['force.per_km'].value:.1f}"
    found["Pool with rotation"] = format_people(one.people.rotation.pool_people)
    if one.crossings is None:
        return found
    found["Incidents detected, average"] = format_share(head["watch.detect"].value, 1)
    found["  best possible for these people"] = format_share(head["watch.bound"].value, 1)
    found["Incidents verified"] = format_chance(head["watch.verify"].value)
    found["Incidents attributed"] = format_chance(head["watch.attribute"].value)
    for state in STATES:
        weakest = one.crossings.weakest("knows the posts", state=state)
        if weakest is not None:
            found[f"Weakest crossing noticed, {_STATE_WORDS[state]}"] = (
                f"{format_chance(weakest.p_least)} ({weakest.kind})"
            )
        share = one.crossings.open_share("knows the posts", state=state)
        found[f"Line open, {_STATE_WORDS[state]}"] = "" if math.isnan(share) else format_chance(share)
    return found


def line_sentence(plan: Plan) -> str:
    """Return the length of the line with its tolerance, and how sight was computed."""
    if plan.ground is None:
        return f"Line of {plan.length_m / 1000:,.1f} km, only a length: no map, no coverage."
    low_km, high_km = (bound / 1000 for bound in plan.scenario.line.tolerance.bounds)
    spread = f"{low_km:g} km" if high_km <= low_km else f"{low_km:g} km, 95 % of it within {high_km:g} km"
    return (
        f"Line of {plan.length_m / 1000:,.0f} km (true line within about {spread});"
        f" cells of {plan.ground.cells.cell_m:g} m; {plan.ground.sight.note}."
    )
