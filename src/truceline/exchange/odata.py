"""Fetch submissions from a server: the OData feed of ODK Central, or the data API of KoBoToolbox.

Page by page, from one host and no other, over HTTPS unless the host is this machine. What comes is bounded:
bytes of a page and of all, pages, seconds. Failures of the server are tried again a few times and then told;
what is fetched is JSON as it came, and nobody has looked into it yet. Credentials come from the environment
and go into one header of our requests; they stand in no message, no address and no file.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from truceline.errors import Problem, TrucelineError
from truceline.provenance import DIGEST_CHARACTERS

PAGE_SIZE = 250
"""Submissions asked for at a time."""
MAX_PAGES = 2_000
MAX_PAGE_BYTES = 50_000_000
MAX_TOTAL_BYTES = 500_000_000
MAX_SECONDS = 900.0
"""Longest a pull may last, however slowly the server sends."""
MAX_SILENCE_SECONDS = 30.0
"""Longest wait for the next bytes of the server."""
RETRY_AFTER_SECONDS = (1.0, 3.0, 9.0)
"""Waits before a request is tried again that the server failed; as many tries follow the first."""
_BLOCK = 1 << 16
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_TOKEN, _USER, _PASSWORD = "TRUCELINE_ODK_TOKEN", "TRUCELINE_ODK_USER", "TRUCELINE_ODK_PASSWORD"


class FetchError(TrucelineError):
    """A server cannot be reached, does not answer as it should, or may not be asked."""


class ServerKind(StrEnum):
    """Which program answers."""

    odk = "odk"
    kobo = "kobo"


@dataclass(frozen=True)
class Address:
    """Where the submissions of one form are."""

    kind: ServerKind
    url: str
    """Without a query, and without credentials."""

    @property
    def host(self) -> str:
        """Scheme, name and port: what every page must come from."""
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()


@dataclass(frozen=True)
class Limits:
    """Bounds of one pull."""

    pages: int = MAX_PAGES
    page_bytes: int = MAX_PAGE_BYTES
    total_bytes: int = MAX_TOTAL_BYTES
    seconds: float = MAX_SECONDS
    silence_seconds: float = MAX_SILENCE_SECONDS
    waits: tuple[float, ...] = RETRY_AFTER_SECONDS


@dataclass(frozen=True)
class Fetched:
    """What a server answered."""

    records: tuple[Any, ...]
    n_pages: int
    digest: str
    """Digest of the bytes, short."""
    told: tuple[str, ...]
    """What the server cannot tell."""


def read_address(url: str, kind: str = "") -> Address:
    """Return where the submissions are, from an address as a person copies it.

    Of ODK Central `.../v1/projects/N/forms/NAME.svc`, with or without /Submissions; of KoBoToolbox
    `.../api/v2/assets/UID`, with or without /data/. Raises FetchError for other addresses, for plain HTTP to
    another machine, and for one that holds a user or a password.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        is_plain = url.strip().isascii() and url.strip().isprintable() and " " not in url.strip()
        is_plain = is_plain and (parts.port is None or parts.port > 0)
    except ValueError:
        is_plain = False
    if not is_plain:
        raise _refuse(url, "is no address of a server", "write https://host/...")
    if kind and kind not in tuple(ServerKind):
        raise FetchError(
            "options", [Problem("--feed", f"'{kind[:40]}' is no server we know", "write odk or kobo")]
        )
    if parts.username or parts.password:
        raise FetchError(
            "address",
            [Problem("address", "holds a user or a password", f"put them into {_USER} and {_PASSWORD}")],
        )
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _refuse(url, "is no address of a server", "write https://host/...")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _refuse(url, "is not encrypted", "write https://; plain http is for this machine alone")
    if parts.query or parts.fragment:
        raise _refuse(url, "holds a query", "write it up to the question mark")
    path = parts.path.rstrip("/")
    chosen = kind or _guess_kind(path)
    if chosen == ServerKind.odk and path.removesuffix("/Submissions").endswith(".svc"):
        path = f"{path.removesuffix('/Submissions')}/Submissions"
    elif chosen == ServerKind.kobo and "/api/v2/assets/" in path:
        path = f"{path.removesuffix('/data')}/data/"
    else:
        hint = "ODK Central: .../v1/projects/N/forms/NAME.svc; KoBoToolbox: .../api/v2/assets/UID"
        raise _refuse(url, "is not where submissions are", hint)
    return Address(ServerKind(chosen), urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, "", "")))


