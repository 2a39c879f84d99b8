"""A store that knows who is calling: every change made through it carries the number of the token.

So that no route can forget it, and none can write in another's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from truceline.store.base import Change, Store
from truceline.web.access import Caller


class _SignedStore:
    """Everything the store does, and `change` for one caller alone."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store, self._caller = store, caller

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def change(self, *, who: str, what: str, why: str = "") -> Iterator[Change]:
        """Write as the caller, and as nobody else."""
        if who != self._caller.holder:
            raise AssertionError("a token writes as its holder alone")
        with self._store.change(who=who, what=what, why=why) as change:
            change.note({"token": self._caller.token_id})
            yield change


def sign(store: Store, caller: Caller) -> Store:
    """Return the store, for writing as `caller`."""
    return cast(Store, _SignedStore(store, caller))
