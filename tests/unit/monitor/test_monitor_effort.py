"""The effort of a period read from a store, and the chances of noticing read from a plan's folder."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from truceline.errors import OutputError
from truceline.events.frames import make_frame
from truceline.events.rates import correct_rate
from truceline.events.schema import EFFORTS
from truceline.monitor.effort import day_ending, list_cutoffs, measure_effort, read_posture_chances
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.open import create_store

SINCE = datetime(2025, 2, 10, 17, 30)  # 19:30 in Kyiv
UNTIL = SINCE + timedelta(days=2)


@pytest.fixture
def store(tmp_path: Path):
    with create_store(tmp_path / "watch.truceline") as store:
        with store.change(who="test", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        yield store


def add_efforts(
    store, rows: list[tuple[str, int, int, str, str]], regions: str | list[str] = "Donetsk"
) -> None:
    with store.change(who="test", what="effort") as change:
        columns = {
            "key": [str(number) for number in range(len(rows))],
            "post": [row[0] for row in rows],
            "time_from": [SINCE + timedelta(hours=row[1]) for row in rows],
            "time_to": [SINCE + timedelta(hours=row[2]) for row in rows],
            "state": [row[3] for row in rows],
            "cause": [row[4] for row in rows],
            "means": "post",
            "region": regions,
        }
        change.append(EFFORTS, make_frame(EFFORTS, columns))


def test_the_effort_of_a_period_has_its_reporting_days_hours_and_losses(store) -> None:
    add_efforts(store, [("P1", 0, 48, "watched", ""), ("P1", 30, 36, "denied", "armed men at the bridge")])
    effort = measure_effort(store, SINCE, UNTIL)
    donetsk = effort.exposure[effort.exposure["region"] == "Donetsk"]
    assert effort.days == (date(2025, 2, 11), date(2025, 2, 12))
    assert donetsk["hours_watched"].tolist() == [24.0, 18.0]
    assert donetsk["hours_lost"].tolist() == [0.0, 6.0]
    assert effort.is_kept_out
    assert effort.sentences() == (
        "Watched for 42 hours; 6 hours of watching were lost.",
        "Donetsk: P1 denied for 6.0 hours (armed men at the bridge).",
    )


def test_a_region_of_effort_has_the_name_the_mission_gives_it(store) -> None:
    add_efforts(
        store, [("P1", 0, 24, "watched", ""), ("P2", 0, 12, "down", "")], ["Donetsk Oblast", "Luhansk obl"]
    )
    effort = measure_effort(store, SINCE, UNTIL)
    assert set(effort.hours["region"]) == {"Donetsk", "Luhansk"}
    assert set(effort.exposure["region"]) == {region.name for region in load_mission("ukraine-2025").regions}
    assert effort.losses["region"].tolist() == ["Luhansk"]
    assert effort.watched("Donetsk", 3).share > 0


def test_who_was_kept_out_is_told_by_region(store) -> None:
    add_efforts(
        store,
        [("P1", 0, 24, "watched", ""), ("P1", 3, 5, "down", ""), ("P2", 0, 12, "jammed", "")],
        ["Donetsk", "Donetsk", "Luhansk"],
    )
    effort = measure_effort(store, SINCE, UNTIL)
    assert effort.is_kept_out
    assert effort.is_kept_out_of("Luhansk")
    assert not effort.is_kept_out_of("Donetsk")


def test_the_effort_of_some_days_is_that_of_their_own_period(store) -> None:
    add_efforts(store, [("P1", 0, 40, "watched", ""), ("P1", 6, 30, "denied", "armed men")])
    whole = measure_effort(store, SINCE, UNTIL)
    for number, day in enumerate(whole.days):
        start = SINCE + timedelta(days=number)
        alone, part = measure_effort(store, start, start + timedelta(days=1)), whole.on([day])
        assert (part.since, part.until, part.days) == (alone.since, alone.until, alone.days)
        assert part.sentences() == alone.sentences()
        assert part.watched("Donetsk", 5) == alone.watched("Donetsk", 5)


def test_of_many_losses_the_rest_is_summed(store) -> None:
    add_efforts(store, [(f"P{n}", 0, 12 - n, "down", "") for n in range(4)])
    said = measure_effort(store, SINCE, UNTIL).sentences(most=2)
    assert said[1:] == (
        "Donetsk: P0 down for 12.0 hours.",
        "Donetsk: P1 down for 11.0 hours.",
        "And 2 more such losses, 19.0 hours together.",
    )


def test_a_rate_from_a_store_is_the_count_over_what_could_be_noticed(store) -> None:
    add_efforts(store, [("P1", 0, 24, "watched", "")])
    effort = measure_effort(store, SINCE, UNTIL)
    watched = effort.watched("Donetsk", 9)
    mean_share = effort.exposure[effort.exposure["region"] == "Donetsk"]["share"].mean()
    assert watched.days == 2
    assert correct_rate(watched, size_per_day=0.6).per_day == pytest.approx(9 / (2 * mean_share))


def test_without_effort_it_says_so(store) -> None:
    effort = measure_effort(store, SINCE, UNTIL)
    assert not effort.is_recorded
    assert not effort.is_kept_out
    assert "cannot be corrected" in effort.sentences()[0]


def test_reporting_days_are_cut_at_the_cutoff_also_when_clocks_change() -> None:
    mission = load_mission("ukraine-2025")
    ends = list_cutoffs(mission, datetime(2025, 3, 29, 17, 30), datetime(2025, 3, 31, 16, 30))
    assert [(b - a).total_seconds() / 3600 for a, b in pairwise(ends)] == [23.0, 24.0]
    assert day_ending(mission, ends[1]) == date(2025, 3, 30)
    assert day_ending(mission, ends[1] + timedelta(seconds=1)) == date(2025, 3, 31)


def write_plan(folder: Path, detection: str) -> Path:
    (folder / "tables").mkdir(parents=True)
    (folder / "plan.json").write_text('{"posture": "observers"}', encoding="utf-8")
    (folder / "tables" / "detection.csv").write_text(detection, encoding="utf-8")
    return folder


def test_a_plan_says_how_much_its_posture_would_notice(tmp_path: Path, store) -> None:
    table = (
        "posture,by,which,weight_share,detect_share,verify_share,attribute_share\n"
        "observers,all,all,1,0.6,0.3,0\nobservers,kind,mortar,0.5,0.9,0.3,0\n"
        "observers,sector,Donetsk,,0.5,0.3,0\n"
    )
    chances = read_posture_chances(write_plan(tmp_path / "plan", table))
    assert chances["Donetsk", "fire"][0] == pytest.approx(0.75)
    add_efforts(store, [("P1", 0, 48, "watched", ""), ("P2", 0, 48, "watched", "")])
    effort = measure_effort(store, SINCE, UNTIL, chances=chances)
    assert effort.exposure[effort.exposure["region"] == "Donetsk"]["share"].tolist() == pytest.approx(
        [0.75, 0.75]
    )


def test_a_folder_that_is_no_plan_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be read; name the folder of a plan"):
        read_posture_chances(tmp_path / "nothing")
    plan = write_plan(tmp_path / "plan", "posture,by,which,weight_share,detect_share\nother,all,all,1,0.6\n")
    with pytest.raises(OutputError, match="has no posture 'observers'; choose one of: other"):
        read_posture_chances(plan)
    bad = write_plan(
        tmp_path / "bad", "posture,by,which,weight_share,detect_share\nobservers,all,all,1,much\n"
    )
    with pytest.raises(OutputError, match="is not a table of detection"):
        read_posture_chances(bad)
