"""What a simulation is asked for, apart from watch and parameters: how long, which rule, which limits.

Days are counted from the ceasefire; day 0 is the first. Constants of the world (hazards of the two baselines,
what a collapse looks like, the trigger) come from assumption records; limits of our own are named here.
Nothing is drawn here and nothing is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.simulate.catalogue import PREFIX

N_DAYS = 365
"""Horizon where none is asked for: one year."""
N_DAYS_MAX = 3_653
"""Longest horizon, ten years: no record of the catalogue claims to hold for longer."""
IN_FLIGHT_MAX = 1_000_000
"""Incidents of one replicate that may be waiting to happen; 40 MB. A replicate that would need more has run
away: it is stopped, its `runaway_day` is kept, and it counts as collapsed from that day."""
DAY_INCIDENTS_MAX = 2_000_000
"""Incidents of one day of one replicate beyond which it has run away as well."""
RECORDED_MAX = 5_000_000
"""Incidents of one replicate that `run_incidents` writes out at most."""
BASELINES = ("minsk", "armistice")
"""Named baselines of the hazard of breakdown, never averaged; their records are `<name>_hazard`, per day."""
CONSTANTS = (
    "minsk_hazard",
    "armistice_hazard",
    "surge_multiple",
    "surge_days",
    "trigger_count",
    "trigger_days",
    "trigger_response",
    "trigger_delay",
)
"""Constants that every run needs, whether a record of that name is drawn as well or not."""


@dataclass(frozen=True)
class Settings:
    """How a simulation is run; build it with `read_settings`."""

    constants: Mapping[str, float]
    """Central value of every record of the ceasefire by its short name: what is not drawn is taken from
    here."""
    n_days: int = N_DAYS
    """Horizon: days simulated, from day 0."""
    in_flight_max: int = IN_FLIGHT_MAX
    """Offspring of one replicate that may be waiting for their day."""
    day_incidents_max: int = DAY_INCIDENTS_MAX
    """Incidents of one day of one replicate."""

    def constant(self, name: str) -> float:
        """Return a constant by its short name; KeyError where no record has it."""
        return self.constants[name]

    @property
    def hazards(self) -> tuple[float, ...]:
        """Baseline hazard per day in the order of BASELINES."""
        return tuple(self.constants[f"{name}_hazard"] for name in BASELINES)


def read_settings(assumptions: AssumptionSet, *, n_days: int = N_DAYS, **changes: float) -> Settings:
    """Return the settings of a run: constants from the records, with `changes` of constants by short name.

    Raises ScenarioError with everything that is wrong, among it names that no record has.
    """
    known = {
        name.removeprefix(PREFIX): record.value
        for name, record in assumptions.items()
        if name.startswith(PREFIX)
    }
    problems = ProblemList()
    for name in changes:
        if name not in known:
            problems.add(name, "is not a constant of the ceasefire", f"use one of {', '.join(sorted(known))}")
    settings = Settings({**known, **changes}, n_days=n_days)
    problems.extend(find_problems(settings).problems)
    problems.raise_if_any(ScenarioError, "the settings of the simulation")
    return settings


def change_settings(settings: Settings, **constants: float) -> Settings:
    """Return the settings with other constants."""
    return replace(settings, constants={**settings.constants, **constants})


def check_settings(settings: Settings, *, n_replicates: int = 1) -> None:
    """Raise ScenarioError with everything that is wrong in the settings and the number of replicates."""
    problems = find_problems(settings)
    if n_replicates < 1:
        problems.add("replicates", f"{n_replicates} is not a number of replicates", "ask for 1 or more")
    problems.raise_if_any(ScenarioError, "the settings of the simulation")


def find_problems(settings: Settings) -> ProblemList:
    """Return what is wrong in the settings."""
    problems = ProblemList()
    if not 1 <= settings.n_days <= N_DAYS_MAX:
        problems.add("days", f"{settings.n_days} is not a horizon", f"ask for 1 to {N_DAYS_MAX} days")
    for name in ("in_flight_max", "day_incidents_max"):
        if getattr(settings, name) < 1:
            problems.add(name, f"{getattr(settings, name)} leaves no room", "write 1 or more")
    for name in CONSTANTS:
        if name not in settings.constants:
            problems.add(f"{PREFIX}{name}", "has no record", "add it to the catalogue of the ceasefire")
            continue
        _check_constant(problems, name, settings.constants[name])
    return problems


def _check_constant(problems: ProblemList, name: str, value: float) -> None:
    """Note a constant that cannot be."""
    where = f"{PREFIX}{name}"
    if math.isnan(value) or value < 0.0:
        problems.add(where, f"{value:g} is negative or no number", "write zero or more")
    elif name in ("surge_days", "trigger_days") and value < 1.0:
        problems.add(where, f"{value:g} is less than a day", "write 1 or more")
    elif name == "trigger_response" and value > 1.0:
        problems.add(where, f"{value:g} is not a probability", "write 0 to 1")
