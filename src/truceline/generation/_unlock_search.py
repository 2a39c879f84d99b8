"""The search behind `unlock`: which sets are through, cached and inferred, and the smallest that are.

Bits of a mask are the conditions that matter; the value is whatever the caller measures. States no question
and words no answer: `unlock.find_unlocking_sets` does, and proves that what is found is all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.commitments import WORD_BITS, Commitments
from truceline.siting.problems import Progress

IntArray = NDArray[np.int64]

STAGE = "unlocking sets"
"""Name of the stage told to `progress`."""
MOST_TRANSVERSALS = 50_000
"""Sets still to be tried beyond which the search is given up as too wide."""
FIRST_ROOM = 64
"""Rows of a growing list to begin with; it doubles when full."""


class KnownSets:
    """Groups of contributors with a known answer that also holds for all within them, or for all around."""

    def __init__(self, n_words: int, *, above: bool) -> None:
        """Begin with none; `above` where a larger group tells of the smaller ones within it."""
        self._rows = np.zeros((FIRST_ROOM, n_words), dtype=np.int64)
        self._n = 0
        self._above = above

    def tell(self, words: IntArray) -> bool:
        """Return whether a known group tells of this one."""
        from truceline.generation._unlock_kernels import is_told

        return bool(is_told(self._rows, self._n, words, self._above))

    def note(self, words: IntArray) -> None:
        """Add a group; those it tells of are forgotten."""
        from truceline.generation._unlock_kernels import note_row

        if self._n == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._n = int(note_row(self._rows, self._n, words, self._above))


class UnlockSearch:
    """Asks which sets of conditions are through, and remembers."""

    def __init__(
        self,
        commitments: Commitments,
        conditions: Sequence[str],
        *,
        value: Callable[[tuple[str, ...]], float],
        target: float,
        excludes: Collection[tuple[str, str]],
        needs: Mapping[str, Collection[str]],
        joint: bool,
    ) -> None:
        """Lay out the arrays; `needs` holds all the way down, `excludes` and `needs` name conditions only."""
        self._tables = commitments.tabulate(conditions)
        self._slack_people = commitments.slack_people
        self._bit = {key: 1 << place for place, key in enumerate(conditions)}
        self._needs = [(self._bit[key], self._mask(needs[key])) for key in conditions if len(needs[key]) > 1]
        self._pairs = [self._bit[one] | self._bit[other] for one, other in excludes]
        self._value = value
        self._target = target
        self._joint = joint
        self._inside: dict[int, int] = {}
        self._values: dict[tuple[str, ...], float] = {}
        self._verdicts: dict[int, bool] = {}
        n_words = self._tables.waits_for.shape[1]
        self._enough = KnownSets(n_words, above=False)
        self._short = KnownSets(n_words, above=True)

    @property
    def n_evaluated(self) -> int:
        """Sets of conditions settled so far."""
        return len(self._inside)

    @property
    def n_values(self) -> int:
        """Values asked for so far."""
        return len(self._values)

    def codes(self, conditions: Collection[str]) -> tuple[str, ...]:
        """Return who is in when these conditions are met, sorted."""
        return self._codes_of(self._settle(self._mask(conditions)))

    def value_of(self, codes: tuple[str, ...]) -> float:
        """Return the value of those who are in, asked for once; raises ScenarioError when it is no number."""
        if codes not in self._values:
            value = float(self._value(codes))
            if value != value:
                problems = ProblemList()
                found = f"is no number with {', '.join(codes) or 'nobody'} in"
                problems.add("value", found, "use a measure that is known for every group")
                problems.raise_if_any(ScenarioError, "unlocking sets")
            self._values[codes] = value
        return self._values[codes]

    def list_sets(self, most_sets: int, progress: Progress | None) -> list[tuple[str, ...]]:
        """Return all smallest permitted sets that bring the target, each sorted, in order of their names.

        Raises ScenarioError beyond `most_sets`, or when more than `MOST_TRANSVERSALS` wait to be tried.
        """
        from truceline.generation._unlock_kernels import extend_transversals

        everything = (1 << len(self._bit)) - 1
        transversals = np.zeros(1, dtype=np.int64)
        settled = np.zeros(1, dtype=np.bool_)
        edges, n_edges = np.zeros(FIRST_ROOM, dtype=np.int64), 0
        while not settled.all():
            first = int(np.argmin(settled))
            mask = int(transversals[first])
            if self._is_through(mask):
                settled[first] = True
                n_through = int(settled.sum())
                self._refuse_beyond(most_sets, n_through - len(self._pairs), "smallest sets")
            else:
                edge = everything & ~self._grow(mask, everything & ~mask)
                transversals, settled = extend_transversals(transversals, settled, edges[:n_edges], edge)
                self._refuse_beyond(MOST_TRANSVERSALS, len(transversals), "sets to be tried")
                if n_edges == len(edges):
                    edges = np.concatenate([edges, np.zeros_like(edges)])
                edges[n_edges] = edge
                n_edges += 1
            if progress is not None:
                progress(STAGE, float(settled.mean()) if len(settled) else 1.0)
        names = sorted(self._bit)
        found = [int(mask) for mask in transversals if not self._holds_pair(int(mask))]
        return sorted(tuple(key for key in names if mask & self._bit[key]) for mask in found)

    def _grow(self, mask: int, rest: int) -> int:
        """Return a largest set that is not through, from one that is not: halves of `rest` are tried."""
        if not rest:
            return mask
        if not self._is_through(mask | rest):
            return mask | rest
        if not rest & (rest - 1):
            return mask
        lower = _lower_half(rest)
        mask = self._grow(mask, lower)
        return self._grow(mask, rest & ~lower)

    def _is_through(self, mask: int) -> bool:
        """Tell whether a set holds an excluded pair, or its part whose needs are met brings the target."""
        if self._holds_pair(mask):
            return True
        for bit, needed in self._needs:
            if mask & bit and needed & ~mask:
                mask ^= bit  # `needed` goes all the way down, so one pass is enough whatever the order
        return self._is_enough(self._settle(mask))

    def _is_enough(self, inside: int) -> bool:
        """Tell whether those who are in bring the target; asked for only where no other answer tells."""
        verdict = self._verdicts.get(inside)
        if verdict is None:
            words = self._words_of(inside)
            if self._short.tell(words):
                verdict = False
            elif self._enough.tell(words):
                verdict = True
            else:
                verdict = self.value_of(self._codes_of(inside)) >= self._target
                (self._enough if verdict else self._short).note(words)
            self._verdicts[inside] = verdict
        return verdict

    def _settle(self, mask: int) -> int:
        """Return who is in, as bits, when the conditions of `mask` are met."""
        inside = self._inside.get(mask)
        if inside is None:
            inside = self.settle_all(np.array([mask], dtype=np.int64))[0]
            self._inside[mask] = inside
        return inside

    def settle_all(self, masks: IntArray) -> list[int]:
        """Return who is in, as bits, for each mask."""
        from truceline.generation._unlock_kernels import settle_masks

        tables = self._tables
        words = settle_masks(
            masks,
            tables.composite_members,
            tables.composite_at_least,
            len(tables.conditions),
            tables.first_clause,
            tables.requires,
            tables.waits_for,
            tables.least_others,
            tables.size,
            self._slack_people,
            WORD_BITS,
            self._joint,
        )
        return [sum(word << (WORD_BITS * place) for place, word in enumerate(row)) for row in words.tolist()]

    def _words_of(self, inside: int) -> IntArray:
        n_words, word = self._tables.waits_for.shape[1], (1 << WORD_BITS) - 1
        return np.array([inside >> (WORD_BITS * place) & word for place in range(n_words)], dtype=np.int64)

    def _codes_of(self, inside: int) -> tuple[str, ...]:
        return tuple(code for place, code in enumerate(self._tables.codes) if inside >> place & 1)

    def _mask(self, conditions: Collection[str]) -> int:
        return sum(self._bit[key] for key in set(conditions))

    def _holds_pair(self, mask: int) -> bool:
        return any(mask & pair == pair for pair in self._pairs)

    def _refuse_beyond(self, most: int, count: int, what: str) -> None:
        if count > most:
            problems = ProblemList()
            found = f"there are more than {most:,} {what} among {len(self._bit)} conditions that matter"
            hint = "name fewer candidates, say which conditions hold already, or move the target"
            problems.add("unlocking sets", found, hint)
            problems.raise_if_any(ScenarioError, "unlocking sets")


def _lower_half(rest: int) -> int:
    """Return the lower half of the bits of a mask, rounded down."""
    lower = 0
    for _ in range(rest.bit_count() // 2):
        bit = rest & -rest
        lower |= bit
        rest ^= bit
    return lower
