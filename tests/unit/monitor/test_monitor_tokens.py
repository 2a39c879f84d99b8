"""Keys to the service: given out once, kept as a digest, ending by themselves, revoked by a later row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from truceline.events.kinds import Releasability, Role
from truceline.events.schema import CHANGES, TOKENS
from truceline.monitor.tokens import (
    KeyState,
    TokenError,
    add_token,
    check_key,
    list_tokens,
    read_expiry,
    revoke_token,
)
from truceline.store.base import Store
from truceline.store.open import create_store

NOW = datetime(2026, 3, 1, 12)
SECRET = "a" * 43


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    with create_store(tmp_path / "m.duckdb", clock=lambda: NOW) as made:
        yield made


def test_a_key_opens_until_it_ends(store: Store) -> None:
    """The moment of its end is the first at which it is worth nothing."""
    token, key = add_token(
        store, holder="OP-07", role=Role.observer, now=NOW, expires=NOW + timedelta(days=30), who="admin"
    )
    assert check_key(store, key, now=NOW) == (KeyState.good, token)
    assert check_key(store, key, now=NOW + timedelta(days=30)) == (KeyState.expired, None)
    assert (token.token_id, token.holder, token.role) == (1, "OP-07", Role.observer)


def test_the_key_itself_is_nowhere_in_the_store(store: Store, tmp_path: Path) -> None:
    """Its SHA-256 is, and neither the history nor the file holds more."""
    _, key = add_token(
        store, holder="OP-07", role=Role.reader, now=NOW, who="admin", make_secret=lambda: SECRET
    )
    assert key == f"truceline_1_{SECRET}"
    assert store.read(TOKENS)["digest"].tolist() == [hashlib.sha256(key.encode()).hexdigest()]
    assert SECRET not in store.read(CHANGES)["details"].iloc[-1]
    store.close()
    kept = (tmp_path / "m.duckdb").read_bytes()
    assert b"OP-07" in kept
    assert SECRET.encode() not in kept


def test_keys_are_long_random_and_never_the_same(store: Store) -> None:
    """256 random bits in each."""
    keys = [add_token(store, holder="desk", role=Role.reader, now=NOW, who="admin")[1] for _ in range(5)]
    secrets = {key.split("_", 2)[2] for key in keys}
    assert len(secrets) == 5
    assert all(len(secret) == 43 for secret in secrets)


def test_a_revoked_key_opens_nothing_from_then_on(store: Store) -> None:
    """And the history says who revoked it and why."""
    token, key = add_token(store, holder="desk", role=Role.editor, now=NOW, who="admin")
    revoke_token(store, token.token_id, who="admin", why="laptop lost")
    assert check_key(store, key, now=NOW) == (KeyState.revoked, None)
    assert [each.is_revoked for each in list_tokens(store)] == [True]
    last = store.read(CHANGES).iloc[-1]
    assert (last["what"], last["who"], last["why"]) == ("revoke token", "admin", "laptop lost")
    with pytest.raises(TokenError, match="already"):
        revoke_token(store, token.token_id, who="admin")


@pytest.mark.parametrize("change", ["number", "secret", "prefix", "none", "space", "newline", "huge"])
def test_a_key_that_is_not_whole_is_unknown(store: Store, change: str) -> None:
    """Whoever has part of a key learns nothing of it, not even that it expired."""
    add_token(store, holder="other", role=Role.admin, now=NOW, who="admin")
    _, key = add_token(
        store, holder="desk", role=Role.admin, now=NOW, expires=NOW + timedelta(days=1), who="a"
    )
    wrong = {
        "number": key.replace("_2_", "_1_"),
        "secret": key[:-1] + ("A" if key[-1] != "A" else "B"),
        "prefix": key.removeprefix("truceline_2_"),
        "none": "",
        "space": f" {key}",
        "newline": f"{key}\n",
        "huge": key + "a" * 10_000,
    }[change]
    assert check_key(store, wrong, now=NOW + timedelta(days=9)) == (KeyState.unknown, None)


def test_levels_follow_the_role_unless_they_are_given(store: Store) -> None:
    """Readers see what the parties may see; whoever decides sees everything."""
    for role in Role:
        add_token(store, holder="desk", role=role, now=NOW, who="admin")
    levels = [each.level for each in list_tokens(store)]
    assert levels == [Releasability.parties, *[Releasability.mission] * 4]
    add_token(store, holder="press", role=Role.reader, level=Releasability.public, now=NOW, who="admin")
    assert list_tokens(store)[-1].level is Releasability.public
    with pytest.raises(TokenError, match="decides over all incidents"):
        add_token(store, holder="x", role=Role.verifier, level=Releasability.public, now=NOW, who="admin")


@pytest.mark.parametrize(
    ("holder", "days", "says"),
    [
        ("", 1, "holder"),
        ("x" * 81, 1, "holder"),
        ("a\nb", 1, "holder"),
        ("a", 0, "expires"),
        ("a", 400, "expires"),
    ],
)
def test_a_token_that_cannot_be_is_refused_and_not_written(
    store: Store, holder: str, days: int, says: str
) -> None:
    """Nothing is in the history of it."""
    with pytest.raises(TokenError, match=says):
        add_token(
            store, holder=holder, role=Role.reader, now=NOW, expires=NOW + timedelta(days=days), who="admin"
        )
    assert list_tokens(store) == ()
    assert store.last_change() == 0


def test_an_end_is_days_from_now_or_the_end_of_a_day() -> None:
    """And nothing else."""
    assert read_expiry("30d", NOW) == NOW + timedelta(days=30)
    assert read_expiry("2026-03-31", NOW).date() == datetime(2026, 3, 31).date()
    assert read_expiry("2026-03-31", NOW).hour == 23
    for words in ("", "never", "0d", "-3d", "99999d", "2026-13-01"):
        with pytest.raises(TokenError, match="is no time"):
            read_expiry(words, NOW)


def test_a_token_that_is_not_there_cannot_be_revoked(store: Store) -> None:
    """Nor is anything written."""
    with pytest.raises(TokenError, match="is not in the store"):
        revoke_token(store, 7, who="admin")
    assert store.last_change() == 0
