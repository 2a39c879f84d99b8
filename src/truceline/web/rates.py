"""How many requests a caller may make: a bucket each, filled steadily, emptied by a request.

Knows names of callers and a clock, no HTTP.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

MOST_CALLERS = 10_000
"""Most callers remembered at once; whoever was seen longest ago is forgotten, with a full bucket."""
IPV6_PREFIX_BITS = 64
"""Bits of an IPv6 address that tell one client from another: the rest is the client's own choice."""


class Buckets:
    """A bucket of requests for each caller. Used from one thread."""

    def __init__(self, *, per_s: float, burst: int, clock: Callable[[], float]) -> None:
        """Fill each bucket by `per_s` a second up to `burst`; `clock` counts seconds."""
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> int:
        """Take one request and return 0, or return after how many whole seconds to come again."""
        now = self._clock()
        level, at = self._levels.pop(caller, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._per_s)
        allowed = level >= 1
        self._levels[caller] = (level - 1 if allowed else level, now)
        if len(self._levels) > MOST_CALLERS:
            self._levels.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - level) / self._per_s))


def name_address(host: str) -> str:
    """Return what one client is known by: its IPv4 address, or the network part of its IPv6 address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 4:
        return str(address)
    return str(ip_address(int(address) >> (128 - IPV6_PREFIX_BITS) << (128 - IPV6_PREFIX_BITS)))


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
