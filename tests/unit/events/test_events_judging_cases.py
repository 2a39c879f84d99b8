"""Cases of judging as sentences that a staff officer can check, by the fast judge and by the slow one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from judging_inputs import agreement, clause, incident, incidents

from truceline.events._judging_reference import judge_one
from truceline.events.agreement_places import make_lines
from truceline.events.clause_matching import IncidentColumns
from truceline.events.judging import judge_incidents, read_judging_rules

CASES = yaml.safe_load((Path(__file__).parent / "judging_cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    truce = agreement(clause(**case.get("clause", {})))
    row = incident(**case.get("given", {}))
    side, p_side = case.get("attributed", ("", np.nan))
    named = pd.DataFrame({"incident_id": [1], "aspect": ["side"], "value": [side], "p": [p_side]})
    word = "refuted" if case.get("refuted") else case.get("status", "reported")
    status = pd.DataFrame({"incident_id": [1], "status": [word]})
    made = judge_incidents(incidents(row), [truce], verifications=status, attributions=named)
    found = made["verdict"].iloc[0] if len(made) else "none"
    assert found == case["expect"], made["reason"].tolist()
    if "p" in case:
        assert made["p"].iloc[0] == case["p"]
    if "says" in case:
        assert case["says"] in made["reason"].iloc[0]
    columns = IncidentColumns(incidents(row), unknown_sigma_m=np.nan)
    slow = judge_one(
        {**row, "region": columns.regions[0]},
        truce,
        truce.clauses[0],
        read_judging_rules(),
        lines=make_lines(truce.lines),
        is_refuted=word == "refuted",
        is_corroborated=word == "corroborated",
        attributed=(side, p_side),
    )
    assert (slow[0] if slow else "none") == case["expect"]


def test_every_verdict_has_a_case() -> None:
    expected = {case["expect"] for case in CASES}
    assert expected == {"violation", "allowed", "not_bound", "unclear", "refuted", "none"}
