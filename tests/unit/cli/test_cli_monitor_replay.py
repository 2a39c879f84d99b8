"""`truceline monitor trend` and `replay` on a small made store: what is printed, and what is left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_inputs import run_command

from truceline.events.frames import make_frame
from truceline.events.schema import REPORTS
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.open import create_store

TRUCE = datetime(2025, 4, 20)
FIRST = TRUCE - timedelta(days=40)
LAST = TRUCE + timedelta(days=2)
HEAD = "truce,theatre,name,starts_local,ends_local,zone,scope,declared_by,is_verified,seen\n"
KNOWN = "made,X,Made truce,2025-04-19T18:00,2025-04-21T00:00,Europe/Kyiv,general,x,yes,\n"
PERIOD = ("--from", "2025-04-18", "--to", "2025-04-21")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUCELINE_NOW", "2025-04-22T12:00")


def make_rows(kind: str, usual: int, *, source: str, means: str, seed: int) -> pd.DataFrame:
    """Return reports of one kind, received an hour after; hardly any on the day of the truce."""
    rng = np.random.default_rng(seed)
    rows = []
    day = FIRST
    while day <= LAST:
        n = 1 if day == TRUCE else usual + int(rng.integers(-2, 3))
        for number in range(n):
            start = day + timedelta(minutes=30 * number)
            rows.append((f"{kind}-{day:%m%d}-{number}", start, 36.0 + 0.2 * number))
        day += timedelta(days=1)
    keys, starts, lons = zip(*rows, strict=True)
    moments = pd.Series(starts)
    columns = {
        "key": list(keys), "digest": list(keys), "lon": list(lons), "lat": 48.0, "feed": source,
        "source": source, "means": means, "observation": "told", "kind": kind, "region": "Donetsk",
        "time_from": moments, "time_to": moments + pd.Timedelta(minutes=1),
        "received_at": moments + pd.Timedelta(hours=1), "time_precision": "minute", "sigma_m": 500.0,
        "sigma_across_m": 500.0, "axis_deg": 0.0, "place_precision": "exact", "flags": 0,
    }  # fmt: skip
    return make_frame(REPORTS, columns)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store of six weeks with a truce day; only read."""
    path = tmp_path_factory.mktemp("past") / "mission.duckdb"
    with create_store(path) as made:
        with made.change(who="test", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
            change.add_reports(make_rows("shelling", 12, source="press", means="press", seed=1))
            alerts = make_rows("air_alert", 20, source="alerts", means="alert_system", seed=2)
            change.add_reports(alerts)
        link_reports(made, who="test")
    return path


def line_with(said: str, start: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(start))


class TestReplay:
    def test_it_scores_what_was_said_and_what_the_naive_rule_says(self, store: Path) -> None:
        Path("mine.csv").write_text(HEAD + KNOWN, encoding="utf-8")
        said = run_command(
            "monitor", "replay", store, *PERIOD, "--truces", "mine.csv", "--keep", "kept.duckdb"
        )
        score = "1 of 1 truce days found (100 %), 0 false in 1 days (0.0 in a hundred)"
        assert line_with(said, "Ours:").startswith(f"Ours: {score}")
        assert line_with(said, "Naive:").startswith(f"Naive: {score}")
        assert "2 days left out (under a truce in part)" in line_with(said, "Naive:")
        assert "Naive is alerts below 0.6 of the median of the 14 days before." in said
        assert "general truce" in line_with(said, "2025-04-20")
        assert Path("kept.duckdb").is_file()
        assert "is there already" in run_command(
            "monitor", "replay", store, *PERIOD, "--keep", "kept.duckdb", code=2
        )
        assert Path("kept.duckdb").is_file()

    def test_where_no_truce_was_the_naive_rule_is_scored_by_its_false_days(self, store: Path) -> None:
        Path("none.csv").write_text(HEAD, encoding="utf-8")
        said = run_command("monitor", "replay", store, *PERIOD, "--truces", "none.csv")
        assert line_with(said, "Naive:") == "Naive: no truce day, 1 false in 4 days (25.0 in a hundred)"

    def test_one_that_fails_leaves_nothing_behind(self, store: Path) -> None:
        wanted = ("--from", "2031-01-01", "--to", "2031-01-02", "--keep", "kept.duckdb")
        assert "holds no report" in run_command("monitor", "replay", store, *wanted, code=2)
        assert list(Path().iterdir()) == []

    def test_a_table_of_truces_that_is_not_there_is_one_message(self, store: Path) -> None:
        said = run_command("monitor", "replay", store, *PERIOD, "--truces", "nofile.csv", code=2)
        assert "nofile.csv  cannot be read" in said
        assert "Traceback" not in said


class TestTrend:
    def test_a_day_that_is_still_to_come_is_not_shown(self, store: Path) -> None:
        said = run_command("monitor", "trend", store, "--until", "2025-04-25", "--days", "7")
        assert "2025-04-15 to 2025-04-21" in said
        assert "Nobody reported" not in said

    def test_a_day_that_is_over_is_the_last(self, store: Path) -> None:
        said = run_command("monitor", "trend", store, "--until", "2025-04-20", "--days", "7")
        assert "2025-04-14 to 2025-04-20" in said
        assert "General truce day" not in line_with(said, "2025-04-14")
