"""The benchmark of the simulation: its line is the same each time, and peers that are not there are told."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from truceline.simulate.watch import make_watch

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("bench_simulate")


def test_the_line_is_the_same_each_time_and_can_be_watched(bench: Any) -> None:
    first, again = (make_watch(**bench.make_arrays()) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    assert (first.n_bins, len(first.sector_names)) == (1068, 10)
    assert 0.4 < first.average("detect", np.eye(5)[0]) < first.average("detect", np.eye(5)[3]) < 1.0
    coarse = make_watch(**bench.make_arrays(40))
    assert coarse.length_km == pytest.approx(first.length_km)


def test_a_peer_that_is_not_there_is_told(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "is_installed", lambda name: False)
    told = bench._tell_peers(("tick", "hawkesbook"), "likelihood", 100, tell=str)
    assert told == "tick not installed: skipped; hawkesbook not installed: skipped"


def test_our_likelihood_is_measured_without_any_peer(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "is_installed", lambda name: False)
    row = bench._likelihood_row(2_000)
    assert row.ours.endswith("M/s (one thread)")
    assert row.goal == "20 M/s"


def test_peers_are_imported_only_in_processes_of_their_own(bench: Any) -> None:
    assert not {"mesa", "tick", "hawkesbook"} & set(sys.modules)
    assert not hasattr(bench, "mesa")
