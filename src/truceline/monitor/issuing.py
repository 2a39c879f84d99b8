"""The register of daily reports: their numbers, what each said, and which of it no longer holds.

A report once issued is never changed. Another report of the same period takes a new number and says which it
corrects; figures that changed since are told in the next report with the changes that altered them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, INCIDENTS, ISSUES, JUDGEMENTS, VERIFICATIONS
from truceline.monitor.day_model import ChangeNote, Correction, DayReport, ReportNumber
from truceline.monitor.day_period import gather_period
from truceline.monitor.mission import Mission, read_mission
from truceline.provenance import hash_text
from truceline.store.base import Selection, Store

_INSTANT = timedelta(microseconds=1)
"""The shortest span of time a store tells apart."""


@dataclass(frozen=True)
class Issue:
    """One report as it stands in the register."""

    year: int
    number: int
    period_from: datetime
    period_to: datetime
    digest: str
    change_id: int
    said: dict[str, Any]
    """What `describe_issue` wrote."""

    @property
    def as_of(self) -> int:
        """Last change the report counted."""
        return int(self.said["as_of"])

    @property
    def cited_as(self) -> ReportNumber:
        """Number and year."""
        return ReportNumber(self.year, self.number)

    @property
    def corrects(self) -> ReportNumber | None:
        """The report it took the place of."""
        told = self.said["corrects"]
        return ReportNumber(int(told["year"]), int(told["number"])) if told else None


def describe_issue(report: DayReport) -> dict[str, Any]:
    """Return what the register keeps of a report: its figures, and what is needed to count them again."""
    return {
        "as_of": report.as_of,
        "n_days": len(report.nights),
        "include_exercises": report.include_exercises,
        "issued_at": report.issued_at.isoformat(),
        "corrects": asdict(report.corrects) if report.corrects else None,
        "figures": report.figures(),
        "corrections": [
            {"year": c.year, "number": c.number, "figure": c.figure, "said": c.said, "holds": c.holds}
            for c in report.corrections
        ],
    }


def digest_figures(report: DayReport) -> str:
    """Return a digest of period and figures: the same where two reports say the same."""
    said = {
        "period": [report.period_from.isoformat(), report.period_to.isoformat()],
        "include_exercises": report.include_exercises,
        "figures": report.figures(),
    }
    return hash_text(json.dumps(said, sort_keys=True))


@contextmanager
def register_report(store: Store, report: DayReport, who: str, why: str = "") -> Iterator[DayReport]:
    """Give the report under its number; when the block ends well it stands in the register.

    Write the files in the block: if that fails nothing is registered, and if registering fails the block's
    caller hears of it while the files can still be thrown away. A report that says the same as the last one
    of its period keeps the number of that one, and nothing is written.
    """
    if _find_same(store, report, None) is not None:
        yield number_report(store, report)
        return
    with store.change(who=who, what="issue", why=why) as change:
        numbered = number_report(store, report)  # again: another may have been issued since it was gathered
        said, digest = describe_issue(numbered), digest_figures(numbered)
        row = {
            "number": [numbered.number],
            "year": [numbered.year],
            "period_from": [numbered.period_from],
            "period_to": [numbered.period_to],
            "digest": [digest],
            "figures": [json.dumps(said, sort_keys=True)],
        }
        change.append(ISSUES, make_frame(ISSUES, row))
        change.note(
            {
                "year": numbered.year,
                "number": numbered.number,
                "digest": digest,
                "corrects": said["corrects"],
            }
        )
        yield numbered


def number_report(store: Store, report: DayReport, *, as_of: int | None = None) -> DayReport:
    """Return the report under the number it has in the register, or would take there now.

    Where it says the same as the last one issued of its period it is that one: number, year and what it
    corrects. Otherwise it takes the next number of the year of its issue, by the mission's clock, and
    corrects that last one, of whatever year.
    """
    same = _find_same(store, report, as_of)
    if same is not None:
        return replace(report, year=same.year, number=same.number, corrects=same.corrects)
    last = _find_last(store, report, as_of)
    year = report.issued_at.replace(tzinfo=UTC).astimezone(ZoneInfo(report.zone)).year
    select = Selection(equals={"year": year}, as_of=as_of)
    taken = store.read_current(ISSUES, select, columns=("number",))["number"]
    number = 1 + max((int(n) for n in taken), default=0)
    return replace(report, year=year, number=number, corrects=last.cited_as if last else None)


def _find_same(store: Store, report: DayReport, as_of: int | None) -> Issue | None:
    """Return the last report of the same period, if it says the same."""
    last = _find_last(store, report, as_of)
    return last if last is not None and last.digest == digest_figures(report) else None


def _find_last(store: Store, report: DayReport, as_of: int | None) -> Issue | None:
    issues = list_issues(store, report.period_to, until=report.period_to + _INSTANT, as_of=as_of)
    same = (issue for issue in issues if issue.period_from == report.period_from)
    return max(same, key=lambda issue: issue.change_id, default=None)


def list_issues(
    store: Store, since: datetime, *, until: datetime | None = None, as_of: int | None = None
) -> tuple[Issue, ...]:
    """Return the reports whose period ends at `since` or later, and before `until`, in the order issued.

    Both UTC without zone.
    """
    rows = store.read_current(ISSUES, Selection(since=since, until=until, as_of=as_of))
    issues = [
        Issue(
            year=int(row.year),
            number=int(row.number),
            period_from=row.period_from.to_pydatetime(),
            period_to=row.period_to.to_pydatetime(),
            digest=row.digest,
            change_id=int(row.change_id),
            said=json.loads(row.figures),
        )
        for row in rows.itertuples()
    ]
    return tuple(sorted(issues, key=lambda issue: issue.change_id))


def find_corrections(
    store: Store,
    since: datetime,
    *,
    mission: Mission | None = None,
    until: datetime | None = None,
    as_of: int | None = None,
    untold_only: bool = False,
) -> tuple[Correction, ...]:
    """Return every figure of the reports issued since that no longer holds, with the changes that altered it.

    Of several reports of one period the last is compared. `since` and `until` bound the ends of the periods,
    UTC without zone. Only periods touched by a later change are counted again. With `untold_only` a figure is
    compared with what the latest correction said of it, so that each correction is told once.
    """
    held = mission or read_mission(store)
    newest: dict[tuple[datetime, datetime], Issue] = {}
    issues = list_issues(store, since, as_of=as_of)
    last_said = _last_said(issues) if untold_only else {}
    for issue in issues:
        if until is None or issue.period_to <= until:
            newest[issue.period_from, issue.period_to] = issue
    found: list[Correction] = []
    touched = _Touched(store, list(newest.values()), as_of) if newest else None
    for issue in newest.values():
        changes = touched.after(issue) if touched else ()
        if not changes:
            continue
        period = gather_period(
            store,
            held,
            issue.period_from,
            issue.period_to,
            issued_at=issue.period_to,
            include_exercises=bool(issue.said["include_exercises"]),
            as_of=as_of,
        )
        notes = _read_notes(store, changes, as_of)
        holds = period.figures(held)
        said = {
            figure: last_said.get((issue.year, issue.number, figure), int(number))
            for figure, number in {**dict.fromkeys(holds, 0), **issue.said["figures"]}.items()
        }
        found += [
            Correction(
                year=issue.year,
                number=issue.number,
                period_to=issue.period_to,
                figure=figure,
                said=said[figure],
                holds=holds.get(figure, 0),
                changes=notes,
            )
            for figure in sorted(said)
            if said[figure] != holds.get(figure, 0)
        ]
    return tuple(found)


def _last_said(issues: Sequence[Issue]) -> dict[tuple[int, int, str], int]:
    """Return what the latest report that corrected a figure said of it."""
    return {
        (one["year"], one["number"], one["figure"]): int(one["holds"])
        for issue in issues
        for one in issue.said["corrections"]
    }


class _Touched:
    """Which changes wrote about incidents of a period after a report was gathered."""

    def __init__(self, store: Store, issues: Sequence[Issue], as_of: int | None) -> None:
        self._id, self._when, self._change = _read_touches(
            store, min(i.period_from for i in issues), max(i.period_to for i in issues), as_of
        )

    def after(self, issue: Issue) -> tuple[int, ...]:
        """Return the numbers of the changes, oldest first."""
        lower, upper = np.datetime64(issue.period_from), np.datetime64(issue.period_to)
        inside = (self._when >= lower) & (self._when < upper)
        concerned = np.isin(self._id, np.unique(self._id[inside]))
        return tuple(np.unique(self._change[concerned & (self._change > issue.as_of)]).tolist())


def _read_touches(store: Store, since: datetime, until: datetime, as_of: int | None) -> tuple[Any, Any, Any]:
    """Return incident, time and change of everything written about incidents of a period."""
    select = Selection(since=since, until=until, as_of=as_of)
    frames = [
        store.read(table, select, columns=("incident_id", "time_from", "change_id"))
        for table in (INCIDENTS, JUDGEMENTS)
    ]
    ids = np.unique(np.concatenate([frame["incident_id"].to_numpy(np.int64) for frame in frames]))
    columns = ("incident_id", "change_id")
    known = store.read(VERIFICATIONS, Selection(ids={"incident_id": ids}, as_of=as_of), columns=columns)
    never = np.full(len(known), np.datetime64("NaT"), dtype="datetime64[us]")
    return (
        np.concatenate([frame["incident_id"].to_numpy(np.int64) for frame in (*frames, known)]),
        np.concatenate([*(frame["time_from"].to_numpy("datetime64[us]") for frame in frames), never]),
        np.concatenate([frame["change_id"].to_numpy(np.int64) for frame in (*frames, known)]),
    )


def _read_notes(store: Store, changes: Sequence[int], as_of: int | None) -> tuple[ChangeNote, ...]:
    select = Selection(ids={"change_id": np.asarray(changes, dtype=np.int64)}, as_of=as_of)
    rows = store.read(CHANGES, select)
    return tuple(
        ChangeNote(int(row.change_id), row.at.to_pydatetime(), row.who, row.what, row.why)
        for row in rows.itertuples()
    )
