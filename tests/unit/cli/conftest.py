"""A finished plan folder that can be asked about nations, made once for the tests of the three commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from truceline.generation.make import generate
from truceline.generation.model import WatchOutcomes
from truceline.plan import Plan
from truceline.plan.basis import describe_basis
from truceline.publish.document import write_document
from truceline.scenario.model import Contributors

LAST_DAY = date(2026, 1, 31)
"""A day on which the packaged register and its states are full."""


@pytest.fixture(scope="session")
def nations_folder(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the plan.json of the small plan with what was found about nations; read it, never change it.

    What the watch sees is invented: half of it hangs on the people in place, a little on intelligence.
    """
    strength = np.array([0.0, 0.5, 1.0])
    seen = 0.6 * strength[:, None] + np.array([0.0, 0.02, 0.05, 0.06])[None, :]
    outcomes = WatchOutcomes(("isr-space", "isr-air"), strength, seen, 0.5 * seen, 0.8 * seen, "invented")
    chosen = small_plan.chosen
    basis = describe_basis(small_plan.scenario, chosen, small_plan.length_m, 2, outcomes, [chosen])
    contributors = Contributors(pledges="ukraine-2025")
    found = generate(basis, contributors, LAST_DAY, small_plan.assumptions)
    folder = tmp_path_factory.mktemp("nations")
    write_document(replace(small_plan, generation=found), folder / "plan.json")
    return folder
