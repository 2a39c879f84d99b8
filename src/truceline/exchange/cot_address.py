"""Addresses of peers that speak Cursor on Target (tcp://host:port, tls://host:port), and the rules of TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from truceline.errors import Problem, ProblemList, ScenarioError

DEFAULT_PORTS = {"tcp": 8087, "tls": 8089}
"""Ports that clients of the TAK family try first."""


@dataclass(frozen=True)
class Address:
    """Where a peer is, or where we listen."""

    scheme: str
    """tcp, or tls."""
    host: str
    port: int

    @property
    def is_tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        return self.scheme == "tls"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def is_address(word: str) -> bool:
    """Tell whether a word is meant as an address, not as a file."""
    return "://" in word


def parse_address(word: str, *, where: str) -> Address:
    """Return an address as typed; ScenarioError, with `where` as its place, for one that cannot be."""
    hint = "write tcp://HOST:PORT or tls://HOST:PORT"
    try:
        parts = urlsplit(word)
        port = parts.port
    except ValueError:
        raise ScenarioError("options", [Problem(where, "is no address", hint)]) from None
    scheme = {"ssl": "tls"}.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ScenarioError("options", [Problem(where, f"'{scheme}://...' is no such address", hint)])
    if parts.username or parts.password:
        found = "holds a name or a password"
        raise ScenarioError("options", [Problem(where, found, "leave it out: certificates say who you are")])
    return Address(scheme, parts.hostname, DEFAULT_PORTS[scheme] if port is None else port)


def make_server_tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    """Return how to answer by TLS (1.2 or later); with `client_ca`, peers must show a certificate of its.

    Raises ScenarioError for files that are missing, unreadable or do not belong together.
    """
    if cert is None:
        problem = Problem("--tls-cert", "is not given", "a tls:// address to listen at needs a certificate")
        raise ScenarioError("options", [problem])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    problems = ProblemList()
    _load_chain(context, cert, key, problems)
    if client_ca is not None:
        _load_authority(context, client_ca, "--client-ca", problems)
        context.verify_mode = ssl.CERT_REQUIRED
    problems.raise_if_any(ScenarioError, "certificates")
    return context


def make_client_tls(cert: Path | None, key: Path | None, server_ca: Path | None) -> ssl.SSLContext:
    """Return how to call by TLS (1.2 or later): the server's name and certificate are always checked.

    `server_ca` takes the place of the authorities that the machine trusts; `cert` says who we are.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    problems = ProblemList()
    if server_ca is not None:
        _load_authority(context, server_ca, "--server-ca", problems)
    else:
        context.load_default_certs()
    if cert is not None:
        _load_chain(context, cert, key, problems)
    problems.raise_if_any(ScenarioError, "certificates")
    return context


def _load_chain(context: ssl.SSLContext, cert: Path, key: Path | None, problems: ProblemList) -> None:
    try:
        # Without a password given, the library would ask on the terminal.
        context.load_cert_chain(cert, key, password="")
    except OSError as error:  # SSLError is one
        hint = "give a certificate and its key, both PEM, the key without a password"
        problems.add(str(cert), f"cannot be used: {_reason(error)}", hint)


def _load_authority(context: ssl.SSLContext, path: Path, option: str, problems: ProblemList) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:
        problems.add(f"{option} {path}", f"cannot be used: {_reason(error)}", "give certificates as PEM")


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM, or no key that can be read").replace("_", " ").lower()
    return (error.strerror or str(error)).lower()
