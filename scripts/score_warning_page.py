"""Writes docs/early-warning.md from the figures of `warning_runs`."""
# ruff: noqa: E501 -- lines of the page are wrapped at 120, as the other pages are

from __future__ import annotations

from pathlib import Path
from typing import Any

HEAD = """# Early warning
<!-- Made by scripts/score_warning.py from the development data: run it instead of editing. -->

`truceline monitor trend` sets every count beside what was to be expected of it. It says how unusual a day is. It does
not say why, and it does not say what comes next.

- Counts are **incidents** of fighting: reports that describe one event are one. Totals of news are never used, for a
  truce makes news.
- What is said of a day rests on that day and earlier ones. Nothing was fitted to one date. Every constant is a record
  with a range in `events/assumptions/watching.yaml`.
- A day on which nobody reported is unknown, not quiet. Exercises are left out and counted aside.
- Where effort of observation is recorded, the expectation follows the share of incidents that the watching could
  notice: a post that was kept out lowers what is expected.

Data: incidents by day from news (VIINA 2.0, ODbL 1.0), oblast alerts (MIT), launches as stated by the Ukrainian Air
Force (ODC-BY 1.0), 24 February 2022 to 30 April 2025 and January 2026; counts of the OSCE mission, July 2020 to June
2021; fatal events in Donbas (UCDP GED, CC BY 4.0). Party claims are claims.
"""


def write_page(figures: dict[str, Any], path: Path) -> None:
    """Write the page."""
    parts = [
        HEAD,
        _expectation(figures["expectation"]),
        _truces(figures["truces"]),
        _donbas(figures["donbas"]),
        _alarms(figures["alarms"]),
        WARNINGS,
        LIMITS,
    ]
    path.write_text("\n".join(parts), encoding="utf-8", newline="\n")


def _expectation(found: dict[str, Any]) -> str:
    published = {"Donetsk": 6.57, "Luhansk": 5.12}
    rows = [
        f"| {region} | {score.expectation:.2f} | {published[region]:.2f} | "
        f"{score.constant_negative_binomial:.2f} | {score.constant_poisson:.0f} |"
        for region, score in found["smm"].items()
    ]
    daily = [
        f"| {name} | {one['plain']:.3f} | {one['weekday']:.3f} | {100 * one['inside']:.1f} |"
        for name, one in found["daily"].items()
    ]
    return "\n".join(
        [
            "## What was to be expected",
            "",
            "A negative binomial whose mean is an exponentially weighted rate; half-lives of 3, 7 and 28 days run side",
            "by side and are weighted by how well each foretold the days so far, and so is the dispersion. Weekends of",
            "one report count as their days. A count beyond the one-in-a-hundred limits moves the level only as its",
            "limit would; days of a truce or an alarm do not move it. When the number of sources shifts by half for a",
            "week, the level is learnt anew.",
            "",
            "Minus log score a period, out of sample (the last 35 of 115 periods; less is better):",
            "",
            "| region | this | self-exciting | constant negative binomial | constant Poisson |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "The self-exciting model was measured for the design notes on the same split; as it does not beat the",
            "weighted mean, the latter is used. Days of the war, and whether a factor for the weekday earns its place",
            "(it does not: thousandths of a nat), and how many days fall inside the 90 % interval:",
            "",
            "| series | minus log score | with weekdays | inside, % |",
            "|---|---|---|---|",
            *daily,
            "",
        ]
    )


