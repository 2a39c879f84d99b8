"""The page about talks names all there is: options, models, tables, columns, and what it cannot know."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
import typer.main
from snippets import REPOSITORY

from truceline.cli.main import app
from truceline.talks.agreements import KINDS as TERM_KINDS
from truceline.talks.answers import MODELS
from truceline.talks.model import KINDS, SEATS
from truceline.talks.register_reading import COLUMNS
from truceline.talks.result import MODESTY

PAGE = REPOSITORY / "docs" / "talks.md"
LAKE = REPOSITORY / "docs" / "examples" / "talks" / "lake"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_honest_sentence_is_on_it() -> None:
    assert MODESTY in " ".join(TEXT.replace("**", "").split())


def test_every_option_is_on_it() -> None:
    command: Any = typer.main.get_command(app)
    options = {name for parameter in command.commands["talks"].params for name in parameter.opts}
    named = set(re.findall(r"--[a-z-]+", TEXT))
    assert {name for name in options if name.startswith("--") and name != "--help"} <= named


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_every_model_has_its_paragraph(model: Any) -> None:
    assert f"- **{model.label.partition(',')[0]}" in TEXT


@pytest.mark.parametrize("table", sorted(path.stem for path in LAKE.glob("*.csv")))
def test_every_column_of_a_table_is_explained(table: str) -> None:
    part = TEXT.partition(f"| `{table}.csv` |")[2].partition("\n\n")[0]
    explained = set(re.findall(r"`([a-z_]+)`", part))
    with (LAKE / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        columns = set(next(csv.reader(stream)))
    assert columns | set(COLUMNS.get(table, ())) <= explained | {"note"}


def test_every_word_that_a_cell_may_hold_is_on_it() -> None:
    for word in (*KINDS, *SEATS, *TERM_KINDS):
        assert f"`{word}`" in TEXT
