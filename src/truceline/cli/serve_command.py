"""`truceline serve`: the mission's service over HTTP, until a signal ends it.

Parses options into the settings of `web`; needs the extra `service`. Secrets are never options: other users
of the machine read command lines.
"""

from __future__ import annotations

import re
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from truceline.cli._console import print_line
from truceline.cli._monitor_store import read_hours
from truceline.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from truceline.web.desk import Desk

_PASSWORD = re.compile(r"^[a-z+]+://[^/@]*:[^/@]+@")


class LogForm(StrEnum):
    """How log lines look."""

    json = "json"
    text = "text"


def serve(
    store: Annotated[
        str,
        typer.Argument(
            metavar="STORE",
            envvar="TRUCELINE_STORE",
            show_envvar=False,
            help="The store: a file, or postgresql://...; default: what TRUCELINE_STORE says.",
            show_default=False,
        ),
    ],
    api: Annotated[
        bool, typer.Option("--api", help="Serve the API: collections, reports in, decisions.")
    ] = False,
    host: Annotated[str, typer.Option(metavar="NAME", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")
    ] = 8080,
    open_: Annotated[
        bool, typer.Option("--open", help="Let anybody read what is public, without a key.")
    ] = False,
    delay: Annotated[
        str | None,
        typer.Option(
            metavar="HOURS",
            help="For how long an incident is not shown to the mission's own keys, such as '0 h'; "
            "by default as in exports. Nobody else is told sooner by it.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str, typer.Option(metavar="URL", help="Address that clients use, for links in answers.")
    ] = "",
    origin: Annotated[
        str, typer.Option(metavar="URL", help="Origin whose web pages may read answers; none by default.")
    ] = "",
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate chain as PEM.", show_default=False)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key as PEM.", show_default=False)
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy ends TLS and says who the client is.")
    ] = False,
    open_metrics: Annotated[
        bool, typer.Option("--open-metrics", help="Serve /metrics to everybody who can connect.")
    ] = False,
    max_body: Annotated[
        int, typer.Option(metavar="MIB", min=1, max=1024, help="Largest body of a request, mebibytes.")
    ] = 32,
    max_requests: Annotated[int, typer.Option(min=1, max=1000, help="Requests answered at once.")] = 64,
    rate: Annotated[
        float, typer.Option(min=0.1, max=100_000, help="Requests a second for one key, or one address.")
    ] = 50.0,
    burst: Annotated[int, typer.Option(min=1, max=100_000, help="Requests it may make at once.")] = 200,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, max=3600, help="Longest time to answer a request.")
    ] = 60.0,
    header_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=600, help="Time for the headers of a request.")
    ] = 10.0,
    body_grace: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, max=600, help="Time before the rate of a body counts."),
    ] = 10.0,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Processes that serve: 1 for a store in a file, else one for each core, up to 4.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            max=600,
            help="How long a request waits while another changes the store.",
        ),
    ] = 10.0,
    log_format: Annotated[
        LogForm, typer.Option(help="One line a request on the error stream.")
    ] = LogForm.json,
) -> None:
    """Run the mission's service: open standards out, reports in, for many desks at once."""
    if not api:
        problem = Problem("--api", "is not given, and there is nothing else to serve", "add --api")
        raise ScenarioError("serve", [problem])
    _check_urls(public_url, origin)
    _load_extra()
    from truceline.web.app import create_app
    from truceline.web.desk import Desk
    from truceline.web.logs import configure_logs
    from truceline.web.server import Listening, check_listening, run_service
    from truceline.web.settings import MEBIBYTE, ServiceSettings
    from truceline.web.workers import run_workers

    settings = ServiceSettings(
        open=open_,
        mission_delay=None if delay is None else read_hours(delay, "--delay"),
        public_url=public_url.rstrip("/"),
        origin=origin.rstrip("/"),
        behind_proxy=behind_proxy,
        open_metrics=open_metrics,
        max_body_bytes=max_body * MEBIBYTE,
        max_in_flight=max_requests,
        rate_per_s=rate,
        burst=burst,
        answer_timeout_s=timeout,
        header_timeout_s=header_timeout,
        body_grace_s=body_grace,
        store_wait_s=wait,
    )
    listening = Listening(host, port, tls_cert, tls_key)
    check_listening(settings, listening)
    if _PASSWORD.match(store):
        print_line("warning: other users of this machine can read the password on this command line; use")
        print_line("TRUCELINE_STORE, PGPASSWORD or a password file instead")
    n_workers = _count_workers(workers, store)
    configure_logs(log_format.value)
    if n_workers > 1:
        with closing(Desk(store, wait_s=wait)) as desk:
            _open_once(desk)
        run_workers(
            store,
            settings,
            listening,
            n=n_workers,
            log_form=log_format.value,
            tell=lambda url: _tell(url, open_),
        )
        return
    app = create_app(store, settings)
    try:
        _open_once(app.state.desk)
        run_service(app, settings, listening, tell=lambda url: _tell(url, open_))
    finally:
        app.state.desk.close()


def _count_workers(asked: int | None, store: str) -> int:
    """Return how many processes serve; ScenarioError for several of a store that one holds alone."""
    from truceline.store.open import is_on_server
    from truceline.web.workers import count_workers

    if is_on_server(store):
        return count_workers() if asked is None else asked
    if asked is not None and asked > 1:
        found = f"is {asked}, and a store in a file is held by one process"
        hint = "leave it out, or keep the store on a PostgreSQL server"
        raise ScenarioError("serve", [Problem("--workers", found, hint)])
    return 1


def _tell(url: str, is_open: bool) -> None:
    import sys

    print_line(f"Listening on {url}" + (" (open: what is public needs no key)" if is_open else ""))
    sys.stdout.flush()


def _open_once(desk: Desk) -> None:
    """Open the store before listening: what can never work is said here; a store that is down may come up."""
    from truceline.store.base import StoreUnavailableError

    try:
        desk.mission()
    except StoreUnavailableError as error:
        print_line(f"The store does not answer yet: {desk.hide(error.message())}")
        print_line("Starting all the same; requests are told to come again until it does")


def _check_urls(public_url: str, origin: str) -> None:
    problems = []
    for option, url in (("--public-url", public_url), ("--origin", origin)):
        if not url:
            continue
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            problems.append(Problem(option, f"'{url[:80]}' is no address", "write https://watch.example.org"))
        elif option == "--origin" and parts.path not in ("", "/"):
            problems.append(Problem(option, "has a path", "give scheme, name and port alone"))
    if problems:
        raise ScenarioError("serve", problems)


def _load_extra() -> None:
    """Raise ScenarioError where the libraries of the service are not installed."""
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        problem = Problem("serve", f"needs {error.name}", "pip install 'truceline[service]'")
        raise ScenarioError("serve", [problem]) from None
