"""Split the same drawn games with shapiq, in a process of its own: python -m peer_shapley tasks measures.

Exact Shapley values and the pairwise Shapley interaction index, one measure after the other, as the package
offers them. Prints JSON: seconds, and sums by which the answers are compared.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from bench_backstop import draw_game
from book import report


def main() -> None:
    """Split one drawn game."""
    from shapiq import ExactComputer

    n, m = int(sys.argv[1]), int(sys.argv[2])
    values = draw_game(n, m)
    bits = 1 << np.arange(n)
    shapley, pairs = np.empty((n, m)), np.zeros((n, n, m))
    started = time.perf_counter()
    for k in range(m):

        def game(coalitions: np.ndarray, k: int = k) -> np.ndarray:
            return values[np.atleast_2d(coalitions).astype(np.int64) @ bits, k]

        computer = ExactComputer(game, n)
        found = computer("SV", order=1)
        both = computer("SII", order=2)
        for i in range(n):
            shapley[i, k] = found[(i,)]
            for j in range(i + 1, n):
                pairs[i, j, k] = pairs[j, i, k] = both[(i, j)]
    spent = time.perf_counter() - started
    report({"seconds": spent, "shapley": shapley.tolist(), "pairs": pairs.tolist()})


if __name__ == "__main__":
    main()
