"""Write the pages of the manual that are made from the program: keys, assumptions, commands, products.

Run `make docs` after changing a key, an assumption or a command; a test compares the pages with what this
writes. Text only: the same program gives the same bytes.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main
from pydantic import BaseModel, BeforeValidator, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from truceline.cli.main import app
from truceline.events.catalogue import load_watching_assumptions
from truceline.geo.statistical_sight import load_landscapes
from truceline.publish.document import PlanDocument
from truceline.publish.manual import describe_outputs
from truceline.scenario import assumption as assumption_module
from truceline.scenario import model as model_module
from truceline.scenario.assumption import Assumption, AssumptionSet, Evidence
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.checks import CHECKS
from truceline.scenario.describe import Statement, describe_records, list_assumptions
from truceline.scenario.load import load_scenario
from truceline.scenario.model import Scenario
from truceline.scenario.quantities import RECORD_KEYS, assume
from truceline.scenario.reference import read_table
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.units import format_value

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Made by scripts/make_docs.py from the program: run `make docs` instead of editing. -->"

KINDS = {
    "m": ("length", "10 km"),
    "s": ("time", "90 min"),
    "person": ("people", "40 people"),
    "person/km": ("people per length", "4.4 person/km"),
    "1/km": ("number per length", "0.1 / km"),
    "1": ("number or share", "0.45, 45 %"),
    "deg": ("angle", "120 deg"),
}
"""Words and an example for a quantity by the unit in which it is kept."""


def build_pages() -> dict[str, str]:
    """Return every generated page by file name."""
    return {
        "scenario-keys.md": build_keys_page(),
        "assumptions.md": build_assumptions_page(),
        "watching-assumptions.md": build_watching_page(),
        "ceasefire-assumptions.md": build_ceasefire_page(),
        "commands.md": build_commands_page(),
        "outputs.md": describe_outputs(),
        "plan.schema.json": json.dumps(PlanDocument.model_json_schema(by_alias=True), indent=2),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
    yield ""


# --- scenario keys


def build_keys_page() -> str:
    lines = [
        "# Scenario keys",
        NOTE,
        "",
        "Every key of a scenario file, with its kind, its default and its meaning. A quantity has a unit:",
        "",
        *(f"- {words}: `{example}`" for words, example in KINDS.values()),
        "",
        f"Written in full it is a record with {', '.join(f'`{key}`' for key in RECORD_KEYS)}.",
        "Only `value` is needed:",
        "",
        "```yaml",
        "zone:",
        "  half_width:",
        "    value: 5 km",
        "    range: [3 km, 8 km]",
        "    as_of: 2025-03",
        "    evidence: published",
        "    source: {title: Name of the document, locator: page 3}",
        "```",
        "",
        "Grades of evidence, best first. Those marked ! are weak, and every page marks them:",
        "",
    ]
    grades = attribute_docs(inspect.getsource(assumption_module), "Evidence")
    lines += [f"- `{grade}`{' !' if grade.is_weak else ''}: {grades[grade.name]}" for grade in Evidence]
    lines.append("")
    for path, model in models_in_order(Scenario, ""):
        lines += model_section(path, model)
    lines += [
        "## Checks of the whole scenario",
        "",
        "An error stops the plan; a warning is shown and does not.",
        "",
    ]
    lines += table(
        ("check", "kind", "rule"), [(f"`{c.name}`", c.severity, c.meaning) for c in CHECKS.values()]
    )
    lines += ["## Sensors", "", "Names for `sensors`, from the packaged table.", ""]
    sensors = [(f"`{row['sensor_id']}`", row["name"]) for row in read_table("sensors")]
    lines += table(("sensor", "what it is"), sensors)
    lines += [
        "## Kinds of country",
        "",
        "Names for `terrain.landscape`, used where there is no elevation model.",
        "",
    ]
    lines += table(
        ("landscape", "what it is"), [(f"`{n}`", each.label) for n, each in load_landscapes().items()]
    )
    return "\n".join(lines)


def models_in_order(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each group of keys with its dotted path, a group before the groups inside it."""
    yield path, model
    for name, field in model.model_fields.items():
        inner, mark = inner_model(field.annotation)
        if inner is not None:
            yield from models_in_order(inner, f"{path}.{name}{mark}".lstrip("."))


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the group of keys an annotation holds, and a mark where it is a list or one by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (None, "") if annotation is Assumption else (annotation, "")
    mark = {tuple: "[]", dict: ".NAME"}.get(get_origin(annotation), "")
    for argument in get_args(annotation):
        found, inner_mark = inner_model(argument)
        if found is not None:
            return found, mark + inner_mark
    return None, ""


