"""Keys to the service: given out once, kept as a digest, ending by themselves, revoked by a later row.

A key is 256 random bits behind a prefix and the number of its token. Its SHA-256 is all that is kept: a slow
hash protects words that people choose, which can be guessed; 256 random bits cannot be, however fast the
hash. Holders are desks, posts and systems: never persons.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from truceline.errors import Problem, ProblemList, TrucelineError
from truceline.events.frames import make_frame
from truceline.events.kinds import Releasability, Role
from truceline.events.schema import TOKENS
from truceline.store.base import Change, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "truceline"
"""How a key begins, so that whoever finds one in a file knows what it opens."""
KEY_BYTES = 32
"""Random bytes in a key."""
USUAL_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
MOST_HOLDER = 80
"""Most characters in the name of a holder."""
ACTIVE, REVOKED = "active", "revoked"
_KEY = re.compile(r"truceline_([1-9][0-9]{0,8})_([A-Za-z0-9_-]{20,100})", re.ASCII)
_DAYS = re.compile(r"([1-9][0-9]{0,3}) ?d(?:ays?)?", re.ASCII)
_NO_DIGEST = "0" * 64
_ROLES_WITH_LEVEL = (Role.reader, Role.observer)


class TokenError(TrucelineError):
    """A token cannot be given out or revoked as it was asked."""


class KeyState(StrEnum):
    """What a key is worth, in the words of the answer to whoever sent it."""

    good = "is good"
    unknown = "is not a key of this service"
    revoked = "is a key that was revoked"
    expired = "is a key that has expired"


@dataclass(frozen=True)
class Token:
    """What a key allows."""

    token_id: int
    holder: str
    """Desk, post or system."""
    role: Role
    level: Releasability
    """Incidents up to this level are shown in full."""
    expires: datetime
    """UTC without zone."""
    is_revoked: bool = False


def usual_level(role: Role) -> Releasability:
    """Return the level of a token where none is asked for: readers see what the parties may see."""
    return Releasability.parties if role is Role.reader else Releasability.mission


def read_expiry(words: str, now: datetime) -> datetime:
    """Return the moment that '30d' or '2026-03-31' (the end of that day, UTC) means.

    Raises TokenError where it is neither.
    """
    if days := _DAYS.fullmatch(words.strip()):
        return now + timedelta(days=int(days.group(1)))
    try:
        return datetime.combine(date.fromisoformat(words.strip()), time.max)
    except ValueError:
        problem = Problem("expires", f"'{words[:40]}' is no time", "write 30d, or a day as 2026-03-31")
        raise TokenError("token", [problem]) from None


def add_token(
    store: Store,
    *,
    holder: str,
    role: Role,
    level: Releasability | None = None,
    expires: datetime | None = None,
    now: datetime,
    who: str,
    why: str = "",
    make_secret: Callable[[], str] = lambda: secrets.token_urlsafe(KEY_BYTES),
) -> tuple[Token, str]:
    """Give out a token and return it with its key, which can never be had again.

    `expires` and `now` are UTC without zone; by default a token lives 90 days. Raises TokenError where it
    would live more than a year or no time at all, holds nobody, or limits a role that decides over what it
    then could not see.
    """
    holder, ends = holder.strip(), expires or now + USUAL_LIFE
    sees = level or usual_level(role)
    problems = ProblemList()
    if not holder or not holder.isprintable() or len(holder) > MOST_HOLDER:
        problems.add(
            "holder", f"is not 1 to {MOST_HOLDER} printable characters", "name a desk, post or system"
        )
    if not now < ends <= now + LONGEST_LIFE:
        problems.add("expires", "is past, or more than a year away", "write 90d, or a day within a year")
    if sees is not Releasability.mission and role not in _ROLES_WITH_LEVEL:
        problems.add("level", f"{role.value} decides over all incidents", "leave the level out")
    problems.raise_if_any(TokenError, "token")
    with store.turn(), store.change(who=who, what="add token", why=why) as change:
        number = change.reserve("token", 1)
        key = f"{PREFIX}_{number}_{make_secret()}"
        token = Token(number, holder, role, sees, ends)
        _write(change, token, digest_key(key), ACTIVE)
        change.note({"token_added": number, "holder": holder, "role": role.value})
    return token, key


def revoke_token(store: Store, token_id: int, *, who: str, why: str = "") -> Token:
    """Make a token worthless from now on; raises TokenError where there is none, or it is already."""
    with store.turn():
        found = _read(store, token_id)
        if found is None:
            hint = "see them with `truceline monitor token list`"
            raise TokenError("token", [Problem(f"token {token_id}", "is not in the store", hint)])
        token, digest = found
        if token.is_revoked:
            raise TokenError("token", [Problem(f"token {token_id}", "was revoked already", "")])
        with store.change(who=who, what="revoke token", why=why) as change:
            _write(change, token, digest, REVOKED)
            change.note({"token_revoked": token_id})
    return token


def list_tokens(store: Store) -> tuple[Token, ...]:
    """Return every token ever given out, by number."""
    rows = store.read_current(TOKENS).sort_values("token_id")
    return tuple(_as_token(row) for _, row in rows.iterrows())


def check_key(store: Store, key: str, *, now: datetime) -> tuple[KeyState, Token | None]:
    """Say what a key is worth, and return its token where it is good.

    Digests are compared in constant time, and against nothing where there is no such token: how long an
    answer takes says nothing about the keys there are. Only whoever has the key learns that it expired.
    """
    parts = _KEY.fullmatch(key)
    found = _read(store, int(parts.group(1))) if parts else None
    is_same = hmac.compare_digest(digest_key(key), found[1] if found else _NO_DIGEST)
    if found is None or not is_same:
        return KeyState.unknown, None
    if found[0].is_revoked:
        return KeyState.revoked, None
    if found[0].expires <= now:
        return KeyState.expired, None
    return KeyState.good, found[0]


def digest_key(key: str) -> str:
    """Return what is kept of a key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _write(change: Change, token: Token, digest: str, state: str) -> None:
    row = {
        "token_id": token.token_id,
        "holder": token.holder,
        "role": token.role.value,
        "level": token.level.value,
        "digest": digest,
        "state": state,
        "expires": token.expires,
    }
    change.append(TOKENS, make_frame(TOKENS, row, n_rows=1))


def _read(store: Store, token_id: int) -> tuple[Token, str] | None:
    rows = store.read_current(TOKENS, Selection(equals={"token_id": token_id}))
    if rows.empty:
        return None
    return _as_token(rows.iloc[0]), str(rows["digest"].iloc[0])


def _as_token(row: pd.Series) -> Token:
    return Token(
        int(row["token_id"]),
        str(row["holder"]),
        Role(row["role"]),
        Releasability(row["level"]),
        row["expires"].to_pydatetime(),
        is_revoked=row["state"] != ACTIVE,
    )
