"""What a rehearsal showed, as figures in rows, as tables of reliability and as sentences.

Shares from 0 to 1, days as days. Every sentence carries the assumption that its figures hang on; bands hold
80 % of the replicates. Nothing is computed that the scores do not hold, and nothing is printed here.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from truceline.simulate.rehearsal import LevelScore, Rehearsal, share
from truceline.simulate.rehearsal_alarms import WarningScore, find_threshold, score_levels
from truceline.simulate.rehearsal_play import WARNING, WATCH
from truceline.simulate.rehearsal_score import P_EDGES, STATUSES, LinkSums, Reliability

BAND = (0.1, 0.9)
"""Ends of the bands: 80 % of the replicates lie between."""
SHARE, NUMBER, DAYS = "share", "number", "day"


@dataclass(frozen=True)
class Figure:
    """One figure of one level."""

    level: float
    group: str
    name: str
    value: float
    """NaN where there was nothing to take it from."""
    unit: str
    """SHARE, NUMBER or DAYS."""
    n: int
    """Of how many cases it is taken."""
    low: float = math.nan
    """Of the band over replicates; NaN where it is taken of all of them together."""
    high: float = math.nan


@dataclass(frozen=True)
class ReliabilityRow:
    """One class of probability: what was said beside what came true."""

    level: float
    what: str
    p_from: float
    p_to: float
    n: int
    mean_p: float
    share_right: float


def list_figures(rehearsal: Rehearsal) -> tuple[Figure, ...]:
    """Return every figure of every level, in the order of the table."""
    return tuple(
        figure
        for score in rehearsal.scores
        for part in (_of_truth, _of_links, _of_statuses, _of_sides, _of_alarms)
        for figure in part(score, rehearsal)
    )


def list_reliability(rehearsal: Rehearsal) -> tuple[ReliabilityRow, ...]:
    """Return the tables of reliability of links, statuses and sides."""
    rows = []
    for score in rehearsal.scores:
        for what, table in (
            ("two reports tell of one incident", score.links.pairs),
            ("an incident of this status happened", score.truth.status),
            ("the side named did it", score.truth.side),
        ):
            for at in np.flatnonzero(table.n):
                n = int(table.n[at])
                mean_p, right = float(table.p_sum[at]) / n, int(table.n_right[at]) / n
                rows.append(ReliabilityRow(score.level, what, P_EDGES[at], P_EDGES[at + 1], n, mean_p, right))
    return tuple(rows)


def format_figures(figures: Sequence[Figure]) -> str:
    """Return figures as CSV."""
    rows = (
        (_plain(f.level), f.group, f.name, _plain(f.value), _plain(f.low), _plain(f.high), f.unit, f.n)
        for f in figures
    )
    return _csv(("level", "group", "figure", "value", "low", "high", "unit", "cases"), rows)


def format_reliability(rows: Sequence[ReliabilityRow]) -> str:
    """Return tables of reliability as CSV."""
    cells = (
        (
            _plain(r.level),
            r.what,
            _plain(r.p_from),
            _plain(r.p_to),
            r.n,
            _plain(r.mean_p),
            _plain(r.share_right),
        )
        for r in rows
    )
    return _csv(("level", "what", "p_from", "p_to", "cases", "mean_p", "share_right"), cells)


def describe_rehearsal(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return what the rehearsal showed in sentences, each with the assumption it hangs on."""
    said = [_say_how(rehearsal)]
    for score in rehearsal.scores:
        said += list(_say_level(score, rehearsal))
    said.append(
        "A rehearsal scores the watching, not the peace: it says nothing of how likely a collapse is, and "
        "all of it hangs on the assumptions `observing.*`, of which most are judgements."
    )
    return tuple(said)


def score_at_rate(score: LevelScore, rehearsal: Rehearsal) -> tuple[float, WarningScore] | None:
    """Return threshold and score at the stated rate of false alarms; None where no threshold keeps it."""
    return find_threshold(list(score.runs), false_per_hundred=rehearsal.false_per_hundred)


@dataclass(frozen=True)
class _Group:
    """Makes the figures of one level under one heading."""

    level: float
    group: str

    def value(self, name: str, value: float, n: int, unit: str = NUMBER) -> Figure:
        return Figure(self.level, self.group, name, value, unit, n)

    def share(self, name: str, part: int, whole: int, over: Sequence[float] = ()) -> Figure:
        low, high = _band(over)
        return Figure(self.level, self.group, name, share(part, whole), SHARE, whole, low, high)


