"""The force follows from its tasks: identities, explanations that can be worked out again, and refusals."""

from __future__ import annotations

import ast
import math
import operator
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import InfeasibleError, ScenarioError
from truceline.force.reaction import ShareReaction, SitedReaction
from truceline.force.sizing import (
    SUPPORT_SHARES,
    front_share_range,
    post_cycle,
    size_force,
    watch_force_at_spacing,
)
from truceline.force.tasks import CrewedMeans, WatchCounts
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

ASSUMPTIONS = load_catalogue()
SUPPORT_SHARE = math.fsum(ASSUMPTIONS.value(name) for name in SUPPORT_SHARES)
POSTURE = WatchCounts(
    armed_posts=40,
    unarmed_posts=12,
    masts=100,
    sensor_crews=(CrewedMeans("radar", "Radars", 8, 9.0),),
    patrols_per_day=30,
    area_means=(CrewedMeans("orbit", "Drone orbits", 2, 44.0),),
)

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def evaluate(node: ast.AST) -> float:
    if isinstance(node, ast.BinOp):
        return float(OPERATIONS[type(node.op)](evaluate(node.left), evaluate(node.right)))
    assert isinstance(node, ast.Constant)
    return float(node.value)


def work_out(node: Traced) -> float:
    """Work a formula out from its parts, by name."""
    formula = node.formula
    for part in sorted(node.parts, key=lambda each: -len(each.name)):
        formula = re.sub(rf"(?<![\w.]){re.escape(part.name)}(?![\w.])", repr(part.value), formula)
    return evaluate(ast.parse(formula, mode="eval").body)


counts = st.builds(
    WatchCounts,
    armed_posts=st.floats(0, 3000),
    unarmed_posts=st.floats(0, 3000),
    masts=st.floats(0, 3000),
    patrols_per_day=st.floats(0, 500),
)
reactions = st.one_of(st.just(ShareReaction()), st.builds(SitedReaction, st.integers(0, 80), st.just(130.0)))


def test_the_cycle_is_nineteen_for_fourteen():
    assert post_cycle(ASSUMPTIONS).value == pytest.approx(19 / 14, rel=1e-15)


def test_the_front_line_share_is_what_support_and_reserve_leave():
    force = size_force(POSTURE, ASSUMPTIONS, reaction=ShareReaction())
    assert force.front_line_share == pytest.approx(0.42, abs=1e-12)


def test_each_task_counts_its_people():
    force = size_force(POSTURE, ASSUMPTIONS, reaction=ShareReaction())
    people = {task.key: task.people for task in force.table.tasks if task.group == "watch"}
    cycle = 19 / 14
    assert people == pytest.approx(
        {
            "armed_posts": 40 * 9 * cycle,
            "unarmed_posts": 12 * 3 * cycle,
            "masts": 150,  # shared teams: no relief on top
            "patrols_per_day": 30 * 5 * cycle,
            "radar": 72,
            "orbit": 88,
        }
    )


def test_sited_reaction_is_bases_times_people():
    force = size_force(POSTURE, ASSUMPTIONS, reaction=SitedReaction(7, 130))
    assert force.table.people_in("reaction") == 910
    assert force.watching_people == pytest.approx((force.front_people + 910) / (1 - SUPPORT_SHARE))


@given(counts, reactions, st.floats(0, 30))
def test_the_table_adds_up_and_deterrence_stays_apart(posture, reaction, brigades):
    force = size_force(posture, ASSUMPTIONS, reaction=reaction, brigades=brigades)
    totals = force.table.totals()
    watching = totals["watch"] + totals["reaction"] + totals["support"]
    assert watching == pytest.approx(force.watching_people, rel=1e-12, abs=1e-9)
    assert totals["deterrence"] == force.deterrence_people == brigades * 5000
    assert totals["support"] == pytest.approx(SUPPORT_SHARE * force.watching_people, rel=1e-12)
    without = size_force(posture, ASSUMPTIONS, reaction=reaction)
    assert without.watching_people == force.watching_people


@given(counts, reactions, st.floats(0, 30))
def test_every_number_can_be_worked_out_from_its_parts(posture, reaction, brigades):
    force = size_force(posture, ASSUMPTIONS, reaction=reaction, brigades=brigades)
    trees = [force.traced, *(task.traced for task in force.table.tasks)]
    for node in (node for tree in trees for node in tree.walk() if node.parts):
        assert work_out(node) == pytest.approx(node.value, rel=1e-12, abs=1e-9), node.name


