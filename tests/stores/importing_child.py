"""Import in a loop until killed: run by `kill_nursery`, which the test of killing starts.

Every change writes several chunks of reports, some of them corrections, and links; its details say how many
rows it wrote to each table. The number of a change is printed after it was committed.
"""

from __future__ import annotations

import sys

import numpy as np

from truceline.events.frames import make_frame
from truceline.events.schema import LINKS, REPORTS
from truceline.store.base import Store
from truceline.store.open import open_store


def import_until_killed(address: str, seed: int) -> None:
    """Import, closing the store now and then, so that merging into the one file is met too."""
    random = np.random.default_rng(seed)
    while True:
        with open_store(address, writing=True, threads=1) as store:
            for _ in range(random.integers(1, 4)):
                print(import_once(store, random), flush=True)


def import_once(store: Store, random: np.random.Generator) -> int:
    """Make one change and return its number."""
    n_reports = n_links = 0
    with store.change(who="child", what="import") as change:
        for _ in range(random.integers(1, 4)):
            n_rows = int(random.integers(1, 800))
            columns = {
                "feed": "own",
                "key": random.integers(0, 5_000, n_rows).astype(str),
                "digest": random.integers(0, 3, n_rows).astype(str),
                "text": "words " * 20,
            }
            added = change.add_reports(make_frame(REPORTS, columns))
            n_reports += added.n_new + added.n_corrected
            links = {"report_id": random.integers(1, 500, 100), "incident_id": change.reserve("incident", 1)}
            n_links += change.append(LINKS, make_frame(LINKS, links))
        change.note({"reports": n_reports, "links": n_links})
    return change.change_id


if __name__ == "__main__":
    import_until_killed(sys.argv[1], int(sys.argv[2]))
