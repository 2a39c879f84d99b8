"""Probabilistic Condorcet election: how options fare against each other when strength decides with chance.

Options are set against each other in pairs; each actor backs the one it likes better, with its weight times
how much better. Three concepts turn the pairs into shares of the options: conditional (wins all its pairs),
and the stationary shares of two Markov chains, with challenges made evenly or by incentive (Wise, Lester and
Efird, KAPSARC, 2015). The shares are a model's and no chances of anything. Majority cycles are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError

FloatArray = NDArray[np.float64]
Rule = Literal["linear", "square"]
"""How strength becomes a chance: in proportion to it, or to its square."""
RULES: tuple[Rule, ...] = get_args(Rule)
EXPONENTS = {"linear": 1.0, "square": 2.0}
SELF_CHALLENGE = 1e-10
"""Incentive of an option to challenge itself, as in the reference run: no column of challenges is empty."""
ROUNDING = 1e-12
"""Strengths nearer to each other than this share of the larger are equal."""


@dataclass(frozen=True, eq=False)
class Election:
    """Options against each other."""

    strength: FloatArray
    """(m, m): [a, b] backs a against b."""
    p_beats: FloatArray
    """(m, m): chance, in the model, that a beats b; 1/2 on the diagonal and where nobody cares."""
    conditional: FloatArray
    """(m,) shares: all its pairs won, given that some option wins all of its."""
    markov_uniform: FloatArray
    """(m,) stationary shares, every option challenged evenly."""
    markov_incentive: FloatArray
    """(m,) stationary shares, challenges in proportion to what the challenger would gain by winning."""
    is_unique: bool
    """Whether both stationary shares are the only ones; where not, those reached from an even start."""
    top_cycle: tuple[int, ...]
    """Options of the smallest set that beats all others; more than one of them is a cycle or a tie."""
    n_ties: int
    """Pairs of options with equal strength on both sides."""

    @property
    def has_cycle(self) -> bool:
        """Tell whether no single option beats, or ties with, all others."""
        beaten = beats(self.strength).any(axis=0)
        return bool(beaten.all())


def elect(strength: ArrayLike, rule: Rule = "linear") -> Election:
    """Return the election of options from the strength (m, m) behind each against each.

    Raises ScenarioError with all problems: a matrix that is not square, a strength below zero or no number.
    """
    c = np.array(strength, dtype=np.float64)
    problems = ProblemList()
    if c.ndim != 2 or c.shape[0] != c.shape[1] or not c.size:
        problems.add("strength", f"has the shape {c.shape}", "give a row and a column for each option")
    elif not np.isfinite(c).all() or (c < 0).any():
        problems.add("strength", "holds something below zero or not a number", "write zero or more")
    if rule not in RULES:
        problems.add("rule", f"{rule!r} is not a rule", f"one of {', '.join(RULES)}")
    problems.raise_if_any(ScenarioError, "election")
    np.fill_diagonal(c, 0.0)
    p = find_chances(c, rule)
    uniform, first = _settle(_mix_evenly(p))
    incentive, second = _settle(_mix_by_incentive(c, p))
    wins = beats(c)
    return Election(
        strength=c,
        p_beats=p,
        conditional=find_conditional(p),
        markov_uniform=uniform,
        markov_incentive=incentive,
        is_unique=first and second,
        top_cycle=_find_top(wins),
        n_ties=int((~wins & ~wins.T).sum() - len(c)) // 2,
    )


def find_strength(utility: ArrayLike, weight: ArrayLike, least: float = 0.0) -> FloatArray:
    """Return the strength (m, m) behind each option against each: the sum of weight times what is gained.

    utility: (n, m) of each actor from each option. weight: (n,). least: added to every strength, so that a
    pair nobody cares about is even.
    """
    from truceline.talks._condorcet_kernels import sum_strength

    u = np.ascontiguousarray(np.asarray(utility, dtype=np.float64).T)
    return np.asarray(sum_strength(u, np.asarray(weight, dtype=np.float64)) + least)


def find_chances(strength: FloatArray, rule: Rule = "linear") -> FloatArray:
    """Return the chance (m, m) that each beats each: c_ij^e / (c_ij^e + c_ji^e), 1/2 where both are 0."""
    top = np.maximum(strength, strength.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        raised = np.where(top > 0, strength / top, 0.0) ** EXPONENTS[rule]
        p = raised / (raised + raised.T)
    p[~(top > 0)] = 0.5
    np.fill_diagonal(p, 0.5)
    return p


def find_conditional(p_beats: FloatArray) -> FloatArray:
    """Return the share (m,) of each option that it wins all pairs, scaled to sum to 1.

    Where every option is sure to lose some pair the shares are even: the concept says nothing then.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(p_beats).sum(axis=1)
    if not np.isfinite(logs.max()):
        return np.full(len(logs), 1 / len(logs))
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


