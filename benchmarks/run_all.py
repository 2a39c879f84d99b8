"""Measure everything beside its peers and write the one table: `make bench`.

python benchmarks/run_all.py [--quick] [--out docs/benchmarks.md] [section ...]

A full run of all sections writes docs/benchmarks.md; part of one writes only where --out says.

Sections are the files bench_*.py, each with TITLE and measure(settings) -> (note, rows). A section that fails
is told in the table and does not stop the others. Nothing is asserted; exit code 1 only for unknown sections.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from pathlib import Path

from book import Row, Settings, print_rows, to_markdown

SECTIONS = (
    "sight",
    "sight_table",
    "backstop",
    "crossing",
    "frontier",
    "unlock",
    "joint",
    "generation",
    "deployment",
    "simulate",
    "talks",
    "import",
    "linkage",
    "daily",
    "store",
    "postgis",
    "service",
    "knapsack",
    "set_cover",
    "cities",
    "maximal_cover",
    "long_cover",
)
"""In the order of the table, the longest last; a file that is not there is passed over."""
HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


def main() -> int:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"among {', '.join(SECTIONS)}; all without any")
    parser.add_argument("--quick", action="store_true", help="smaller samples, no slow peers: minutes")
    parser.add_argument("--out", type=Path, help=f"write the table here; a full run writes {PAGE.name}")
    arguments = parser.parse_args()
    out = arguments.out or (None if arguments.sections or arguments.quick else PAGE)
    there = [name for name in SECTIONS if (HERE / f"bench_{name}.py").is_file()]
    unknown = [name for name in arguments.sections if name not in there]
    if unknown:
        print(f"no section {unknown[0]}; there are {', '.join(there)}", file=sys.stderr)
        return 1
    settings = Settings(quick=arguments.quick)
    done: list[tuple[str, str, list[Row]]] = []
    for name in there:
        if arguments.sections and name not in arguments.sections:
            continue
        started = time.perf_counter()
        title = name
        try:
            section = importlib.import_module(f"bench_{name}")
            title = section.TITLE
            note, rows = section.measure(settings)
        except Exception as error:  # a broken section must not cost the others their run
            traceback.print_exc()
            note, rows = f"failed: {type(error).__name__}", []
        done.append((title, note, rows))
        print_rows(title, f"{note} ({time.perf_counter() - started:.0f} s)", rows)
        if out is not None:  # after each section, so that an interrupt loses only the one it hits
            out.write_text(to_markdown(done, settings), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
