"""Totals over long periods: added up by the store, and the same as counting every row."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from day_sample import MISSION, Days, start_store
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.schema import INCIDENTS, VERIFICATIONS
from truceline.monitor.day_counts import choose_rows, read_judged, tally_frame
from truceline.monitor.day_totals import find_busy_nights, find_first_night, tally_totals, total_violations

START, END = datetime(2025, 3, 20), datetime(2025, 4, 10)
"""Clocks were changed on 30 March."""
CLAUSES = (("general", "ceasefire"), ("general", "heavy weapons"), ("energy", "no strikes"))
NOTHING = float("nan")

drawn_incidents = st.lists(
    st.fixed_dictionaries(
        {
            "time_from": st.integers(0, 20 * 48).map(lambda n: START + timedelta(minutes=30 * n)),
            "region": st.sampled_from(["Donetsk", "Luhansk Oblast", "Odesa"]),
            "kind": st.sampled_from(["explosion", "shelling", "shot", "uav_flight"]),
            "phase": st.sampled_from(["", "impact"]),
            "count_unit": st.sampled_from(["", "explosions"]),
            "count_low": st.sampled_from([NOTHING, 0.0, 1.4]),
            "count_best": st.sampled_from([NOTHING, 1.5, 4.0]),
            "count_high": st.sampled_from([NOTHING, 4.2, 9.0]),
            "flags": st.sampled_from([0, int(Flag.exercise)]),
            "clauses": st.lists(
                st.sampled_from([*CLAUSES, ("general", "ceasefire", "unclear")]), unique_by=lambda c: c[:2]
            ).map(tuple),
        }
    ),
    max_size=14,
)


def withdraw(days: Days, merged: list[int], refuted: list[int]) -> None:
    """Merge some incidents into number 1 and refute others, without judging again."""
    with days.store.change(who="t", what="review") as change:
        if merged:
            rows = days.store.read_current(INCIDENTS)
            rows = rows[rows["incident_id"].isin(merged)].drop(columns="change_id")
            change.append(INCIDENTS, rows.assign(merged_into=np.ones(len(rows), dtype=np.int64)))
        for number in refuted:
            row = {"incident_id": [number], "status": ["refuted"]}
            change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))


@settings(max_examples=8, deadline=None)
@given(incidents=drawn_incidents, include=st.booleans(), data=st.data())
def test_the_store_adds_up_what_counting_every_row_gives(
    tmp_path_factory: pytest.TempPathFactory, incidents: list[dict[str, Any]], include: bool, data: Any
) -> None:
    store, days = start_store(tmp_path_factory.mktemp("totals"))
    with store:
        numbers = days.add(incidents)
        gone = data.draw(st.lists(st.sampled_from(numbers), unique=True, max_size=4)) if numbers else []
        withdraw(days, [n for n in gone[::2] if n != 1], gone[1::2])
        judged = read_judged(store, START, END, MISSION)
        judged = judged[judged["verdict"] == "violation"]
        for agreement in ("", "general", "energy"):
            rows = judged[judged["agreement"] == agreement] if agreement else judged
            slow = choose_rows(rows)
            fast = total_violations(
                store, START, END, MISSION, include_exercises=include, agreement=agreement
            )
            assert tally_totals(fast) == tally_frame(slow, include_exercises=include)
            counted = slow if include else slow[~slow["is_exercise"]]
            by_area = fast.groupby("area")["best"].sum().to_dict()
            assert by_area == counted.groupby("area")["best"].sum().to_dict()
        nights = {stamp.date() for stamp in judged.loc[include | ~judged["is_exercise"], "night"]}
        busy = find_busy_nights(
            store, date(2025, 3, 20), date(2025, 4, 9), MISSION, include_exercises=include
        )
        assert busy == {night for night in nights if night <= date(2025, 4, 9)}


def test_a_single_clause_reads_no_rows_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, days = start_store(tmp_path)
    with store:
        days.add([{"time_from": START + timedelta(hours=n)} for n in range(5)])
        read = store.read_current
        tables: list[str] = []
        monkeypatch.setattr(
            store, "read_current", lambda t, *a, **k: tables.append(t.name) or read(t, *a, **k)
        )
        totals = total_violations(store, START, END, MISSION, include_exercises=True)
    assert int(totals["best"].sum()) == 5
    assert tables == ["incidents", "verifications"]  # those merged and refuted, of which there are none


class TestNights:
    @pytest.mark.parametrize("day", [date(2025, 3, 29), date(2025, 3, 30), date(2025, 3, 31)])
    @pytest.mark.parametrize("edge", ["first", "last"])
    def test_edges_of_days_round_the_change_of_clocks(self, tmp_path: Path, day: date, edge: str) -> None:
        since, until = MISSION.period(datetime.combine(day, datetime.min.time()))
        at = since if edge == "first" else until - timedelta(microseconds=1)
        store, days = start_store(tmp_path)
        with store:
            days.add([{"time_from": at}])
            first, last = date(2025, 3, 25), date(2025, 4, 5)
            assert find_busy_nights(store, first, last, MISSION, include_exercises=True) == {day}
            assert find_first_night(store, START, END, MISSION) == day

    def test_in_autumn_a_day_of_25_hours_is_one_day(self, tmp_path: Path) -> None:
        day = date(2025, 10, 26)
        since, until = MISSION.period(datetime.combine(day, datetime.min.time()))
        assert until - since == timedelta(hours=25)
        store, days = start_store(tmp_path)
        with store:
            days.add([{"time_from": since}, {"time_from": until}])
            span = (date(2025, 10, 20), date(2025, 11, 2))
            busy = find_busy_nights(store, *span, MISSION, include_exercises=True)
        assert busy == {day, day + timedelta(days=1)}

    def test_nothing_judged_has_no_first_night(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{"time_from": START, "clauses": (("general", "ceasefire", "allowed"),)}])
            assert find_first_night(store, START, END, MISSION) is None
