"""Start a child for every line "address seed" read, without loading the libraries again each time.

Prints "pid N" for a child and "ended STATUS" when it is gone. The parent opens no store: a database does not
survive a fork.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress

import importing_child

from truceline.store import duckdb_store, postgis_store

assert duckdb_store  # loaded before the children are made
assert postgis_store


def main() -> None:
    """Serve until the input ends."""
    import duckdb  # noqa: F401
    import pandas as pd  # noqa: F401

    with suppress(ImportError):
        import psycopg  # noqa: F401

    while line := sys.stdin.readline():
        address, seed = line.rstrip("\n").rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            try:
                importing_child.import_until_killed(address, int(seed))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        print(f"pid {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