def _of_truth(score: LevelScore, rehearsal: Rehearsal) -> Iterator[Figure]:
    truth, n = score.truth, rehearsal.asked.n_replicates
    make = _Group(score.level, "before the collapse, a replicate")
    yield make.value("incidents", truth.n_true / n, n)
    yield make.share("detected", truth.n_detected, truth.n_true)
    yield make.share("verified", truth.n_verified, truth.n_true)
    yield make.share("attributed", truth.n_attributed, truth.n_true)
    yield make.value("reports", score.links.n_reports / n, n)
    yield make.value("false reports", truth.n_false / n, n)
    n_natural = sum(run.quiet_until < run.onset for run in score.runs)
    yield make.share("ceasefires that broke down of themselves", n_natural, n)


def _of_links(score: LevelScore, rehearsal: Rehearsal) -> Iterator[Figure]:
    make = _Group(score.level, "linkage before the collapse")
    yield from _pairs(make, score.links, score.recalls, score.precisions)
    low, high = _band(score.counted_ratios)
    ratio, n_true = _mean(score.counted_ratios), score.links.n_true
    yield Figure(
        make.level, make.group, "incidents counted for one reported", ratio, NUMBER, n_true, low, high
    )
    yield from _brier(make, "probability of a link", score.links.pairs)
    yield from _pairs(_Group(score.level, "linkage in the collapse"), score.links_collapse)


def _pairs(
    make: _Group, links: LinkSums, recalls: Sequence[float] = (), precisions: Sequence[float] = ()
) -> Iterator[Figure]:
    right = links.n_right_pairs
    yield make.share("pairs of one incident that are linked (recall)", right, links.n_true_pairs, recalls)
    yield make.share("linked pairs of one incident (precision)", right, links.n_linked_pairs, precisions)
    yield make.share("incidents told more than once that were split", links.n_split, links.n_several)
    yield make.share("incidents made that mix several", links.n_mixed, links.n_made)


def _of_statuses(score: LevelScore, rehearsal: Rehearsal) -> Iterator[Figure]:
    truth, make = score.truth, _Group(score.level, "verification")
    called = {each: sum(truth.by_status[each, was] for was in (True, False)) for each in STATUSES}
    yield make.share("verified incidents called verified", truth.n_verified_found, truth.n_verified)
    yield make.share("called verified that were", truth.n_verified_right, called["verified"])
    for each in STATUSES:
        yield make.share(f"called {each} that happened", truth.by_status[each, True], called[each])
    put = ", ".join(f"{rehearsal.p_of_status[each]:g} {each}" for each in STATUSES)
    yield from _brier(make, f"status, if it means {put}", truth.status)


def _of_sides(score: LevelScore, rehearsal: Rehearsal) -> Iterator[Figure]:
    truth, make = score.truth, _Group(score.level, "attribution")
    yield make.share("attributed incidents with a side", truth.n_attributed_found, truth.n_attributed)
    yield make.share("sides named that are right", truth.n_named_right, truth.n_named)
    yield make.share("sides named that are wrong", truth.n_named_wrong, truth.n_named)
    yield make.share("sides named for what never happened", truth.n_named_nothing, truth.n_named)
    mean_p = float(truth.side.p_sum.sum()) / truth.side.total if truth.side.total else math.nan
    yield make.value("probability said of them, mean", mean_p, truth.side.total, SHARE)
    yield from _brier(make, "probability of a side", truth.side)


def _of_alarms(score: LevelScore, rehearsal: Rehearsal) -> Iterator[Figure]:
    runs = list(score.runs)
    for level, word in ((WATCH, "watch"), (WARNING, "warning")):
        yield from _warnings(_Group(score.level, f"early warning, {word}"), score_levels(runs, level))
    most = f"{rehearsal.false_per_hundred:g} false in 100 days"
    make = _Group(score.level, f"early warning, threshold of the evidence for at most {most}, or the fewest")
    found = score_at_rate(score, rehearsal)
    if found is None:
        yield make.value("days of warning, median", math.nan, 0, DAYS)
        return
    yield make.value("evidence that calls it", found[0], found[1].n_quiet_days)
    yield from _warnings(make, found[1])


