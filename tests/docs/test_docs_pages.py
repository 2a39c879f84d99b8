"""The generated pages are up to date, nothing is missing from them, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import typer.main
from snippets import PAGES, REPOSITORY

from truceline.cli.main import app
from truceline.events.catalogue import load_watching_assumptions
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.checks import CHECKS
from truceline.simulate.catalogue import load_ceasefire_assumptions


def load_make_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", REPOSITORY / "scripts" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_commands() -> Iterator[tuple[str, Any]]:
    pending = [("truceline", typer.main.get_command(app))]
    while pending:
        words, command = pending.pop()
        yield words, command
        pending += [(f"{words} {name}", inner) for name, inner in getattr(command, "commands", {}).items()]


COMMANDS = sorted(all_commands(), key=lambda each: each[0])


GENERATED = (
    "scenario-keys.md",
    "assumptions.md",
    "watching-assumptions.md",
    "ceasefire-assumptions.md",
    "commands.md",
    "outputs.md",
    "plan.schema.json",
)


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    built = load_make_docs().build_pages()[name].rstrip("\n") + "\n"
    assert (REPOSITORY / "docs" / name).read_text(encoding="utf-8") == built, "run `make docs`"


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_a_command_and_its_options_are_in_the_manual_and_have_help(words: str, command: Any) -> None:
    manual = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    section = re.search(rf"(?ms)^#+ `{re.escape(words)}`\n(.*?)(?=^#|\Z)", manual)
    assert section, "run `make docs`"
    assert command.help
    for param in command.params:
        if "--help" in param.opts:
            continue
        assert param.help, f"{words} {param.opts} has no help"
        names = param.opts + param.secondary_opts
        if param.param_type_name == "argument":
            names = [param.metavar or param.name.upper()]
        assert all(f"`{name}`" in section[1] for name in names)


def test_every_key_and_check_and_assumption_is_explained() -> None:
    keys = (REPOSITORY / "docs" / "scenario-keys.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in keys.splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    for row in rows:
        assert row[-1].removesuffix("|").strip(), f"no meaning: {row[0]}"
    assert all(f"`{name}`" in keys for name in CHECKS)
    assumptions = (REPOSITORY / "docs" / "assumptions.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in assumptions for name in load_catalogue())
    watching = (REPOSITORY / "docs" / "watching-assumptions.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in watching for name in load_watching_assumptions())
    ceasefire = (REPOSITORY / "docs" / "ceasefire-assumptions.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in ceasefire for name in load_ceasefire_assumptions())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_inside_the_manual_lead_somewhere(page: Any) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_no_folder_of_one_machine(page: Any) -> None:
    text = re.sub(r"/(?:collections|v1|api)/", "", page.read_text(encoding="utf-8"))  # of the service itself
    if page.stem == "service":  # where every Debian keeps its settings, backups and what is installed by hand
        text = re.sub(r"/(?:etc|opt|var)/(?=truceline|systemd|backups/)", "", text)
    assert not re.search(r"(?:^|[\s(`])(?:/[A-Za-z]+/\w|[A-Z]:\\)", text)


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "pyproject.toml"])
def test_packages_come_from_wherever_the_machine_gets_them(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert not re.search(r"-(?:url|links|host)\b|https?://", text)
