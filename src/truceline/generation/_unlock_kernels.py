"""Compiled loops of the search for unlocking sets: who is in, what is known of a set, the next transversals.

Bits of 64-bit integers throughout, 63 of them used; people for sizes. No checks here: `_unlock_reference`
is the judge. No loop knows what a condition is.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


@njit(cache=True)
def settle_masks(
    masks: Longs,
    composite_members: Longs,
    composite_at_least: Longs,
    n_conditions: int,
    first_clause: Longs,
    requires: Longs,
    waits_for: Longs,
    least_others: Floats,
    size: Floats,
    slack_people: float,
    word_bits: int,
    joint: bool,
) -> Longs:
    """Return (n_masks, n_words): the contributors who are in when the conditions of each mask are met.

    Arguments are the fields of `ClauseTables`; a sum may fall `slack_people` short. Contributors are looked
    at in turn until nobody changes; the order does not matter, for what has come stays (sequential) and what
    has left stays away (joint).
    """
    n_actors, n_words = len(size), waits_for.shape[1]
    one = np.int64(1)
    inside = np.zeros((len(masks), n_words), dtype=np.int64)
    for row in range(len(masks)):
        held = masks[row]
        for j in range(len(composite_members)):
            rest = masks[row] & composite_members[j]
            count = 0
            while rest:
                rest &= rest - one
                count += 1
            if count >= composite_at_least[j]:
                held |= one << (n_conditions + j)
        total = 0.0
        if joint:
            for actor in range(n_actors):
                inside[row, actor // word_bits] |= one << (actor % word_bits)
                total += size[actor]
        changed = True
        while changed:
            changed = False
            for actor in range(n_actors):
                word, me = actor // word_bits, one << (actor % word_bits)
                if ((inside[row, word] & me) != 0) != joint:
                    continue
                others = total + slack_people
                if joint:
                    others -= size[actor]
                holds = False
                for k in range(first_clause[actor], first_clause[actor + 1]):
                    if (requires[k] & ~held) != 0 or others < least_others[k]:
                        continue
                    holds = True
                    for w in range(n_words):
                        if (waits_for[k, w] & ~inside[row, w]) != 0:
                            holds = False
                            break
                    if holds:
                        break
                if holds != joint:
                    inside[row, word] ^= me
                    total += -size[actor] if joint else size[actor]
                    changed = True
    return inside


@njit(cache=True)
def extend_transversals(transversals: Longs, settled: Bools, edges: Longs, edge: int) -> tuple[Longs, Bools]:
    """Return the minimal transversals of `edges` and `edge`, from those of `edges`; Berge's step.

    Those that hit the new edge stay, with their mark in `settled`. Another one takes each member e of the
    edge in turn, and stays minimal when every older member still has an edge that it alone hits (its private
    edge); e has the new one. No set comes twice, for the set without its one member in `edge` is known.
    """
    one = np.int64(1)
    n_hit = 0
    for t in transversals:
        if (t & edge) != 0:
            n_hit += 1
    n_members = 0
    rest = np.int64(edge)
    while rest:
        rest &= rest - one
        n_members += 1
    room = n_hit + (len(transversals) - n_hit) * n_members
    grown = np.empty(room, dtype=np.int64)
    marks = np.zeros(room, dtype=np.bool_)
    n = 0
    for i in range(len(transversals)):
        if (transversals[i] & edge) != 0:
            grown[n] = transversals[i]
            marks[n] = settled[i]
            n += 1
    for t in transversals:
        if (t & edge) != 0:
            continue
        rest = np.int64(edge)
        while rest:
            taken = t | (rest & -rest)
            rest &= rest - one
            without = t
            for other in edges:
                if without == 0:
                    break
                hit = other & taken
                if (hit & (hit - one)) == 0:
                    without &= ~hit
            if without == 0:
                grown[n] = taken
                n += 1
    return grown[:n], marks[:n]


@njit(cache=True)
def is_told(rows: Longs, n: int, words: Longs, above: bool) -> bool:
    """Tell whether one of the first `n` rows holds the set `words` (above), or lies within it (not above)."""
    for i in range(n):
        told = True
        for w in range(len(words)):
            extra = words[w] & ~rows[i, w] if above else rows[i, w] & ~words[w]
            if extra != 0:
                told = False
                break
        if told:
            return True
    return False


@njit(cache=True)
def note_row(rows: Longs, n: int, words: Longs, above: bool) -> int:
    """Write the set `words` after the first `n` rows and return how many there are then.

    Rows that it makes superfluous go: those within it when larger sets tell more (above), else those that
    hold it. There has to be room for one more.
    """
    kept = 0
    for i in range(n):
        superfluous = True
        for w in range(len(words)):
            extra = rows[i, w] & ~words[w] if above else words[w] & ~rows[i, w]
            if extra != 0:
                superfluous = False
                break
        if not superfluous:
            for w in range(len(words)):  # word by word: assigning rows takes seconds to compile
                rows[kept, w] = rows[i, w]
            kept += 1
    for w in range(len(words)):
        rows[kept, w] = words[w]
    return kept + 1
