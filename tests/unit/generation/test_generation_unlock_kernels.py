"""The compiled loops of the unlocking search, judged by slow twins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unlock_cases import CONDITIONS, commitments, wants

from truceline.generation._unlock_kernels import extend_transversals, is_told, note_row
from truceline.generation._unlock_reference import list_telling, list_transversals, settle_names
from truceline.generation._unlock_search import KnownSets, UnlockSearch
from truceline.generation.commitments import Commitments
from truceline.generation.model import Actor

N_BITS = 6


def search_over(drawn, joint: bool) -> UnlockSearch:
    return UnlockSearch(
        Commitments(*drawn),
        CONDITIONS,
        value=len,
        target=1.0,
        excludes=(),
        needs={key: frozenset({key}) for key in CONDITIONS},
        joint=joint,
    )


@settings(deadline=None)
@given(commitments(), st.booleans())
def test_every_mask_settles_as_the_twin_says(drawn, joint) -> None:
    masks = np.arange(1 << len(CONDITIONS), dtype=np.int64)
    settled = search_over(drawn, joint).settle_all(masks)
    codes = sorted(actor.code for actor in drawn[0])
    for mask in range(0, len(masks), 5):
        met = [key for place, key in enumerate(CONDITIONS) if mask >> place & 1]
        inside = tuple(code for place, code in enumerate(codes) if settled[mask] >> place & 1)
        assert inside == settle_names(*drawn, met, joint=joint)


@pytest.mark.parametrize("joint", [False, True])
def test_more_contributors_than_bits_of_a_word(joint: bool) -> None:
    codes = [f"{place:03}" for place in range(150)]
    chain = [Actor(codes[0], 1, (wants("c0"),))]
    for before, code in pairwise(codes):
        chain.append(Actor(code, 1, (wants(actors=[before], others=float(before) + 1.0),)))
    settled = search_over((chain, ()), joint).settle_all(np.array([0, 1], dtype=np.int64))
    assert [inside.bit_count() for inside in settled] == [0, 150]


@settings(deadline=None)
@given(st.lists(st.integers(1, (1 << N_BITS) - 1), max_size=8))
def test_berge_steps_give_the_minimal_transversals(edges) -> None:
    transversals, settled = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_)
    for place, edge in enumerate(edges):
        older = np.array(edges[:place], dtype=np.int64)
        transversals, settled = extend_transversals(transversals, settled, older, edge)
    assert sorted(transversals.tolist()) == list_transversals(edges, N_BITS)


def test_a_transversal_that_hits_the_new_edge_keeps_its_mark_and_its_place() -> None:
    grown, settled = extend_transversals(
        np.array([0b001, 0b010], dtype=np.int64), np.array([True, True]), np.array([0b011]), 0b101
    )
    assert grown.tolist() == [0b001, 0b110]
    assert settled.tolist() == [True, False]


def test_an_edge_that_nothing_can_hit_leaves_no_transversal() -> None:
    grown, settled = extend_transversals(
        np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_), np.zeros(0, dtype=np.int64), 0
    )
    assert len(grown) == len(settled) == 0


def two_words(group: int) -> np.ndarray:
    """Return a group of six as three bits in each of two words."""
    return np.array([group & 7, group >> 3], dtype=np.int64)


@settings(deadline=None)
@given(st.lists(st.integers(0, 63), max_size=10), st.integers(0, 63), st.booleans())
def test_only_groups_that_tell_more_are_kept_and_they_tell_as_all_would(groups, asked, above) -> None:
    rows, n = np.zeros((len(groups) + 1, 2), dtype=np.int64), 0
    for group in groups:
        if not is_told(rows, n, two_words(group), above):
            n = note_row(rows, n, two_words(group), above)
    kept = sorted(int(low) | int(high) << 3 for low, high in rows[:n])
    assert kept == list_telling(groups, above=above)
    told = any(not asked & ~other if above else not other & ~asked for other in groups)
    assert is_told(rows, n, two_words(asked), above) == told


def test_a_list_of_known_groups_grows_as_it_has_to() -> None:
    known = KnownSets(2, above=True)
    apart = [np.array([1 << place % 60, 1 << place // 60], dtype=np.int64) for place in range(300)]
    for words in apart:
        known.note(words)
    assert all(known.tell(words) for words in apart)
    assert not known.tell(np.array([3, 1], dtype=np.int64))
