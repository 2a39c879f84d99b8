"""Run `truceline` in children that start without loading the libraries again: to be killed, many times.

Started by the tests as a program. Each line read is a JSON list: the words of a command, a file for what it
prints and one for its errors; answered by the number of the process. An empty list waits for the last child
and is answered by how it ended, as `subprocess` puts it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass
class Child:
    """A command under way."""

    nursery: Nursery
    pid: int
    out: Path
    errors: Path

    def kill(self) -> None:
        """End it as a power cut would; nothing happens where it has ended."""
        os.kill(self.pid, 9)  # not waited for yet: the number is still its own

    def wait(self) -> int:
        """Return how it ended."""
        return int(self.nursery.ask([]))


class Nursery:
    """The parent of children that run commands, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._n_children = 0
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "fault_nursery.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *words: str) -> Child:
        """Start `truceline WORDS...`."""
        self._n_children += 1
        out, errors = (self._folder / f"child-{self._n_children}.{kind}" for kind in ("out", "err"))
        out.touch()
        return Child(self, int(self.ask([list(words), str(out), str(errors)])), out, errors)

    def ask(self, order: Any) -> str:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery ended by itself"
        return answer

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=30)


def main() -> None:
    """Serve until the input ends."""
    import fastapi  # noqa: F401
    import pandas  # noqa: F401
    import psycopg  # noqa: F401
    import uvicorn  # noqa: F401

    from truceline.cli import main as program
    from truceline.events.feeds import registry  # noqa: F401
    from truceline.monitor import importing  # noqa: F401
    from truceline.store import postgis_store  # noqa: F401
    from truceline.web import app  # noqa: F401

    child = 0
    while line := sys.stdin.readline():
        if not (order := json.loads(line)):
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            words, out, errors = order
            with open(out, "wb") as a, open(errors, "wb") as b, open(os.devnull, "rb") as c:  # noqa: PTH123
                for file, number in ((c, 0), (a, 1), (b, 2)):
                    os.dup2(file.fileno(), number)
            sys.argv = ["truceline", *words]
            code: Any = 1
            try:
                code = program.run() or 0
            except SystemExit as end:
                code = end.code or 0
            finally:
                sys.stdout.flush()
                os._exit(code if isinstance(code, int) else 1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
