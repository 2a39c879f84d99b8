"""The compiled exchange against its plain twin, which reckons everything anew at every step."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from truceline.talks import equal_gain
from truceline.talks._equal_gain_reference import exchange_plainly
from truceline.talks.equal_gain import exchange_positions

KINDS = ("smooth", "one heavy", "coarse", "coarse, some absent")


def draw_talks(random, kind):
    """Return drawn tables: smooth ones, ones in which outcomes swing past positions, ones full of ties."""
    shape = int(random.integers(2, 9)), int(random.integers(2, 5))
    position, salience = random.uniform(0, 100, shape), random.uniform(0.05, 1, shape)
    power = random.uniform(0.2, 1, shape)
    if kind == "one heavy":
        power = np.exp(2 * random.normal(size=(shape[0], 1))) * np.ones(shape)
    if kind.startswith("coarse"):
        position = random.integers(0, 5, shape) * 25.0
        salience = random.choice([0.2, 0.5, 0.8], shape)
        power = random.choice([1.0, 2.0], shape)
    if kind.endswith("absent"):
        power = power * (random.random(shape) < 0.8)
        power[0] = 1.0
    return position, salience, power


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_kernel_agrees_with_plain_python(kind, stop):
    random = np.random.default_rng([KINDS.index(kind), stop])
    n_steps = n_ties = 0
    for case in range(24):
        talks = draw_talks(random, kind)
        tie_break = ("first", "last", case)[case % 3]
        limit = 3 if case == 23 else None
        result = exchange_positions(*talks, tie_break=tie_break, stop_at_interest=stop, limit=limit)
        actor_rank, issue_rank, _ = equal_gain._rank(tie_break, *talks[0].shape)
        course = exchange_plainly(
            *(table.tolist() for table in talks),
            actor_rank=actor_rank.tolist(),
            issue_rank=issue_rank.tolist(),
            rounding=equal_gain.ROUNDING_SHARE,
            stop=stop,
            limit=result.n_potential if limit is None else limit,
        )
        keys = ["actor_a", "issue_q", "actor_b", "issue_p"]
        assert result.table[keys].tolist() == [
            (deal.actor_a, deal.issue_q, deal.actor_b, deal.issue_p) for deal in course.deals
        ]
        assert (result.n_potential, result.n_ties) == (course.n_potential, course.n_ties)
        for column in ("gain", "to_p", "to_q"):
            expected = [getattr(deal, column) for deal in course.deals]
            assert_allclose(result.table[column], expected, rtol=1e-7, atol=1e-7)
        assert_allclose(result.end, course.votes, atol=1e-7)
        effects = np.array(course.effects).reshape(result.effects.shape)
        assert_allclose(result.effects, effects, atol=1e-7)
        n_steps += len(course.deals)
        n_ties += course.n_ties
    assert n_steps > 60
    assert (n_ties > 0) == kind.startswith("coarse")
