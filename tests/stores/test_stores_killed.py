"""Killed at any moment of an import, a store keeps what was committed and nothing by halves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from store_kinds import FilePlace, Place

from truceline.events.schema import CHANGES, LINKS, REPORTS
from truceline.store.base import Store

N_KILLS = 25
N_KILLS_ON_SERVER = 8
LONGEST_CHANGES = 1.5
"""A child is killed within the time that so many changes take on this machine."""
HERE = Path(__file__).parent


class Nursery:
    """A process that starts children which import, and tells what they print."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(HERE), *sys.path])
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "kill_nursery.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def kill_one(self, address: str, seed: int, after_s: float = np.inf) -> tuple[int, list[int]]:
        """Let a child import, and kill it after a time or, without one, after its third change.

        Returns how it ended and the changes it said were committed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{address} {seed}\n")
        self.process.stdin.flush()
        committed: list[int] = []
        child = 0
        for line in self.process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "ended":
                return int(rest), committed
            if word == "pid":
                child = int(rest)
                if after_s < np.inf:
                    Thread(target=kill_later, args=(child, after_s), daemon=True).start()
            elif line.endswith("\n"):
                committed.append(int(word))
                if len(committed) == 3 and after_s == np.inf:
                    os.kill(child, signal.SIGKILL)
        raise AssertionError("the nursery ended by itself")


def kill_later(process: int, after_s: float) -> None:
    time.sleep(after_s)
    os.kill(process, signal.SIGKILL)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.process.communicate(timeout=30)


def check_whole(store: Store, committed: set[int]) -> int:
    """Check that every change is there whole, the committed ones among them; return how many there are."""
    changes = store.read(CHANGES)
    numbers = changes["change_id"].tolist()
    assert numbers == list(range(1, len(numbers) + 1))
    assert committed <= set(numbers)
    for table in (REPORTS, LINKS):
        written = store.read(table, columns=["change_id"])["change_id"].value_counts().to_dict()
        told = {
            number: json.loads(details)[table.name]
            for number, details in zip(numbers, changes["details"], strict=True)
        }
        assert written == {number: n_rows for number, n_rows in told.items() if n_rows}
    reports = store.read(REPORTS, columns=["report_id", "key", "digest", "supersedes"])
    assert reports["report_id"].tolist() == list(range(1, len(reports) + 1))
    assert len(store.read_current(REPORTS, columns=["key"])) == reports["key"].nunique()
    links = store.read(LINKS, columns=["report_id", "incident_id"])
    newest = links.drop_duplicates("report_id", keep="last").sort_values("report_id")
    current = store.read_current(LINKS, columns=["report_id", "incident_id"])
    assert current["report_id"].tolist() == newest["report_id"].tolist()
    assert current["incident_id"].tolist() == newest["incident_id"].tolist()
    return len(numbers)


def test_killed_at_any_moment_nothing_committed_is_lost_and_nothing_is_there_by_halves(
    place: Place, nursery: Nursery
) -> None:
    place.create().close()
    n_kills = N_KILLS if isinstance(place, FilePlace) else N_KILLS_ON_SERVER
    started = time.monotonic()
    status, said = nursery.kill_one(place.address, 0)
    change_s = (time.monotonic() - started) / 3
    committed = set(said)
    n_mid_change = 0
    for number, share in enumerate(np.random.default_rng(20250420).random(n_kills), start=1):
        status, said = nursery.kill_one(place.address, number, share * LONGEST_CHANGES * change_s)
        assert status == -signal.SIGKILL
        committed |= set(said)
        place.settle()
        with place.open() as store:
            n_changes = check_whole(store, committed)
        assert n_changes <= len(committed) + 1
        committed |= set(range(1, n_changes + 1))
        n_mid_change += bool(said)
    assert n_mid_change >= n_kills // 4, "most children were killed before they wrote anything"
    with place.open(writing=True) as store:
        check_whole(store, committed)
    assert place.list_leftovers() == []
