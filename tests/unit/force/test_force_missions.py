"""Past missions: the table is consistent with itself, and a spoiled row is named."""

from __future__ import annotations

import pytest

from truceline.errors import TableError
from truceline.force.backcasts import BACKCAST_MISSIONS, UNARMED_POSTS, backcast_mission
from truceline.force.missions import densest_mission, find_mission, missions_from_rows, read_missions
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import find_row

ASSUMPTIONS = load_catalogue()


def test_the_packaged_table_reads_whole():
    assert len(read_missions()) == 37


def test_an_empty_cell_is_none_and_not_zero():
    mission = find_mission("HM03")
    assert (mission.people, mission.posts, mission.people_per_km) == (None, 21, None)


def test_a_density_is_unrounded_and_only_where_the_table_has_one():
    assert find_mission("HM01").people_per_km == 4440 / 180.5
    korea = find_mission("HM23")  # ten supervisors do not hold the line: no density from them
    assert (korea.people, korea.line_length_m, korea.people_per_km) == (10, 243_000, None)


def test_recollected_lengths_make_a_density_weak():
    assert find_mission("HM24").is_weak
    assert not find_mission("HM01").is_weak


def test_the_densest_mission_is_cyprus_in_1975():
    densest = densest_mission(read_missions())
    assert densest is not None
    assert densest.key == "HM01"
    assert densest_mission([]) is None


def test_every_problem_of_a_spoiled_table_is_named():
    wrong_density = {**find_row("historical_missions/HM01"), "persons_per_km_derived": "26.4"}
    no_number = {**find_row("historical_missions/HM02"), "patrols_per_day": "many"}
    orphan = {**find_row("historical_missions/HM07"), "line_length_km": ""}
    with pytest.raises(TableError) as caught:
        missions_from_rows([wrong_density, no_number, orphan])
    assert [problem.where for problem in caught.value.problems] == [
        "historical_missions/HM01.persons_per_km_derived",
        "historical_missions/HM02.patrols_per_day",
        "historical_missions/HM07.persons_per_km_derived",
        "historical_missions/HM07.km_per_permanent_post_derived",
    ]


def test_an_unknown_mission_is_a_clear_error():
    with pytest.raises(TableError, match="HM99  there is no such mission"):
        find_mission("HM99")


def test_unarmed_posts_are_part_of_the_posts_on_record():
    for key, unarmed in UNARMED_POSTS.items():
        assert unarmed <= (find_mission(key).posts or 0)
        assert "UNTSO posts" in find_mission(key).notes


def test_reported_patrols_come_before_the_rate():
    own = backcast_mission(find_mission("HM21"), ASSUMPTIONS).force.table.find("patrols_per_day")
    assert own.count == 40
    assert own.traced.parts[0].source == "UN DPI mission profile, UNPREDEP"
    by_rate = backcast_mission(find_mission("HM01"), ASSUMPTIONS).force.table.find("patrols_per_day")
    assert by_rate.count == pytest.approx(0.106 * 180.5)


@pytest.mark.parametrize("key", BACKCAST_MISSIONS)
def test_a_large_error_is_always_explained(key):
    result = backcast_mission(find_mission(key), ASSUMPTIONS)
    assert bool(result.note) == (abs(result.error_share) > 0.35)
    assert result.sentence().endswith(".")


def test_a_sentence_of_mfo_says_what_is_left_out():
    sentence = backcast_mission(find_mission("HM16"), ASSUMPTIONS).sentence()
    assert "872 by the model, 1,900 in fact (54 % below); the model does not hold its aviation" in sentence


def test_errors_without_a_known_reason_say_which_way_they_go():
    much = ASSUMPTIONS.replaced({"staffing.post_crew": 30})
    assert "fewer people than" in backcast_mission(find_mission("HM01"), much).note
    few = ASSUMPTIONS.replaced({"staffing.post_crew": 3})
    assert "tasks that the model does not hold" in backcast_mission(find_mission("HM01"), few).note


def test_a_mission_without_posts_cannot_be_run():
    with pytest.raises(TableError, match="no strength or no posts"):
        backcast_mission(find_mission("HM14"), ASSUMPTIONS)
