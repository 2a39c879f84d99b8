"""The assumptions of the simulated ceasefire: how incidents come, spread, are deterred and end a truce.

Kept apart from the catalogue of plans: a scenario does not sample them, and a plan does not list them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import read_catalogue

PREFIX = "ceasefire."
"""What the names of these assumptions begin with; the short names of `parameters` leave it out."""


@cache
def load_ceasefire_assumptions() -> AssumptionSet:
    """Return every assumption of the ceasefire by name; TableError where the packaged files are wrong."""
    return read_catalogue(files("truceline.simulate").joinpath("assumptions"))
