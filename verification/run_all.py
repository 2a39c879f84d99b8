"""Run the checks of the simulated ceasefire against what is known, and write the table and its figures.

python verification/run_all.py [--short] [--out verification/results] [group ...]

Groups are the files verify_*.py, each with TITLE and verify(size, album) -> list of checks. Exit code 1 where
a check fails, 2 for an unknown group.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from verifying import SHORT_SHARE, Album, Check, Size, to_csv, to_markdown

from truceline.files import write_atomically

HERE = Path(__file__).resolve().parent
GROUPS = ("rates", "clusters", "residuals", "hazard", "deterrence", "watching", "triggers")
"""In the order of the table."""


def main(arguments: list[str] | None = None) -> int:
    """Run the groups asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="*", help=f"among {', '.join(GROUPS)}; all without any")
    parser.add_argument("--short", action="store_true", help="small samples and wide thresholds: seconds")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the table and figures")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.groups if name not in GROUPS]
    if unknown:
        print(f"no group {unknown[0]}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    size = Size(SHORT_SHARE) if asked.short else Size()
    asked.out.mkdir(parents=True, exist_ok=True)
    found = [
        run_group(name, size, Album(asked.out)) for name in GROUPS if not asked.groups or name in asked.groups
    ]
    write_atomically(asked.out / "checks.md", to_markdown(found, size))
    write_atomically(asked.out / "checks.csv", to_csv(found))
    failed = [check.name for _, _, checks in found for check in checks if not check.passed]
    n_checks = sum(len(checks) for _, _, checks in found)
    print(f"{n_checks - len(failed)} of {n_checks} checks hold; wrote {asked.out}")
    return 1 if failed else 0


def run_group(name: str, size: Size, album: Album) -> tuple[str, str, list[Check]]:
    """Run one group, print its lines and return (group, title, checks)."""
    module = importlib.import_module(f"verify_{name}")
    begun = time.perf_counter()
    checks: list[Check] = module.verify(size, album)
    print(f"{module.TITLE} ({time.perf_counter() - begun:.0f} s)")
    for check in checks:
        _, label, _, threshold, expected, measured, off, verdict = check.cells(name)
        bound = f", at most {threshold}" if threshold else ""
        print(f"  {verdict:4} {label}: {measured} for {expected}, off by {off}{bound}")
    return name, module.TITLE, checks


if __name__ == "__main__":
    sys.exit(main())
