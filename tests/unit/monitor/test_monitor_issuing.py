"""The register of daily reports: numbers, re-issues, and figures that no longer hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from day_sample import DAY, MISSION, Days, draw_incidents, start_store

from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, ISSUES, VERIFICATIONS
from truceline.monitor.day import gather_day
from truceline.monitor.day_model import Correction, DayReport, ReportNumber
from truceline.monitor.issuing import digest_figures, find_corrections, list_issues, register_report

NEXT = DAY + timedelta(days=1)
MORNING = datetime(2025, 6, 11, 6, 0)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    made.add(draw_incidents(DAY, 5, 6))
    yield made
    store.close()


def gather(days: Days, day: date = DAY, **options: Any) -> DayReport:
    return gather_day(days.store, day, mission=MISSION, effort=(), **options)


def issue(days: Days, day: date = DAY, why: str = "") -> int:
    return register(days, gather(days, day), why).number


def register(days: Days, report: DayReport, why: str = "") -> DayReport:
    with register_report(days.store, report, "duty officer", why) as numbered:
        return numbered


def best(corrections: tuple[Correction, ...]) -> dict[str, tuple[int, int]]:
    return {c.figure: (c.said, c.holds) for c in corrections if c.figure.endswith("violations.best")}


def test_numbers_follow_each_other_and_start_again_with_the_year(days: Days) -> None:
    last = date(2025, 12, 31)
    assert [issue(days), issue(days, NEXT)] == [1, 2]
    assert gather(days, NEXT + timedelta(days=1)).number == 3
    report = gather(days, last, issued_at=datetime(2026, 1, 1, 8))
    assert (report.year, report.number) == (2026, 1)
    assert register(days, report).number == 1


def test_the_register_keeps_figures_digest_and_who(days: Days) -> None:
    report = gather(days)
    register(days, report, "morning report")
    (row,) = days.store.read_current(ISSUES).itertuples()
    assert json.loads(row.figures)["figures"] == report.figures()
    assert row.digest == digest_figures(report)
    changes = days.store.read(CHANGES)
    assert changes.iloc[-1]["who"] == "duty officer"
    assert changes.iloc[-1]["why"] == "morning report"


def test_the_same_report_again_keeps_its_number_and_writes_nothing(days: Days) -> None:
    assert issue(days) == 1
    before = days.store.last_change()
    assert issue(days) == 1
    assert days.store.last_change() == before


def test_a_report_of_the_same_day_with_other_figures_corrects_the_first(days: Days) -> None:
    issue(days)
    issue(days, NEXT)
    days.add([{"count_best": 3.0}], why="late report")
    again = gather(days)
    assert (again.number, again.corrects) == (3, ReportNumber(2025, 1))
    assert register(days, again) == again
    assert [json.loads(row.figures)["corrects"] for row in days.store.read_current(ISSUES).itertuples()] == [
        None,
        None,
        {"year": 2025, "number": 1},
    ]


def test_an_unchanged_report_does_not_correct_itself(days: Days) -> None:
    first = register(days, gather(days))
    again = gather(days)  # a draft says so too
    assert (again.year, again.number, again.corrects) == (first.year, first.number, None)
    assert register(days, again).corrects is None


def test_a_re_issue_keeps_saying_what_it_corrects(days: Days) -> None:
    issue(days)
    days.add([{"count_best": 3.0}])
    assert [register(days, gather(days)).corrects for _ in range(2)] == [ReportNumber(2025, 1)] * 2


def test_figures_that_come_back_are_a_third_report_and_not_the_first(days: Days) -> None:
    issue(days)
    (number,) = days.add([{"count_best": 3.0}])
    issue(days)
    with days.store.change(who="analyst", what="review") as change:
        row = {"incident_id": [number], "status": ["refuted"]}
        change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))
    third = register(days, gather(days))
    assert (third.number, third.corrects) == (3, ReportNumber(2025, 2))


def test_a_correction_of_the_new_year_names_the_report_of_the_old(days: Days) -> None:
    first = register(days, gather(days, issued_at=datetime(2025, 12, 30, 8)))
    later = datetime(2026, 1, 5, 8)
    same = gather(days, issued_at=later)
    assert (same.year, same.number, same.corrects) == (2025, 1, None)
    days.add([{"count_best": 3.0}])
    changed = register(days, gather(days, issued_at=later))
    assert (changed.year, changed.number) == (2026, 1)
    assert changed.corrects == ReportNumber(first.year, first.number)
    assert str(changed.corrects) == "1/2025"


def test_a_failure_while_the_files_are_written_registers_nothing(days: Days) -> None:
    before = days.store.last_change()
    report = gather(days)
    with pytest.raises(OSError, match="disk"), register_report(days.store, report, "duty officer"):
        raise OSError("disk")
    assert (days.store.last_change(), list_issues(days.store, MORNING)) == (before, ())
    assert issue(days) == 1


def test_nothing_changed_is_no_correction(days: Days) -> None:
    issue(days)
    days.add([{"time_from": MORNING + timedelta(days=1)}])  # the next day's
    assert find_corrections(days.store, gather(days).period_from) == ()
    assert gather(days, NEXT).corrections == ()


def test_a_late_incident_is_told_with_the_change_that_brought_it(days: Days) -> None:
    said = gather(days).total.violations.best
    issue(days)
    days.add([{"count_best": 4.0}], why="camera read out late")
    found = find_corrections(days.store, gather(days).period_from)
    assert best(found) == {
        "all.violations.best": (said, said + 4),
        "region.Donetsk.violations.best": (
            gather(days, as_of=list_issues(days.store, MORNING)[0].as_of).regions[0].tally.violations.best,
            gather(days).regions[0].tally.violations.best,
        ),
    }
    (change,) = found[0].changes
    assert (change.who, change.what, change.why) == ("tester", "link", "camera read out late")


def test_a_refuted_incident_is_told_with_who_and_why(days: Days) -> None:
    (number,) = days.add([{"count_best": 9.0}])
    said = gather(days).total.violations.best
    issue(days)
    with days.store.change(who="analyst", what="review", why="thunder") as change:
        row = {"incident_id": [number], "status": ["refuted"], "method": ["hand"]}
        change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))
    found = gather(days, NEXT).corrections
    assert best(found)["all.violations.best"] == (said, said - 9)
    assert [(c.who, c.why) for c in found[0].changes] == [("analyst", "thunder")]


def test_a_correction_is_told_once_and_its_return_again(days: Days) -> None:
    said = gather(days).total.violations.best
    issue(days)
    (number,) = days.add([{"count_best": 4.0}])
    assert best(gather(days, NEXT).corrections)["all.violations.best"] == (said, said + 4)
    issue(days, NEXT)
    third = NEXT + timedelta(days=1)
    assert gather(days, third).corrections == ()
    assert find_corrections(days.store, MORNING) != ()  # against what was issued, it still differs
    with days.store.change(who="analyst", what="review") as change:
        row = {"incident_id": [number], "status": ["refuted"]}
        change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))
    assert best(gather(days, third).corrections)["all.violations.best"] == (said + 4, said)


def test_a_re_issue_is_the_one_compared_from_then_on(days: Days) -> None:
    issue(days)
    days.add([{"count_best": 4.0}])
    issue(days)
    assert find_corrections(days.store, MORNING) == ()
    assert gather(days, NEXT).corrections == ()


def test_a_changed_status_alone_is_a_correction_of_that_figure(days: Days) -> None:
    (number,) = days.add([{"status": "reported", "region": "Sumy"}])
    issue(days)
    with days.store.change(who="analyst", what="review", why="second source") as change:
        row = {"incident_id": [number], "status": ["verified"]}
        change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))
    changed = {c.figure: (c.said, c.holds) for c in find_corrections(days.store, MORNING)}
    assert changed["region.Sumy.status.reported.best"] == (1, 0)
    assert changed["region.Sumy.status.verified.best"] == (0, 1)
    assert "all.violations.best" not in changed
