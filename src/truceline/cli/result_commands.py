"""`truceline explain` and `truceline compare`: read plans back, unfold a number, set plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, printable
from truceline.cli._progress import show_progress
from truceline.errors import Problem, ScenarioError
from truceline.units import format_value

if TYPE_CHECKING:
    from truceline.plan.model import Plan
    from truceline.trace import Traced

WEAK = ("general", "judgement")
"""Evidence grades that are marked wherever they are printed."""


def explain(
    folder: Annotated[Path, typer.Argument(help="Plan folder, or its plan.json.")],
    name: Annotated[str, typer.Argument(help="A headline such as force.deployed, or any number below one.")],
    posture: Annotated[str | None, typer.Option(help="Posture; default the one planned in full.")] = None,
) -> None:
    """Unfold a number: its parts, assumptions, ranges and sources."""
    from truceline.publish.read import explain as read_explanation

    _print_tree(read_explanation(folder, name, posture=posture), 0, set())


def _print_tree(traced: Traced, depth: int, seen: set[str]) -> None:
    """Print a number and what it is made of; one that was unfolded above is only named again."""
    indent = "  " * depth
    value = "not a number" if traced.value != traced.value else format_value(traced.value, traced.unit)
    label = f"  {traced.label}" if traced.label else ""
    print_line(f"{indent}{traced.name} = {value}{label}")
    if traced.name in seen and traced.parts:
        print_line(f"{indent}  (unfolded above)")
        return
    seen.add(traced.name)
    if traced.formula:
        print_line(f"{indent}  = {traced.formula}")
    if traced.low is not None and traced.high is not None:
        low, high = format_value(traced.low, traced.unit), format_value(traced.high, traced.unit)
        print_line(f"{indent}  range {low} to {high}")
    if not traced.parts and traced.evidence:
        mark = "  <- weak: check before relying on it" if traced.evidence in WEAK else ""
        print_line(f"{indent}  [{traced.evidence}] {traced.source}{mark}".rstrip())
    if traced.note:
        print_line(f"{indent}  note: {traced.note}")
    for part in traced.parts:
        _print_tree(part, depth + 1, seen)


def compare(
    items: Annotated[
        list[str], typer.Argument(help="Scenarios (names or files) and plan folders, in any mix.")
    ],
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Also set this variant of the first scenario beside it. May be given again."),
    ] = None,
    posture: Annotated[str | None, typer.Option(help="Posture to compare; default each one's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the comparison to this CSV file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Set scenarios, variants or finished plans side by side."""
    from truceline.files import write_atomically
    from truceline.publish.comparison import column_of_document, column_of_plan, compare_columns, to_csv
    from truceline.publish.read import read_document

    columns: list[tuple[str, dict[str, tuple[float, str, str]]]] = []
    wanted = [(item, None) for item in items] + [(items[0], name) for name in variant or []]
    if len(wanted) < 2:
        problem = Problem("compare", "has only one thing to compare", "name another, or give --variant")
        raise ScenarioError("compare", [problem])
    with show_progress([_title(item, name) for item, name in wanted], quiet=quiet) as tell:
        for item, name in wanted:
            title = _title(item, name)
            tell(title, 0.0)
            path = Path(item)
            if path.is_dir() or path.name == "plan.json":
                if name is not None:
                    problem = Problem(
                        f"--variant {name}", f"{item} is a finished plan", "name a scenario first"
                    )
                    raise ScenarioError("compare", [problem])
                columns.append((title, column_of_document(read_document(path), posture)))
            else:
                columns.append((title, column_of_plan(_plan_one(item, name, posture))))
    rows = compare_columns(columns)
    print_table(
        ["number", "what it is", *(title for title, _ in columns)],
        [Row([row.name, row.label, *(printable(cell) for cell in row.cells)]) for row in rows],
    )
    if out is not None:
        write_atomically(out, to_csv(columns))
        print_line(f"Written: {out}")


def _title(item: str, variant: str | None) -> str:
    return item if variant is None else f"{item} --variant {variant}"


def _plan_one(item: str, variant: str | None, posture: str | None) -> Plan:
    from truceline.plan import make_plan
    from truceline.scenario.load import read_scenario

    loaded = read_scenario(item, variant=variant)
    return make_plan(loaded.scenario, posture=posture, provenance=loaded.provenance, only_chosen=True)
