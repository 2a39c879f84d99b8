"""Keys from the terminal: printed once, listed without themselves, revoked; a service without its extra."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.monitor.tokens import KeyState, check_key
from truceline.store.open import open_store


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Give the path of an empty store."""
    path = str(tmp_path / "m.duckdb")
    assert CliRunner().invoke(app, ["monitor", "init", path, "--who", "desk"]).exit_code == 0
    return path


def run(*words: str) -> tuple[int, str]:
    """Run a command and return its exit code and what it printed."""
    done = CliRunner().invoke(app, ["monitor", "token", *words])
    return done.exit_code, done.output


def test_a_key_is_printed_once_and_works_until_it_is_revoked(store: str) -> None:
    """The list shows what it allows, and not the key."""
    code, said = run(
        "add", store, "--role", "reader", "--holder", "Press desk", "--level", "public", "--who", "a"
    )
    assert code == 0, said
    key = said.splitlines()[-1]
    now = datetime.now(UTC).replace(tzinfo=None)
    with open_store(store) as opened:
        assert check_key(opened, key, now=now)[0] is KeyState.good
    code, said = run("list", store)
    assert "Press desk" in said
    assert "active" in said
    assert key not in said
    assert run("revoke", store, "1", "--who", "a", "--why", "moved")[0] == 0
    with open_store(store) as opened:
        assert check_key(opened, key, now=now)[0] is KeyState.revoked
    assert "revoked" in run("list", store)[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "--role", "reader", "--holder", " "), "holder"),
        (("add", "--role", "reader", "--holder", "x", "--expires", "soon"), "is no time"),
        (("add", "--role", "reader", "--holder", "x", "--expires", "2001-01-01"), "is past"),
        (("add", "--role", "admin", "--holder", "x", "--level", "public"), "decides over all"),
        (("add", "--role", "king", "--holder", "x"), "king"),
        (("revoke", "7"), "is not in the store"),
    ],
)
def test_what_cannot_be_is_refused_with_one_message(store: str, words: tuple[str, ...], says: str) -> None:
    """Exit code 2, and nothing written."""
    code, said = run(words[0], store, *words[1:])
    assert code == 2
    assert says in said
    assert "Traceback" not in said
    assert "No key was given out yet" in run("list", store)[1]


def test_without_its_extra_the_service_says_what_to_install(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "uvicorn":
            raise ImportError(name="uvicorn")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    done = CliRunner().invoke(app, ["serve", store, "--api"])
    assert done.exit_code == 2
    assert "needs uvicorn; pip install 'truceline[service]'" in done.output
