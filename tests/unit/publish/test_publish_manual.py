"""The page about products is what the products say of themselves."""

from __future__ import annotations

from pathlib import Path

from truceline.publish.manual import describe_outputs
from truceline.publish.map_layers import KINDS_OF_LAYER
from truceline.publish.tables import KINDS_OF_TABLE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "outputs.md"


def test_page_is_up_to_date() -> None:
    hint = "run `python -m truceline.publish.manual > docs/outputs.md`"
    assert PAGE.read_text(encoding="utf-8") == describe_outputs(), hint


def test_every_table_layer_and_column_is_on_it() -> None:
    page = describe_outputs()
    described = [("Table", table) for table, _ in KINDS_OF_TABLE]
    described += [("Layer", layer.table) for layer in KINDS_OF_LAYER]
    for what, table in described:
        section = page.split(f"### {what} `{table.name}`: ")[1].split("\n##")[0]
        for column in table.columns:
            assert f"| `{column.name}` | {column.unit} |" in section


def test_styles_are_named_by_field() -> None:
    page = describe_outputs()
    assert "Polygon; shown by `detect_night_share`." in page
    assert "Point; shown by one symbol." in page
