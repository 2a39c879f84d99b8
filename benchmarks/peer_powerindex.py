"""Measure the same drawn voting game with powerindex in a process of its own: peer_powerindex players.

Prints JSON: seconds, and both indices.
"""

from __future__ import annotations

import sys
import time

from bench_talks import draw_game
from book import report


def main() -> None:
    """Measure one drawn game."""
    import powerindex

    weights, quota = draw_game(int(sys.argv[1]))
    started = time.perf_counter()
    game = powerindex.Game(quota, weights=weights)
    game.calc_banzhaf()
    game.calc_shapley_shubik()
    spent = time.perf_counter() - started
    report({"seconds": spent, "banzhaf": list(game.banzhaf), "shapley": list(game.shapley_shubik)})


if __name__ == "__main__":
    main()
