"""The assumptions of the watching: how well sources place events, when two reports are one, what is unusual.

Kept apart from the catalogue of plans: a scenario does not sample them, and a plan does not list them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import read_catalogue


@cache
def load_watching_assumptions() -> AssumptionSet:
    """Return every assumption of the watching by name; TableError where the packaged files are wrong."""
    return read_catalogue(files("truceline.events").joinpath("assumptions"))
