"""Where a simulated ceasefire comes from: process, assumptions with their sources, how to run it again.

Strings as readers see them; nothing is computed.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.publish.wording import EVIDENCE_WORDS, WEAK_EVIDENCE
from truceline.simulate.catalogue import PREFIX
from truceline.simulate.parameters import HELD, NOT_FIXED, PARAMETERS
from truceline.simulate.settings import N_DAYS
from truceline.units import format_value

if TYPE_CHECKING:
    from truceline.scenario.assumption import Assumption
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison, Outcome

Row = dict[str, Any]
_DEFAULT_REPLICATES = 2_000
"""What the command runs where no other number is asked for."""
_BASELINES = ("minsk_hazard", "armistice_hazard")
_DIALS = ("hr_backstop", "trigger_response")


def view_assumptions(outcome: Outcome) -> list[Row]:
    """Return a row for each assumption of the ceasefire, those drawn first, in the order of the catalogue."""
    rows = [
        _assumption_row(name.removeprefix(PREFIX), record, outcome)
        for name, record in outcome.assumptions.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) in (*PARAMETERS, *HELD, *NOT_FIXED)
    ]
    order = ("drawn", "fixed by you", "held", "named baseline", "dial, swept", "declared rule")
    return sorted(rows, key=lambda row: order.index(row["use"]))


def _assumption_row(name: str, record: Assumption, outcome: Outcome) -> Row:
    value = outcome.fixed.get(name, outcome.settings.constants.get(name, record.value))
    low, high = record.bounds
    span = f"{low:.3g} to {high:.3g}" if record.has_range and name not in outcome.fixed else ""
    return {
        "label": record.label,
        "name": f"{PREFIX}{name}",
        "value": format_value(value, record.unit),
        "range": span,
        "use": _use_of(name, outcome),
        "evidence": EVIDENCE_WORDS.get(record.evidence.value, record.evidence.value),
        "is_weak": record.evidence.value in WEAK_EVIDENCE,
        "source": "" if record.source is None else str(record.source),
        "note": record.note,
    }


def _use_of(name: str, outcome: Outcome) -> str:
    if name in outcome.fixed:
        return "fixed by you"
    if name in PARAMETERS:
        return "drawn"
    if name in HELD:
        return "held"
    if name in _BASELINES:
        return "named baseline"
    return "dial, swept" if name in _DIALS else "declared rule"


def view_process(outcome: Outcome) -> Row:
    """Return the process as a table of epochs and rates: what was composed before anything was simulated."""
    from truceline.simulate.parameters import draw_parameters
    from truceline.simulate.process import DESCRIBED_MAX, compose, describe_process, say_process

    draws = draw_parameters(
        outcome.assumptions,
        first=0,
        n=min(DESCRIBED_MAX, outcome.n_replicates),
        seed=outcome.seed,
        fixed=outcome.fixed,
        cap_branching=outcome.cap_branching,
    )
    process = compose(outcome.watch, draws, outcome.settings)
    heads, *rows = describe_process(process)
    return {
        "heads": [head[:1].upper() + head[1:] for head in heads],
        "rows": [[_break_band(cell) for cell in row] for row in rows],
        "notes": say_process(process),
    }


def _break_band(cell: str) -> tuple[str, str]:
    """Return a rate and its band apart, so that the band stands under it."""
    middle, mark, band = cell.partition(" (")
    return middle, band.removesuffix(")") if mark else ""


def view_provenance(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what made this report, as pairs of a name and a value."""
    first = comparison.outcomes[0]
    made = first.provenance
    fixed = ", ".join(made.overrides)
    return [
        ("Program", f"Truceline {made.version}"),
        *(
            (f"Watch {n}" if comparison.differences else "Watch", _say_watch(one))
            for n, one in enumerate(comparison.outcomes, 1)
        ),
        ("Seed", str(first.seed)),
        ("Replicates", f"{made.method}; the same replicates and the same luck under every watch"),
        *([("Changed", fixed)] if fixed else []),
    ]


def _say_watch(outcome: Outcome) -> str:
    watch = outcome.watch
    folder = f"folder {Path(watch.source).name}, " if watch.source else ""
    posture = f"posture {watch.posture}, " if watch.posture else ""
    return f"{outcome.label}: {folder}{posture}{watch.grain}, fingerprint {watch.fingerprint}"


def command_line(comparison: Comparison, *, with_sensitivity: bool, threshold: Threshold | None) -> str:
    """Return the command that makes the same report again, from the folder above the plans."""
    first = comparison.outcomes[0]
    words = ["truceline", "simulate", Path(first.watch.source).name or "PLAN"]
    if first.watch.posture:
        words += ["--posture", first.watch.posture]
    for other in comparison.outcomes[1:]:
        same = other.watch.source == first.watch.source and not other.watch.p_detect.any()
        name = Path(other.watch.source).name
        words += ["--against", "nobody" if same or not name else f"{name}={other.watch.posture}"]
    if first.summary.n_days != N_DAYS:
        words += ["--days", str(first.summary.n_days)]
    if first.n_replicates != _DEFAULT_REPLICATES:
        words += ["--replicates", str(first.n_replicates)]
    words += ["--seed", str(first.seed)]
    for name, value in sorted(first.fixed.items()):
        words += ["--fix", f"{name}={value:g}"]
    if first.cap_branching is not None:
        words += ["--cap-branching", f"{first.cap_branching:g}"]
    if threshold is not None:
        words += ["--threshold", f"{threshold.per_month:.12g}"]
        if threshold.source == "given by the user":
            words += ["--backstop-cost", f"{threshold.cost_per_year:.12g}"]
    if with_sensitivity:
        words.append("--sensitivity")
    return shlex.join([*words, "--out", "simulated"])
