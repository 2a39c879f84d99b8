"""Named sets of conditions, and how they may be changed."""

from __future__ import annotations

from datetime import date

import pytest
from register_inputs import nation_groups, packaged_book, packaged_register

from truceline.errors import ScenarioError
from truceline.generation.cases import Case, list_cases, vary_case
from truceline.generation.gating import list_gates
from truceline.generation.model import MISSIONS, Mission

JANUARY = date(2026, 1, 31)
DAYS = (date(2025, 2, 17), date(2025, 4, 10), date(2025, 9, 5), JANUARY)


def cases_on(day: date = JANUARY) -> dict[str, Case]:
    return {case.key: case for case in list_cases(packaged_book(), day, packaged_register().on(day))}


def in_case(case: Case, mission: Mission = "reassurance", day: date = JANUARY) -> set[str]:
    """Return who comes: an independent reading of clauses and composites."""
    book = packaged_book()
    met = set(case.met)
    met |= {one.key for one in book.composites() if len(one.members & met) >= one.at_least}
    gates = list_gates(packaged_register().on(day), book=book, mission=mission, nation_groups=nation_groups())
    return {code for code, gate in gates.items() if any(clause.requires <= met for clause in gate.clauses)}


@pytest.mark.parametrize("day", DAYS)
def test_no_case_holds_what_cannot_be_together(day: date) -> None:
    cases = cases_on(day)
    assert list(cases) == ["today", "no-backstop", "coalition", "un-mandate", "everyone-decides"]
    for case in cases.values():
        assert packaged_book().conflicts(case.met) == ()
        assert packaged_book().missing_needs(case.met) == ()


@pytest.mark.parametrize("day", DAYS)
def test_as_things_stood_nobody_comes(day: date) -> None:
    for mission in MISSIONS:
        assert in_case(cases_on(day)["today"], mission, day) == set()


def test_without_the_united_states_those_who_asked_for_them_stay_away() -> None:
    without, whole = in_case(cases_on()["no-backstop"]), in_case(cases_on()["coalition"])
    assert whole - without == {"BEL", "DEU", "FRA", "GBR"}
    lending = {"LUX", "POL", "ROU"}
    assert without == {"CAN", "DNK", "ESP", "EST", "LTU", "NOR", "PRT", "SWE", "TUR"} | lending
    assert not any(key.startswith("us.") for key in cases_on()["no-backstop"].met)


def test_open_governments_come_only_where_everyone_decides() -> None:
    cases = cases_on()
    assert in_case(cases["everyone-decides"]) - in_case(cases["coalition"]) == {"AUS", "FIN", "NLD", "NZL"}
    assert "decision.PRT" in cases["coalition"].met, "Portugal would send; its decision is a formality of law"
    assert "decision.NLD" not in cases["coalition"].met


def test_coalition_and_neutral_nations_do_not_come_together() -> None:
    cases = cases_on()
    neutral = in_case(cases["un-mandate"], "observation")
    assert neutral == {"CHE", "IRL"}
    assert not neutral & in_case(cases["everyone-decides"], "observation")


def test_a_case_is_varied_and_says_how() -> None:
    case = vary_case(cases_on()["coalition"], unmeet=["us.guarantee"], book=packaged_book())
    assert case.key == "coalition -us.guarantee"
    assert cases_on()["coalition"].met - case.met == {"us.guarantee"}
    assert "without: The United States binds itself" in case.sentence
    back = vary_case(case, meet=["us.guarantee"], book=packaged_book())
    assert back.met == cases_on()["coalition"].met
    assert vary_case(case, meet=["ceasefire"], book=packaged_book()) is case


@pytest.mark.parametrize(
    ("meet", "unmeet", "says"),
    [
        (["ceasefre"], [], "'ceasefre' is not a known condition; did you mean ceasefire"),
        (["us-material"], [], "'us-material' is made of others; name some of us.air-defence"),
        (["terms"], ["terms"], "'terms' is to be met and unmet"),
        (["consent.side-b"], [], "consent.side-b and mandate.coalition cannot hold together"),
        ([], ["host-consent"], "mandate.coalition cannot hold without host-consent; meet host-consent too"),
    ],
)
def test_a_wrong_variation_is_refused(meet: list[str], unmeet: list[str], says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        vary_case(cases_on()["coalition"], meet, unmeet, book=packaged_book())
    assert says in str(caught.value)


def test_all_problems_of_a_variation_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        vary_case(cases_on()["coalition"], ["rain", "us-material"], ["hail"], book=packaged_book())
    assert len(caught.value.problems) == 3


def test_a_nation_that_has_not_spoken_of_a_mission_comes_where_everyone_decides() -> None:
    day, book = date(2025, 9, 5), packaged_book()
    stances = packaged_register().on(day)
    asked = {case.key: case for case in list_cases(book, day, stances, "interposition")}
    plain = {case.key: case for case in list_cases(book, day, stances)}
    assert "decision.TUR" in asked["everyone-decides"].met
    assert "decision.TUR" not in asked["coalition"].met
    assert "decision.TUR" not in plain["everyone-decides"].met
