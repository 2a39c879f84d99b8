"""Imports point one way, and the front door stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import truceline

PACKAGE = Path(truceline.__file__).parent

BASE = ("errors", "units", "provenance", "trace", "files")
LEVELS: tuple[tuple[str, ...], ...] = (
    BASE,
    ("geo", "scenario"),
    ("detection",),
    ("events", "talks"),
    ("exchange",),
    ("siting",),
    ("force",),
    ("generation",),
    ("cost", "deployment"),
    ("plan", "store"),
    ("monitor",),
    ("simulate",),
    ("publish",),
    ("web",),
    ("cli",),
    ("__main__",),
)
"""A part may import from earlier lines; parts on one line leave each other alone, except in the base."""

RANK = {part: rank for rank, level in enumerate(LEVELS) for part in level}
HEAVY = (
    "numba",
    "matplotlib",
    "rasterio",
    "geopandas",
    "openpyxl",
    "pint",
    "scipy",
    "pandas",
    "pyogrio",
    "duckdb",
    "docx",
    "psycopg",
    "fastapi",
    "uvicorn",
    "google",
    "cql2",
    "prometheus_client",
    "distributed",
    "dask",
    "SALib",
)


def imported_modules(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[str, int]]:
    """Yield dotted name and line of everything imported: at the top, in functions, for types, by name."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                yield f"{origin}.{alias.name}", node.lineno
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, node.lineno


def part_of(module: str) -> str | None:
    """Return the part of the package a module is in; None for other packages and for the front door."""
    words = module.split(".")
    if words[0] != "truceline" or len(words) == 1:
        return None
    return words[1] if words[1] in RANK or (PACKAGE / words[1]).exists() else None


def find_violations(root: Path) -> list[str]:
    """Return every import below `root` that points the wrong way."""
    found = []
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root).with_suffix("").parts
        is_package = inside[-1] == "__init__"
        names = inside[:-1] if is_package else inside
        module = ".".join(("truceline", *names))
        if module == "truceline":
            continue  # the front door loads what it is asked for
        part = names[0]
        if part not in RANK:
            found.append(f"{path.name}: '{part}' has no place in the order of imports")
            continue
        for imported, line in imported_modules(
            ast.parse(path.read_text("utf-8")), module, is_package=is_package
        ):
            other = part_of(imported)
            if other is None or other == part or (part in BASE and other in BASE):
                continue
            if RANK.get(other, len(LEVELS)) >= RANK[part]:
                found.append(f"{'/'.join(inside)}:{line}: {part} imports {imported}")
    return found


def test_imports_point_one_way() -> None:
    assert find_violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("errors.py", "import truceline.geo.line\n"),
        ("units.py", "from truceline import scenario\n"),
        ("geo/line.py", "from truceline.scenario.model import Scenario\n"),
        ("geo/line.py", "from ..scenario import model\n"),
        ("scenario/__init__.py", "from ..geo import line\n"),
        ("scenario/deep/inner.py", "from ...detection import sensors\n"),
        ("detection/sensors.py", "def load():\n    from truceline.siting import solve\n    return solve\n"),
        (
            "siting/solve.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import truceline.force.tasks\n",
        ),
        ("force/tasks.py", "import importlib\nplan = importlib.import_module('truceline.plan')\n"),
        ("publish/html.py", "from truceline.cli.main import app\n"),
        ("plan.py", "from truceline.publish import html\n"),
        ("cli/main.py", "from truceline import __main__\n"),
        ("stray.py", "import math\n"),
    ],
)
def test_the_checker_catches_a_planted_violation(tmp_path: Path, where: str, text: str) -> None:
    planted = tmp_path / where
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(text, encoding="utf-8")
    assert len(find_violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("cli/main.py", "from truceline import __version__\nfrom truceline.plan import make_plan\n"),
        ("provenance.py", "from truceline.errors import Problem\n"),
        ("geo/line.py", "from . import polyline\nfrom truceline.errors import GeometryError\n"),
        ("force/tasks.py", "from truceline.detection import sensors\n"),
        ("__init__.py", "from truceline.cli import main\n"),
    ],
)
def test_the_checker_lets_a_proper_import_pass(tmp_path: Path, where: str, text: str) -> None:
    allowed = tmp_path / where
    allowed.parent.mkdir(parents=True, exist_ok=True)
    allowed.write_text(text, encoding="utf-8")
    assert find_violations(tmp_path) == []


@pytest.mark.parametrize("module", ["truceline", "truceline.cli.main"])
def test_the_front_door_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not set(HEAVY) & set(loaded.split())


def test_the_front_door_opens_what_it_names_and_nothing_else() -> None:
    assert truceline.load_scenario("undof-2004").name == "undof-2004"
    with pytest.raises(AttributeError, match="no attribute 'dig_a_trench'"):
        truceline.dig_a_trench  # noqa: B018
