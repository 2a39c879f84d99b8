"""How good the warnings are: verdicts against known truces, alarms against known or made collapses.

Scores what `truces`, `alarms` and `expectation` said, beside what the naive rule of the field would have
said. A day half or more under a general truce is a truce day; a day less than half under one is left out, for
neither word would be right. Days are named by their local date and end at midnight or, where a cut-off is
given, at that local time. It tunes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, TableError
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.expectation import (
    ExpectationSettings,
    Expecter,
    negative_binomial_log,
    read_expectation_settings,
)
from truceline.events.truces import GENERAL, NO_TRUCE, NOT_KNOWN

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import pandas as pd

FloatArray = NDArray[np.float64]

TRUCE_DAY_SHARE = 0.5
"""Share of a day under a truce from which it is a truce day: a definition, not a fact of the world."""

_MOST_BYTES = 1_000_000
"""Largest table of known truces that is read: the packaged one has a thousandth of it."""

_COLUMNS = (
    "truce", "theatre", "name", "starts_local", "ends_local", "zone", "scope", "declared_by", "is_verified",
    "seen",
)  # fmt: skip


@dataclass(frozen=True)
class KnownTruce:
    """A truce that was declared; whether it was kept is another matter."""

    truce: str
    theatre: str
    name: str
    starts: datetime
    """UTC without zone."""
    ends: datetime | None
    """UTC without zone; None where no end was declared."""
    scope: Literal["general", "energy"]


def read_known_truces(path: Path | None = None) -> tuple[KnownTruce, ...]:
    """Return the truces of a table, the packaged one by default; TableError with all that is wrong."""
    source = path or files("truceline.events").joinpath("library", "known_truces.csv")
    problems = ProblemList()
    reader = csv.reader(_read_text(source).splitlines())
    try:
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        found = f"cannot be read: {error}"
        raise TableError(
            "truces", [Problem(f"{source.name}:{reader.line_num}", found, "write CSV")]
        ) from None
    head = tuple(lines[0][1]) if lines else ()
    if head != _COLUMNS:
        problems.add(source.name, f"has the columns {', '.join(head)}", f"write {', '.join(_COLUMNS)}")
        problems.raise_if_any(TableError, "truces")
    truces = [_read_row(cells, f"{source.name}:{at}", problems) for at, cells in lines[1:]]
    problems.raise_if_any(TableError, "truces")
    return tuple(truce for truce in truces if truce is not None)


def _read_text(source: Path | Traversable) -> str:
    """Return the text of a table, no more of it than a table can have."""
    hint = "name a CSV table in UTF-8"
    try:
        with source.open("rb") as handle:
            content = handle.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise TableError("truces", [Problem(source.name, f"is larger than {_MOST_BYTES:,} bytes", hint)])
        return content.decode("utf-8-sig")
    except OSError as error:
        found = f"cannot be read: {error.strerror or type(error).__name__}"
        raise TableError("truces", [Problem(source.name, found, hint)]) from None
    except UnicodeDecodeError:
        raise TableError("truces", [Problem(source.name, "is not UTF-8", hint)]) from None


def _read_row(cells: list[str], where: str, problems: ProblemList) -> KnownTruce | None:
    if len(cells) != len(_COLUMNS):
        problems.add(where, f"has {len(cells)} cells", f"write {len(_COLUMNS)}: {', '.join(_COLUMNS)}")
        return None
    row = dict(zip(_COLUMNS, cells, strict=True))
    try:
        zone = ZoneInfo(row["zone"])
        starts = _to_utc(row["starts_local"], zone)
        ends = _to_utc(row["ends_local"], zone) if row["ends_local"] else None
    except (ValueError, OSError, OverflowError, ZoneInfoNotFoundError):
        hint = "write 2025-04-19T18:00 and Europe/Moscow"
        problems.add(where, "has a time or a zone that cannot be read", hint)
        return None
    if row["scope"] not in ("general", "energy"):
        problems.add(where, f"'{row['scope']}' is no scope", "write general or energy")
        return None
    if ends is not None and ends <= starts:
        problems.add(where, "ends before it starts", "swap the two times")
        return None
    scope: Literal["general", "energy"] = "general" if row["scope"] == "general" else "energy"
    return KnownTruce(row["truce"], row["theatre"], row["name"], starts, ends, scope)


def _to_utc(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def share_truces(
    days: Sequence[datetime] | pd.Index,
    truces: Sequence[KnownTruce],
    *,
    zone: str,
    cutoff: time | None = None,
) -> FloatArray:
    """Return the share of each day under any of `truces`, shape (days,); open ends never end.

    Days are local dates: calendar days, or with a `cutoff` the reporting days that end then.
    """
    import pandas as pd

    bounds = [_bound_day(day, zone, cutoff) for day in pd.DatetimeIndex(days)]
    starts = np.array([start for start, _ in bounds], dtype="datetime64[us]")
    ends = np.array([end for _, end in bounds], dtype="datetime64[us]")
    shares = np.zeros(len(bounds))
    for truce in truces:
        from_ = np.maximum(starts, np.datetime64(truce.starts))
        until = ends if truce.ends is None else np.minimum(ends, np.datetime64(truce.ends))
        covered = (until - from_) / (ends - starts)
        shares = np.maximum(shares, np.clip(covered.astype(np.float64), 0.0, 1.0))
    return shares


def _bound_day(day: datetime, zone: str, cutoff: time | None) -> tuple[datetime, datetime]:
    """Return start and end of a day, UTC without zone.

    Where clocks skip the moment (midnight itself, in Beirut and Cairo) it is the moment of the change.
    """
    last = day.date() if cutoff is not None else day.date() + timedelta(days=1)
    ends = [datetime.combine(date, cutoff or time()) for date in (last - timedelta(days=1), last)]
    start, end = (moment.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")) for moment in ends)
    return start.replace(tzinfo=None), end.replace(tzinfo=None)


@dataclass(frozen=True)
class TruceScore:
    """What a detector said of the days of a period, against the truces declared."""

    n_days: int
    """Days judged that were no truce days."""
    n_false: int
    n_truce_days: int
    """Truce days on which enough was known to judge."""
    n_found: int
    n_not_known: int
    """Truce days on which too little was known."""
    n_partly: int
    """Days left out: under a truce for less than half of the day."""

    @property
    def false_per_hundred(self) -> float:
        """Return false truce days in a hundred days."""
        return 100.0 * self.n_false / self.n_days if self.n_days else float("nan")

    @property
    def found_share(self) -> float:
        """Return the share of truce days found; NaN where there were none."""
        return self.n_found / self.n_truce_days if self.n_truce_days else float("nan")


def score_truce_days(
    days: pd.Series,
    verdicts: pd.Series,
    truces: Sequence[KnownTruce],
    *,
    zone: str,
    cutoff: time | None = None,
) -> TruceScore:
    """Score verdicts (words of `truces`) of days, as `share_truces` has them, against the general truces.

    A day of a truce for energy targets alone is a day like any other: to call it general is false.
    """
    general = [truce for truce in truces if truce.scope == "general"]
    shares = share_truces(days.to_numpy(), general, zone=zone, cutoff=cutoff)
    words = verdicts.to_numpy(dtype=object)
    is_judged, is_called = words != NOT_KNOWN, words == GENERAL
    is_truce, is_usual = shares >= TRUCE_DAY_SHARE, shares == 0.0
    return TruceScore(
        n_days=int((is_usual & is_judged).sum()),
        n_false=int((is_usual & is_called).sum()),
        n_truce_days=int((is_truce & is_judged).sum()),
        n_found=int((is_truce & is_called).sum()),
        n_not_known=int((is_truce & ~is_judged).sum()),
        n_partly=int((~is_truce & ~is_usual).sum()),
    )


def call_naively(alerts: pd.Series) -> pd.Series:
    """Return the verdicts of the naive rule that peers use: alerts below a share of the median of some days.

    The share and the number of days before are the records `naive.ratio` and `naive.days`.
    """
    import pandas as pd

    records = load_watching_assumptions()
    n_days = int(records.value("naive.days"))
    before = alerts.rolling(n_days, min_periods=n_days).median().shift(1)
    is_known = alerts.notna() & before.notna()
    words = np.where(alerts < records.value("naive.ratio") * before, GENERAL, NO_TRUCE)
    return pd.Series(np.where(is_known, words, NOT_KNOWN), index=alerts.index, dtype=object)


def thin_days(
    counts: pd.DataFrame, first: int, shares: Sequence[Sequence[float]], *, seed: int
) -> pd.DataFrame:
    """Return the counts with a made truce: each day from row `first` thinned to shares, one for each series.

    Binomial thinning: a Poisson or negative binomial count stays one of the same size. One row of `shares`
    a day. Known counts alone are thinned.
    """
    rng = np.random.default_rng(seed)
    made = counts.astype(np.float64).copy()
    for day, left in enumerate(shares):
        for column, share in enumerate(left):
            count = made.iat[first + day, column]
            if np.isfinite(count):
                made.iat[first + day, column] = float(rng.binomial(int(count), share))
    return made


def make_collapse(
    n_days: int, *, means: Sequence[float], size: float, onset: int, daily_growth: float, seed: int
) -> pd.DataFrame:
    """Return made counts (n_days, series) that are quiet until row `onset` and grow from then on.

    Negative binomials around `means`, of one `size`; from the onset each mean grows by the factor
    `daily_growth` a day, to no more than thirty times. Columns are numbered from 1.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    past = np.maximum(np.arange(n_days) - onset + 1, 0)
    mean = np.asarray(means)[None, :] * np.minimum(float(daily_growth) ** past, 30.0)[:, None]
    counts = rng.poisson(rng.gamma(size, mean / size)).astype(np.float64)
    days = pd.date_range("2030-01-01", periods=n_days, freq="D")
    return pd.DataFrame(counts, index=days, columns=[str(at + 1) for at in range(len(means))])


