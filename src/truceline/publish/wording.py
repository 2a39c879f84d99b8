"""Words that figures and the report share: states, intruders, roles, grades of evidence, the small print.

Sentences only: every number in them is read from the plan and formatted, none is computed.
"""

from __future__ import annotations

import shlex

from truceline.plan.crossings import Intruder, WeakCrossing
from truceline.plan.ground import Ground
from truceline.plan.model import Plan
from truceline.publish.summary import line_sentence
from truceline.scenario.load import list_packaged
from truceline.units import format_share

STATE_WORDS = {"day": "Clear day", "night": "Clear night", "bad": "Bad weather"}
MEANS_WORDS = {
    "post": ("post", "posts"),
    "unarmed_post": ("unarmed post", "unarmed posts"),
    "mast": ("mast", "masts"),
    "patrol": ("patrol a day", "patrols a day"),
    "orbit": ("drone orbit", "drone orbits"),
}
GROUP_WORDS = {
    "watch": "Watching",
    "reaction": "Reaction",
    "support": "Support",
    "deterrence": "Deterrence, declared apart",
}
INTRUDER_WORDS: dict[Intruder, str] = {
    "knows the posts": "knows the posts, not the schedules",
    "waits for the gap": "also waits until every patrol and drone is elsewhere",
}
ROLE_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Observation and monitoring", ("observation", "observation_protected")),
    ("Reassurance, training, tripwire", ("training_hubs", "reassurance_rear", "tripwire")),
    ("Interposition", ("interposition",)),
    ("Deterrence and defence", ("deterrence_line", "defence_in_depth")),
    ("Mixed, or the author did not say", ("mixed_unspecified",)),
)
"""Roles of the published estimates as readers meet them, lightest first."""
EVIDENCE_WORDS = {
    "measured": "measured",
    "published": "published",
    "derived": "derived",
    "judgement": "our judgement",
    "general": "not read in a source",
    "stated": "stated in the scenario",
    "computed": "computed",
}
WEAK_EVIDENCE = ("judgement", "general", "stated")
"""Grades that a page marks: nobody's published figure, or one nobody has read."""


def name_role(role: str) -> str:
    """Return the heading under which a role concept stands."""
    for heading, roles in ROLE_GROUPS:
        if role in roles:
            return heading
    return role.replace("_", " ").capitalize() or ROLE_GROUPS[-1][0]


def source_line(plan: Plan) -> str:
    """Return the line that says what made a figure: version, scenario, hash, seed, siting gap."""
    made = plan.provenance
    changes = [f"variant {made.variant}"] if made.variant else []
    changes += [f"set {one}" for one in made.overrides]
    gap = ""
    watch = plan.chosen.watch
    if watch is not None:
        gap = f", siting proven within {format_share(watch.gap_share, 1)} of the best"
    changed = f" ({', '.join(changes)})" if changes else ""
    scenario = f"scenario {made.scenario}{changed} {made.scenario_hash}"
    return f"Truceline {made.version}, {scenario}, seed {made.seed}{gap}."


def small_print(plan: Plan) -> tuple[str, ...]:
    """Return the notes under every figure: line tolerance, cells, sight, ranges, sources, provenance."""
    if plan.ground is None:
        return (line_sentence(plan), source_line(plan))
    multiplier = plan.assumptions.value("detection.range_multiplier")
    ranges = f"Sensor ranges as tabled, times {multiplier:g}."
    return (f"{line_sentence(plan)} {ranges}", f"Line from {plan.ground.line.source}.", source_line(plan))


def place_of(crossing: WeakCrossing, ground: Ground) -> str:
    """Say where a crossing comes out."""
    sector = ground.sectors[crossing.sector].name
    return f"{crossing.kind}, sector {sector}, near km {crossing.chainage_m / 1000:.0f}"


def command_line(plan: Plan) -> str:
    """Return the command that makes the same plan again."""
    made = plan.provenance
    packaged = made.scenario in list_packaged()
    words = ["truceline", "plan", made.scenario if packaged else f"{made.scenario}.yaml"]
    if plan.chosen_key != plan.scenario.posture:
        words += ["--posture", plan.chosen_key]
    if made.variant:
        words += ["--variant", made.variant]
    for one in made.overrides:
        words += ["--set", one]
    if plan.bands is not None:
        words += ["--samples", str(plan.bands.n_samples)]
    words += ["--seed", str(made.seed)]
    return shlex.join(words)
