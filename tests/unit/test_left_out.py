"""Planning stands on its own: whoever deletes the web service or the simulation can still plan."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import truceline

PACKAGE = Path(truceline.__file__).parent


LEFT_OUT = ("web", "simulate")


def test_a_plan_is_made_without_them(tmp_path: Path) -> None:
    def skip(folder: str, names: list[str]) -> set[str]:
        return {"__pycache__", *(LEFT_OUT if Path(folder) == PACKAGE else ())}

    shutil.copytree(PACKAGE, tmp_path / "truceline", ignore=skip)
    assert not any((tmp_path / "truceline" / name).exists() for name in LEFT_OUT)
    done = subprocess.run(
        [sys.executable, "-m", "truceline", "plan", "unficyp-1975", "--out", "plan"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plan" / "report.html").is_file()