@given(counts, reactions)
def test_leaves_are_assumptions_or_counts_of_the_posture(posture, reaction):
    force = size_force(posture, ASSUMPTIONS, reaction=reaction, brigades=3)
    for tree in (force.traced, *(task.traced for task in force.table.tasks)):
        for leaf in tree.leaves():
            known = leaf.name in ASSUMPTIONS or leaf.name.startswith("posture.")
            assert known or leaf.name == "force.front", leaf.name
            assert leaf.name != "force.front" or leaf.value == 0  # nobody watches: nothing to explain


def test_the_explanation_ends_in_the_deployed_strength():
    force = size_force(POSTURE, ASSUMPTIONS, reaction=SitedReaction(7, 130), brigades=2)
    assert force.traced.name == "force.deployed"
    assert force.traced.value == pytest.approx(force.deployed_people)
    leaves = {leaf.name: leaf for leaf in force.traced.leaves()}
    assert leaves["staffing.post_crew"].source
    assert leaves["reaction.unit_people"].evidence == "published"


def test_another_unit_at_the_bases_is_marked_as_stated():
    force = size_force(POSTURE, ASSUMPTIONS, reaction=SitedReaction(7, 250))
    leaves = {leaf.name: leaf for leaf in force.traced.leaves()}
    assert (leaves["reaction.unit_people"].value, leaves["reaction.unit_people"].evidence) == (250, "stated")


def test_nothing_to_watch_takes_nobody():
    force = size_force(WatchCounts(), ASSUMPTIONS, reaction=ShareReaction(), brigades=4)
    assert (force.watching_people, force.deployed_people, force.front_line_share) == (0, 20000, 0)
    assert force.per_post(0) is None


@given(st.floats(1e3, 3e6), st.floats(100, 2e4), st.floats(1.001, 5))
def test_closer_posts_take_more_people(length_m, spacing_m, factor):
    wide = watch_force_at_spacing(length_m, spacing_m * factor, ASSUMPTIONS)
    close = watch_force_at_spacing(length_m, spacing_m, ASSUMPTIONS)
    assert close.watching_people > wide.watching_people
    assert close.deterrence_people == 0


def test_densities_of_a_force():
    force = watch_force_at_spacing(1.2e6, 3500, ASSUMPTIONS)
    assert force.per_km(1.2e6) == pytest.approx(force.deployed_people / 1200)
    assert force.per_post(1.2e6 / 3500) == pytest.approx(35.08, abs=0.01)


def test_shares_that_leave_nobody_are_refused_with_their_names():
    heavy = ASSUMPTIONS.replaced({"support.logistics_share": 0.8})
    with pytest.raises(InfeasibleError, match=r"support\.logistics_share 0\.8"):
        size_force(POSTURE, heavy, reaction=ShareReaction())
    nearly = ASSUMPTIONS.replaced({"support.logistics_share": 0.65})  # enough left once the reserve is sited
    with pytest.raises(InfeasibleError):
        size_force(POSTURE, nearly, reaction=ShareReaction())
    assert size_force(POSTURE, nearly, reaction=SitedReaction(1, 130)).watching_people > 0


@pytest.mark.parametrize(
    ("reaction", "brigades", "where"),
    [
        (ShareReaction(), -1, "posture.brigades"),
        (ShareReaction(), math.nan, "posture.brigades"),
        (SitedReaction(-2, 130), 0, "reaction.bases"),
        (SitedReaction(2, math.inf), 0, "reaction.unit_people"),
    ],
)
def test_impossible_amounts_are_refused(reaction, brigades, where):
    with pytest.raises(ScenarioError, match=re.escape(where)):
        size_force(POSTURE, ASSUMPTIONS, reaction=reaction, brigades=brigades)


@pytest.mark.parametrize(("length_m", "spacing_m"), [(0, 1000), (1e6, 0), (math.nan, 1000), (1e6, -5)])
def test_a_line_and_a_spacing_are_above_zero(length_m, spacing_m):
    with pytest.raises(ScenarioError, match="is not above zero"):
        watch_force_at_spacing(length_m, spacing_m, ASSUMPTIONS)


def test_an_explanation_must_give_the_number_it_explains():
    wrong = CrewedMeans("orbit", "Orbits", 1, 40.0, ASSUMPTIONS.trace("drones.military_orbit_people"))
    with pytest.raises(ScenarioError, match="its explanation says 44"):
        size_force(WatchCounts(area_means=(wrong,)), ASSUMPTIONS, reaction=ShareReaction())


def test_the_range_of_the_front_line_share_comes_from_its_parts():
    lowest, typical, highest = front_share_range(ASSUMPTIONS)
    assert typical == pytest.approx(0.42)
    assert (lowest, highest) == pytest.approx((0.125, 0.649))
    crowded = ASSUMPTIONS.replaced({"support.logistics_share": 0.95})
    assert front_share_range(crowded)[0] == 0