def find_majority(utility: ArrayLike, weight: ArrayLike) -> FloatArray:
    """Return (m, m): [a, b] the weight of the actors who like option a better than option b, by however much.

    utility: (n, m) of each actor from each option. weight: (n,). Unlike the strengths of an election, which
    add up how much better, majorities can run in a circle.
    """
    u, w = np.asarray(utility, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    apart = u[:, :, None] - u[:, None, :]
    return np.asarray(np.einsum("k,kab->ab", w, (apart > ROUNDING).astype(np.float64)))


def find_top(strength: FloatArray) -> tuple[int, ...]:
    """Return the smallest set of options that beats every option outside it (Smith 1973; Good 1971).

    More than one option is a cycle or a tie: no option beats all others.
    """
    return _find_top(beats(strength))


def beats(strength: FloatArray) -> NDArray[np.bool_]:
    """Return (m, m): whether an option has more behind it than the other of the pair."""
    other = strength.T
    return np.asarray(strength - other > ROUNDING * np.maximum(strength, other))


def _mix_evenly(p: FloatArray) -> FloatArray:
    """Return the chain of q_i = sum_j p_ij (q_i + q_j) / n: column j says where the share of j goes."""
    return np.asarray((p + np.diag(p.sum(axis=1))) / len(p))


def _mix_by_incentive(c: FloatArray, p: FloatArray) -> FloatArray:
    """Return the chain of q_i = sum_j p_ij (q_i h_ji + q_j h_ij), h the challenges each option meets."""
    drive = c * p
    np.fill_diagonal(drive, SELF_CHALLENGE)
    challenge = drive / drive.sum(axis=0)
    return np.asarray(p * challenge + np.diag((p * challenge.T).sum(axis=1)))


def _settle(chain: FloatArray) -> tuple[FloatArray, bool]:
    """Return the stationary shares of a chain whose columns sum to 1, and whether they are the only ones.

    Solved directly. Where several classes of options never challenge one another the answer is the one that
    repeated steps reach from an even start: each class keeps what flows into it.
    """
    m = len(chain)
    if (chain > 0).all():
        from truceline.talks._condorcet_kernels import find_stationary

        return np.asarray(find_stationary(chain)), True
    closed = _count_closed(chain)
    if closed == 1:
        system = chain - np.eye(m)
        system[-1] = 1.0
        right = np.zeros(m)
        right[-1] = 1.0
        shares = np.linalg.solve(system, right)
    else:
        limit = chain
        for _ in range(64):  # the 2**64th power: far past any mixing a share can show
            limit = limit @ limit
            limit /= limit.sum(axis=0)
        shares = limit @ np.full(m, 1 / m)
    shares = np.clip(shares, 0.0, None)
    return np.asarray(shares / shares.sum()), closed == 1


def _count_closed(chain: FloatArray) -> int:
    """Return how many classes of options keep what they have for ever."""
    from scipy.sparse.csgraph import connected_components

    n, label = connected_components((chain > 0).T.astype(np.int8), directed=True, connection="strong")
    leaves = {int(label[j]) for i, j in zip(*np.nonzero(chain > 0), strict=True) if label[i] != label[j]}
    return int(n) - len(leaves)


def _find_top(wins: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the smallest set of options that beats every option outside it (Smith, 1973; Good, 1971).

    Options by how many they beat or tie with: the set is the shortest head of that list which beats its tail.
    """
    m = len(wins)
    score = wins.sum(axis=1) + 0.5 * (~wins & ~wins.T).sum(axis=1)
    order = np.argsort(-score, kind="stable")
    for n in range(1, m):
        head, tail = order[:n], order[n:]
        if wins[np.ix_(head, tail)].all():
            return tuple(sorted(int(i) for i in head))
    return tuple(range(m))
