"""Each named check of a whole scenario has a test of its name; a new check without one is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_texts import WITH_MAP, WITHOUT_MAP, load, only_refusal, refusals

from truceline.scenario.checks import CHECKS, MAX_SECTORS


def only_warning(tmp_path: Path, text: str) -> str:
    warnings = load(tmp_path, text).warnings
    assert len(warnings) == 1, warnings
    assert warnings[0].warning
    assert warnings[0].hint
    return str(warnings[0])


def test_the_posture_exists(tmp_path: Path) -> None:
    said = only_refusal(tmp_path, WITH_MAP.replace("posture: observers", "posture: guards"))
    assert (
        said == "case.yaml:14  posture  'guards' is not a posture here (the_posture_exists); one of observers"
    )


def test_sensors_are_known(tmp_path: Path) -> None:
    said = only_refusal(tmp_path, WITH_MAP.replace("[op_human]", "[op_human, op_humane]"))
    assert "postures.observers.means.post.sensors[1]  'op_humane' is not in the sensor table" in said
    assert "did you mean op_human" in said
    assert "one of acoustic_artillery" in only_refusal(tmp_path, WITH_MAP.replace("[op_human]", "[zz]"))


def test_a_length_has_given_posts(tmp_path: Path) -> None:
    both = WITH_MAP.replace("{places: ukraine-2025-02-17}", "{length: 80 km}")
    found = [str(problem) for problem in refusals(tmp_path, both)]
    assert "is to be sited, but the line is only a length (a_length_has_given_posts)" in found[0]
    assert "reaction.time  needs a map, but the line is only a length" in found[1]
    assert load(tmp_path, WITHOUT_MAP).scenario.is_only_a_length


def test_a_map_has_incidents(tmp_path: Path) -> None:
    start, end = WITH_MAP.index("incidents:"), WITH_MAP.index("posture:")
    assert "incidents  is missing (a_map_has_incidents)" in only_refusal(
        tmp_path, WITH_MAP[:start] + WITH_MAP[end:]
    )
    weightless = WITH_MAP.replace("person: 0.5, vehicle: 0.5", "person: 0").replace(
        "day: 0.6, night: 0.4", "day: 0"
    )
    assert len(refusals(tmp_path, weightless)) == 2


def test_bands_run_outwards(tmp_path: Path) -> None:
    backwards = WITH_MAP.replace("start: 5 km, end: 15 km", "start: 15 km, end: 5 km")
    assert "'artillery' ends at or before its start" in only_refusal(tmp_path, backwards)
    inside = WITH_MAP.replace("start: 5 km", "start: 4 km")
    assert "starts inside the separation zone (bands_run_outwards)" in only_refusal(tmp_path, inside)


def test_sites_lie_within_reach(tmp_path: Path) -> None:
    far = WITH_MAP.replace("[1 km, 3 km]", "[1 km, 30 km]")
    assert "posts 30 km from the line see little of it (sites_lie_within_reach)" in only_warning(
        tmp_path, far
    )
    assert load(tmp_path, WITH_MAP.replace("[1 km, 3 km]", "[15 km]")).warnings == ()


def test_sectors_are_not_too_many(tmp_path: Path) -> None:
    thousand = ", ".join(f"{km} km" for km in range(1, 1000))
    many = WITH_MAP.replace("zone:\n", f"sectors: {{breaks: [{thousand}]}}\nzone:\n")
    assert f"999 breaks make more than {MAX_SECTORS} sectors" in only_refusal(tmp_path, many)
    short = WITH_MAP.replace("zone:\n", "sectors: {length: 900 m}\nzone:\n")
    assert "900 m is too short for a sector" in only_refusal(tmp_path, short)
    most = ", ".join(f"{km} km" for km in range(1, MAX_SECTORS))
    assert (
        load(tmp_path, WITH_MAP.replace("zone:\n", f"sectors: {{breaks: [{most}]}}\nzone:\n")).warnings == ()
    )


def test_minima_belong_to_moving_means(tmp_path: Path) -> None:
    post = WITH_MAP.replace("sensors: [op_human]", "sensors: [op_human], at_least: 0.1 / km")
    assert "means.post.at_least  is set for a post (minima_belong_to_moving_means)" in only_refusal(
        tmp_path, post
    )
    crossed = WITH_MAP.replace("at_least: 0.1 / km", "at_least: 0.4 / km")
    assert "0.4 / km is above at_most" in only_refusal(tmp_path, crossed)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("zone:\n", "grid: {cell: 1 m}\nzone:\n", "grid.cell  1 m is finer than a plan can use"),
        ("zone:\n", "grid: {crossing_cell: 1 cm}\nzone:\n", "grid.crossing_cell  0.01 m is finer"),
        ("spacing: 1 km", "spacing: 1 m", "postures.observers.rules.spacing  1 m is finer"),
        ("time: 90 min", "time: 90 min, spacing: 1 m", "postures.observers.reaction.spacing  1 m is finer"),
    ],
)
def test_ground_is_not_cut_too_fine(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in only_refusal(tmp_path, WITH_MAP.replace(old, new, 1))


@pytest.mark.parametrize(("draws", "says"), [("1.5", "1.5 draws"), ("101", "101 draws")])
def test_draws_are_a_whole_number(tmp_path: Path, draws: str, says: str) -> None:
    text = WITH_MAP.replace("zone:\n", f"terrain: {{draws: {draws}}}\nzone:\n", 1)
    assert f"terrain.draws  {says} (draws_are_a_whole_number)" in only_refusal(tmp_path, text)
    assert load(tmp_path, text.replace(f"draws: {draws}", "draws: 20")).warnings == ()


def test_supplied_tasks_are_known(tmp_path: Path) -> None:
    asked = "contributors: {pledges: ukraine-2025, supplied: {refueling: 50 %}}\nzone:\n"
    text = WITH_MAP.replace("zone:\n", asked, 1)
    found = only_refusal(tmp_path, text)
    assert "'refueling' is not a task (supplied_tasks_are_known)" in found
    assert "one of refuelling" in found
    assert load(tmp_path, text.replace("refueling", "refuelling")).scenario.contributors


def test_arcs_belong_to_fixed_means(tmp_path: Path) -> None:
    text = WITH_MAP.replace("kind: patrol,", "kind: patrol, arc: 90 deg,", 1)
    assert text != WITH_MAP
    assert "arc  is set for a patrol (arcs_belong_to_fixed_means)" in only_refusal(tmp_path, text)
    posted = WITH_MAP.replace("kind: post,", "kind: post, arc: 90 deg,", 1)
    assert load(tmp_path, posted).scenario.postures  # a post may


@pytest.mark.parametrize("point", ["[460, 33]", "[46, 133]", "[.nan, 33]", "[.inf, 33]"])
def test_water_lies_on_earth(tmp_path: Path, point: str) -> None:
    text = WITH_MAP.replace("zone:\n", f"water: {{polygon: [[33, 46], [34, 46], {point}]}}\nzone:\n")
    said = only_refusal(tmp_path, text)
    assert "water.polygon[2]" in said
    assert "is not a place on earth (water_lies_on_earth)" in said


@pytest.mark.parametrize("evidence", ["published", "derived", "measured"])
def test_read_values_name_a_source(tmp_path: Path, evidence: str) -> None:
    bare = WITH_MAP.replace("half_width: 5 km", f"half_width: {{value: 5 km, evidence: {evidence}}}")
    assert f"zone.half_width  is said to be {evidence} but names no source" in only_warning(tmp_path, bare)
    replaced = WITH_MAP.replace(
        "zone:\n", f"assumptions: {{patrol.crew: {{value: 6 people, evidence: {evidence}}}}}\nzone:\n"
    )
    assert "assumptions.patrol.crew  is said to be" in only_warning(tmp_path, replaced)
    sourced = bare.replace(f"evidence: {evidence}", f"evidence: {evidence}, source: {{title: A report}}")
    assert load(tmp_path, sourced).warnings == ()


def test_every_check_has_a_test_of_its_name_and_a_meaning() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(CHECKS) <= tested
    for name, check in CHECKS.items():
        assert check.name == name
        assert check.meaning.endswith(".")
        assert check.severity in ("error", "warning")
