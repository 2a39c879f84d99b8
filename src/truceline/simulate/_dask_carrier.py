"""Bring a function with all that it holds to every worker once, and run it there by its name.

Sent along with every piece instead, a plan of half a megabyte would be kept by the scheduler hundreds of
times. A worker that is started in place of a dead one is given it before it is given work. Imported only
where Dask is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distributed import WorkerPlugin

_CARRIED: dict[str, Callable[[Any], Any]] = {}


class Carrier(WorkerPlugin):
    """Holds a function and puts it where `run_carried` finds it."""

    def __init__(self, name: str, function: Callable[[Any], Any]) -> None:
        self.name = name
        self.function = function

    def setup(self, worker: Any) -> None:
        """Keep the function; called on every worker, new ones too."""
        _CARRIED[self.name] = self.function

    def teardown(self, worker: Any) -> None:
        """Forget the function."""
        _CARRIED.pop(self.name, None)


def run_carried(name: str, piece: Any) -> Any:
    """Run the function of that name on a piece."""
    return _CARRIED[name](piece)
