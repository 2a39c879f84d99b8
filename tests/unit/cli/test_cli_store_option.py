"""`--store` in place of the first word."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.cli._store_option import put_store_first
from truceline.cli.main import app
from truceline.errors import ScenarioError


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["a.duckdb", "x.csv"], ["a.duckdb", "x.csv"]),
        (["x.csv", "--store", "a.duckdb"], ["a.duckdb", "x.csv"]),
        (["--dry-run", "--store=postgresql://h/d", "x.csv"], ["postgresql://h/d", "--dry-run", "x.csv"]),
        (["a.duckdb", "--", "--store"], ["a.duckdb", "--", "--store"]),
        (["a.duckdb", "--store"], ["a.duckdb", "--store"]),
    ],
)
def test_the_option_becomes_the_first_word(typed: list[str], meant: list[str]) -> None:
    assert put_store_first(typed) == meant


def test_two_stores_are_refused() -> None:
    with pytest.raises(ScenarioError, match="is given 2 times"):
        put_store_first(["--store", "a", "--store=b"])


def test_a_store_made_and_asked_by_the_option(tmp_path: Path) -> None:
    store = str(tmp_path / "mission.duckdb")
    made = CliRunner().invoke(app, ["monitor", "init", "--store", store, "--who", "Ann"])
    assert made.exit_code == 0, made.output
    asked = CliRunner().invoke(app, ["monitor", "review", "list", f"--store={store}"])
    assert asked.exit_code == 0, asked.output
    without_value = CliRunner().invoke(app, ["monitor", "init", "--store"])
    assert without_value.exit_code == 2
