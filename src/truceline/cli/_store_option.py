"""`--store ADDRESS` in place of the first word of a command that works on a store.

The store is the first word of every such command. In scripts and units of a service it reads better as an
option, and the two ways are one: the option becomes the first word before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from truceline.errors import Problem, ScenarioError

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTION = "--store"


class StoreCommand(TyperCommand):
    """A command whose first word is a store."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the option's value first."""
        return super().parse_args(ctx, put_store_first(args))


class StoreTyper(typer.Typer):
    """A group of commands of which each works on a store, but for those named otherwise by `cls`."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Command], Command]:
        """Register a command as one on a store."""
        kwargs.setdefault("cls", StoreCommand)
        return super().command(*args, **kwargs)


def put_store_first(words: list[str]) -> list[str]:
    """Return what was typed with the value of `--store` as its first word."""
    end = words.index("--") if "--" in words else len(words)
    found: list[str] = []
    rest: list[str] = []
    place = 0
    while place < end:
        word = words[place]
        if word == _OPTION and place + 1 < end:
            place += 1
            found.append(words[place])
        elif word.startswith(f"{_OPTION}="):
            found.append(word.partition("=")[2])
        else:
            rest.append(word)
        place += 1
    if len(found) > 1:
        problem = Problem(_OPTION, f"is given {len(found)} times", "name one store")
        raise ScenarioError("options", [problem])
    return [*found, *rest, *words[end:]]