@dataclass(frozen=True)
class LogScores:
    """Minus the mean log probability of what came, in nats a period: less is better."""

    expectation: float
    constant_negative_binomial: float
    constant_poisson: float
    n_periods: int


def score_expectation(
    n: FloatArray, exposure: FloatArray, *, first: int, settings: ExpectationSettings | None = None
) -> LogScores:
    """Score the expectation of one series from row `first` on, out of sample.

    n, exposure: shape (periods,), all known. The constant models are fitted by maximum likelihood to the
    rows before `first`; the expectation has seen, of each period, the periods before it.
    """
    from scipy.optimize import minimize

    expecter = Expecter(1, settings or read_expectation_settings())
    ours = np.empty(len(n))
    for row in range(len(n)):
        expecter.advance(exposure[row])
        coming = expecter.forecast(exposure[row : row + 1])
        ours[row] = -negative_binomial_log(n[row], coming.mean, coming.size)[0]
        expecter.learn(n[row : row + 1], exposure[row : row + 1], np.ones(1), days=exposure[row])

    def minus_log(parameters: FloatArray, rows: slice) -> FloatArray:
        mean, size = np.exp(parameters[0]) * exposure[rows], np.exp(parameters[1])
        return -negative_binomial_log(n[rows], mean, size)

    fitted, later = slice(0, first), slice(first, len(n))
    rate = max(n[fitted].sum() / exposure[fitted].sum(), 1e-6)
    start = np.array([np.log(rate), 0.0])
    bounds = [(start[0] - 5.0, start[0] + 5.0), (-5.0, 5.0)]
    best = minimize(lambda p: float(minus_log(p, fitted).sum()), start, method="L-BFGS-B", bounds=bounds).x
    # A Poisson is a negative binomial of endless size.
    poisson = -negative_binomial_log(n[later], rate * exposure[later], 1e9)
    return LogScores(
        expectation=float(ours[later].mean()),
        constant_negative_binomial=float(minus_log(best, later).mean()),
        constant_poisson=float(poisson.mean()),
        n_periods=len(n) - first,
    )
