"""Tables of people and of what others said: headlines, postures, troop-to-task, estimates, densities, costs.

People unrounded to two decimals, km along the line, money in the currency of each row. Nothing is computed
here: every figure stands in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from truceline.detection.kinds import STATES
from truceline.force.tasks import GROUPS
from truceline.plan.crossings import INTRUDERS
from truceline.plan.model import Plan, PosturePlan, measure_weak_inputs
from truceline.publish.table import Table, number, people, share, text
from truceline.publish.watch_tables import POSTURE

if TYPE_CHECKING:
    from truceline.scenario.sampling import Band, Driver

HEADLINES = Table(
    "headlines",
    "Headline numbers",
    "Every number that `truceline explain` unfolds. The share of weak inputs counts assumptions under it that"
    " nobody has read in a source; bands are given for the posture planned in full, if samples were drawn.",
    (
        POSTURE,
        text("name", "Dotted name, as `truceline explain` takes it"),
        text("label", "What it is"),
        number("value", "see unit", "The number, shares between 0 and 1", 6),
        text("unit", "Its unit"),
        share("weak_input_share", "Share of the assumptions under it that nobody has read in a source"),
        number("band_low", "see unit", "10 % of the samples lie below", 6),
        number("band_median", "see unit", "Median of the samples", 6),
        number("band_high", "see unit", "10 % of the samples lie above", 6),
        text("formula", "How it is made, in the names of its parts"),
        text("note", "What must be said with it"),
    ),
)

DRIVERS = Table(
    "drivers",
    "What the spread comes from",
    "Assumptions whose ranges move each headline number most.",
    (
        text("headline", "Name of the headline number"),
        text("assumption", "Name of the assumption"),
        text("label", "What it is"),
        share("spread_share", "Squared rank correlation: how much of the spread it explains by itself"),
    ),
)

POSTURES = Table(
    "postures",
    "Postures side by side",
    "Watching and deterrence are two terms. Shares seen and crossings are empty for postures without sites.",
    (
        POSTURE,
        text("label", "Name for readers"),
        text("is_chosen", "Whether it is the posture planned in full"),
        people("deployed_people", "People in the field at any one time"),
        people("watching_people", "Watchers, reaction force and the support of both"),
        people("deterrence_people", "Declared combat brigades, their support included"),
        *(people(f"{group}_task_people", f"People in tasks of the group '{group}'") for group in GROUPS),
        people("pool_people", "People bound: deployed, resting and preparing"),
        number("people_per_km", "person/km", "People deployed for each km of line", 2),
        number("armed_posts", "1", "Armed observation posts", 2),
        number("unarmed_posts", "1", "Unarmed observer posts", 2),
        number("masts", "1", "Masts", 2),
        number("patrols_per_day", "1/day", "Patrols a day", 2),
        number("orbits", "1", "Drone orbits and other area means", 2),
        number("reaction_bases", "1", "Reaction bases; empty where the reaction force is a share", 0),
        share("reached_share", "Share of the zone that a base reaches in time"),
        people("watch_budget_people", "People that siting might spend"),
        people("watch_people", "People in watching tasks"),
        share("detect_share", "Share of incidents detected, on average"),
        share("verify_share", "Share verified"),
        share("attribute_share", "Share attributed"),
        share("bound_share", "Most that any choice of the same places could detect"),
        share("blind_share", "Share of ground and states with hardly any detection"),
        *(
            share(f"p_weakest_{state}", f"Weakest crossing for who knows the posts: {state}")
            for state in STATES
        ),
        *(
            share(f"p_waiting_{state}", f"Weakest crossing for who waits for the gap: {state}")
            for state in STATES
        ),
        share("open_share", "Share of the line open in its worst state to who knows the posts"),
        share("open_waiting_share", "Share of the line open in its worst state to who waits for the gap"),
        number("water_m3_per_day", "m^3/day", "Water", 2),
        number("fuel_m3_per_day", "m^3/day", "Fuel", 2),
        number("supplies_t_per_day", "t/day", "Other supplies", 2),
    ),
)

TASKS = Table(
    "tasks",
    "Troop-to-task",
    "People are derived from tasks, never the reverse. Support tasks count as a share of the watching force.",
    (
        POSTURE,
        text("task", "Key of the task"),
        text("group", "watch, reaction, deterrence or support"),
        text("label", "What is done"),
        number("count", "see unit", "How many of the unit", 4),
        text("unit", "What is counted"),
        people("people", "People deployed for it, reliefs included"),
        share("people_share", "Its share of the people deployed"),
        text("formula", "How the people were worked out"),
    ),
)

ESTIMATES = Table(
    "estimates",
    "Published estimates, read against each posture",
    "An estimate that one assumption explains need not have been made that way.",
    (
        POSTURE,
        text("estimate", "Row of the packaged table"),
        text("author", "Who said it"),
        text("affiliation", "For whom"),
        text("date", "When"),
        text("role", "What the force would be for, in the table's words"),
        text("force_kind", "Kind of force"),
        text("bound", "How the author bounded the number"),
        people("people_low", "Lowest number of people"),
        people("people_high", "Highest number of people"),
        number("line_length_km", "km", "Line the density uses", 1),
        number("people_per_km_low", "person/km", "Lowest density", 2),
        number("people_per_km_high", "person/km", "Highest density", 2),
        text("fits_as_planned", "Whether the planned strength already is what it says"),
        text("explained_by", "Assumptions that alone, within their range, would make it right"),
        text("verdict", "What it would take"),
        text("evidence", "Grade of the evidence for the row"),
        text("general_fields", "Fields of the row that nobody has read in a source"),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
    ),
)

IMPLIED = Table(
    "estimates_implied",
    "The assumption each estimate implies",
    "One assumption is moved at a time, the rest stays as planned.",
    (
        POSTURE,
        text("estimate", "Row of the packaged table"),
        text("author", "Who said it"),
        text("assumption", "The assumption that is moved"),
        text("target", "Which number of the estimate: point, low, mid or high"),
        people("people", "That number"),
        number("value", "see unit", "Value that would give it; empty where none does", 4),
        text("unit", "Unit of the value and the range"),
        number("range_low", "see unit", "Lowest value somebody has used or said", 4),
        number("range_high", "see unit", "Highest such value", 4),
        text("within_range", "Whether a value in the range satisfies the estimate"),
        text("range_source", "Where the range comes from"),
        text("sentence", "The same in words"),
    ),
)

DENSITIES = Table(
    "densities",
    "People per kilometre, beside past missions and estimates",
    "A density says nothing of the task: a mission that also holds an area behind its line is denser for it.",
    (
        text("label", "Mission, estimate or posture"),
        text("kind", "plan, estimate or mission"),
        people("people", "Strength"),
        number("length_km", "km", "Length of line", 2),
        number("people_per_km", "person/km", "Density", 3),
        number("people_per_post", "person", "People for each staffed post, support included", 2),
        text("is_weak", "Whether a length or strength in it was recollected, not read"),
        text("source", "Where it was read"),
    ),
)

ALTERNATIVES = Table(
    "alternatives",
    "The same postures in other hands",
    "People only: what would be seen is not planned again. Change the scenario and compare for that.",
    (
        text("posture", "Key of the posture"),
        text("change", "What is done otherwise"),
        people("people", "People deployed then"),
        people("difference", "Difference to the posture as planned; below zero where people are saved"),
        text("note", "What to know about it"),
    ),
)

COSTS = Table(
    "cost_context",
    "What a year has cost others",
    "Context, not a cost plan: rates count different things (basis), are not added, averaged or converted.",
    (
        text("row", "Row of the packaged table"),
        text("label", "Mission or estimate"),
        number("per_person_year", "currency", "Cost of one person for one year", 2),
        text("currency", "Currency and prices of the row"),
        text("basis", "What the figure counts"),
        number("per_year", "currency", "Cost of the chosen posture's strength for a year at this rate", 0),
        text("source", "Where it was read"),
    ),
)


def fill_headlines(plan: Plan) -> Table:
    """Return every headline number of every posture, with bands for the chosen one where there are any."""
    bands: Mapping[str, Band] = {} if plan.bands is None else plan.bands.bands
    rows = []
    for posture in plan.postures.values():
        for name, traced in posture.headlines.items():
            band = bands.get(name) if posture.key == plan.chosen_key else None
            three = (None, None, None) if band is None else (band.low, band.median, band.high)
            weak = measure_weak_inputs(traced)
            first = (posture.key, name, traced.label, traced.value, traced.unit)
            rows.append((*first, weak, *three, traced.formula, traced.note))
    return HEADLINES.filled(rows)


def fill_drivers(plan: Plan) -> Table:
    """Return what moves each headline number, where samples were drawn."""
    drivers: Mapping[str, tuple[Driver, ...]] = {} if plan.bands is None else plan.bands.drivers
    return DRIVERS.filled(
        (headline, driver.name, driver.label, driver.share)
        for headline, found in drivers.items()
        for driver in found
    )


def fill_postures(plan: Plan) -> Table:
    """Return the postures, one a row."""
    return POSTURES.filled(_posture_row(plan, posture) for posture in plan.postures.values())


def _posture_row(plan: Plan, posture: PosturePlan) -> tuple[Any, ...]:
    force, counts, supply = posture.people.force, posture.people.counts, posture.people.supply
    bases = posture.people.bases
    return (
        posture.key,
        posture.label,
        posture.key == plan.chosen_key,
        force.deployed_people,
        force.watching_people,
        force.deterrence_people,
        *(force.table.people_in(group) for group in GROUPS),
        posture.people.rotation.pool_people,
        force.per_km(plan.length_m),
        counts.armed_posts,
        counts.unarmed_posts,
        counts.masts,
        counts.patrols_per_day,
        sum(means.units for means in counts.area_means),
        None if bases is None else bases.required.n_bases,
        None if bases is None else bases.required.reached_share,
        *_seen(posture),
        *(line.value for line in supply.lines()),
    )


def _seen(posture: PosturePlan) -> list[float | None]:
    """Return what a posture sees and how it is crossed, in the order of the columns; None where not sited."""
    watch, crossings = posture.watch, posture.crossings
    if watch is None or crossings is None:
        return [None] * (7 + 2 * len(STATES) + len(INTRUDERS))
    weakest = [crossings.weakest(who, state=state) for who in INTRUDERS for state in STATES]
    averages = watch.averages
    return [
        watch.budget_people,
        watch.spent_people,
        averages.detect.total,
        averages.verify.total,
        averages.attribute.total,
        watch.bound_share,
        watch.blind_share,
        *(None if one is None else one.p_least for one in weakest),
        *(crossings.open_share(who) for who in INTRUDERS),
    ]


def fill_tasks(plan: Plan) -> Table:
    """Return the troop-to-task table of every posture, groups in their order."""
    return TASKS.filled(
        (
            posture.key,
            row["key"],
            row["group"],
            row["task"],
            row["count"],
            row["unit"],
            row["people"],
            row["people_share"],
            posture.people.force.table.find(str(row["key"])).traced.formula,
        )
        for posture in plan.postures.values()
        for row in posture.people.force.table.rows()
    )


def fill_estimates(plan: Plan) -> Table:
    """Return every reading of every estimate."""
    return ESTIMATES.filled(
        (
            posture.key,
            estimate.key,
            estimate.author,
            estimate.affiliation,
            estimate.date,
            estimate.role,
            estimate.force_kind,
            estimate.bound.value,
            estimate.people_low,
            estimate.people_high,
            None if estimate.line_length_m is None else estimate.line_length_m / 1000,
            *estimate.people_per_km(),
            reading.fits_as_planned,
            "; ".join(reading.explained_by),
            reading.verdict,
            estimate.evidence.value,
            "; ".join(estimate.general_fields),
            estimate.source,
            estimate.source_url,
        )
        for posture in plan.postures.values()
        for reading in posture.readings
        for estimate in [reading.estimate]
    )


def fill_implied(plan: Plan) -> Table:
    """Return every assumption that an estimate implies."""
    return IMPLIED.filled(
        (
            posture.key,
            reading.estimate.key,
            reading.estimate.author,
            one.assumption,
            one.target,
            one.people,
            one.value,
            one.unit,
            one.range_low,
            one.range_high,
            one.within_range,
            one.range_source,
            one.sentence,
        )
        for posture in plan.postures.values()
        for reading in posture.readings
        for one in reading.implied
    )


def fill_densities(plan: Plan) -> Table:
    """Return densities of the plan, the estimates and past missions, thinnest first."""
    return DENSITIES.filled(
        (
            row.label,
            row.kind,
            row.people,
            row.length_m / 1000,
            row.people_per_km,
            row.people_per_post,
            row.is_weak,
            row.source,
        )
        for row in plan.densities
    )


def fill_alternatives(plan: Plan) -> Table:
    """Return what every posture would take with masts for posts, or with its drones in other hands."""
    return ALTERNATIVES.filled(
        (posture.key, other.label, other.deployed_people, other.change_people, other.note)
        for posture in plan.postures.values()
        for other in posture.alternatives
    )


def fill_costs(plan: Plan) -> Table:
    """Return past costs beside the chosen posture's strength."""
    return COSTS.filled(
        (row.key, row.label, row.per_person_year, row.currency, row.basis, row.per_year, row.source)
        for row in plan.cost_context
    )
