"""What the monitor commands share: the store they work on, who does it and why, days and moments as typed."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.errors import Problem, ScenarioError
from truceline.store.base import WAIT_S
from truceline.units import QuantityError, parse_quantity

if TYPE_CHECKING:
    from datetime import timedelta

    from truceline.store.base import Store

DEFAULT_WAIT_S = WAIT_S

StoreArgument = Annotated[
    str,
    typer.Argument(
        metavar="STORE",
        help="The store: a file such as mission.duckdb, or a server's database such as "
        "postgresql://host/mission. It may also be written as --store STORE.",
        show_default=False,
    ),
]
WhoOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who makes the change; default TRUCELINE_WHO, or the login name."),
]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, for the history.")]
WaitOption = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="How long to wait while another command writes.")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="First day, as 2025-04-01; in the mission's time zone."),
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day.")]


def now_utc() -> datetime:
    """Return the present without zone, or the moment in TRUCELINE_NOW, so that a run can be repeated."""
    given = os.environ.get("TRUCELINE_NOW")
    return _read_now(given) if given else datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _read_now(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        problem = Problem("TRUCELINE_NOW", f"'{given}' is no moment", "write 2025-02-17T18:30, in UTC")
        raise ScenarioError("environment", [problem]) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def name_of_user(who: str | None) -> str:
    """Return who makes a change: as given, from the environment, or the login name."""
    if who or os.environ.get("TRUCELINE_WHO"):
        return who or os.environ["TRUCELINE_WHO"]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        problem = Problem("--who", "is not given, and this machine has no login name", "write --who NAME")
        raise ScenarioError("history", [problem]) from None


@contextmanager
def open_for(place: str, *, writing: bool, wait_s: float = DEFAULT_WAIT_S) -> Iterator[Store]:
    """Open a store for the length of a block; waiting for another writer is told on the error stream.

    A command that writes is the only one to do so from its first look to its last change.
    """
    from truceline.store.open import open_store

    def tell(message: str) -> None:
        sys.stderr.write(f"{message}\n")

    with (
        open_store(place, writing=writing, wait_s=wait_s, on_wait=tell) as store,
        store.turn() if writing else nullcontext(),
    ):
        yield store


def read_day(word: str, option: str) -> datetime:
    """Return a day as typed, at midnight without zone."""
    try:
        return datetime.strptime(word, "%Y-%m-%d")
    except ValueError:
        problem = Problem(option, f"'{word}' is no day", "write it as 2025-04-20")
        raise ScenarioError("options", [problem]) from None


def read_hours(word: str, option: str) -> timedelta:
    """Return a span of time as typed, as in '24 h' or '2 days'; none is below nothing."""
    from datetime import timedelta

    try:
        hours = parse_quantity(word, "h")
        if hours < 0:
            raise QuantityError(f"'{word}' is less than nothing")
        return timedelta(hours=hours)
    except QuantityError as error:
        raise ScenarioError("options", [Problem(option, str(error), "write '24 h'")]) from None


def existing_files(files: list[Path]) -> list[Path]:
    """Return the files; ScenarioError that names every one that is not there."""
    missing = [
        Problem(str(path), "there is no such file", "check the path") for path in files if not path.exists()
    ]
    if missing:
        raise ScenarioError("files", missing)
    return files


def read_metres(word: str, option: str) -> float:
    """Return a length as typed, in metres."""
    try:
        return parse_quantity(word, "m")
    except QuantityError as error:
        raise ScenarioError("options", [Problem(option, str(error), "write '500 m'")]) from None


def read_pairs(words: list[str], option: str) -> dict[str, Path]:
    """Return files by name, as typed NAME=FILE; every one that is not so is told at once."""
    parts = [word.partition("=") for word in words]
    wrong = [word for word, (name, _, file) in zip(words, parts, strict=True) if not (name and file)]
    if wrong:
        problems = [Problem(option, f"'{word}' is no pair", "write NAME=FILE") for word in wrong]
        raise ScenarioError("options", problems)
    return {name: Path(file) for name, _, file in parts}
