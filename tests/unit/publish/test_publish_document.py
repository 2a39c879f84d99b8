"""plan.json: faithful to the plan, strict JSON, and back again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.plan import Plan
from truceline.plan.bands import Bands
from truceline.plan.crossings import Crossings
from truceline.publish.document import (
    PLACE_DECIMALS,
    PlanDocument,
    document_plan,
    dump_document,
    write_document,
)
from truceline.publish.record import traced_from_document
from truceline.scenario.sampling import Band, Driver
from truceline.trace import Traced


@pytest.fixture(scope="module")
def document(small_plan: Plan) -> PlanDocument:
    return document_plan(small_plan)


def test_text_is_strict_json_that_reads_back_to_the_same_document(document: PlanDocument) -> None:
    def refuse(name: str) -> float:
        raise AssertionError(f"{name} is not JSON")

    text = dump_document(document)
    data = json.loads(text, parse_constant=refuse)
    assert dump_document(PlanDocument.model_validate(data)) == text
    assert text.endswith("}\n")


def test_the_schema_comes_first_and_is_named(document: PlanDocument) -> None:
    assert dump_document(document).startswith('{\n "schema": "truceline.plan/1"')


def test_the_line_carries_its_tolerance_and_its_sight(document: PlanDocument, small_plan: Plan) -> None:
    line = document.line
    assert line.length_km == pytest.approx(small_plan.length_m / 1000, abs=0.001)
    assert line.tolerance_km == (1.0, 1.0)
    assert "indicative" in line.sight
    assert line.sectors == ["S01", "S02"]


def test_every_headline_is_there_with_its_value(document: PlanDocument, small_plan: Plan) -> None:
    for key, one in small_plan.postures.items():
        found = {tree["name"]: tree for tree in document.postures[key].headlines}
        assert found.keys() == one.headlines.keys()
        for name, traced in one.headlines.items():
            assert traced_from_document(found[name]) == traced
            assert 0 <= document.postures[key].weak_input_share[name] <= 1


def test_tasks_add_up_to_the_people_deployed(document: PlanDocument, small_plan: Plan) -> None:
    for key, one in small_plan.postures.items():
        tasks = document.postures[key].tasks
        assert sum(task.people for task in tasks) == pytest.approx(one.people.force.deployed_people)


def test_sites_are_those_chosen_and_no_finer_than_published(document: PlanDocument, small_plan: Plan) -> None:
    ground = small_plan.ground
    assert ground is not None
    for key, one in small_plan.postures.items():
        watch = one.watch
        assert watch is not None
        posture = document.postures[key]
        fixed = np.isfinite(watch.candidates.x_m)
        assert len(posture.sites) == watch.copies[fixed].sum()
        assert sum(unit.units for unit in posture.moving) == watch.copies[~fixed].sum()
        assert len({site.name for site in posture.sites}) == len(posture.sites)
        for site in posture.sites:
            assert round(site.lon, PLACE_DECIMALS) == site.lon
            x_m, y_m = ground.line.projection.lonlat_to_xy(site.lon, site.lat)
            located = ground.line.locate(np.array([[float(x_m), float(y_m)]]))
            assert (located.offset_m[0] > 0) == (site.side == "a")
            assert located.chainage_m[0] / 1000 == pytest.approx(site.chainage_km, abs=1.5)


def test_crossings_hold_every_case_and_chances(document: PlanDocument) -> None:
    for posture in document.postures.values():
        assert len(posture.crossings) == 2 * 2 * 3 * 2
        for one in posture.crossings:
            assert one.p_least is not None
            assert one.p_average is not None
            assert 0 <= one.p_least <= one.p_average <= 1
            assert one.path_lonlat[0][1] > one.path_lonlat[-1][1]  # side a is to the north


def test_weak_points_name_what_matters_and_say_null_where_nothing_does(
    document: PlanDocument, small_plan: Plan
) -> None:
    for key, posture in document.postures.items():
        crossings = small_plan.postures[key].crossings
        assert crossings is not None
        assert [point.sector for point in posture.weak_points] == ["S01", "S02"]
        for sector, point in enumerate(posture.weak_points):
            weakest = crossings.weakest_in_clear_weather(sector)
            assert weakest is not None
            assert point.p_least == pytest.approx(weakest.p_least, abs=1e-6)
            assert (point.worst_loss is None) == (crossings.worst_loss[sector].candidate < 0)
            assert point.worst_loss is None or point.worst_loss.p_least < point.p_least
            more = crossings.one_more.get(sector)
            assert (point.one_more is None) == (more is None or more.candidate < 0)
            assert point.one_more is None or point.one_more.p_least > point.p_least
            assert 0 <= point.n_solved <= point.n_candidates
    assert any(point.one_more for point in document.postures[small_plan.chosen.key].weak_points)
    chosen = small_plan.chosen
    assert chosen.crossings is not None
    bare = replace(chosen, crossings=replace(chosen.crossings, one_more={}))
    plan = replace(small_plan, postures={**small_plan.postures, chosen.key: bare})
    points = document_plan(plan).postures[bare.key].weak_points
    assert [(point.one_more, point.n_candidates) for point in points] == [(None, 0)] * 2


def test_a_crossing_nobody_can_make_is_null_and_not_zero(small_plan: Plan) -> None:
    chosen = small_plan.chosen
    crossings = chosen.crossings
    assert crossings is not None
    nowhere = np.zeros((0, 2))
    blocked = tuple(
        replace(
            one,
            passable=False,
            p_least=math.nan,
            p_average=math.nan,
            chainage_m=math.nan,
            length_m=math.nan,
            path_xy_m=nowhere,
        )
        for one in crossings.weak
    )
    closed = replace(chosen, crossings=Crossings(blocked, crossings.profiles, {}, {}, 0.1))
    plan = replace(small_plan, postures={**small_plan.postures, chosen.key: closed})
    found = document_plan(plan).postures[chosen.key].crossings
    assert all(one.p_least is one.p_average is one.chainage_km is None for one in found)
    assert all(one.path_lonlat == [] for one in found)
    assert "NaN" not in dump_document(document_plan(plan))


def test_detection_by_kind_and_state_is_that_of_the_plan(document: PlanDocument, small_plan: Plan) -> None:
    watch = small_plan.chosen.watch
    by_state = document.postures["observers"].by_state
    assert watch is not None
    assert by_state is not None
    assert list(by_state.detect) == ["day", "night", "bad"]
    assert list(by_state.detect.values()) == pytest.approx(watch.averages.detect.by_state.tolist(), abs=1e-6)


def test_the_curve_of_people_and_detection_stays_below_its_bound(document: PlanDocument) -> None:
    curve = document.postures["observers"].frontier
    assert curve is not None
    assert curve["people"] == sorted(curve["people"])
    assert all(detect <= bound + 1e-6 for detect, bound in zip(curve["detect"], curve["bound"], strict=True))


def test_every_assumption_is_listed_with_its_evidence(document: PlanDocument, small_plan: Plan) -> None:
    assert [tree["name"] for tree in document.assumptions] == list(small_plan.assumptions)
    assert all(tree["evidence"] for tree in document.assumptions)


def test_a_bare_length_has_no_places(length_plan: Plan) -> None:
    document = document_plan(length_plan)
    posture = document.postures[document.posture]
    assert document.line.tolerance_km is None
    assert document.line.sectors == []
    assert posture.sites == []
    assert posture.by_kind is None
    assert posture.frontier is None
    assert posture.crossings == []


def test_bands_are_written_with_their_seed(length_plan: Plan) -> None:
    bands = Bands(
        {"force.deployed": Band(1.0, 2.0, 3.0)},
        {"force.deployed": (Driver("staffing.post_crew", "Crew", 0.123456),)},
        20,
        9,
    )
    record = document_plan(replace(length_plan, bands=bands)).bands
    assert record is not None
    assert (record.n_samples, record.seed) == (20, 9)
    assert record.bands["force.deployed"].drivers == [("staffing.post_crew", 0.1235)]
    assert "held fixed" in record.note


def test_nothing_in_the_document_names_this_machine(
    document: PlanDocument, small_scenario_file: Path
) -> None:
    text = dump_document(document)
    assert str(small_scenario_file.parent) not in text
    assert str(Path.home()) + "/" not in text


def test_what_is_written_is_what_is_dumped(document: PlanDocument, small_plan: Plan, tmp_path: Path) -> None:
    write_document(small_plan, tmp_path / "plan.json")
    assert (tmp_path / "plan.json").read_bytes() == dump_document(document).encode("utf-8")


def trees() -> st.SearchStrategy[Traced]:
    text = st.text(max_size=8)
    number = st.floats(allow_infinity=False, allow_nan=False)
    leaf = st.builds(
        Traced, name=text, value=number, unit=text, label=text, source=text, low=number, high=number
    )
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            Traced, name=text, value=number, unit=text, parts=st.lists(inner, max_size=3).map(tuple)
        ),
        max_leaves=8,
    )


@given(trees())
def test_a_tree_survives_the_way_to_text_and_back(tree: Traced) -> None:
    assert traced_from_document(json.loads(json.dumps(tree.to_dict()))) == tree


def test_a_number_that_does_not_exist_is_null_on_the_way_and_nan_again() -> None:
    data: dict[str, Any] = {
        "name": "n",
        "value": None,
        "unit": "1",
        "parts": [{"name": "p", "value": 1, "unit": "1"}],
    }
    back = traced_from_document(data)
    assert math.isnan(back.value)
    assert back.parts[0].value == 1
