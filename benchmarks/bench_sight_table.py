"""The sight table of the whole line: seconds and memory, measured in a process of its own."""

from __future__ import annotations

import sys
import time

from book import Row, Settings, report, run_apart, seconds
from ground import make_strip
from line_cases import SIZES, build_table, lay_out

TITLE = "Sight table"

GOAL_S, GOAL_BYTES = 20.0, 3e9
TIMEOUT_S = 900.0
NOBODY = "no peer makes one; GDAL in memory would need one viewshed a site"


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for M and (full run) one for L, whose goal it is."""
    rows = []
    for name in settings.pick(("M",), ("M", "L")):
        n_cells, n_sites = SIZES[name]
        what = f"{n_sites:,} sites x {n_cells:,} cells, 15 km at 90 m"
        answer = run_apart("bench_sight_table", name, timeout_s=TIMEOUT_S)
        if "failed" in answer:
            rows.append(Row(what, f"failed: {answer['failed']}", NOBODY))
            continue
        peak = float(answer["peak_bytes"])
        figure = (
            f"{seconds(answer['seconds'])}, {peak / 1e9:.2f} GB at most, {answer['entries']:,} entries, "
            f"{1000 * answer['seconds'] / n_sites:.2f} ms a site"
        )
        goal, met = "", None
        if name == "L":
            goal = f"{GOAL_S:.0f} s, {GOAL_BYTES / 1e9:.0f} GB"
            met = answer["seconds"] <= GOAL_S and peak <= GOAL_BYTES
        rows.append(Row(what, figure, NOBODY, "", goal, met))
    return "mast 20 m, target 2 m, accurate mode; memory of the whole process with the ground", rows


def main() -> None:
    """Build one table, warm, and report."""
    terrain = make_strip().terrain
    build_table(terrain, lay_out(terrain, *SIZES["S"]))  # compiled before the clock starts
    layout = lay_out(terrain, *SIZES[sys.argv[1]])
    started = time.perf_counter()
    table = build_table(terrain, layout)
    report({"seconds": time.perf_counter() - started, "entries": int(table.target.size)})


if __name__ == "__main__":
    main()
