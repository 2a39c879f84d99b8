"""What was found about nations in plan.json: strict, complete, and enough to ask again on another day."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generation_sample import basis, sample

from truceline.errors import OutputError
from truceline.plan import Plan
from truceline.publish.basis_reading import basis_of_document
from truceline.publish.document import PlanDocument, document_plan, dump_document, write_document
from truceline.publish.read import explain


@pytest.fixture(scope="module")
def document(length_plan: Plan) -> PlanDocument:
    made = replace(sample(), basis=replace(basis(), posture=length_plan.chosen_key))
    return document_plan(replace(length_plan, generation=made))


def change(document: PlanDocument, **outcomes: Any) -> PlanDocument:
    """Return the document with some fields of the outcomes changed."""
    data = document.model_dump(mode="json", by_alias=True)
    data["generation"]["basis"]["outcomes"].update(outcomes)
    return PlanDocument.model_validate(data)


def test_the_text_is_strict_json_that_reads_back(document: PlanDocument) -> None:
    text = dump_document(document)
    assert dump_document(PlanDocument.model_validate(json.loads(text))) == text
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_plan_without_nations_has_null_and_an_older_document_reads(length_plan: Plan) -> None:
    document = document_plan(length_plan)
    assert document.generation is None
    data = json.loads(dump_document(document))
    del data["generation"]
    for posture in data["postures"].values():
        del posture["mission"]
    older = PlanDocument.model_validate(data)
    assert older.generation is None
    with pytest.raises(OutputError, match="make the plan again"):
        basis_of_document(older)


def test_the_basis_comes_back_as_it_was(document: PlanDocument) -> None:
    restored = basis_of_document(PlanDocument.model_validate(json.loads(dump_document(document))))
    first = replace(basis(), posture=restored.posture)
    for name in ("scenario", "posture_label", "mission", "length_km", "brigades", "n_sectors", "tasks"):
        assert getattr(restored, name) == getattr(first, name)
    assert restored.deployed == first.deployed
    assert restored.supplies == first.supplies
    assert restored.outcomes is not None
    assert first.outcomes is not None
    for name in ("strength", "detect", "verify", "weakest"):
        np.testing.assert_array_equal(getattr(restored.outcomes, name), getattr(first.outcomes, name))
    assert restored.outcomes.tasks == first.outcomes.tasks


def test_another_posture_has_to_be_planned(document: PlanDocument) -> None:
    with pytest.raises(OutputError, match="is not in this plan"):
        basis_of_document(document, "nobody")
    data = document.model_dump(mode="json", by_alias=True)
    data["postures"]["other"] = data["postures"][document.posture]
    with pytest.raises(OutputError, match="was not planned in full"):
        basis_of_document(PlanDocument.model_validate(data), "other")


@pytest.mark.parametrize(
    "outcomes",
    [
        {"detect": [[0.1, 0.2]]},
        {"verify": [[0.1], [0.2]]},
        {"strength": [], "detect": [], "verify": [], "weakest": []},
        {"tasks": [f"task-{i}" for i in range(40)]},
    ],
)
def test_outcomes_that_do_not_fit_together_are_refused(
    document: PlanDocument, outcomes: dict[str, Any]
) -> None:
    with pytest.raises(OutputError, match="does not have a row"):
        basis_of_document(change(document, **outcomes))


def test_headlines_of_nations_can_be_explained(
    document: PlanDocument, length_plan: Plan, tmp_path: Path
) -> None:
    made = replace(sample(), basis=replace(basis(), posture=length_plan.chosen_key))
    write_document(replace(length_plan, generation=made), tmp_path / "plan.json")
    found = explain(tmp_path, "generation.people")
    assert found.value == pytest.approx(10_290)
    assert found.low is not None
    assert explain(tmp_path, "force.deployed").name == "force.deployed"


def test_every_part_is_in_the_record(document: PlanDocument) -> None:
    found = document.generation
    assert found is not None
    assert [case.key for case in found.cases] == ["today", "no-backstop", "coalition"]
    assert len(found.claims) == 25
    assert {one.code for one in found.pledges} == {"AAA", "BBB", "GBR", "HST", "LNG", "NON"}
    assert [one.signature for one in found.unlocking] == ["sequential", "joint"]
    assert found.unlocking[0].fragile == ["ceasefire", "host-consent", "mandate.coalition"]
    assert found.worth is not None
    total = sum(one.shapley for one in found.worth.tasks if one.measure == "people")
    ends = found.worth.measures[0]
    assert total == pytest.approx(ends.with_all - ends.without, abs=1e-4)
    lasting = {one.code: one.endurance for one in found.cases[-1].contributions if one.endurance is not None}
    assert lasting["LNG"].breaks_at_months == 12
    assert lasting["GBR"].breaks_at_months is None
    assert lasting["GBR"].lasts
    waiting = {one.key: one.waited_for_by for one in found.conditions}
    assert waiting["us.guarantee"] == ["AAA"]


def test_a_line_that_nobody_can_pass_is_kept_and_read_back(length_plan: Plan) -> None:
    given = basis()
    assert given.outcomes is not None
    shut = replace(given.outcomes, weakest=np.full(given.outcomes.weakest.shape, np.nan))
    made = replace(sample(), basis=replace(given, posture=length_plan.chosen_key, outcomes=shut))
    text = dump_document(document_plan(replace(length_plan, generation=made)))
    restored = basis_of_document(PlanDocument.model_validate(json.loads(text))).outcomes
    assert restored is not None
    assert np.isnan(restored.weakest).all()
    assert np.array_equal(restored.detect, given.outcomes.detect)