def _truces(found: dict[str, Any]) -> str:
    ours, naive, easter = found["all"], found["naive"], found["easter"]
    years = [
        f"| {year} | {one.n_days} | {one.n_false} | {other.n_false} |"
        for year, (one, other) in found["by_year"].items()
    ]
    called = [
        f"| {row['day']:%Y-%m-%d} | {row['p_general']:.2f} | {_ratio(row['fighting_ratio'])} | "
        f"{_ratio(row['alerts_ratio'])} | {_ratio(row['launches_ratio'])} |"
        for row in found["called"].to_dict("records")
    ]
    made = [
        f"| {name} | {100 * one['first']:.0f} | {100 * one['days']:.0f} | {100 * one['naive']:.0f} |"
        for name, one in found["made"].items()
    ]
    subsets = [
        f"| {name} | {score.n_found} of {score.n_truce_days} | {score.n_false} of {score.n_days} |"
        for name, score in found["subsets"].items()
    ]
    thresholds = [
        f"| {p:g} | {score.n_found} of {score.n_truce_days} | {score.false_per_hundred:.2f} |"
        for p, score in found["thresholds"].items()
    ]
    left = found["left_out"]
    return "\n".join(
        [
            "## Truce days",
            "",
            "Incidents of fighting, alerts and launches are each held against their expectation: the likelihood of 0.1,",
            "0.3 or 0.5 of the level (equally likely) against that of the level. A truce begins on one day in a hundred",
            "and lasts three days on average; Bayes' rule carries the probability from day to day. One series can prove",
            "only so much in a day, two must speak for a truce, and the rest may hardly speak against it. A day is",
            "called from a probability of 0.1: missing one counts as nine false ones.",
            "",
            f"Found: **{ours.n_found} of {ours.n_truce_days}** general truce days (20 April 2025; the six hours of the",
            f"evening before show in daily counts as a probability of {found['eve']['p_general']:.2f} and are left out of the",
            f"score). False: **{ours.n_false} of {ours.n_days} days, {ours.false_per_hundred:.2f} in a hundred**. The naive",
            f"rule of the field (alerts below 0.6 of the median of 14 days): {naive.n_found} of {naive.n_truce_days}, and",
            f"{naive.n_false} false days of {naive.n_days}, {naive.false_per_hundred:.1f} in a hundred.",
            "",
            "| year | days that were no truce | false, this | false, naive |",
            "|---|---|---|---|",
            *years,
            "",
            "Every day called, with its ratios to the expectation:",
            "",
            "| day | probability | fighting | alerts | launches |",
            "|---|---|---|---|---|",
            *called,
            "",
            f"Easter 2025 in its own words: *{easter['sentence']}*",
            "",
            "**Energy-only.** In the moratorium of 18 March to 17 April 2025 no day is called a general truce",
            f"({found['moratorium_general']}). No day is called an energy-only quiet either ({found['moratorium_energy']} there,",
            f"{found['energy_days']} in all): news of energy targets had become too rare to tell, {found['energy_expected']:.2f} a day",
            f"expected and {found['energy_seen']:.0f} seen in the month. On made data with six a day the verdict comes on the third day.",
            "",
            "**Leaving the truce out.** If the probability is chosen as the lowest that gives two false days in a hundred on",
            f"all days but the truce and two weeks either side ({left['threshold']:.3f}), the truce is still found",
            f"({left['found']} of {left['of']}). Other choices:",
            "",
            "| called from | found | false in a hundred |",
            "|---|---|---|",
            *thresholds,
            "",
            "When one series is missing:",
            "",
            "| without | found | false |",
            "|---|---|---|",
            *subsets,
            "",
            "**Made truces.** One real truce is little to judge by. Three days drawn from July 2024 to April 2025 were",
            "thinned to what is left of each series; share of days called, in %:",
            "",
            "| what is left | first day | all three | naive rule |",
            "|---|---|---|---|",
            *made,
            "",
        ]
    )


def _ratio(value: float) -> str:
    return "" if value != value else f"{value:.2f}"


def _donbas(found: list[dict[str, Any]]) -> str:
    rows = [
        f"| {one['truce']} | {one['expected']:.1f} | {one['seen']:.0f} | {one['p']:.2f} |" for one in found
    ]
    return "\n".join(
        [
            "## The truces in Donbas",
            "",
            "They cannot be judged day by day. Fatal events (UCDP, known to the day) were too rare:",
            "",
            "| truce | expected in its first week | seen | chance of so few |",
            "|---|---|---|---|",
            *rows,
            "",
            "The mission's daily counts that are held begin with the truce of 27 July 2020 itself, so that there is no",
            "expectation to set them against: its first days (111, 10, 1, 1) stand against a mean of 623 a day stated for",
            "the year before, ratios of 0.18 and less. For December 2018 a few evenings are held: 130 explosions before,",
            "8, 40, 50 and 150 in the first week of January, ratios of 0.06 to 1.15. For December 2017 only the evening at",
            "its start (200 after 320); for July 2019 evenings of the truce without any before (7, 35, 32, 11); for March",
            "2019, July 2018 and August 2017 no daily count at all.",
            "",
        ]
    )