def model_section(path: str, model: type[BaseModel]) -> Iterator[str]:
    docs = attribute_docs(inspect.getsource(model_module), model.__name__)
    yield f"## {f'`{path}`' if path else 'The file'}"
    yield ""
    yield inspect.cleandoc(model.__doc__ or "")
    yield ""
    rows = []
    for name, field in model.model_fields.items():
        kind = describe_kind(field.annotation, field.metadata)
        rows.append((f"`{field.alias or name}`", kind, describe_default(field), docs.get(name, "")))
    yield from table(("key", "kind", "default", "meaning"), rows)


def attribute_docs(source: str, class_name: str) -> dict[str, str]:
    """Return the text below each attribute of a class, by attribute name."""
    body = next(
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    docs = {}
    for before, after in pairwise(body):
        target = getattr(before, "target", None) or next(iter(getattr(before, "targets", [])), None)
        if (
            isinstance(target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            docs[target.id] = inspect.cleandoc(str(after.value.value)).replace("\n", " ")
    return docs


def describe_kind(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Return what may be written for a key, in words."""
    for each in metadata:
        if isinstance(each, BeforeValidator) and isinstance(each.func, partial) and each.func.func is assume:
            return KINDS[each.func.keywords["unit"]][0]
        if isinstance(each, StringConstraints) and each.pattern:
            return "name in lower-case letters"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return describe_kind(annotation.__origin__, annotation.__metadata__)
    if origin is Literal:
        return ("one of " if len(arguments) > 1 else "") + ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return "[longitude, latitude]"
    if origin is tuple:
        return f"list of {describe_kind(arguments[0])}"
    if origin is dict:
        value = describe_kind(arguments[1])
        keys = describe_kind(arguments[0]).removeprefix("one of ")
        return f"{value} for each of {keys}" if "`" in keys else f"{value} by name"
    if arguments:
        kinds = [describe_kind(each) for each in arguments if each is not type(None)]
        return " or ".join(kinds)
    if annotation is Assumption:
        return "quantity"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "group of keys"
    return {"str": "text", "Path": "file", "date": "date", "Any": "any value"}.get(
        annotation.__name__, "value"
    )


def describe_default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    default = field.get_default(call_default_factory=True)
    if (
        default is PydanticUndefined
        or default is None
        or default in ((), {})
        or isinstance(default, BaseModel)
    ):
        return f"`{format_value(default.value, default.unit)}`" if isinstance(default, Assumption) else ""
    if isinstance(default, tuple):
        shown = [format_value(d.value, d.unit) if isinstance(d, Assumption) else str(d) for d in default]
        return f"`[{', '.join(shown)}]`"
    return f"`{default}`" if default != "" else ""


# --- assumptions


def build_assumptions_page() -> str:
    catalogue = load_catalogue()
    listed = list_assumptions(load_scenario("undof-2004"))  # a scenario that replaces none of them
    n_weak = sum(each.is_weak for each in listed)
    lines = [
        "# Assumptions shared by all scenarios",
        NOTE,
        "",
        f"{len(listed)} numbers of the world that the model takes as given, with range, evidence and source.",
        f"{n_weak} of them are weak and marked !: `judgement` is our choice where nobody published a figure,",
        "`general` is common knowledge not read in a source. A scenario replaces any of them by name:",
        "",
        "```yaml",
        "assumptions:",
        "  patrol.crew: {value: 6 people, range: [4 people, 8 people]}",
        "```",
        "",
    ]
    return "\n".join([*lines, *tell_records(catalogue, listed)])


def build_watching_page() -> str:
    records = load_watching_assumptions()
    listed = describe_records(records)
    n_weak = sum(each.is_weak for each in listed)
    lines = [
        "# Assumptions of the watching",
        NOTE,
        "",
        f"{len(listed)} numbers that `truceline monitor` takes as given: how well sources place events,",
        "when two reports are one, what is unusual, what may leave the store. They hold for every mission.",
        f"{n_weak} of them are weak and marked !: `judgement` is our choice where nobody published a figure,",
        "`general` is common knowledge not read in a source.",
        "",
    ]
    return "\n".join([*lines, *tell_records(records, listed)])


def build_ceasefire_page() -> str:
    records = load_ceasefire_assumptions()
    listed = describe_records(records)
    n_weak = sum(each.is_weak for each in listed)
    lines = [
        "# Assumptions of the simulated ceasefire",
        NOTE,
        "",
        f"{len(listed)} numbers that `truceline simulate` and `truceline rehearse` take as given.",
        f"{n_weak} of them are weak and marked !: `judgement` is our choice where nobody published a figure.",
        "The meaning of each under `ceasefire` says what is done with it:",
        "",
        "- *drawn*: every replicate takes its own value from the range, evenly (*uniform*) or evenly in the",
        "  logarithm (*log-uniform*), unless `--fix NAME=VALUE` holds it (the name without `ceasefire.`);",
        "- *held*: one value for all replicates, unless fixed at another;",
        "- *swept*: nobody can estimate it, so the answer is shown as a curve over it;",
        "- *named*: a baseline that keeps its name; the two run side by side and are never averaged;",
        "- *declared*: a rule that an agreement or a guarantor would write down.",
        "",
        "What third parties do to a truce was estimated on civil wars, with consent, against lightly armed",
        "parties, by impartial forces. None of it is for a nuclear-armed party on a line of 1,200 km or for",
        "a partial coalition: the ranges bound the imagination, they do not predict.",
        "",
    ]
    return "\n".join([*lines, *tell_records(records, listed)])


def tell_records(records: AssumptionSet, listed: Sequence[Statement]) -> Iterator[str]:
    """Yield a table of records for each first word of their names."""
    for head in dict.fromkeys(name.partition(".")[0] for name in records):
        yield f"## {head}"
        yield ""
        rows = []
        for each in listed:
            name = each.path.removeprefix("assumptions.")
            if name.partition(".")[0] == head:
                record = records[name]
                meaning = f"{each.label}. {record.note}" if record.note else each.label
                rows.append((f"`{name}`", meaning, each.value, each.range, each.evidence, cite(record)))
        yield from table(("name", "meaning", "value", "range", "evidence", "source"), rows)


def cite(record: Assumption) -> str:
    source = record.source
    if source is None:
        return ""
    parts = [source.title, source.locator, f"as of {record.as_of}" if record.as_of else ""]
    return ", ".join(part for part in parts if part)


# --- commands


def build_commands_page() -> str:
    lines = [
        "# Commands",
        NOTE,
        "",
        "Exit codes: 0 done; 2 the input has problems, all of them printed; 130 interrupted.",
        "",
    ]
    for words, command in walk_commands(typer.main.get_command(app), ("truceline",)):
        lines += command_section(words, command)
    return "\n".join(lines)


def walk_commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command with its words, a group before its commands, in the order they were added."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk_commands(inner, (*words, name))


def command_section(words: tuple[str, ...], command: Any) -> Iterator[str]:
    shown = [param for param in command.params if "--help" not in param.opts]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    usage = [*words, *(["[OPTIONS]"] if options else []), *(value_name(argument) for argument in arguments)]
    inner = getattr(command, "commands", {})
    yield f"{'#' * min(len(words) + 1, 3)} `{' '.join(words)}`"
    yield ""
    yield inspect.cleandoc(command.help or "")
    yield ""
    if not inner:
        yield f"Usage: `{' '.join(usage)}`"
        yield ""
    rows = [(f"`{value_name(argument)}`", argument.help or "", "") for argument in arguments]
    for option in options:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        value = "" if option.is_flag else f" `{value_name(option)}`"
        default = option.default if not callable(option.default) else None
        is_plain = default is None or default is False or default in ("", [], ())
        rows.append((names + value, option.help or "", "" if is_plain else f"`{default}`"))
    if rows:
        yield from table(("argument or option", "meaning", "default"), rows)


def value_name(param: Any) -> str:
    """Return what stands for the value of an argument or option; told by its kind where it says nothing."""
    if param.metavar:
        return str(param.metavar)
    if param.param_type_name == "argument":
        return str(param.name).upper()
    return {"PosixPath": "PATH", "WindowsPath": "PATH", "int": "NUMBER", "float": "NUMBER"}.get(
        type(param.default).__name__, "TEXT"
    )


def main() -> None:
    for name, text in build_pages().items():
        (DOCS / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
