"""`truceline scenario`: list, show, check and start scenarios.

Parses and prints; what is right or wrong with a scenario is decided by `truceline.scenario`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title, print_warnings
from truceline.errors import OutputError, Problem, TrucelineError
from truceline.files import write_atomically

if TYPE_CHECKING:
    from truceline.scenario.describe import Statement

app = typer.Typer(help="List, show, check and start scenarios: what a plan assumes.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A packaged name or a YAML file.", show_default=False)
]
VariantOption = Annotated[
    str | None, typer.Option("--variant", metavar="NAME", help="One of the scenario's variants.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value, for example zone.half_width=7.5km; may be repeated.",
    ),
]

WEAK_NOTE = (
    "! marks them: judgement is our choice, general was not read in a source; ask before relying on one."
)


@app.command("list")
def list_scenarios() -> None:
    """List the packaged scenarios with their variants."""
    from truceline.scenario.load import list_packaged, load_scenario

    rows = []
    for name in list_packaged():
        scenario = load_scenario(name)
        variants = ", ".join(scenario.variants) or "none"
        rows.append(Row((name, scenario.as_of.isoformat(), variants, scenario.title)))
    print_table(("name", "as of", "variants", "title"), rows)


@app.command("show")
def show_scenario(
    scenario: NameArgument,
    variant: VariantOption = None,
    overrides: SetOption = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the scenario itself as YAML instead, with the changes made.")
    ] = False,
) -> None:
    """Show every value of a scenario with its range, evidence and source."""
    from truceline.scenario.load import read_scenario

    loaded = read_scenario(scenario, variant=variant, overrides=overrides or ())
    print_warnings(scenario, loaded.warnings)
    if as_yaml:
        from truceline.scenario.yaml_source import format_yaml

        print_line(format_yaml(loaded.data).rstrip("\n"))
        return
    from truceline.scenario.describe import list_assumptions, list_statements

    described = loaded.scenario
    print_title(f"{described.name}: {described.title}")
    for text in (described.description, *(f"variant {name}" for name in described.variants)):
        if text:
            print_line(text)
    statements, assumptions = list_statements(described), list_assumptions(described)
    rows: list[Row] = []
    for head, group in groupby(statements, key=lambda statement: statement.path.partition(".")[0]):
        rows += _section(head, group)
    rows += _section("assumptions, shared by all scenarios", assumptions)
    print_table(("path", "value (range)", "evidence", "source"), rows)
    n_weak = sum(row.is_weak for row in (*statements, *assumptions))
    print_line()
    print_line(f"{n_weak} of {len(statements) + len(assumptions)} values are weak. {WEAK_NOTE}")


def _section(head: str, statements: Iterable[Statement]) -> Iterator[Row]:
    """Yield a heading, then a row for each statement, marked where it is weak."""
    yield Row(())
    yield Row((head,), style="bold")
    for each in statements:
        value = f"{each.value} ({each.range})" if each.range else each.value
        cells = (each.path, value, each.evidence, each.source)
        yield Row(cells, style="yellow" if each.is_weak else "")


@app.command("check")
def check_scenarios(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO...", help="Packaged names or YAML files.", show_default=False),
    ],
) -> None:
    """Check scenarios and their variants; say everything that is wrong and how to put it right."""
    from truceline.scenario.load import check_scenario

    any_errors = False
    for name in scenarios:
        problems = check_scenario(name)
        errors = [problem for problem in problems if not problem.warning]
        any_errors = any_errors or bool(errors)
        verdict = name if errors else f"{name}: sound"
        print_line(TrucelineError(verdict, problems).message())
    if any_errors:
        raise typer.Exit(TrucelineError.exit_code)


@app.command("new")
def start_scenario(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The YAML file to write.", show_default=False)],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Start from this packaged scenario instead."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Write a first scenario to change: a commented example with a line, or a copy of a packaged one."""
    from truceline.scenario.starter import copy_packaged, make_starter

    if file.suffix not in (".yaml", ".yml"):
        raise OutputError(
            "new scenario", [Problem(str(file), "is not a YAML file", f"write {file.stem}.yaml")]
        )
    texts = make_starter(file.stem) if source is None else copy_packaged(source, file.stem)
    targets = {file if name.endswith(".yaml") else file.with_name(name): text for name, text in texts.items()}
    taken = [path for path in targets if path.exists()]
    if taken and not force:
        hint = "choose another name, or add --force to overwrite"
        raise OutputError("new scenario", [Problem(str(path), "is there already", hint) for path in taken])
    for path, text in targets.items():
        write_atomically(path, text)
        print_line(f"wrote {path}")
    print_line(f"next: truceline scenario check {file}")
