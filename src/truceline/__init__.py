"""Truceline: plan the watching of a ceasefire line, and run it.

The front door. Heavy parts (terrain, solvers, figures) load when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["__version__", "explain", "load_scenario", "make_plan", "open_store"]

if TYPE_CHECKING:
    from truceline.plan import make_plan
    from truceline.publish.read import explain
    from truceline.scenario.load import load_scenario
    from truceline.store.open import open_store


def __getattr__(name: str) -> Any:
    """Load a front-door function when it is asked for."""
    if name == "load_scenario":
        from truceline.scenario.load import load_scenario

        return load_scenario
    if name == "make_plan":
        from truceline.plan import make_plan

        return make_plan
    if name == "explain":
        from truceline.publish.read import explain

        return explain
    if name == "open_store":
        from truceline.store.open import open_store

        return open_store
    raise AttributeError(f"module 'truceline' has no attribute {name!r}")
