"""An explained number unfolds, survives a file, and refuses a file that is not one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import OutputError
from truceline.trace import ENDS, Traced

CREW = Traced("staffing.crew", 9, "person", low=6, high=12, evidence="published", source="a table")
POSTS = Traced("posts", 3, "1", label="Posts", evidence="computed")
PEOPLE = Traced("people", 27, "person", formula="posts * staffing.crew", parts=(POSTS, CREW), note="whole")
FORCE = Traced("force", 54, "person", formula="people + people", parts=(PEOPLE, PEOPLE))

finite = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.builds(
    Traced,
    st.text(),
    finite,
    st.text(),
    label=st.text(),
    low=st.none() | finite,
    high=st.none() | finite,
    evidence=st.text(),
    source=st.text(),
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        Traced, st.text(), finite, st.text(), parts=st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


def test_a_number_without_a_range_is_its_own_ends() -> None:
    assert CREW.bounds == (6, 12)
    assert [CREW.at(end) for end in ENDS] == [9, 6, 12]
    assert POSTS.bounds == (3, 3)
    assert [POSTS.at(end) for end in ENDS] == [3, 3, 3]
    assert Traced("half open", 5, "1", low=0).bounds == (0, 5)


def test_walking_goes_from_the_whole_to_the_parts() -> None:
    assert [node.name for node in PEOPLE.walk()] == ["people", "posts", "staffing.crew"]


def test_leaves_are_named_once() -> None:
    assert [leaf.name for leaf in FORCE.leaves()] == ["posts", "staffing.crew"]


def test_empty_fields_are_left_out_and_zero_is_not_empty() -> None:
    data = Traced("x", 0, "1", low=0.0, high=1.0).to_dict()
    assert data == {"name": "x", "value": 0, "unit": "1", "low": 0.0, "high": 1.0}


@given(trees)
def test_a_tree_survives_json(tree: Traced) -> None:
    assert Traced.from_dict(json.loads(json.dumps(tree.to_dict()))) == tree


def test_keys_of_a_newer_version_are_ignored() -> None:
    assert Traced.from_dict({**CREW.to_dict(), "colour": "blue"}) == CREW


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "number",
        {},
        {"name": "x", "unit": "1"},
        {"name": "x", "value": "much", "unit": "1"},
        {"name": "x", "value": 1, "unit": "1", "parts": 3},
        {"name": "x", "value": 1, "unit": "1", "parts": [None]},
        {"name": "x", "value": 1, "unit": "1", "low": {}},
    ],
)
def test_what_is_no_tree_is_refused(data: object) -> None:
    with pytest.raises(OutputError, match="not a traced number"):
        Traced.from_dict(data)


def test_a_bottomless_tree_is_refused() -> None:
    data: dict[str, object] = {"name": "x", "value": 1, "unit": "1"}
    for _ in range(5000):
        data = {"name": "x", "value": 1, "unit": "1", "parts": [data]}
    with pytest.raises(OutputError, match="RecursionError"):
        Traced.from_dict(data)