def make_headers(kind: ServerKind, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that let us in, from a token or from a user with a password; none where none is set.

    Raises FetchError where a user has no password, or KoBoToolbox is to be asked without a token.
    """
    token, user = environment.get(_TOKEN, "").strip(), environment.get(_USER, "").strip()
    password = environment.get(_PASSWORD, "")
    if any(character in token for character in "\r\n") or not token.isascii():
        raise FetchError("credentials", [Problem(_TOKEN, "is no token", "copy it again, without line ends")])
    if token:
        return {"Authorization": f"{'Token' if kind is ServerKind.kobo else 'Bearer'} {token}"}
    if user and not password:
        problem = Problem(_PASSWORD, "is empty", f"set it, or {_TOKEN} instead")
        raise FetchError("credentials", [problem])
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
    return {}


def fetch_submissions(
    address: Address,
    *,
    headers: Mapping[str, str],
    since: datetime | None = None,
    limits: Limits = Limits(),
    page_size: int = PAGE_SIZE,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Return every submission that came or changed at `since` (UTC without zone) or later; all without it.

    Of ODK Central those it deleted too, where it tells. Raises FetchError, with what to do, for whatever the
    server does that it should not.
    """
    pull = _Pull(address, dict(headers), limits, sleep)
    if address.kind is ServerKind.kobo:
        query = {"format": "json", "limit": str(page_size)}
        if since is not None:
            query["query"] = json.dumps({"_submission_time": {"$gte": since.isoformat(timespec="seconds")}})
        pull.follow(query, records="results", following="next")
        return pull.fetched(())
    when = "" if since is None else f"{since.isoformat(timespec='milliseconds')}Z"
    query = {"$expand": "*", "$count": "true", "$top": str(page_size)}
    changed = f"__system/submissionDate ge {when} or __system/updatedAt ge {when}"
    pull.follow(query | ({"$filter": changed} if when else {}), records="value", following="@odata.nextLink")
    deleted = f"__system/deletedAt ge {when}" if when else "__system/deletedAt ne null"
    try:
        pull.follow(query | {"$filter": deleted}, records="value", following="@odata.nextLink")
    except _UnknownQuestionError:
        return pull.fetched(("the server does not tell which submissions it deleted",))
    return pull.fetched(())


class _UnknownQuestionError(Exception):
    """The server does not know a filter: an older version."""


@dataclass
class _Pull:
    """One pull in progress, with what is left of its bounds."""

    address: Address
    headers: dict[str, str]
    limits: Limits
    sleep: Callable[[float], None]
    records: list[Any] = field(default_factory=list)
    n_pages: int = 0
    n_bytes: int = 0
    ends_at: float = 0.0
    digest: Any = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self.ends_at = time.monotonic() + self.limits.seconds
        # No proxy stands between us and ourselves; redirects are answered below.
        is_here = _is_loopback(urllib.parse.urlsplit(self.address.url).hostname or "")
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self.opener = urllib.request.build_opener(_NoRedirect(), *proxies)

    def follow(self, query: Mapping[str, str], *, records: str, following: str) -> None:
        """Fetch a page and those that follow it."""
        url = f"{self.address.url}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"
        seen: set[str] = set()
        is_first = True
        while url:
            if url in seen:
                raise self.refuse("sends the same page again and again", "ask whoever runs the server")
            seen.add(url)
            if self.n_pages >= self.limits.pages:
                raise self.refuse(f"has more than {self.limits.pages:,} pages", "pull a period with --since")
            page = self.read_page(url, may_not_know=is_first and "deletedAt" in url)
            if not isinstance(page, dict) or not isinstance(page.get(records), list):
                raise self.refuse(f"answers without the list '{records}'", "check the address and --feed")
            self.records += page[records]
            self.n_pages += 1
            url, is_first = self.check_next(page.get(following)), False

    def check_next(self, url: Any) -> str:
        """Return the address of the next page; empty where there is none; FetchError for another host."""
        if not url:
            return ""
        full = host = ""
        if isinstance(url, str) and url.isascii() and url.isprintable():
            with suppress(ValueError):
                full = urllib.parse.urljoin(self.address.url, url.replace(" ", "%20"))
                parts = urllib.parse.urlsplit(full)
                host = f"{parts.scheme}://{parts.netloc}".lower()
        if host != self.address.host:
            raise self.refuse("names a next page on another host", "ask whoever runs the server")
        return full

    def read_page(self, url: str, *, may_not_know: bool) -> Any:
        """Return a page, asked for again where the server fails."""
        for wait in (*self.limits.waits, None):
            try:
                body = self.read_body(url)
                break
            except urllib.error.HTTPError as error:
                error.close()
                if may_not_know and error.code in (400, 404, 501):
                    raise _UnknownQuestionError from None
                if wait is None or error.code not in _TRY_AGAIN:
                    raise self.refuse_status(error.code) from None
            except (OSError, http.client.HTTPException) as error:
                if wait is None or isinstance(error, _TooMuchError):
                    raise self.refuse_failure(error) from None
            self.sleep(min(wait, max(self.ends_at - time.monotonic(), 0.0)))
        self.digest.update(body)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise self.refuse("answers with what is no JSON", "check the address; a log-in page?") from None

    def read_body(self, url: str) -> bytes:
        """Return the bytes of a page, within the bounds."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise _TooMuchError(f"takes longer than {self.limits.seconds:g} s")
        asked = urllib.request.Request(url, headers={**self.headers, "Accept": "application/json"})  # noqa: S310
        body = bytearray()
        with self.opener.open(asked, timeout=min(self.limits.silence_seconds, left)) as answer:
            if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise _TooMuchError("packs its answer though it was not asked to")
            # One read gives what has come: a server that drips is stopped by the clock.
            while block := answer.read1(_BLOCK):
                body += block
                if len(body) > self.limits.page_bytes:
                    raise _TooMuchError(f"sends more than {self.limits.page_bytes / 1e6:g} MB in one page")
                if self.n_bytes + len(body) > self.limits.total_bytes:
                    raise _TooMuchError(f"sends more than {self.limits.total_bytes / 1e6:g} MB")
                if time.monotonic() > self.ends_at:
                    raise _TooMuchError(f"takes longer than {self.limits.seconds:g} s")
        self.n_bytes += len(body)
        return bytes(body)

    def fetched(self, told: tuple[str, ...]) -> Fetched:
        """Return everything fetched."""
        digest = self.digest.hexdigest()[:DIGEST_CHARACTERS]
        return Fetched(tuple(self.records), self.n_pages, digest, told)

    def refuse(self, found: str, hint: str) -> FetchError:
        """Return the one error about this server."""
        return FetchError("submissions", [Problem(self.address.url, found, f"{hint}; nothing was taken")])

    def refuse_status(self, status: int) -> FetchError:
        """Return the error for a status that is none of success."""
        hints = {
            401: f"check {_TOKEN}, or {_USER} and {_PASSWORD}",
            403: "the account may not read the submissions of this form",
            404: "check the project and the name of the form in the address",
        }
        if 300 <= status < 400:
            return self.refuse(f"sends us elsewhere (status {status})", "write the address it sends to")
        n_tries = len(self.limits.waits) + 1
        again = f" after {n_tries} tries" if status in _TRY_AGAIN else ""
        return self.refuse(f"answers with status {status}{again}", hints.get(status, "try again later"))

    def refuse_failure(self, error: Exception) -> FetchError:
        """Return the error for a connection that failed."""
        if isinstance(error, _TooMuchError):
            return self.refuse(str(error), "pull a shorter period with --since")
        reason = getattr(error, "reason", error)
        told = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return self.refuse(f"cannot be read: {str(told)[:100]}", "check the address and the network")


class _TooMuchError(OSError):
    """The server goes beyond a bound; asking again would not help."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the header that lets us in must not go elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse; the status is told."""


def _guess_kind(path: str) -> str:
    if "/api/v2/assets/" in path:
        return ServerKind.kobo
    return ServerKind.odk


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(url: str, found: str, hint: str) -> FetchError:
    shown = "".join(c for c in url[:200] if c.isprintable())
    return FetchError("address", [Problem(shown, found, hint)])
