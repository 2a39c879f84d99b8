"""Unlocking sets: by hand, against every subset tried, and against the reference table."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unlock_cases import CONDITIONS, commitments, exclusive, read_pledges, subsets, wanted, wants

from truceline.errors import ScenarioError
from truceline.generation._unlock_reference import list_minimal_sets, settle_names
from truceline.generation.commitments import Commitments
from truceline.generation.model import Actor, Clause, Composite
from truceline.generation.unlock import (
    Unlocking,
    compare_unlockings,
    explain_unreachable,
    find_unlocking_sets,
)

LEAD = {"ceasefire": 30.0, "vote": 20.0, "backstop": 90.0, "un-mandate": 200.0, "coalition": 10.0}


def unlock(actors: list[Actor], target: float, candidates: str, **options) -> Unlocking:
    settled = Commitments(actors, options.pop("composites", ()))
    options.setdefault("lead_days", lambda met: max((LEAD.get(key, 0.0) for key in met), default=0.0))
    value = options.pop("value", settled.total)
    return find_unlocking_sets(settled, candidates=candidates.split(), value=value, target=target, **options)


def sets_of(found: Unlocking) -> list[str]:
    return [" ".join(one.conditions) for one in found.sets]


EITHER_WAY = [
    Actor("GBR", 20, (wants("ceasefire", "backstop"), wants("ceasefire", "un-mandate"))),
    Actor("NLD", 5, (wants("ceasefire", "vote"),)),
]


def test_sets_come_soonest_first_and_what_is_in_all_of_them_is_fragile() -> None:
    found = unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop weather")
    assert sets_of(found) == ["backstop ceasefire", "ceasefire un-mandate"]
    assert [one.lead_days for one in found.sets] == [90, 200]
    assert [one.codes for one in found.sets] == [("GBR",), ("GBR",)]
    assert [one.value for one in found.sets] == [20, 20]
    assert found.quickest == found.sets[0]
    assert found.fragile == ("ceasefire",)
    assert found.idle == ("vote", "weather")
    assert found.best_value == 25
    assert found.best_in == ("GBR", "NLD")
    assert found.reachable
    assert found.shortfall == 0


def test_conditions_that_hold_already_are_not_asked_for_again() -> None:
    found = unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop", always=["ceasefire", "vote"])
    assert sets_of(found) == ["backstop", "un-mandate"]
    assert found.sets[0].codes == ("GBR", "NLD")
    assert found.fragile == ()
    assert found.candidates == ("backstop", "un-mandate")


def test_a_target_that_is_reached_already_needs_nothing_more() -> None:
    found = unlock(EITHER_WAY, 5, "backstop", always=["ceasefire", "vote"])
    assert [(one.conditions, one.value, one.lead_days) for one in found.sets] == [((), 5, 0)]
    assert found.fragile == ()


def test_a_target_beyond_reach_says_how_near_the_best_comes() -> None:
    found = unlock(EITHER_WAY, 30, "vote un-mandate ceasefire backstop")
    assert not found.reachable
    assert found.sets == ()
    assert (found.best_value, found.shortfall, found.quickest, found.fragile) == (25, 5, None, ())
    problem = explain_unreachable(found, unit="people")
    assert problem.where == "target"
    assert "30 people is beyond reach, each waiting for the others" in problem.found
    assert "brings 25 people with GBR, NLD in, 5 short" in problem.found
    assert "25 or below" in problem.hint


def test_exclusive_conditions_are_never_in_one_set_and_split_the_best_in_branches() -> None:
    actors = [
        Actor("AUT", 10, (wants("un-mandate"),)),
        Actor("FRA", 30, (wants("coalition"),)),
        Actor("IRL", 5, (wants("vote"),)),
    ]
    pair = [("un-mandate", "coalition")]
    found = unlock(actors, 15, "coalition un-mandate vote", excludes=pair)
    assert sets_of(found) == ["coalition", "un-mandate vote"]
    assert [(one.conditions, one.value) for one in found.branches] == [
        (("coalition", "vote"), 35),
        (("un-mandate", "vote"), 15),
    ]
    beyond = unlock(actors, 40, "coalition un-mandate vote", excludes=pair)
    assert (beyond.reachable, beyond.best_value, beyond.best_in) == (False, 35, ("FRA", "IRL"))
    assert "the best of 2 ways brings 35 with FRA, IRL in, 5 short" in explain_unreachable(beyond).found
    barred = unlock(actors, 15, "coalition vote", excludes=pair, always=["un-mandate"])
    assert barred.barred == ("coalition",)
    assert sets_of(barred) == ["vote"]


def test_a_condition_brings_what_it_needs_into_the_set() -> None:
    actors = [Actor("GBR", 20, (wants("vote"), wants("backstop", "coalition")))]
    found = unlock(
        actors, 20, "vote backstop coalition host terms", needs={"vote": ["host"], "host": ["terms"]}
    )
    assert sets_of(found) == ["host terms vote", "backstop coalition"]  # the backstop takes longer
    no_host = unlock(actors, 20, "vote backstop coalition terms", needs={"vote": ["host"], "host": ["terms"]})
    assert sets_of(no_host) == ["backstop coalition"]
    assert no_host.barred == ("vote",)
    held = unlock(actors, 20, "vote", needs={"vote": ["host"], "host": ["terms"]}, always=["host"])
    assert sets_of(held) == ["vote"]


def test_a_condition_whose_needs_exclude_each_other_can_never_be() -> None:
    actors = [Actor("GBR", 20, (wants("vote"),))]
    found = unlock(
        actors,
        20,
        "vote coalition un-mandate",
        needs={"vote": ["un-mandate", "coalition"]},
        excludes=[("coalition", "un-mandate")],
    )
    assert found.barred == ("vote",)
    assert (found.reachable, found.best_value) == (False, 0)


def test_any_so_many_of_a_group_unlock_it() -> None:
    group = Composite("us-material", frozenset({"lift", "medevac", "satcom"}), 2)
    found = unlock(
        [Actor("DEU", 9, (wants("us-material", "vote"),))], 9, "lift medevac satcom vote", composites=[group]
    )
    assert sets_of(found) == ["lift medevac vote", "lift satcom vote", "medevac satcom vote"]
    assert found.fragile == ("vote",)
    one_there = unlock(
        [Actor("DEU", 9, (wants("us-material", "vote"),))],
        9,
        "medevac satcom vote",
        composites=[group],
        always=["lift"],
    )
    assert sets_of(one_there) == ["medevac vote", "satcom vote"]


def test_signing_together_unlocks_what_waiting_does_not() -> None:
    actors = [
        Actor("GBR", 20, (wants("ceasefire", actors=["FRA"]),)),
        Actor("FRA", 20, (wants("ceasefire", others=20),)),
    ]
    assert not unlock(actors, 40, "ceasefire").reachable
    assert sets_of(unlock(actors, 40, "ceasefire", joint=True)) == ["ceasefire"]


def test_a_dear_value_is_asked_once_for_each_group_and_only_where_nothing_else_tells() -> None:
    asked = []

    def coverage(codes: tuple[str, ...]) -> float:
        asked.append(codes)
        return float(len(codes))

    actors = [Actor(code, 1, (wants(f"c{place}"),)) for place, code in enumerate("ABCDEFGHIJ")]
    found = unlock(actors, 9, " ".join(f"c{place}" for place in range(10)), value=coverage)
    assert len(found.sets) == 10
    assert len(set(asked)) == len(asked) == found.n_values
    assert found.n_values < 2**10 / 8


def test_progress_is_told_and_may_stop_the_search() -> None:
    told = []
    unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop", progress=lambda *step: told.append(step))
    assert told[-1] == ("unlocking sets", 1.0)

    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop", progress=stop)


def test_mistakes_in_the_question_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        unlock(
            EITHER_WAY,
            math.nan,
            "vote",
            always=["ceasefire", "un-mandate"],
            most_sets=0,
            excludes=[("un-mandate", "ceasefire"), ("vote", "vote")],
        )
    assert len(caught.value.problems) == 4
    assert "condition ceasefire  is met together with un-mandate, which excludes it" in str(caught.value)


def test_a_value_that_falls_when_more_come_is_found_out() -> None:
    actors = [
        Actor("A", 1, (wants("c0"), wants("c1"))),
        Actor("B", 1, (wants("c1"),)),
        Actor("C", 1, (wants("c2"),)),
    ]
    with pytest.raises(ScenarioError, match="never falls when one more comes"):
        unlock(
            actors,
            2,
            "c0 c1 c2",
            value=lambda codes: {("A",): 2, ("A", "B"): 1, ("A", "B", "C"): 2}.get(codes, 0),
        )


def test_a_value_or_a_lead_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(ScenarioError, match="is no number with GBR, NLD in"):
        unlock(EITHER_WAY, 1, "vote ceasefire backstop", value=lambda codes: math.nan)
    with pytest.raises(ScenarioError, match="-1 for backstop, ceasefire is not a time"):
        unlock(EITHER_WAY, 20, "ceasefire backstop", lead_days=lambda met: -1.0)


def test_without_lead_times_none_is_quickest() -> None:
    found = unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop", lead_days=None)
    assert found.quickest is None
    assert found.sets[0].lead_days is None
    never = unlock(EITHER_WAY, 20, "ceasefire backstop", lead_days=lambda met: math.inf)
    assert never.quickest is None


def test_too_wide_a_question_is_refused() -> None:
    many = [Actor(f"{place:02}", 1, (wants(f"c{place:02}"),)) for place in range(24)]
    names = " ".join(f"c{place:02}" for place in range(24))
    with pytest.raises(ScenarioError, match="more than 50 smallest sets among 24 conditions"):
        unlock(many, 2, names, most_sets=50)
    crowd = [Actor(f"{place:02}", 1, (wants(f"c{place:02}"),)) for place in range(64)]
    with pytest.raises(ScenarioError, match="64 of them still matter; 63 is the most"):
        unlock(crowd, 2, " ".join(f"c{place:02}" for place in range(64)))
    pairs = [(f"c{place:02}", f"c{place + 1:02}") for place in range(0, 24, 2)]
    with pytest.raises(ScenarioError, match="leave more than 1,024 ways"):
        unlock(many, 2, names, excludes=pairs)


def test_sixty_conditions_are_no_trouble_where_the_sets_are_few() -> None:
    crowd = [Actor(f"{place:02}", 1, (wants(f"c{place:02}"),)) for place in range(60)]
    found = unlock(crowd, 59, " ".join(f"c{place:02}" for place in range(60)))
    assert len(found.sets) == 60
    assert {len(one.conditions) for one in found.sets} == {59}


@settings(deadline=None, max_examples=200)
@given(
    commitments(), subsets, exclusive, wanted, st.booleans(), st.sampled_from([0.0, 0.2, 2.0, 5.3, 9.0, 14.0])
)
def test_the_sets_are_all_there_are_and_none_is_too_large(
    drawn, always, excludes, needs, joint, target
) -> None:
    """Every subset tried, with the needs as they stand and who is in by the slow twin."""
    actors, composites = drawn
    if any(set(pair) <= always for pair in excludes):
        return
    settled = Commitments(actors, composites)
    found = find_unlocking_sets(
        settled,
        candidates=CONDITIONS,
        value=settled.total,
        target=target,
        always=always,
        excludes=excludes,
        needs=needs,
        joint=joint,
    )

    def total(chosen: frozenset[str]) -> float:
        return settled.total(settle_names(actors, composites, always | chosen, joint=joint))

    left = {key: [other for other in wants if other not in always] for key, wants in needs.items()}
    shut = {b for a, b in excludes if a in always} | {a for a, b in excludes if b in always}
    free = [key for key in CONDITIONS if key not in always and key not in shut]
    expected = list_minimal_sets(lambda chosen: total(chosen) >= target - 1e-9, free, excludes, left)
    assert [one.conditions for one in found.sets] == expected
    assert [one.value for one in found.sets] == pytest.approx([total(frozenset(names)) for names in expected])
    permitted = [
        frozenset(key for place, key in enumerate(free) if mask >> place & 1)
        for mask in range(1 << len(free))
    ]
    permitted = [
        chosen
        for chosen in permitted
        if not any({a, b} <= chosen for a, b in excludes)
        and all(chosen.issuperset(left.get(key, ())) for key in chosen)
    ]
    assert found.best_value == pytest.approx(max(total(chosen) for chosen in permitted))
    if found.sets:
        assert set(found.fragile) == set.intersection(*(set(names) for names in expected))


@pytest.mark.parametrize("seed", range(4))
def test_larger_instances_agree_with_every_subset_tried(seed: int) -> None:
    random = np.random.default_rng(seed)
    keys = [f"x{place}" for place in range(9)]
    codes = [f"N{place:02}" for place in range(15)]
    actors = []
    for code in codes:
        others = [other for other in codes if other != code]
        clauses = tuple(
            Clause(
                frozenset(random.choice(keys, random.integers(1, 4), replace=False).tolist()),
                frozenset(random.choice(others, random.integers(0, 2), replace=False).tolist()),
                float(random.choice([0, 0, 10, 30])),
            )
            for _ in range(random.integers(1, 4))
        )
        actors.append(Actor(code, float(random.integers(1, 20)), clauses))
    settled = Commitments(actors)
    joint = bool(seed % 2)
    target = 0.6 * settled.total(settled.settle(keys, joint=joint))
    found = find_unlocking_sets(settled, candidates=keys, value=settled.total, target=target, joint=joint)
    expected = list_minimal_sets(
        lambda chosen: settled.total(settled.settle(chosen, joint=joint)) >= target, keys
    )
    assert [one.conditions for one in found.sets] == expected
    assert len(expected) > 3


@pytest.mark.shared
def test_the_reference_table_of_unlocking_sets(shared) -> None:
    folder = shared / "data" / "reference" / "talks"
    instances = read_pledges(folder)
    with (folder / "commitments_expected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        settled = Commitments(instances[row["instance"]])
        for joint, kind in ((False, "seq"), (True, "joint")):
            found = find_unlocking_sets(
                settled,
                candidates=row["externals"].split("|"),
                value=settled.total,
                target=float(row["target_total"]),
                joint=joint,
            )
            text = row[f"minimal_unlocking_{kind}"]
            expected = (
                set() if text == "unreachable" else {tuple(sorted(one.split("|"))) for one in text.split(";")}
            )
            assert {one.conditions for one in found.sets} == expected, (row["instance"], kind)


def test_a_later_day_shows_what_was_gained_lost_and_advanced() -> None:
    before = unlock(EITHER_WAY, 20, "vote un-mandate ceasefire backstop")
    new = [Actor("GBR", 20, (wants("ceasefire", "backstop"), wants("vote"))), EITHER_WAY[1]]
    after = unlock(new, 20, "vote un-mandate backstop", always=["ceasefire"])
    change = compare_unlockings(before, after)
    assert [(a.conditions, b.conditions) for a, b in change.advanced] == [
        (("backstop", "ceasefire"), ("backstop",))
    ]
    assert [one.conditions for one in change.gained] == [("vote",)]
    assert [one.conditions for one in change.lost] == [("ceasefire", "un-mandate")]
    assert change.kept == ()
    assert change.no_longer_fragile == ("ceasefire",)
    assert change.newly_fragile == ()
    same = compare_unlockings(before, before)
    assert same.kept == before.sets
    assert same.gained == same.lost == same.advanced == ()
