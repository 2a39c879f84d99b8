"""How a service is run: what it opens, to whom, and the limits it keeps.

Every limit is the operator's to change by an option of `truceline serve`; the defaults suit one machine with
two cores and desks behind a proxy.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

MEBIBYTE = 2**20


@dataclass(frozen=True)
class ServiceSettings:
    """What an operator decides about a service."""

    api: bool = True
    """Serve the OGC API Features routes."""
    open: bool = False
    """Let callers without a key read what is public."""
    mission_delay: timedelta | None = None
    """Time for which an incident is not shown to the mission's own keys; None: as in exports."""
    public_url: str = ""
    """Address under which clients reach the service, without a slash at its end; for links in answers."""
    origin: str = ""
    """Web origin whose pages may read answers in a browser; empty: none."""
    behind_proxy: bool = False
    """A proxy on this machine ends TLS and names the client in X-Forwarded-For."""
    open_metrics: bool = False
    """Serve the metrics to everybody, not to this machine and to admins alone."""
    max_body_bytes: int = 32 * MEBIBYTE
    """Largest body of a request."""
    max_target_bytes: int = 8192
    """Longest path with query string."""
    max_json_depth: int = 32
    """Deepest nesting of a JSON body."""
    max_in_flight: int = 64
    """Requests answered at once; more are told to come again."""
    rate_per_s: float = 50.0
    """Requests a second that one key (or, without a key, one address) may make in the long run."""
    burst: int = 200
    """Requests that it may make at once."""
    header_timeout_s: float = 10.0
    """Time within which the headers of a request must be complete."""
    body_grace_s: float = 10.0
    """Time a body may take whatever its size, before its rate counts."""
    min_body_bytes_per_s: int = 1024
    """Slowest body that is waited for, after the grace."""
    answer_timeout_s: float = 60.0
    """Time after which a request is answered with 503, and a client that does not read is cut off."""
    store_wait_s: float = 10.0
    """How long a request waits while another changes the store."""
    key_cache_s: float = 5.0
    """Time for which a key that was found good is not looked up again: revoking takes effect within it."""
    stop_s: float = 20.0
    """Time that requests under way have to end when the service stops."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """By which names of effort are hidden outside the mission: the same in all processes of one service."""
