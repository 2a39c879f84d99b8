"""What each nation waits for, who says so, and why some never come."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from register_inputs import make_register, nation_groups, packaged_book, packaged_register, pledge_row

from truceline.errors import ScenarioError
from truceline.generation.condition_book import ConditionBook
from truceline.generation.gating import Gate, clauses_of, list_gates
from truceline.generation.model import MISSIONS, Mission
from truceline.generation.pledges import Stance

FEBRUARY, JANUARY = date(2025, 2, 17), date(2026, 1, 31)


def gates_on(day: date, mission: Mission = "reassurance", eu: tuple[str, ...] = ()) -> dict[str, Gate]:
    return list_gates(
        packaged_register().on(day),
        book=packaged_book(),
        mission=mission,
        nation_groups=nation_groups(),
        eu_members=eu,
    )


def stance_of(folder: Path, nation: str = "FRA", **cells: str) -> Stance:
    return make_register(folder, [pledge_row(1, nation, "2025-01-01") | cells]).on(JANUARY)[nation]


def clause_keys(stance: Stance, mission: Mission = "observation") -> list[set[str]]:
    clauses = clauses_of(stance, book=packaged_book(), mission=mission, nation_groups=nation_groups())
    return [set(clause.requires) for clause in clauses]


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize("day", [FEBRUARY, date(2025, 4, 10), date(2025, 9, 5), JANUARY])
def test_every_way_in_asks_for_a_ceasefire_and_the_consent_of_the_host(day: date, mission: Mission) -> None:
    for gate in gates_on(day, mission).values():
        assert bool(gate.clauses) != bool(gate.reason), gate.nation
        for clause in gate.clauses:
            assert {"ceasefire", "host-consent"} <= clause.requires
            assert not packaged_book().conflicts(clause.requires)
            assert not packaged_book().missing_needs(clause.requires)
            assert clause.requires <= {wait.condition for wait in gate.waits}


def test_the_united_kingdom_waits_for_its_vote_and_for_the_united_states() -> None:
    gate = gates_on(JANUARY)["GBR"]
    assert [set(clause.requires) for clause in gate.clauses] == [
        {"ceasefire", "host-consent", "mandate.coalition", "parliament.GBR", "us.guarantee", "us-material"}
    ]
    says = {wait.condition: (wait.said_by, wait.because) for wait in gate.waits}
    assert says["us.guarantee"] == ("stated", "stated by United Kingdom (P003, 2026-01-06)")
    assert says["host-consent"][0] == "rule"


def test_a_vote_that_the_nation_did_not_mention_is_asked_for_by_law() -> None:
    waits = {wait.condition: wait for wait in gates_on(FEBRUARY)["GBR"].waits}
    assert waits["parliament.GBR"].said_by == "law"
    assert "convention" in waits["parliament.GBR"].because


def test_neutral_nations_come_under_the_united_nations_and_wait_for_the_other_side() -> None:
    gate = gates_on(JANUARY)["CHE"]
    assert len(gate.clauses) == 1
    assert {"mandate.un", "consent.side-b", "parliament.CHE"} <= gate.clauses[0].requires
    assert "mandate.coalition" not in gate.clauses[0].requires
    ireland = {wait.condition: wait.said_by for wait in gates_on(JANUARY, "observation")["IRL"].waits}
    assert ireland["mandate.un"] == "law"


def test_nobody_comes_both_with_a_coalition_and_with_the_other_sides_consent() -> None:
    for mission in MISSIONS:
        for gate in gates_on(JANUARY, mission, eu=("FRA", "DNK")).values():
            for clause in gate.clauses:
                assert not {"mandate.coalition", "consent.side-b"} <= clause.requires


def test_a_government_that_has_not_decided_has_to() -> None:
    waits = {wait.condition: wait.said_by for wait in gates_on(JANUARY)["NLD"].waits}
    assert waits["decision.NLD"] == "rule"
    assert "decision.DNK" not in {wait.condition for wait in gates_on(JANUARY)["DNK"].waits}


@pytest.mark.parametrize(
    ("code", "mission", "says"),
    [
        ("COA", "observation", "counted through its members"),
        ("UKR", "observation", "is the host"),
        ("RUS", "observation", "is a side of the conflict"),
        ("HUN", "observation", "opposes or stays out"),
        ("GRC", "observation", "offers nothing inside the country"),
        ("USA", "observation", "brings the backstop, which is weighed task by task"),
        ("CHN", "observation", "denies that it would come"),
        ("IRL", "reassurance", "Ireland refuses reassurance (P061, 2025-03-05)."),
        ("GBR", "interposition", "United Kingdom refuses interposition"),
        ("BEL", "interposition", "Belgium refuses interposition, as we read its statement"),
    ],
)
def test_who_never_comes_is_told_why(code: str, mission: Mission, says: str) -> None:
    gate = gates_on(JANUARY, mission)[code]
    assert not gate.may_come
    assert gate.clauses == gate.waits == ()
    assert says in gate.reason


@pytest.mark.parametrize("code", ["POL", "DEU"])
def test_who_lends_from_outside_may_come_whatever_missions_it_refuses(code: str) -> None:
    gate = gates_on(JANUARY, "observation")[code]
    assert gate.may_come
    assert {"ceasefire", "mandate.coalition"} <= {wait.condition for wait in gate.waits}


def test_a_mission_of_which_a_nation_has_not_spoken_waits_for_its_decision() -> None:
    gate = gates_on(date(2025, 9, 5), "interposition")["TUR"]
    assert gate.may_come
    (wait,) = (wait for wait in gate.waits if wait.condition == "decision.TUR")
    assert "on interposition, of which it has not spoken" in wait.because
    assert "decision.TUR" not in {
        wait.condition for wait in gates_on(date(2025, 9, 5), "observation")["TUR"].waits
    }


def test_willingness_goes_by_mission() -> None:
    assert gates_on(JANUARY, "observation")["IRL"].may_come
    assert gates_on(JANUARY, "reassurance")["GBR"].may_come


def test_a_decision_of_the_european_union_is_another_way_for_its_members() -> None:
    gate = gates_on(JANUARY, eu=("DNK",))["DNK"]
    assert len(gate.clauses) == 2
    assert {key for wait in gate.waits if wait.one_of for key in [wait.condition]} == {
        "mandate.coalition",
        "mandate.eu",
    }
    assert len(gates_on(JANUARY)["DNK"].clauses) == 1


def test_a_nation_that_asks_for_what_cannot_be_together_never_comes(tmp_path: Path) -> None:
    stance = stance_of(tmp_path, conditions="mandate.un|mandate.coalition")
    gates = list_gates(
        {"FRA": stance}, book=packaged_book(), mission="observation", nation_groups=nation_groups()
    )
    assert "asks for what cannot be together" in gates["FRA"].reason


def test_an_ally_that_asks_for_the_united_nations_takes_that_way(tmp_path: Path) -> None:
    assert clause_keys(stance_of(tmp_path, conditions="mandate.un")) == [
        {"ceasefire", "host-consent", "mandate.un", "consent.side-b"}
    ]


def test_a_nation_without_a_group_an_unknown_mission_and_unknown_conditions_are_named(tmp_path: Path) -> None:
    stance = stance_of(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        list_gates({"FRA": stance}, book=packaged_book(), mission="parade", nation_groups={})  # type: ignore[arg-type]
    assert "'parade' is not a mission" in str(caught.value)
    assert "nation FRA  has no group" in str(caught.value)
    with pytest.raises(ScenarioError, match="has the group 'host', for which no route is known"):
        list_gates(
            {"FRA": stance}, book=packaged_book(), mission="observation", nation_groups={"FRA": "host"}
        )
    with pytest.raises(ScenarioError, match="'host-consent' is missing"):
        list_gates({}, book=ConditionBook([]), mission="observation", nation_groups={})
    nepal = stance_of(tmp_path, "NPL", position="open_undecided")
    with pytest.raises(ScenarioError, match=r"waits for 'decision\.NPL', an unknown condition"):
        clause_keys(nepal)
