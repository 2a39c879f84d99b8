"""The report as plain rows: every table and sentence of it, numbers formatted, nothing computed.

Strings as readers see them; the template only lays them out. A number that is not in the plan is not here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from truceline.detection.kinds import STATES
from truceline.force.benchmarks import EstimateReading
from truceline.force.tasks import GROUPS
from truceline.plan.crossings import INTRUDERS, Crossings, Intruder
from truceline.plan.map_data import list_sectors
from truceline.plan.model import Plan, PosturePlan, measure_weak_inputs
from truceline.publish.caveats import list_caveats
from truceline.publish.dates_view import view_dates
from truceline.publish.generation_view import view_generation
from truceline.publish.money_view import view_money
from truceline.publish.summary import line_sentence
from truceline.publish.talks_view import view_talks
from truceline.publish.wording import (
    EVIDENCE_WORDS,
    GROUP_WORDS,
    INTRUDER_WORDS,
    ROLE_GROUPS,
    STATE_WORDS,
    WEAK_EVIDENCE,
    command_line,
    name_role,
    place_of,
    source_line,
)
from truceline.trace import Traced
from truceline.units import format_chance, format_km, format_people, format_share, format_value

NONE = "–"
"""What stands where there is no number."""
MINUS = "−"
"""The sign of people saved."""
Row = dict[str, Any]
_UNIT_WORDS = {
    "post": ("post", "posts"),
    "mast": ("mast", "masts"),
    "unit": ("unit", "units"),
    "patrol/day": ("patrol a day", "patrols a day"),
    "orbit or cell": ("orbit or cell", "orbits or cells"),
    "base": ("base", "bases"),
    "brigade": ("brigade", "brigades"),
}


def view_report(plan: Plan) -> Row:
    """Return everything the template shows, by section."""
    return {
        "title": plan.scenario.title,
        "name": plan.scenario.name,
        "description": plan.scenario.description,
        "as_of": plan.scenario.as_of.isoformat(),
        "line": line_sentence(plan),
        "chosen": {"label": plan.chosen.label, "description": plan.chosen.posture.description},
        "has_map": plan.ground is not None,
        "headline": _view_headline(plan),
        "postures": _view_postures(plan),
        "tasks": _view_tasks(plan),
        "bases": _say_bases(plan.chosen),
        "alternatives": _view_alternatives(plan),
        "generation": view_generation(plan.generation),
        "dates": view_dates(plan.dates),
        "talks": view_talks(plan.talks, plan.generation),
        "money": view_money(plan.money),
        "debate": _view_debate(plan),
        "densities": _view_densities(plan),
        "sectors": _view_sectors(plan),
        "worst_loss": _view_worst_loss(plan),
        "assumptions": _view_assumptions(plan),
        "headlines": _view_origins(plan),
        "drivers": _view_drivers(plan),
        "caveats": list_caveats(plan),
        "costs": _view_costs(plan),
        "warnings": [{"where": w.where, "found": w.found, "hint": w.hint} for w in plan.warnings],
        "provenance": _view_provenance(plan),
        "command": command_line(plan),
        "source": source_line(plan),
    }


def _band(plan: Plan, name: str, show: Any) -> str:
    """Return the 80 % band of a headline of the chosen posture in words, or nothing."""
    band = plan.bands.bands.get(name) if plan.bands is not None else None
    if band is None:
        return ""
    return f"{show(band.low)} to {show(band.high)}"


def _share_of(p: float) -> str:
    return NONE if math.isnan(p) else format_chance(p)


def _view_headline(plan: Plan) -> Row:
    """Return the first screen: people, average, weakest crossing, open share, the debate."""
    one = plan.chosen
    force, head, given = one.people.force, one.headlines, one.posture.given
    found: Row = {
        "people": format_people(force.deployed_people),
        "people_band": _band(plan, "force.deployed", format_people),
        "per_km": f"{head['force.per_km'].value:.1f}",
        "watching": format_people(force.watching_people),
        "deterrence": format_people(force.deterrence_people) if force.deterrence_people else "",
        "pool": format_people(one.people.rotation.pool_people),
        "pool_band": _band(plan, "force.pool", format_people),
        "debate": _sum_up_debate(one.readings),
        "postures": [
            _sum_up_posture(planned, key == plan.chosen_key) for key, planned in plan.postures.items()
        ],
        "seen": None,
        "had": format_people(given.people.value) if given is not None and given.people is not None else "",
        "n_samples": plan.bands.n_samples if plan.bands is not None else 0,
    }
    if one.watch is None or one.crossings is None:
        return found
    watch, crossings = one.watch, one.crossings
    weakest = crossings.weakest("knows the posts")
    found["seen"] = {
        "detect": format_chance(head["watch.detect"].value),
        "verify": format_chance(head["watch.verify"].value),
        "attribute": format_chance(head["watch.attribute"].value),
        "detect_band": _band(plan, "watch.detect", format_chance),
        "verify_band": _band(plan, "watch.verify", format_chance),
        "attribute_band": _band(plan, "watch.attribute", format_chance),
        "bound": format_share(watch.bound_share, 1),
        "gap": format_share(watch.gap_share, 1),
        "weakest": _share_of(weakest.p_least) if weakest else NONE,
        "weakest_band": _band(plan, "crossing.weakest", format_chance),
        "weakest_place": place_of(weakest, plan.ground) if weakest and plan.ground else "nobody can pass",
        "weakest_state": STATE_WORDS[weakest.state].lower() if weakest else "",
        "open": _share_of(crossings.open_share("knows the posts")),
        "threshold": format_share(crossings.open_threshold_p),
        "states": [_view_state(one, crossings, s, state) for s, state in enumerate(STATES)],
    }
    return found


def _view_state(one: PosturePlan, crossings: Crossings, index: int, state: str) -> Row:
    watch = one.watch
    assert watch is not None  # noqa: S101  (asked by the caller)
    weakest = crossings.weakest("knows the posts", state=state)
    is_open = crossings.open_share("knows the posts", state=state)
    return {
        "state": STATE_WORDS[state],
        "detect": _share_of(float(watch.averages.detect.by_state[index])),
        "verify": _share_of(float(watch.averages.verify.by_state[index])),
        "attribute": _share_of(float(watch.averages.attribute.by_state[index])),
        "weakest": _share_of(weakest.p_least) if weakest else NONE,
        "who": weakest.kind if weakest else "nobody can pass",
        "open": _share_of(is_open),
        "is_bad": is_open > 0,
    }


def _sum_up_posture(one: PosturePlan, is_chosen: bool) -> Row:
    """Return one posture on one line: people, average, weakest crossing and open share together."""
    head, crossings = one.headlines, one.crossings
    found: Row = {
        "label": one.label,
        "chosen": is_chosen,
        "people": format_people(one.people.force.deployed_people),
        "deterrence": format_people(one.people.force.deterrence_people),
        "detect": _share_of(head["watch.detect"].value) if "watch.detect" in head else NONE,
        "states": [NONE] * len(STATES),
        "open": NONE,
    }
    if crossings is not None:
        least = [crossings.weakest("knows the posts", state=state) for state in STATES]
        found["states"] = [_share_of(weakest.p_least) if weakest else NONE for weakest in least]
        found["open"] = _share_of(crossings.open_share("knows the posts"))
    return found


def _sum_up_debate(readings: tuple[EstimateReading, ...]) -> Row | None:
    """Count the published estimates by what it would take to make them right."""
    numbered = [reading for reading in readings if reading.estimate.has_number]
    if not numbered:
        return None
    ends = [
        n for one in numbered for n in (one.estimate.people_low, one.estimate.people_high) if n is not None
    ]
    fits = sum(one.fits_as_planned for one in numbered)
    within = sum(bool(one.explained_by) and not one.fits_as_planned for one in numbered)
    return {
        "n": len(numbered),
        "low": format_people(min(ends)),
        "high": format_people(max(ends)),
        "fits": fits,
        "within": within,
        "without": len(numbered) - fits - within,
    }


def _view_postures(plan: Plan) -> Row:
    """Return the postures side by side: labels, and rows of one value each, in groups."""
    columns = list(plan.postures.values())
    groups = [("People", _rows_of_people(columns))]
    if any(one.watch is not None for one in columns):
        groups.append(("What is seen, on average", _rows_of_sight(columns)))
        groups += [
            (
                f"Weakest crossing and open line: someone who {INTRUDER_WORDS[who]}",
                _rows_of_crossings(columns, who),
            )
            for who in INTRUDERS
        ]
    groups.append(("To keep it there", _rows_of_keeping(columns)))
    return {
        "labels": [one.label for one in columns],
        "chosen": [key == plan.chosen_key for key in plan.postures],
        "groups": [{"name": name, "rows": rows} for name, rows in groups],
    }


def _row(label: str, values: Iterable[str]) -> Row:
    return {"label": label, "values": list(values)}


def _rows_of_people(columns: list[PosturePlan]) -> list[Row]:
    return [
        _row("People deployed", (format_people(one.people.force.deployed_people) for one in columns)),
        _row("for each km of line", (f"{one.headlines['force.per_km'].value:.1f}" for one in columns)),
        _row(
            "watching, with reaction and support",
            (format_people(one.people.force.watching_people) for one in columns),
        ),
        _row(
            "deterrence, declared apart",
            (format_people(one.people.force.deterrence_people) for one in columns),
        ),
        _row("reaction bases", (_say_n_bases(one) for one in columns)),
    ]


def _say_n_bases(one: PosturePlan) -> str:
    bases = one.people.bases
    if bases is None:
        return "a share of the force"
    required = bases.required
    minutes = f"{required.reaction_time_s / 60:g} min"
    return f"{required.n_bases} within {minutes} ({format_chance(required.reached_share)})"


def _rows_of_sight(columns: list[PosturePlan]) -> list[Row]:
    def share(one: PosturePlan, name: str) -> str:
        return _share_of(one.headlines[name].value) if name in one.headlines else NONE

    def in_states(one: PosturePlan) -> str:
        if one.watch is None:
            return NONE
        return " · ".join(_share_of(float(p)) for p in one.watch.averages.detect.by_state)

    return [
        _row("Incidents detected", (share(one, "watch.detect") for one in columns)),
        _row("day · night · bad weather", (in_states(one) for one in columns)),
        _row("best any sites could do (proven)", (share(one, "watch.bound") for one in columns)),
        _row("Incidents verified", (share(one, "watch.verify") for one in columns)),
        _row("Incidents attributed", (share(one, "watch.attribute") for one in columns)),
    ]


def _rows_of_crossings(columns: list[PosturePlan], who: Intruder) -> list[Row]:
    def cell(one: PosturePlan, state: str) -> str:
        if one.crossings is None:
            return NONE
        weakest = one.crossings.weakest(who, state=state)
        if weakest is None:
            return "nobody can pass"
        is_open = _share_of(one.crossings.open_share(who, state=state))
        return f"{_share_of(weakest.p_least)} ({weakest.kind}); {is_open} open"

    return [_row(STATE_WORDS[state], (cell(one, state) for one in columns)) for state in STATES]


def _rows_of_keeping(columns: list[PosturePlan]) -> list[Row]:
    def supply(one: PosturePlan, index: int) -> str:
        line = one.people.supply.lines()[index]
        return f"{line.value:,.0f} {line.unit.replace('m^3', 'm³').replace('/day', '')}"

    return [
        _row("Pool with rotation", (format_people(one.people.rotation.pool_people) for one in columns)),
        _row("people for each one deployed", (f"{one.people.rotation.multiplier:.1f}" for one in columns)),
        *(
            _row(label, (supply(one, index) for one in columns))
            for index, label in enumerate(("Water a day", "Fuel a day", "Other supplies a day"))
        ),
    ]


def _view_tasks(plan: Plan) -> list[Row]:
    """Return the troop-to-task table of the chosen posture, groups with their totals."""
    table = plan.chosen.people.force.table
    rows = table.rows()
    return [
        {
            "group": GROUP_WORDS[group],
            "people": format_people(table.people_in(group)),
            "rows": [
                {
                    "task": row["task"],
                    "count": _say_count(float(row["count"]), str(row["unit"])),
                    "people": format_people(float(row["people"])),
                    "share": format_share(float(row["people_share"]), 1),
                }
                for row in rows
                if row["group"] == group and float(row["people"]) > 0
            ],
        }
        for group in GROUPS
        if table.people_in(group) > 0
    ]


def _say_count(count: float, unit: str) -> str:
    one, many = _UNIT_WORDS.get(unit, (unit, unit))
    unit = one if count == 1 else many
    if unit == "share":
        return f"{format_share(count, 1)} of the watching force"
    return f"{count:,.4g} {unit}" if count < 1000 else f"{count:,.0f} {unit}"


def _say_bases(one: PosturePlan) -> str:
    return one.people.bases.required.sentence() if one.people.bases is not None else ""


def _view_alternatives(plan: Plan) -> list[Row]:
    """Return what the chosen posture would take otherwise, with the sign of the difference said."""
    return [
        {
            "label": other.label,
            "people": format_people(other.deployed_people),
            "change": ("+" if other.change_people > 0 else MINUS) + format_people(abs(other.change_people)),
            "note": other.note,
        }
        for other in plan.chosen.alternatives
    ]


def _view_debate(plan: Plan) -> list[Row]:
    """Return every estimate with its verdict, under its role."""
    headings = [name for name, _ in ROLE_GROUPS]
    headings += [name_role(one.estimate.role) for one in plan.chosen.readings]
    return [
        {"role": heading, "rows": rows}
        for heading in dict.fromkeys(headings)
        if (
            rows := [
                _view_reading(one) for one in plan.chosen.readings if name_role(one.estimate.role) == heading
            ]
        )
    ]


def _view_reading(reading: EstimateReading) -> Row:
    estimate = reading.estimate
    low, high = estimate.people_per_km()
    ends = [f"{n:.1f}" for n in dict.fromkeys((low, high)) if n is not None]
    kind = "fits" if reading.fits_as_planned else "within" if reading.explained_by else "without"
    return {
        "author": estimate.author,
        "date": estimate.date,
        "people": estimate.phrase(),
        "per_km": " to ".join(ends) or NONE,
        "verdict": reading.verdict,
        "kind": kind if estimate.has_number else "none",
        "weak": estimate.evidence.is_weak,
        "source": estimate.source,
        "url": estimate.source_url if estimate.source_url.startswith(("https://", "http://")) else "",
    }


def _view_densities(plan: Plan) -> list[Row]:
    return [
        {
            "label": row.label,
            "kind": row.kind,
            "people": format_people(row.people),
            "length": format_km(row.length_m),
            "per_km": f"{row.people_per_km:.1f}",
            "per_post": NONE if row.people_per_post is None else f"{row.people_per_post:.0f}",
            "weak": row.is_weak,
        }
        for row in plan.densities
        if row.kind != "estimate"
    ]


def _view_sectors(plan: Plan) -> list[Row]:
    if plan.ground is None:
        return []
    return [
        {
            "name": sector.name,
            "length": format_km(sector.length_m),
            "posts": str(sector.counts.get("post", 0) + sector.counts.get("unarmed_post", 0)),
            "masts": str(sector.counts.get("mast", 0)),
            "patrols": str(sector.counts.get("patrol", 0)),
            "orbits": str(sector.counts.get("orbit", 0)),
            "detect": _share_of(sector.p_detect),
            "weakest": [
                _share_of(weakest.p_least) if (weakest := sector.weakest[state]) is not None else NONE
                for state in STATES
            ],
            "loss": sector.worst_loss.label if sector.worst_loss else NONE,
            "without": _share_of(sector.worst_loss.p_without) if sector.worst_loss else NONE,
            "more": sector.one_more.label if sector.one_more else NONE,
            "with": _share_of(sector.one_more.p_with) if sector.one_more else NONE,
        }
        for sector in list_sectors(plan.chosen, plan.ground)
    ]


def _view_worst_loss(plan: Plan) -> Row | None:
    crossings = plan.chosen.crossings
    loss = crossings.worst_loss_anywhere if crossings is not None else None
    if loss is None:
        return None
    return {"label": loss.label, "before": _share_of(loss.p_before), "without": _share_of(loss.p_without)}


def list_assumptions(plan: Plan) -> list[Traced]:
    """Return every assumption under a headline of the chosen posture, once each, by name."""
    seen: dict[str, Traced] = {}
    for headline in plan.chosen.headlines.values():
        for leaf in headline.leaves():
            if leaf.evidence not in ("", "computed"):
                seen.setdefault(leaf.name, leaf)
    return [seen[name] for name in sorted(seen)]


def _view_assumptions(plan: Plan) -> list[Row]:
    """Return the assumptions used, by the first word of their names."""
    groups: dict[str, list[Row]] = {}
    for leaf in list_assumptions(plan):
        groups.setdefault(leaf.name.partition(".")[0], []).append(_view_assumption(leaf))
    return [{"name": name, "rows": rows} for name, rows in groups.items()]


def _view_assumption(leaf: Traced) -> Row:
    has_range = leaf.low is not None and leaf.high is not None
    return {
        "name": leaf.name,
        "label": leaf.label,
        "value": NONE if math.isnan(leaf.value) else _show_value(leaf.value, leaf.unit),
        "range": f"{_show_value(leaf.low or 0.0, leaf.unit)} to {_show_value(leaf.high or 0.0, leaf.unit)}"
        if has_range
        else NONE,
        "evidence": EVIDENCE_WORDS.get(leaf.evidence, leaf.evidence),
        "weak": leaf.evidence in WEAK_EVIDENCE,
        "source": leaf.source,
        "note": leaf.note,
    }


def _view_origins(plan: Plan) -> list[Row]:
    """Return every headline with its formula and the share of its inputs that nobody has read in a source."""
    return [
        {
            "name": name,
            "label": traced.label,
            "value": _show_traced(traced),
            "formula": traced.formula,
            "weak": _show_weak(_unfold(traced, plan.chosen.headlines)),
        }
        for name, traced in plan.chosen.headlines.items()
    ]


def _unfold(traced: Traced, headlines: Mapping[str, Traced]) -> Traced:
    """Return a tree in which a part that is a headline itself has that headline's parts."""
    parts = tuple(
        _unfold(headlines.get(part.name, part) if not part.parts else part, headlines)
        for part in traced.parts
    )
    return replace(traced, parts=parts)


