"""Who is in under conditions: fixed points by hand, by a slow twin, and against the reference table."""

from __future__ import annotations

import csv
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unlock_cases import CONDITIONS, commitments, read_pledges, subsets, wants

from truceline.errors import ScenarioError
from truceline.generation._unlock_reference import settle_names
from truceline.generation.commitments import Commitments, settle_contributions
from truceline.generation.model import Actor, Clause, Composite

CASES = [
    ("one who asks for nothing comes at once", [Actor("A", 5, (wants(),))], "", "A", "A"),
    ("one without any clause never comes", [Actor("A", 5, ())], "c0", "", ""),
    (
        "a chain runs from the one who waits for nobody",
        [
            Actor("A", 5, (wants("c0"),)),
            Actor("B", 5, (wants(actors="A"),)),
            Actor("C", 5, (wants(others=10),)),
        ],
        "c0",
        "ABC",
        "ABC",
    ),
    (
        "two who wait for each other come only when they sign together",
        [Actor("A", 5, (wants("c0", actors="B"),)), Actor("B", 5, (wants("c0", actors="A"),))],
        "c0",
        "",
        "AB",
    ),
    (
        "signing together helps nobody whose condition is not met",
        [Actor("A", 5, (wants("c0", actors="B"),)), Actor("B", 5, (wants("c1", actors="A"),))],
        "c0",
        "",
        "",
    ),
    (
        "any one clause is enough",
        [Actor("A", 5, (wants("c0", "c1"), wants("c2")))],
        "c2",
        "A",
        "A",
    ),
    (
        "a contributor does not count towards the total it asks of others",
        [Actor("A", 50, (wants(others=10),)), Actor("B", 9, (wants(),))],
        "",
        "B",
        "B",
    ),
    (
        "a total of parts that are not whole is reached in spite of rounding",
        [Actor("A", 0.1, (wants(),)), Actor("B", 0.2, (wants(),)), Actor("C", 1, (wants(others=0.3),))],
        "",
        "ABC",
        "ABC",
    ),
]


