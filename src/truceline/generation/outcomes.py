"""Read the table of watch outcomes at any strength and any amount of intelligence.

Shares and chances in [0, 1]. Straight lines between the entries of the table, which was solved at its
corners; nothing is looked at anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from truceline.generation.model import FloatArray, WatchOutcomes

MEASURES = ("detect", "verify", "weakest")


def read_outcome(
    outcomes: WatchOutcomes, measure: str, strength: float, filled: Mapping[str, float]
) -> float:
    """Return a measure when a share of the watching people is in place and so much intelligence is filled.

    measure: detect, verify or weakest. strength: clipped to what was solved. filled: share of the need of
    each task of `outcomes.tasks`, 0 where it is left out, clipped to [0, 1]. Multilinear; nan where nobody
    can pass.
    """
    table: FloatArray = getattr(outcomes, measure)
    row = np.array([np.interp(strength, outcomes.strength, column) for column in table.T])
    for task in outcomes.tasks:  # the lowest bit is folded first
        share = min(1.0, max(0.0, filled.get(task, 0.0)))
        row = (1 - share) * row[0::2] + share * row[1::2]
    return float(row[0])
