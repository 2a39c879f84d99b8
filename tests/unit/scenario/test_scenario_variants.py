"""Variants and `--set` change one value each, and say where a change came from when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import WITH_MAP, WITHOUT_MAP, load, only_refusal, refusals

from truceline.errors import ProblemList
from truceline.scenario.variants import apply_differences, parse_override, split_path
from truceline.scenario.yaml_source import parse_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zone.half_width=7.5km", ("zone.half_width", "7.5km")),
        (" a.b = 3 ", ("a.b", 3)),
        ("a=[1, 2]", ("a", [1, 2])),
        ("a=x=y", ("a", "x=y")),
        ("a=", ("a", None)),
    ],
)
def test_an_override_is_a_path_and_a_value(text: str, expected: tuple[str, object]) -> None:
    assert parse_override(text) == expected


@pytest.mark.parametrize(
    "text", ["", "zone.half_width", "=3", " =3", "a=[1", "a=&x 1", "a=*x", "a=1\na=2\n: ["]
)
def test_what_is_no_override_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"write path=value|put it in quotes"):
        parse_override(text)


@given(st.text(max_size=60))
def test_any_text_is_an_override_or_refused(text: str) -> None:
    try:
        path, _ = parse_override(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert path
        split_path(path)


def test_assumption_names_stay_whole_and_numbers_pick_items() -> None:
    assert split_path("assumptions.patrol.crew") == ("assumptions", "patrol.crew")
    assert split_path("zone.limitation.0.end") == ("zone", "limitation", 0, "end")
    assert split_path("zone.²") == ("zone", "²")  # a digit to Unicode, not to us


@given(
    st.lists(st.sampled_from(["a", "b", "0", "1", "9", "assumptions", ""]), min_size=1, max_size=5),
    st.integers(),
)
def test_a_difference_is_found_where_it_was_put_or_refused(parts: list[str], value: int) -> None:
    source = parse_yaml("a: {b: [1, {a: 2}]}\nb: 3\nassumptions:\n", "case.yaml")
    problems = ProblemList()
    dotted = ".".join(parts)
    apply_differences(source, [(dotted, value)], "--set", problems)
    if problems.has_errors():
        return
    found = source.data
    for part in split_path(dotted):
        found = found[str(part)] if isinstance(found, dict) else found[part]
    assert found == value


def test_a_variant_changes_what_it_names(tmp_path: Path) -> None:
    loaded = load(tmp_path, WITH_MAP, variant="wide")
    assert loaded.scenario.zone.half_width.value == 8000
    assert loaded.scenario.zone.limitation[0].start.value == 8000
    assert loaded.scenario.zone.limitation[0].end.value == 15_000
    assert loaded.provenance.variant == "wide"


def test_overrides_come_after_the_variant(tmp_path: Path) -> None:
    loaded = load(tmp_path, WITH_MAP, variant="wide", overrides=["zone.half_width=6km"])
    assert loaded.scenario.zone.half_width.value == 6000
    assert loaded.provenance.overrides == ("zone.half_width=6km",)


def test_a_changed_scenario_has_another_hash(tmp_path: Path) -> None:
    plain, changed, again = (
        load(tmp_path, WITH_MAP, overrides=each).provenance.scenario_hash
        for each in ((), ("zone.half_width=4km",), ())
    )
    assert plain == again != changed


def test_an_override_can_make_a_group_that_is_not_there(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, WITHOUT_MAP, overrides=["assumptions.patrol.crew=7 people", "sectors.length=20 km"]
    )
    assert loaded.scenario.assumptions.value("patrol.crew") == 7
    assert loaded.scenario.sectors.length is not None


def test_an_unknown_variant_names_the_known_ones(tmp_path: Path) -> None:
    assert "known: wide" in only_refusal(tmp_path, WITH_MAP, variant="narrow")
    assert "known: none" in only_refusal(tmp_path, WITHOUT_MAP, variant="narrow")


def test_a_wrong_value_is_blamed_on_the_override_or_the_variant(tmp_path: Path) -> None:
    assert only_refusal(tmp_path, WITH_MAP, overrides=["zone.half_width=6"]).startswith(
        "--set zone.half_width"
    )
    broken = WITH_MAP.replace("zone.half_width: 8 km", "zone.half_width: 8 kilowatt")
    assert only_refusal(tmp_path, broken, variant="wide").startswith("variant wide: zone.half_width")


def test_every_wrong_override_is_named_at_once(tmp_path: Path) -> None:
    wrong = ["nonsense", "title.deeper=3", "zone.limitation.7.end=3 km", "line.²=1"]
    found = [str(problem) for problem in refusals(tmp_path, WITH_MAP, overrides=wrong)]
    assert len(found) == 3
    assert "--set  'nonsense' is not an override" in found[0]
    assert all("does not lead anywhere" in line for line in found[1:])


def test_an_override_of_an_unknown_key_suggests_the_near_one(tmp_path: Path) -> None:
    said = only_refusal(tmp_path, WITH_MAP, overrides=["zone.halfwidth=6 km"])
    assert said == "--set zone.halfwidth  is not a known key; did you mean half_width?"