def _alarms(found: dict[str, Any]) -> str:
    smm = found["smm"]
    new = [
        f"| {row['day']:%Y-%m-%d} | {row['level']} | {row['sentence']} |"
        for row in smm[smm["is_new"]].to_dict("records")
    ]
    made = [
        f"| {row['size']:g} | {row['watch']:.2f} | {row['warning']:.2f} | {row['sudden']:.0f} | {row['third']:.0f} | "
        f"{row['tenth']:.0f} |"
        for row in found["made"]
    ]
    n_new = int(smm["is_new"].sum())
    return "\n".join(
        [
            "## Alarms of a coming collapse",
            "",
            "The evidence that violence is at three times its quiet level, against the quiet level (half-life 28 days), is",
            "added up from day to day and never falls below nothing (CUSUM). One day adds at most 1.5, so that an exercise",
            "nobody flagged or a bulk upload is no alarm. From 2 a watch is kept, from 4 a warning is given if the rise",
            "stands without the place or kind that rose most: the others half as much again as usual over a week, which",
            "chance would do one time in ten at most. A level ends at half of what began it. The quiet level stands still",
            "while an alarm lasts, for at most 28 days.",
            "",
            f"On the counts of the mission, {len(smm)} periods judged, alarms that began:",
            "",
            "| period to | level | in words |",
            "|---|---|---|",
            *new,
            "",
            f"That is {100 * n_new / len(smm):.1f} alarms in 100 periods. Poisson limits (99 %) around the same level would have been",
            f"passed in {100 * found['smm_poisson']:.0f} of 100. On the fighting in Ukraine by kind, {found['n_fighting']} days:",
            f"{len(found['fighting'])} alarms; Poisson limits passed on {100 * found['fighting_poisson']:.0f} of 100 days.",
            "The evenings held of 2017 to 2019 are too few in a row to follow.",
            "",
            "Made series: three places of 8, 4 and 2 incidents a day. False alarms in 100 quiet days, and days until the",
            "warning (median) after a sudden collapse, a growth of 30 % a day and one of 10 % a day, by dispersion (the",
            "smaller the size, the wilder the days; the mission's counts had 0.6 and 0.2):",
            "",
            "| size | false watches | false warnings | sudden | 30 % a day | 10 % a day |",
            "|---|---|---|---|---|---|",
            *made,
            "",
        ]
    )


WARNINGS = """## Warnings to others

`truceline monitor warn STORE --out DIR` puts the alarm of the last complete day into messages of the Common Alerting Protocol 1.2,
one for each region that has risen: an **alert** when its alarm begins, an **update** while it goes on, a **cancellation** when it
has ended. Each cites the message before it. What was sent stands in the history of changes, and only that is cited; a message
that has expired is not updated, the next is an alert again. The same evening asked again gives the same bytes. Where the day is
not known, nothing is said.

| in the message | from |
|---|---|
| status | `--status`: Draft (not kept, the default), Test, Exercise, or Actual, which needs `--sender` and a store without simulated reports |
| scope | `--level`: Public; Restricted for the parties; Private for the mission |
| urgency | Expected for a warning, Future for a watch, Past for a cancellation |
| certainty | Likely for a warning whose probability is above `warning.likely_p`, else Possible; never Observed |
| severity | Severe from a ratio to expected of `warning.severe_ratio`, Moderate from `warning.moderate_ratio`, else Minor; never Extreme |
| onset, expires | start of the first reporting day of the alarm; `warning.valid` after it is sent |
| area | the region by name, and a circle of `warning.radius` round its centre, which is not its border |
| description | incidents beside what was expected, usual range, ratio with its interval; the same for all regions; the probability |

The probability is that of the raised level against the quiet one by the evidence added up, both being equally likely
beforehand; that flatters the rise, and none is given above 0.99. Categories are Safety and Security, the response asked for is Monitor. No side, no place
finer than a region, and no target is named: the message says how unusual the days are, not why, and forecasts nothing.
Nothing is sent from here: the files are for whoever runs the channel.
"""

LIMITS = """## Limits

- One general truce lies inside the development data with several series known. Made truces show what the rule can do,
  not what the next truce will look like.
- A truce of some hours does not show in daily counts. A fall by half in everything is found on every other day.
- Two series that fall silent together for reasons of their own look like a truce. Alerts and launches are one sky: with
  these two alone, and no incidents of fighting, false days are above two in a hundred.
- Half of the days called falsely lie in the last week of a year.
- A rise that lasts for weeks in one place alone turns into a warning when another place happens to rise beside it. With
  two regions, of which one is nearly always quiet, warnings come late.
- Intervals take days to be independent given the expectation; bursts that last for days make them too narrow.
- Stated totals (counts of many violations by somebody else) are compared with themselves and never added to incidents.
"""
