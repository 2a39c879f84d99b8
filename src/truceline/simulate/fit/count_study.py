"""Everything that is said of one series of counts: contagion or not, who forecasts best, PIT, dispersion.

The one call of the command line and of the page. A study never offers the self-exciting model because it is
ours: where a weighted mean forecasts as well, the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.simulate.fit.count_series import CountSeries
from truceline.simulate.fit.count_verdict import ContagionVerdict, judge_contagion
from truceline.simulate.fit.counts_scores import (
    CANDIDATE,
    Contest,
    Fano,
    PitHistogram,
    check_fano,
    count_pit,
    score_competitors,
)


@dataclass(frozen=True)
class CountStudy:
    """What was found of one series."""

    series: CountSeries
    verdict: ContagionVerdict
    contest: Contest
    pit: dict[str, PitHistogram]
    """Of the self-exciting negative binomial and of the winner, by key."""
    fano: tuple[Fano, ...]
    """Seen, and made by the model whose figures are to be used."""
    seed: int

    @property
    def winner_sentence(self) -> str:
        """Who forecast best and whether the self-exciting model beat the weighted means."""
        contest = self.contest
        winner, ours, rival = contest.winner, contest.score(CANDIDATE), contest.rival
        said = f"Best of {len(contest.scores)} on the {contest.n_scored} periods kept back: {winner.label}"
        said = f"{said} ({winner.mean:.2f} nats a period)."
        gap = contest.behind(ours.key, rival.key)
        clear = "" if gap.is_clear else ", which is within twice the standard error"
        amount = f"{abs(gap.mean):.2f} nats (standard error {gap.standard_error:.2f}){clear}"
        if contest.candidate_wins:
            said = f"{said} The self-exciting negative binomial beats {rival.phrase} by {amount}."
        else:
            said = f"{said} The self-exciting negative binomial does NOT beat {rival.phrase}: behind by"
            said = f"{said} {amount}."
        if not winner.is_self_exciting:
            return f"{said} To forecast counts, use {winner.phrase}."
        return said


def study_counts(series: CountSeries, *, seed: int) -> CountStudy:
    """Fit, score and judge one series; `seed` for the PIT values and the made series."""
    verdict = judge_contagion(series)
    contest = score_competitors(series, seed=seed)
    shown = dict.fromkeys((CANDIDATE, contest.winner.key))
    pit = {key: count_pit(contest.score(key).pit, seed=seed) for key in shown}
    return CountStudy(series, verdict, contest, pit, check_fano(series, verdict.fit, seed=seed), seed)
