"""The page of the manual that says what every product, layer, table and column is.

Made from the descriptions that the products themselves carry, so that it cannot differ from them. Text only.
Written with `python -m truceline.publish.manual > docs/outputs.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from truceline.publish.geopackage_styles import style_of
from truceline.publish.map_layers import KINDS_OF_LAYER
from truceline.publish.table import Table
from truceline.publish.tables import KINDS_OF_TABLE

_INTRODUCTION = """\
# What a plan leaves behind
<!-- Made from the program: run `python -m truceline.publish.manual > docs/outputs.md` instead of editing. -->

A plan is a folder. The same scenario, seed and program give the same bytes, file by file; no file holds the
time of day or the name of a machine.

| file | what it is | for whom |
|---|---|---|
| `report.html` | the report, one page that needs no network | readers |
| `figures/*.svg` | its figures, each with its caption, tolerance and source burnt in | slides, articles |
| `plan.gpkg` | map layers, described and styled | QGIS and any GIS |
| `plan.xlsx` | every table, and a small live model of people | spreadsheets |
| `tables/*.csv` | every table as plain data | R, Python |
| `plan.json` | all results and how each headline number was built | `truceline explain`, programs |

Before quoting a number:

- A share seen goes with the sight mode, the cell size of the elevation model and the tolerance of the line.
  They stand in the table `about`, on the first sheet of the workbook and in the description of each layer.
- Average, weakest crossing and share of the line that is open go together.
- Detected, verified and attributed are three numbers.
- Posts and bases are rounded to a thousandth of a degree, about 100 m. The line is coarser than that.
- `is_weak` marks what nobody published (judgement) or nobody has read in a source (general).

## Workbook

The first sheet says what the plan is and how to cite it. `What if` repeats the arithmetic of people as
formulas: change a blue cell and the people follow, with the plan's own number beside. What is seen does
not follow there, because posts would have to be sited anew. `tasks` has live sums. The other sheets are
the tables below, and `columns` describes every column. Text is kept as text, also where it starts like
a formula.

## Tables

CSV files in UTF-8, parted by commas, with a header; nothing where a value is unknown or does not apply.
A text that a spreadsheet would take for a formula starts with an apostrophe. Shares and chances are
between 0 and 1. Tables without a row are left out: a scenario that is only a length has no posts,
sectors or crossings.
"""

_MAP = """\
## Map layers

`plan.gpkg` holds the posture planned in full, in EPSG:4326 (longitude and latitude on WGS 84): every
program reads it, and the metric projection of a plan is centred on its line and has no code of its own.
Areas and lengths in the attributes were measured before, in metres. The layers open styled in QGIS, in
colours that stay apart for colour-blind readers; fields and layers carry these descriptions in the
file. The table `about` is there as well. A scenario that is only a length has no map.
"""


def describe_outputs() -> str:
    """Return the whole page."""
    lines = [_INTRODUCTION]
    for table, _ in KINDS_OF_TABLE:
        lines += _describe("Table", table, "")
    lines.append(_MAP)
    for layer in KINDS_OF_LAYER:
        lines += _describe("Layer", layer.table, f" {layer.geometry_type}; shown by {style_of(layer.name)}.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _describe(what: str, table: Table, more: str) -> Iterator[str]:
    yield f"### {what} `{table.name}`: {table.title[0].lower()}{table.title[1:]}"
    yield ""
    yield f"{table.note}{more}"
    yield ""
    yield "| column | unit | meaning |"
    yield "|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {column.unit} | {column.description.replace('|', '/')} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(describe_outputs())