def _show_weak(traced: Traced) -> str:
    """Return the share of assumptions not read in a source, or a dash where there are none to grade."""
    graded = [leaf for leaf in traced.leaves() if leaf.evidence not in ("", "computed", "stated")]
    return format_share(measure_weak_inputs(traced)) if graded else NONE


def _show_traced(traced: Traced) -> str:
    if traced.unit == "1" and not math.isnan(traced.value):
        return format_share(traced.value, 1)
    return NONE if math.isnan(traced.value) else _show_value(traced.value, traced.unit)


def _show_value(value: float, unit: str) -> str:
    """Return a value with its unit as it is typeset."""
    return format_value(value, unit).replace("m^3", "m³").replace("person/", "people/")


def _view_drivers(plan: Plan) -> Row | None:
    """Return what carries the bands, or None without samples."""
    bands = plan.bands
    if bands is None:
        return None
    rows = []
    for name, drivers in bands.drivers.items():
        traced = plan.chosen.headlines.get(name)
        band = bands.bands[name]
        unit = traced.unit if traced is not None else "person"
        low, median, high = (_show_traced(Traced(name, n, unit)) for n in (band.low, band.median, band.high))
        said = "; ".join(f"{driver.label} {format_share(driver.share)}" for driver in drivers)
        label = traced.label if traced is not None else name
        rows.append({"label": label, "low": low, "median": median, "high": high, "drivers": said or NONE})
    return {"rows": rows, "n_samples": bands.n_samples, "seed": bands.seed, "note": bands.note}


def _view_costs(plan: Plan) -> list[Row]:
    return [
        {
            "label": cost.label,
            "rate": f"{cost.per_person_year:,.0f} {cost.currency}",
            "basis": cost.basis.replace("_", " "),
            "year": f"{cost.per_year / 1e6:,.0f} million {cost.currency}",
            "source": cost.source,
        }
        for cost in plan.cost_context
    ]


def _view_provenance(plan: Plan) -> list[tuple[str, str]]:
    made = plan.provenance
    rows = [
        ("Program", f"Truceline {made.version}"),
        ("Scenario", f"{made.scenario}, hash {made.scenario_hash}"),
        ("Posture planned in full", plan.chosen_key),
        ("Variant", made.variant or "none"),
        ("Changed values", "; ".join(made.overrides) or "none"),
        ("Seed", str(made.seed)),
        ("Method", made.method),
    ]
    return [*rows, *((f"File {name}", f"hash {digest}") for name, digest in made.inputs.items())]
