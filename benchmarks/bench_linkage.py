"""Link reports to incidents: the known pairs of two teams, and a long mission from store to store."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from book import HERE, NOT_INSTALLED, Row, Settings, is_installed, run_apart, seconds
from linkage_cases import make_reports

TITLE = "Linkage of reports"

GOAL_S = 300.0
GOAL_GB = 6.0
GOAL_RECALL = 0.95
GOAL_SIZE = 4.0
GOAL_TOP = 0.85
SEEDS = 6
PEER_LIMIT_S = 900.0


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for the quality on made pairs, beside rules of the field, and for the load."""
    rows = _quality_rows(range(settings.pick(2, SEEDS)))
    rows += _load_rows(settings.pick(100_000, 1_000_000))
    rows.append(_splink_row(settings.pick(20_000, 100_000)))
    return "635 made pairs with the published separations; a mission's posts, press and teams", rows


def _quality_rows(seeds: range) -> list[Row]:
    sys.path.insert(0, str(HERE.parent / "tests" / "unit" / "events"))
    from made_pairs import make_pairs, nearest_share, one_per_day_clusters, window_clusters

    from truceline.events.linkage_score import evaluate_linkage, make_point_reports

    ours, window, daily, naive = [], [], [], []
    for seed in seeds:
        made = make_pairs(seed)
        reports = make_point_reports(made.records)
        ours.append(evaluate_linkage(reports, made.pairs))
        window.append(evaluate_linkage(reports, made.pairs, incident_of=window_clusters(made)))
        daily.append(evaluate_linkage(reports, made.pairs, incident_of=one_per_day_clusters(made)))
        naive.append(nearest_share(made))

    def told(scores: list[Any], name: str) -> str:
        values = [getattr(score, name) for score in scores]
        return f"{np.mean(values):.3f} +/- {np.std(values):.3f}"

    recall, size, top = (
        float(np.mean([getattr(score, name) for score in ours]))
        for name in ("recall", "mean_size_of_pairs", "top_share")
    )
    n = f"{len(seeds)} seeds"
    return [
        Row(
            f"known pairs in one incident, {n}",
            told(ours, "recall"),
            f"1 km and 1 day: {told(window, 'recall')}; one a day: {told(daily, 'recall')}",
            f"precision {told(ours, 'precision')}, {told(window, 'precision')}, {told(daily, 'precision')}",
            f"at least {GOAL_RECALL}",
            recall >= GOAL_RECALL,
        ),
        Row(
            "reports in an incident that holds a known pair",
            told(ours, "mean_size_of_pairs"),
            f"1 km and 1 day: {told(window, 'mean_size_of_pairs')}",
            f"largest {max(s.largest for s in ours)} and {max(s.largest for s in window)}",
            f"at most {GOAL_SIZE:g}",
            size <= GOAL_SIZE,
        ),
        Row(
            "first candidate is a true partner",
            told(ours, "top_share"),
            f"nearest of the same day: {np.mean(naive):.3f} +/- {np.std(naive):.3f}",
            "",
            f"at least {GOAL_TOP}",
            top >= GOAL_TOP,
        ),
    ]


def _load_rows(n: int) -> list[Row]:
    spent = run_apart("bench_linkage", n, timeout_s=PEER_LIMIT_S)
    if "failed" in spent:
        return [Row(f"{n:,} reports linked, store to store", spent["failed"])]
    goal = f"under {GOAL_S:.0f} s and {GOAL_GB:g} GB"
    told = (
        f"{spent['incidents']:,} incidents, {spent['gb']:.1f} GB; {spent['recall']:.3f} of true pairs found"
    )
    met = spent["seconds"] < GOAL_S and spent["gb"] < GOAL_GB if n >= 1_000_000 else None
    return [
        Row(
            f"{spent['n']:,} reports linked, store to store",
            seconds(spent["seconds"]),
            "none does this",
            f"{told}, {spent['precision']:.3f} right; processor time {seconds(spent['cpu'])}",
            goal,
            met,
        )
    ]


def _splink_row(n: int) -> Row:
    what = f"{n:,} reports of the mission linked, in memory"
    if not is_installed("splink"):
        return Row(what, "", f"splink {NOT_INSTALLED}")
    made = run_apart("peer_splink", n, timeout_s=PEER_LIMIT_S)
    if "failed" in made:
        return Row(what, "", f"splink {made['failed']}")
    ours, peer = made["ours"], made["splink"]
    return Row(
        what,
        f"{seconds(ours['seconds'])}, recall {ours['recall']:.3f}, precision {ours['precision']:.3f}",
        f"splink {seconds(peer['seconds'])}, recall {peer['recall']:.3f}, precision {peer['precision']:.3f}",
        f"{peer['seconds'] / ours['seconds']:.1f} times as fast",
    )


def score_pairs(incident: Any, truth: Any) -> tuple[float, float]:
    """Return recall and precision over all pairs of reports."""

    def count(labels: Any) -> float:
        sizes = np.unique(labels, return_counts=True)[1].astype(float)
        return float((sizes * (sizes - 1) / 2).sum())

    width = int(np.max(truth)) + 1
    both = count(np.asarray(incident, dtype=np.int64) * width + truth)
    return both / count(truth), both / max(count(incident), 1.0)


def link_store(n: int) -> dict[str, float]:
    """Make a store of `n` reports, link it, and return time, memory and quality."""
    from truceline.events.schema import LINKS
    from truceline.monitor.linking import link_reports
    from truceline.store.open import create_store, open_store

    reports = make_reports(n)
    truth = reports["truth"].astype(int).to_numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watch.duckdb"
        with create_store(path) as store, store.change(who="bench", what="import") as change:
            change.add_reports(reports)
        ids = len(reports)
        del reports
        child = os.fork()
        if child == 0:
            # A process of its own, so that what made the reports does not count.
            with open_store(path, writing=True) as store:
                started, cpu = time.perf_counter(), time.process_time()
                link_reports(store, who="bench")
                spent = time.perf_counter() - started, time.process_time() - cpu
            (Path(folder) / "spent").write_text(f"{spent[0]} {spent[1]}")
            os._exit(0)
        _, _, used = os.wait4(child, 0)
        wall, cpu_s = map(float, (Path(folder) / "spent").read_text().split())
        with open_store(path) as store:
            links = store.read_current(LINKS, columns=("report_id", "incident_id"))
    incident = links["incident_id"].to_numpy(dtype=np.int64)
    recall, precision = score_pairs(incident, truth[links["report_id"].to_numpy(dtype=np.int64) - 1])
    return {
        "n": ids,
        "seconds": wall,
        "cpu": cpu_s,
        "gb": used.ru_maxrss / 1e6,
        "incidents": len(np.unique(incident)),
        "recall": recall,
        "precision": precision,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(link_store(int(sys.argv[1]))))