def _warnings(make: _Group, found: WarningScore) -> Iterator[Figure]:
    n_days, n = found.n_unknown_days + found.n_quiet_days, len(found.days)
    yield make.value("false alarms in 100 days", found.false_per_hundred, found.n_quiet_days)
    yield make.share("days on which too little is known", found.n_unknown_days, n_days)
    yield make.share("collapses that began in a false alarm", found.n_already, found.n_collapses)
    yield make.share("of the others, warned of", found.n_early, n)
    yield make.value(
        "breakdowns by the hazard with an alarm before", found.foretold, found.n_quiet_days, SHARE
    )
    yield make.value("the same if violence did not matter", found.foretold_plain, found.n_quiet_days, SHARE)
    middle, low, high = (found.quantile(at) for at in (0.5, *BAND))
    yield Figure(make.level, make.group, "days of warning, median", middle, DAYS, n, low, high)


def _brier(make: _Group, what: str, table: Reliability) -> Iterator[Figure]:
    yield make.value(f"Brier score of the {what}", table.brier, table.total)
    yield make.value("Brier score of always saying the mean", table.brier_of_constant, table.total)


def _say_how(rehearsal: Rehearsal) -> str:
    asked = rehearsal.asked
    held = "drawn from their ranges" if asked.is_drawn else "at their stated values"
    fixed = "".join(f", {name} = {value:g}" for name, value in sorted(asked.fixed.items()))
    n_broken = sum(run.breakdown is not None for run in rehearsal.scores[0].runs)
    return (
        f"{rehearsal.watch_label}: {asked.n_replicates} ceasefires of {asked.n_days} days, seed "
        f"{asked.seed}, with the assumptions of the ceasefire {held}{fixed}; then a made collapse in which "
        f"incidents grow by {rehearsal.growth - 1.0:.0%} a day, everywhere alike, to {rehearsal.most:g} "
        f"times their level, until they have broken down ({n_broken} of {asked.n_replicates} did)."
    )


def _say_level(score: LevelScore, rehearsal: Rehearsal) -> Iterator[str]:
    links, late, truth = score.links, score.links_collapse, score.truth
    head = f"With {score.level:g} times the means of the plan"
    if not links.n_reports:
        yield f"{head} nothing was reported, and there is nothing to score."
        return
    shares = [
        _percent(part, whole)
        for each in (links, late)
        for part, whole in (
            (each.n_right_pairs, each.n_true_pairs),
            (each.n_right_pairs, each.n_linked_pairs),
        )
    ]
    yield (
        f"{head}, and if posts err as the assumptions `observing.*` say, {shares[0]} of the pairs of reports "
        f"of one incident were linked and {shares[1]} of the linked pairs are of one incident; in the "
        f"collapse {shares[2]} and {shares[3]}."
    )
    if truth.n_named:
        yield (
            f"Of {truth.n_named:,} sides named, {_percent(truth.n_named_right, truth.n_named)} were right, "
            "if an observer names the wrong side as often as the assumption `ceasefire.wrong_side` says; "
            f"of what never happened: {truth.n_named_nothing:,}."
        )
    for level, word in ((WATCH, "watch"), (WARNING, "warning")):
        yield _say_warning(word, score_levels(list(score.runs), level), rehearsal)


def _say_warning(word: str, found: WarningScore, rehearsal: Rehearsal) -> str:
    middle = found.quantile(0.5)
    days = (
        "came too late or not at all in half of them or more"
        if math.isnan(middle)
        else (f"came {middle:g} days ahead in the median")
    )
    already = f", {found.n_already} more began in a false one" if found.n_already else ""
    rate = (
        "too little was known on every day"
        if math.isnan(found.false_per_hundred)
        else (f"{found.false_per_hundred:.1f} false in 100 days of which enough was known")
    )
    return (
        f"A {word}: {rate}; if a collapse grows by {rehearsal.growth - 1.0:.0%} a day, it {days} "
        f"({found.n_early} of {len(found.days)} warned of{already})."
    )


def _percent(part: int, whole: int) -> str:
    return f"{100.0 * part / whole:.1f} %" if whole else "none"


def _band(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return math.nan, math.nan
    low, high = np.quantile(known, BAND)
    return float(low), float(high)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _plain(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _csv(heads: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return handle.getvalue()