@pytest.mark.parametrize(
    ("actors", "met", "sequential", "joint"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_who_is_in(actors: list[Actor], met: str, sequential: str, joint: str) -> None:
    settled = Commitments(actors)
    assert settled.settle(met.split()) == tuple(sequential)
    assert settled.settle(met.split(), joint=True) == tuple(joint)


def test_a_composite_is_met_by_enough_of_its_members() -> None:
    group = Composite("us-material", frozenset({"us.lift", "us.satcom", "us.medevac"}), 2)
    settled = Commitments([Actor("A", 5, (wants("us-material", "ceasefire"),))], [group])
    assert settled.conditions == ("ceasefire", "us.lift", "us.medevac", "us.satcom")
    assert settled.settle(["ceasefire", "us.lift"]) == ()
    assert settled.settle(["ceasefire", "us.lift", "us.medevac"]) == ("A",)
    with pytest.raises(ScenarioError, match="us-material  is a condition made of others"):
        settled.settle(["us-material"])


def test_all_mistakes_in_commitments_are_told_at_once() -> None:
    actors = [
        Actor("A", -5, (wants("c0", actors="A"),)),
        Actor("A", 5, (wants(actors="X"),)),
        Actor("B", math.nan, (wants(others=-1),)),
    ]
    composites = [
        Composite("g", frozenset({"c0", "h"}), 3),
        Composite("h", frozenset(), 1),
        Composite("h", frozenset({"c1"}), 0),
    ]
    with pytest.raises(ScenarioError) as caught:
        Commitments(actors, composites)
    told = caught.value.message()
    assert len(caught.value.problems) == 11
    for words in (
        "contributor A  is there 2 times",
        "contributor A  -5 is not a number of people",
        "contributor A, clause 1  waits for itself",
        "waits for 'X', which is no contributor; one of A, B",
        "contributor B  nan is not a number of people",
        "contributor B, clause 1  -1 is not a number",
        "condition h  is made of others 2 times over",
        "condition g  counts 'h', itself made of others",
        "condition g  wants 3 of 2 members; write 1 to 2",
        "condition h  wants 1 of 0 members",
        "condition h  wants 0 of 1 members",
    ):
        assert words in told


def test_met_has_to_be_a_collection_of_conditions() -> None:
    with pytest.raises(TypeError, match="not one string"):
        Commitments([]).settle("ceasefire")


@given(commitments(), subsets, st.booleans())
def test_settling_agrees_with_asking_everybody_again_and_again(drawn, met, joint) -> None:
    actors, composites = drawn
    expected = settle_names(actors, composites, met, joint=joint)
    assert Commitments(actors, composites).settle(met, joint=joint) == expected


@given(commitments(), subsets, subsets)
def test_more_met_never_sends_anyone_away_and_joint_is_never_less(drawn, met, more) -> None:
    settled = Commitments(*drawn)
    for joint in (False, True):
        assert set(settled.settle(met, joint=joint)) <= set(settled.settle(met | more, joint=joint))
    assert set(settled.settle(met)) <= set(settled.settle(met, joint=True))


@given(commitments(), subsets, subsets, st.booleans(), st.data())
def test_the_narrowed_part_answers_as_the_whole(drawn, always, candidates, joint, data) -> None:
    whole = Commitments(*drawn)
    part = whole.narrow(always, candidates, joint=joint)
    assert set(part.conditions) <= candidates - always
    chosen = data.draw(st.frozensets(st.sampled_from(sorted(candidates)))) if candidates else frozenset()
    assert part.settle(chosen, joint=joint) == whole.settle(always | chosen, joint=joint)


def test_the_narrowed_part_no_longer_names_what_cannot_matter() -> None:
    actors = [
        Actor("A", 5, (wants("c0"), wants("c1"))),  # in already: c1 is of no use to it
        Actor("B", 5, (wants("c2", actors="C"),)),  # C never comes
        Actor("C", 5, (wants("c3", others=100),)),
        Actor("D", 5, (wants("c0", "c4"), wants("c4", "c5"))),  # c5 is of no use beside c4 alone
    ]
    part = Commitments(actors).narrow(["c0"], [f"c{place}" for place in range(1, 6)])
    assert part.conditions == ("c4",)
    assert part.codes == ("A", "D")


@pytest.mark.shared
def test_the_reference_table_of_conditional_pledges(shared) -> None:
    folder = shared / "data" / "reference" / "talks"
    instances = read_pledges(folder)
    with (folder / "commitments_expected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        settled = Commitments(instances[row["instance"]])
        for met, word in (((), "none"), (row["externals"].split("|"), "all")):
            for joint, kind in ((False, "seq"), (True, "joint")):
                total = settled.total(settled.settle(met, joint=joint))
                assert total == float(row[f"{kind}_total_{word}"]), (row["instance"], kind, word)


def cascade(thresholds: list[int]) -> tuple[int, int]:
    """Return how many join a crowd in turn, and how many stay in it from the start."""
    crowd = Commitments(
        [Actor(f"{place:03}", 1, (wants(others=least),)) for place, least in enumerate(thresholds)]
    )
    return len(crowd.settle([])), len(crowd.settle([], joint=True))


@pytest.mark.shared
def test_the_reference_table_of_thresholds(shared) -> None:
    path = shared / "data" / "reference" / "talks" / "commitments_thresholds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    crowds = {
        "granovetter_1978_uniform": list(range(100)),
        "granovetter_1978_perturbed": [0, 2, 2, *range(3, 100)],
    }
    assert rows.keys() == crowds.keys()
    for case, thresholds in crowds.items():
        assert len(thresholds) == int(rows[case]["n"])
        expected = int(rows[case]["seq_members"]), int(rows[case]["joint_members"])
        assert cascade(thresholds) == expected, case


def test_one_missing_threshold_stops_a_crowd_of_a_hundred() -> None:
    assert cascade(list(range(100))) == (100, 100)
    assert cascade([0, 2, 2, *range(3, 100)]) == (1, 100)


ENDOWMENT = 10.0


def matching(share: float, place: int, n: int = 5):
    """Give a share of what the others give on average."""
    return lambda profile: share * (sum(profile) - profile[place]) / (n - 1)


def given_that(others: float, place: int):
    """Give everything if the others give so much together, else nothing."""
    return lambda profile: ENDOWMENT if sum(profile) - profile[place] >= others else 0.0


GRADED = {
    "all_or_nothing_5": [given_that(40.0, place) for place in range(5)],
    "match_average_5": [matching(1.0, place) for place in range(5)],
    "one_refuses_4cond30": [*(given_that(30.0, place) for place in range(4)), lambda profile: 0.0],
    "one_refuses_4cond40": [*(given_that(40.0, place) for place in range(4)), lambda profile: 0.0],
    "leader_unconditional": [lambda profile: ENDOWMENT, *(matching(1.0, place) for place in range(1, 5))],
    "half_match": [matching(0.5, place) for place in range(5)],
}


@pytest.mark.shared
def test_the_reference_table_of_graded_contributions(shared) -> None:
    path = shared / "data" / "reference" / "talks" / "commitments_contributions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    assert rows.keys() == GRADED.keys()
    for case, row in rows.items():
        n, endowment, back = int(row["n"]), float(row["endowment"]), float(row["marginal_return"])
        profile = settle_contributions(GRADED[case], [endowment] * n)
        assert profile == tuple(map(float, row["profile"].split("|"))), case
        payoffs = [endowment - x + back * sum(profile) for x in profile]
        assert payoffs == pytest.approx([float(payoff) for payoff in row["payoffs"].split("|")], abs=1e-9), (
            case
        )


def test_graded_pledges_fall_together_to_what_holds_itself_up() -> None:
    assert settle_contributions(GRADED["one_refuses_4cond30"], [10.0] * 5) == (10, 10, 10, 10, 0)
    assert settle_contributions([], []) == ()


def test_graded_pledges_that_cannot_be_are_refused() -> None:
    with pytest.raises(ScenarioError, match="1 for 2 endowments"):
        settle_contributions([lambda profile: 1.0], [1.0, -1.0])
    falling = [lambda profile: 5.0 - profile[1], lambda profile: profile[0] / 2]
    with pytest.raises(ScenarioError, match="although nobody gives more than before"):
        settle_contributions(falling, [10.0, 10.0])
    with pytest.raises(ScenarioError, match="still falling after 100,000 rounds"):
        settle_contributions([lambda profile: profile[0] - 1e-5], [10.0])


def test_a_condition_that_nobody_names_changes_nothing() -> None:
    settled = Commitments([Actor("A", 5, (Clause(frozenset({CONDITIONS[0]})),))])
    assert settled.settle(["weather"]) == ()
    assert settled.total(()) == 0.0
