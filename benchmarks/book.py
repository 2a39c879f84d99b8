"""Hold what every section of the benchmark shares: rows of the one table, the machine, a process to measure.

A row says what was done, our figure, a peer's figure from the same run, how they compare, the goal and
whether it was met. Nothing here asserts: a slow machine fails no build.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
N_CORES = 2
"""Cores both sides may use; the goals were set on two."""
NOT_INSTALLED = "not installed: skipped"
QUICK = "not in the quick run"
PACKAGES = ("numpy", "scipy", "numba", "rasterio", "highspy", "pyscipopt", "spopt", "scikit-fmm")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    peer: str = "none does this"
    """Who, and their figure."""
    comparison: str = ""
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""

    def cells(self) -> tuple[str, ...]:
        """Return the cells as text."""
        met = "" if self.met is None else "yes" if self.met else "no"
        return (self.what, self.ours, self.peer, self.comparison, self.goal, met)


HEADING = ("what", "ours", "peer", "comparison", "goal", "met")


@dataclass(frozen=True)
class Settings:
    """How much to run."""

    quick: bool

    def pick(self, quick: Any, full: Any) -> Any:
        """Return the value for this kind of run."""
        return quick if self.quick else full


def to_markdown(sections: Sequence[tuple[str, str, Sequence[Row]]], settings: Settings) -> str:
    """Return the page: machine, then one table with the sections as bold lines."""
    lines = [
        "# Benchmarks",
        "<!-- Written by `make bench`: run it again instead of editing. -->",
        "",
        "Every figure was measured in one run on one machine, peers beside us on the same data and cores.",
        "One run each: expect 10 to 30 % between runs. `make bench` repeats it on yours.",
        "",
        *(f"- {line}" for line in describe_machine()),
        f"- run: {'quick, with smaller samples and without slow peers' if settings.quick else 'full'}",
        "",
        f"| {' | '.join(HEADING)} |",
        f"|{'---|' * len(HEADING)}",
    ]
    for title, note, rows in sections:
        lines.append(f"| **{title}** | {escape(note)} | | | | |")
        lines += [f"| {' | '.join(escape(cell) for cell in row.cells())} |" for row in rows]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text that a Markdown cell shows as it is."""
    return text.replace("|", "\\|").replace("\n", " ")


def print_rows(title: str, note: str, rows: Sequence[Row]) -> None:
    """Print a section as soon as it is measured, cells under each other."""
    print(f"\n== {title}: {note}", flush=True)
    for row in rows:
        what, ours, peer, comparison, goal, met = row.cells()
        print(f"{what}\n    ours {ours} | peer {peer} | {comparison} | goal {goal or '-'} | met {met or '-'}")
    sys.stdout.flush()


def describe_machine() -> list[str]:
    """Return processor, cores, memory, system and the versions that matter."""
    processor = platform.processor() or platform.machine()
    memory = "unknown"
    for path, key in ((Path("/proc/cpuinfo"), "model name"), (Path("/proc/meminfo"), "MemTotal")):
        if path.is_file():
            found = [line for line in path.read_text().splitlines() if line.startswith(key)]
            value = found[0].split(":", 1)[1].strip() if found else ""
            if key == "MemTotal" and value:
                memory = f"{int(value.split()[0]) / 2**20:.0f} GiB"
            elif value:
                processor = value
    packages = []
    for name in PACKAGES:
        try:
            packages.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            packages.append(f"{name} not installed")
    return [
        f"processor: {processor}, {os.cpu_count()} cores, {memory} of memory",
        f"system: {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        f"versions: {', '.join(packages)}",
    ]


def is_installed(name: str) -> bool:
    """Tell whether a package is there."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def run_apart(module: str, *arguments: object, timeout_s: float) -> dict[str, Any]:
    """Run a module of this folder in a process of its own; return the JSON it prints last.

    Adds `seconds_total` and `peak_bytes` as the process itself saw them; returns {"failed": reason} when it
    ended badly or took longer than `timeout_s`.
    """
    path = os.pathsep.join(filter(None, (str(SOURCE), str(HERE), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {timeout_s:.0f} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"failed": last[:120]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def report(answer: dict[str, Any]) -> None:
    """Print the answer of a process for `run_apart`, with its own peak of memory."""
    print(json.dumps({**answer, "peak_bytes": read_peak_bytes()}), flush=True)


def read_peak_bytes() -> int:
    """Return the peak of this process's memory.

    Where the kernel tells it of the program itself: the peak of the resource limits begins with that of the
    process that started this one, which may be larger.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def seconds(value: float) -> str:
    """Return a time with the digits it deserves."""
    if value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def percent(share: float) -> str:
    """Return a share as a percentage with two digits that count."""
    return f"{100 * share:.2f} %" if abs(share) >= 0.001 else f"{100 * share:.3f} %"
