"""From agreements to forces: no force, no posture, who comes on what is brought, who waits for what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

UNIT = Path(__file__).resolve().parents[1]
sys.path += [str(UNIT / "generation"), str(UNIT / "talks")]

from generation_inputs import make_basis  # noqa: E402
from made_talks import write_talks  # noqa: E402

from truceline.errors import ScenarioError, TableError  # noqa: E402
from truceline.generation.cases import list_assents  # noqa: E402
from truceline.generation.model import Basis, Mission, WatchOutcomes  # noqa: E402
from truceline.generation.requirements import list_requirements  # noqa: E402
from truceline.generation.situation import Situation, read_situation  # noqa: E402
from truceline.plan.talks import AgreementForce, PlanTalks, ask_talks, check_talks  # noqa: E402
from truceline.scenario.catalogue import load_catalogue  # noqa: E402
from truceline.scenario.load import read_scenario  # noqa: E402
from truceline.scenario.model import Contributors, TalksOptions  # noqa: E402
from truceline.talks.make import TalksQuestion  # noqa: E402

DAY = date(2025, 12, 31)
NATIONS = Contributors(pledges="ukraine-2025")
ASSUMPTIONS = load_catalogue()
TASKS = ("isr-space", "isr-air", "isr-sea")
TERMS = """term,kind,label,points,asks,meets,bars,mission,zone_half_width_km,note
nobody,force,Nobody comes,bridge=0,,,mandate.coalition,,,
rear,force,A force in the rear,bridge=60,,mandate.coalition,,reassurance,,
blue,force,Observers,bridge=20,,mandate.un|consent.side-b,,observation,,
host,consent,The host agrees,,,host-consent,,,,
truce,sequence,A truce,,,ceasefire,,,,
rules,rules,Rules,,,terms|consulted,,,,
bare,backstop,Nothing behind it,,,,us.guarantee,,,
backed,backstop,All of it,,,us.isr-space|us.isr-air|us.isr-sea|us.refuelling|us.combat-air|us.air-defence|\
us.strategic-lift|us.theatre-logistics|us.medevac|us.satcom-command|us.guarantee|monitoring.us,,,,
vote,seats,A vote barred,,,,parliament.EST,,,
"""
AGREEMENTS = """agreement,label,terms,sentence,source
none,None,nobody|truce,Nobody comes.,Gazette
watched,Watched,blue|host|truce|rules,Observers come.,Gazette
alone,Alone,rear|host|truce|rules|bare,A force comes.,Gazette
backed,Backed,rear|host|truce|rules|backed,A force comes.,Gazette
unvoted,Unvoted,rear|host|truce|rules|backed|vote,A force comes.,Gazette
"""


@cache
def basis(mission: Mission = "reassurance", with_outcomes: bool = False) -> Basis:
    made = make_basis(mission)
    if not with_outcomes:
        return made
    detect = np.array([[0.0] * 8, [0.4] * 8])
    return replace(made, outcomes=WatchOutcomes(TASKS, np.array([0.0, 1.0]), detect, detect, detect))


@cache
def situation() -> Situation:
    made = basis()
    return read_situation(NATIONS, DAY, "reassurance", ASSUMPTIONS, list_requirements(made, ASSUMPTIONS))


def ask(
    folder: Path,
    bases: Sequence[Basis] = (),
    *,
    contributors: Contributors | None = NATIONS,
    terms: str = TERMS,
    agreements: str = AGREEMENTS,
) -> PlanTalks:
    write_talks(folder, terms=terms, agreements=agreements)
    options = TalksOptions(folder=folder, samples=0)
    return ask_talks(options, DAY, contributors, bases or [basis()], ASSUMPTIONS)


@pytest.fixture(scope="module")
def forces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AgreementForce]:
    talks = ask(tmp_path_factory.mktemp("talks"), [basis(with_outcomes=True)])
    return {force.agreement.key: force for force in talks.forces}


def test_an_agreement_without_a_force_leads_to_none(forces: dict[str, AgreementForce]) -> None:
    none = forces["none"]
    assert (none.posture, none.needed, none.result, none.filled_share, none.detect) == ("",) + (None,) * 4
    assert none.met == ("ceasefire",)
    assert none.notes == ("no force comes: the sides watch themselves",)


def test_a_force_that_the_plan_has_no_posture_for_is_said(forces: dict[str, AgreementForce]) -> None:
    assert forces["watched"].result is None
    assert forces["watched"].notes == ("the plan has no posture for observation",)


def test_a_matching_posture_has_its_people_counted(forces: dict[str, AgreementForce]) -> None:
    backed = forces["backed"]
    assert (backed.posture, backed.posture_label) == ("watch", "A made-up watch")
    assert backed.result is not None
    assert backed.needed == basis().deployed
    assert backed.filled_share == pytest.approx(backed.result.people.value / basis().deployed.value)
    assert backed.result.people.value > 0


def test_who_asks_for_a_promise_comes_with_it_and_waits_without(forces: dict[str, AgreementForce]) -> None:
    alone, backed = forces["alone"], forces["backed"]
    assert alone.result is not None
    assert backed.result is not None
    assert set(alone.result.codes) < set(backed.result.codes)
    new = set(backed.result.codes) - set(alone.result.codes)
    assert new
    for code in new:
        assert alone.waiting[code] == ("us-material", "us.guarantee")
    assert backed.result.people.value > alone.result.people.value


def test_everybody_with_people_comes_or_waits_for_something_not_brought(
    forces: dict[str, AgreementForce],
) -> None:
    for key in ("alone", "backed"):
        force = forces[key]
        assert force.result is not None
        expected = {
            code
            for code, gate in situation().gates.items()
            if gate.may_come and code in situation().offers and situation().offers[code].people.value > 0
        }
        assert set(force.waiting) == expected - set(force.result.codes)
        for lacking in force.waiting.values():
            assert lacking
            assert not set(lacking) & (set(force.met) | set(force.votes))


def test_parliaments_are_taken_as_given_and_governments_that_were_open_are_not(
    forces: dict[str, AgreementForce],
) -> None:
    backed = forces["backed"]
    assents = list_assents(situation().book, situation().stances, "reassurance")
    assert set(backed.votes) == assents
    assert any(key.startswith("parliament.") for key in backed.votes)
    assert "decision.AUS" not in backed.votes
    assert backed.waiting["AUS"] == ("decision.AUS",)
    assert backed.result is not None
    assert "governments that were open stay out" in backed.result.case.sentence


def test_a_vote_that_an_agreement_rules_out_is_not_taken_as_given(forces: dict[str, AgreementForce]) -> None:
    backed, unvoted = forces["backed"], forces["unvoted"]
    assert set(backed.votes) - set(unvoted.votes) == {"parliament.EST"}
    assert backed.result is not None
    assert unvoted.result is not None
    assert set(backed.result.codes) - set(unvoted.result.codes) == {"EST"}
    assert unvoted.waiting["EST"] == ("parliament.EST",)


def test_detection_is_read_only_where_the_posture_was_planned_in_full(
    forces: dict[str, AgreementForce], tmp_path: Path
) -> None:
    backed, alone = forces["backed"], forces["alone"]
    for force in (backed, alone):
        assert force.filled_share is not None
        assert force.detect == pytest.approx(0.4 * min(1.0, force.filled_share))
    without = {force.agreement.key: force for force in ask(tmp_path, [basis()]).forces}
    assert without["backed"].detect is None
    assert without["backed"].filled_share == backed.filled_share


def test_of_two_postures_for_one_mission_the_first_is_asked(tmp_path: Path) -> None:
    second = replace(basis(), posture="second")
    observers = replace(basis("observation"), posture="observers")
    found = {one.agreement.key: one for one in ask(tmp_path, [basis(), second, observers]).forces}
    assert found["backed"].posture == "watch"
    assert found["watched"].posture == "observers"


def test_people_of_each_force_can_be_unfolded(tmp_path: Path) -> None:
    talks = ask(tmp_path)
    for force in talks.forces:
        if force.result is not None:
            name = f"generation.agreement-{force.agreement.key}.people"
            assert talks.headlines[name] == force.result.people
            assert f"generation.agreement-{force.agreement.key}.supported" in talks.headlines
    assert "talks.mean.bridge" in talks.headlines


def test_without_nations_or_postures_talks_have_no_forces(tmp_path: Path) -> None:
    assert ask(tmp_path, contributors=None).forces == ()
    options = TalksOptions(folder=tmp_path, samples=0)
    assert ask_talks(options, DAY, NATIONS, [], ASSUMPTIONS).forces == ()


def test_the_options_ask_unless_a_question_does(tmp_path: Path) -> None:
    write_talks(tmp_path)
    options = TalksOptions(folder=tmp_path, samples=20, seed=5, together=("toll", "bridge"))
    asked = ask_talks(options, DAY, None, [], ASSUMPTIONS).talks
    assert asked.joint_issues == ("toll", "bridge")
    assert asked.sampled is not None
    assert (asked.sampled.n_samples, asked.sampled.seed) == (20, 5)
    other = ask_talks(options, DAY, None, [], ASSUMPTIONS, TalksQuestion(samples=0)).talks
    assert other.sampled is None


def test_conditions_that_cannot_hold_together_or_lack_a_need_are_refused_at_once(tmp_path: Path) -> None:
    terms = TERMS + "clash,consent,Both,,,consent.side-b|host-consent,,,,\n"
    agreements = AGREEMENTS + "bad,Bad,rear|clash|truce,x,Gazette\nshort,Short,rear|truce,x,Gazette\n"
    with pytest.raises(ScenarioError) as caught:
        ask(tmp_path, terms=terms, agreements=agreements)
    message = str(caught.value)
    assert "agreement bad" in message
    assert "consent.side-b" in message
    assert "which cannot hold together" in message
    assert "agreement short  brings mandate.coalition without host-consent" in message


def test_conditions_that_are_not_known_are_refused(tmp_path: Path) -> None:
    terms = TERMS.replace("|us.guarantee|", "|us.guarantees|")
    with pytest.raises(TableError, match=r"did you mean us[.]guarantee"):
        ask(tmp_path, terms=terms)


SCENARIO = """\
format: 1
name: made-talks
title: Talks
as_of: 2025-12-31
line: {length: 40 km}
posture: watch
postures:
  watch:
    label: Watch
    mission: reassurance
    given: {posts: 19, people: 1000 people}
contributors: {pledges: ukraine-2025}
"""


def checked(folder: Path, options: str) -> None:
    (folder / "scenario.yaml").write_text(f"{SCENARIO}talks: {{folder: ., {options}}}\n", encoding="utf-8")
    check_talks(read_scenario(folder / "scenario.yaml").scenario)


def test_what_would_be_refused_after_planning_is_refused_before_it(tmp_path: Path) -> None:
    write_talks(tmp_path, terms=TERMS, agreements=AGREEMENTS)
    checked(tmp_path, "samples: 20")
    with pytest.raises(ScenarioError, match="together: tole  is not an issue"):
        checked(tmp_path, "samples: 20, together: [tole, bridge]")
    write_talks(tmp_path, terms=TERMS.replace("|us.guarantee|", "|us.guarantees|"))
    with pytest.raises(TableError, match=r"'us[.]guarantees' is not a known condition"):
        checked(tmp_path, "samples: 20")


def test_too_few_samples_are_refused_before_planning(tmp_path: Path) -> None:
    write_talks(tmp_path, terms=TERMS, agreements=AGREEMENTS)
    with pytest.raises(ScenarioError, match="5 is out of bounds"):
        checked(tmp_path, "samples: 5")
