"""Read the examples of the manual, and run them as a reader would: in an empty folder, one after the other.

A console block has lines with `$ truceline ...`; the lines below, if any, are what it prints, with blanks
of any width, and `...` for whatever is left out. To prepare a product once for many pages, name the command
in CACHED: its folder is made in the first page that needs it and copied for the others.
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import typer.main
from typer.testing import CliRunner

from truceline.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(path for path in (*REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "README.md") if path.exists())

CACHED = {"truceline plan ukraine-2025": "plan"}
"""Commands too slow to run for every page, with the folder each makes."""
_PREPARED: dict[str, tuple[Path, str]] = {}


@dataclass(frozen=True)
class Example:
    """One command of a page and what the page says it prints."""

    command: str
    prints: tuple[str, ...]

    @property
    def is_slow(self) -> bool:
        return self.command in CACHED


def read_blocks(page: Path, language: str) -> list[str]:
    """Return the text of each fenced block of one language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"))


def read_examples(text: str) -> list[Example]:
    """Return the commands of a console block."""
    examples = []
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        command, *prints = part.rstrip("\n").split("\n")
        examples.append(Example(command, tuple(prints)))
    return examples


def is_built(command: str) -> bool:
    """Tell whether the program has the command of an example."""
    words = shlex.split(command)[1:]
    known = typer.main.get_command(app)
    return not words or words[0].startswith("-") or words[0] in known.commands  # type: ignore[attr-defined]


def run_example(example: Example, cache: Path) -> str:
    """Run an example in the current folder and return what it printed; fails on any exit code but 0."""
    if example.command in _PREPARED:
        kept, printed = _PREPARED[example.command]
        shutil.copytree(kept, CACHED[example.command])
        return printed
    result = CliRunner().invoke(app, shlex.split(example.command)[1:])
    assert result.exit_code == 0, f"$ {example.command}\n{result.output}\n{result.exception!r}"
    if example.command in CACHED:
        kept = cache / f"prepared-{len(_PREPARED)}"
        shutil.copytree(CACHED[example.command], kept)
        _PREPARED[example.command] = (kept, result.stdout)
    return result.stdout


def find_difference(prints: tuple[str, ...], printed: str) -> str | None:
    """Return the first line of a page that was not printed where the page has it; None if all were."""
    actual = [" ".join(line.split()) for line in printed.splitlines()]
    at, may_skip = 0, False
    for line in prints:
        wanted = " ".join(line.split())
        if wanted == "...":
            may_skip = True
            continue
        while may_skip and at < len(actual) and actual[at] != wanted:
            at += 1
        if at >= len(actual) or actual[at] != wanted:
            return line
        at, may_skip = at + 1, False
    return None if not prints or may_skip or at == len(actual) else f"(more is printed: {actual[at]})"
