"""Score the expectation, the truce days and the alarms on development data; write docs/early-warning.md.

    python scripts/score_warning.py --data ../shared/data/events

Same data and seed give the same bytes. It reads counts alone, no text of any report.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from score_warning_page import write_page
from warning_runs import run_alarms, run_donbas, run_expectation, run_truces


def main() -> None:
    """Run every score and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the event data")
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--draws", type=int, default=40, help="made truces and made collapses of each kind")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args()
    figures = {
        "expectation": run_expectation(given.data),
        "truces": run_truces(given.data, seed=given.seed, draws=given.draws),
        "donbas": run_donbas(given.data),
        "alarms": run_alarms(given.data, seed=given.seed, draws=given.draws),
    }
    write_page(figures, given.root / "docs/early-warning.md")


if __name__ == "__main__":
    main()
