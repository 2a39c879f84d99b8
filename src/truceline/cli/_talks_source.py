"""Open what `truceline talks` is about: tables alone, a scenario still to be planned, or a finished plan.

It reads and refuses; nothing is planned or computed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.cli._generation_item import Asked, is_plan, open_item
from truceline.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from truceline.generation.model import Basis
    from truceline.scenario.assumption import AssumptionSet
    from truceline.scenario.load import LoadedScenario
    from truceline.scenario.model import Contributors, TalksOptions


@dataclass(frozen=True)
class TalksOptionsGiven:
    """What the command line says, as it says it."""

    item: str | None
    as_of: str | None = None
    since: str | None = None
    positions: Path | None = None
    issues: tuple[str, ...] = ()
    want: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    give: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    samples: int | None = None
    seed: int | None = None
    pledges: Path | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """Where talks and plan come from."""

    title: str
    scenario: str
    """Name of the scenario; empty without one."""
    options: TalksOptions
    assumptions: AssumptionSet
    as_of: date | None = None
    """Day of the plan; None without one."""
    contributors: Contributors | None = None
    loaded: LoadedScenario | None = None
    """A scenario, still to be planned."""
    bases: tuple[Basis, ...] = ()
    """Of a finished plan."""


def open_source(given: TalksOptionsGiven) -> Source:
    """Return where talks come from: the tables alone, a scenario, or a finished plan."""
    from truceline.scenario.catalogue import load_catalogue
    from truceline.scenario.load import PACKAGED_PLEDGES
    from truceline.scenario.model import TalksOptions

    own = None
    if given.positions is not None and str(given.positions) != PACKAGED_PLEDGES:
        own = given.positions.resolve()
        if not own.is_dir():
            hint = f"give a folder of tables, or {PACKAGED_PLEDGES} for the packaged ones"
            raise ScenarioError("talks", [Problem(f"--positions {given.positions}", "is no folder", hint)])
    if given.item is None:
        title = "Talks" if own is None else f"Talks of {own.name}"
        return Source(title, "", TalksOptions(folder=own or PACKAGED_PLEDGES), load_catalogue())
    is_given = given.positions is not None
    source = _open_plan(given) if is_plan(given.item) else _open_scenario(given)
    if is_given:
        return replace(source, options=TalksOptions(folder=own or PACKAGED_PLEDGES))
    return source


def _open_scenario(given: TalksOptionsGiven) -> Source:
    from truceline.scenario.load import read_scenario
    from truceline.scenario.model import Contributors, TalksOptions

    loaded = read_scenario(str(given.item))
    scenario = loaded.scenario
    options = scenario.talks
    if options is None and given.positions is None:
        _refuse_no_talks(
            scenario.name, "add `talks: {folder: ukraine-2025}` to it, or give --positions FOLDER"
        )
    contributors = scenario.contributors
    if given.pledges is not None:
        pledges = given.pledges.resolve()
        if contributors is None:
            contributors = Contributors(pledges=pledges)
        contributors = contributors.model_copy(update={"pledges": pledges})
    return Source(
        title=scenario.title,
        scenario=scenario.name,
        options=options or TalksOptions(folder="ukraine-2025"),
        assumptions=scenario.assumptions,
        as_of=scenario.as_of,
        contributors=contributors,
        loaded=loaded,
    )


def _open_plan(given: TalksOptionsGiven) -> Source:
    """Return what a finished plan says of nations, and with which tables its talks were held."""
    from truceline.publish.basis_reading import bases_of_document
    from truceline.publish.read import read_document
    from truceline.publish.talks_recording import options_of_document
    from truceline.scenario.catalogue import load_catalogue
    from truceline.scenario.model import TalksOptions

    name = str(given.item)
    document = read_document(name)
    options = TalksOptions(folder="ukraine-2025")
    if given.positions is None:
        if document.talks is None:
            hint = "make the plan again from a scenario with `talks`, or give --positions FOLDER"
            _refuse_no_talks(name, hint)
        options = options_of_document(name, document)
    source = Source(
        title=str(document.scenario["title"]),
        scenario=str(document.scenario["name"]),
        options=options,
        assumptions=load_catalogue(),
        as_of=date.fromisoformat(str(document.scenario["as_of"])),
    )
    if document.generation is None:
        return source
    item = open_item(Asked(name, pledges=given.pledges), lambda stage, share: None)
    return replace(
        source,
        assumptions=item.assumptions,
        contributors=item.contributors,
        as_of=item.as_of,
        bases=tuple(bases_of_document(document)),
    )


def _refuse_no_talks(name: str, hint: str) -> None:
    raise ScenarioError(name, [Problem("talks", "says nothing of talks: it has no `talks`", hint)])
