"""What is gathered about nations and conditions on one day."""

from __future__ import annotations

from datetime import date

import pytest
from generation_inputs import make_basis

from truceline.errors import TableError
from truceline.generation.requirements import list_requirements
from truceline.generation.situation import read_situation
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors

ASSUMPTIONS = load_catalogue()
PACKAGED = Contributors(pledges="ukraine-2025")
WINTER = date(2026, 1, 31)


def situation(mission="reassurance", day=WINTER, **changes):
    basis = make_basis(mission, **changes)
    return read_situation(PACKAGED, day, mission, ASSUMPTIONS, list_requirements(basis, ASSUMPTIONS))


def material(found):
    return next(one for one in found.book.composites() if one.key == "us-material")


def test_a_force_that_needs_every_task_counts_all_ten_and_the_stated_number_of_them() -> None:
    composite = material(situation("interposition"))
    assert len(composite.members) == 10
    assert composite.at_least == ASSUMPTIONS.value("backstop.tasks_wanted")


def test_tasks_that_a_force_has_no_need_of_do_not_count_towards_a_backstop() -> None:
    composite = material(situation("observation", brigades=0))
    assert not {"us.combat-air", "us.refuelling", "us.air-defence"} & composite.members
    assert composite.at_least == 4  # half of seven, rounded up


def test_the_pool_of_nato_waits_for_the_coalition_and_the_assent_of_the_allies() -> None:
    found = situation()
    gate = found.gates["NAT"]
    assert gate.may_come
    assert {"mandate.coalition", "nato-assets", "ceasefire", "host-consent"} == set(gate.clauses[0].requires)
    assert found.offers["NAT"].people.value == 0


def test_everyone_who_may_come_has_an_offer_and_a_size() -> None:
    found = situation()
    actors = found.list_actors()
    assert {actor.code for actor in actors} == {code for code, gate in found.gates.items() if gate.may_come}
    assert all(actor.size == found.offers[actor.code].people.value for actor in actors)


def test_fewer_had_spoken_on_an_earlier_day() -> None:
    earlier, later = situation(day=date(2025, 2, 17)), situation()
    assert set(earlier.stances) < set(later.stances)
    assert "EST" not in earlier.stances


def test_a_register_with_an_unknown_nation_is_refused(tmp_path) -> None:
    path = tmp_path / "pledges.csv"
    path.write_text("pledge_id,nation\nP1,ATL\n", encoding="utf-8")
    with pytest.raises(TableError):
        read_situation(Contributors(pledges=path), WINTER, "observation", ASSUMPTIONS, ())
