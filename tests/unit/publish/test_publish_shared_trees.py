"""Trees that share parts are written once and come back whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.publish.shared_trees import read_trees, write_trees
from truceline.trace import Traced


@st.composite
def shared_numbers(draw: st.DrawFn) -> list[Traced]:
    """Return numbers made of each other, some of them leaves with a formula and no parts."""
    found: list[Traced] = []
    for at in range(draw(st.integers(1, 8))):
        chosen = draw(st.lists(st.sampled_from(range(at)), unique=True, max_size=3)) if at else []
        parts = tuple(found[one] for one in chosen)
        has_formula = bool(parts) or draw(st.booleans())
        found.append(
            Traced(
                f"n{at}",
                float(draw(st.integers(0, 3))),
                "1",
                label=f"number {at}",
                formula=" + ".join(part.name for part in parts) or ("0" if has_formula else ""),
                parts=parts,
                note=draw(st.sampled_from(["", "said on a day"])),
            )
        )
    return draw(st.permutations(found))


@given(shared_numbers(), st.booleans())
def test_what_was_written_comes_back(numbers: list[Traced], leaves_once: bool) -> None:
    trees = json.loads(json.dumps(write_trees(numbers, leaves_once=leaves_once)))
    assert read_trees(trees) == numbers


@pytest.mark.parametrize(("leaves_once", "n_notes"), [(True, 1), (False, 3)])
def test_a_leaf_is_written_once_where_that_is_asked(leaves_once: bool, n_notes: int) -> None:
    leaf = Traced("position", 35.0, "1", label="Position", note="who said what")
    numbers = [
        leaf,
        *(Traced(name, 35.0, "1", formula="position", parts=(leaf,)) for name in ("mean", "median")),
    ]

    def count(tree: dict[str, Any]) -> int:
        return ("note" in tree) + sum(count(part) for part in tree.get("parts", []))

    assert sum(count(tree) for tree in write_trees(numbers, leaves_once=leaves_once)) == n_notes
