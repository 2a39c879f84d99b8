"""Calibrate statistical sight: fit its law on real fine terrain, write the fit and the page that shows it.

    python scripts/calibrate_sight.py --data ../shared/data/geo --as-of 2026-11-22

Same data and seed give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml
from calibrate_sight_page import fit_record, write_figure, write_page
from fit_sight import calibrate


class PlainDumper(yaml.SafeDumper):
    """Writes repeated lists out instead of pointing back at them."""

    def ignore_aliases(self, data: object) -> bool:
        """Never alias."""
        return True


def main() -> None:
    """Run the calibration and write the fit, the page and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with samples/ and the coarse model")
    parser.add_argument("--as-of", required=True, help="date written into the fit, YYYY-MM-DD")
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--pairs", type=int, default=30_000, help="pairs drawn in each bin of each sample")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args()
    fits, rises = calibrate(given.data, seed=given.seed, n_pairs=given.pairs)
    record = fit_record(fits, rises, as_of=given.as_of, seed=given.seed, n_pairs=given.pairs)
    text = yaml.dump(record, Dumper=PlainDumper, sort_keys=False, width=110, allow_unicode=True)
    (given.root / "src/truceline/geo/sight_fit.yaml").write_text(text, encoding="utf-8")
    write_figure(fits, given.root / "docs/sight-calibration.svg")
    write_page(fits, rises, record, given.root / "docs/sight-calibration.md")


if __name__ == "__main__":
    main()
