"""Add the report of a simulated ceasefire to its folder: page, figures, tables of dial and sensitivity.

The document and the other tables are written beside it by `simulation_folder`. The same outcome gives the
same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from truceline.publish.simulate_dial_figures import draw_dial, draw_survival
from truceline.publish.simulate_dial_tables import list_dial_tables
from truceline.publish.simulate_figures import (
    draw_indices,
    draw_ladder,
    draw_stages,
    draw_tornado,
    draw_violations,
)
from truceline.publish.simulate_html import render_simulation
from truceline.publish.tables import write_tables
from truceline.simulate.backstop_dial import read_break_evens, read_dial

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison
    from truceline.simulate.sensitivity import Sensitivity

REPORT = "report.html"


def write_report(
    comparison: Comparison,
    folder: Path,
    *,
    sensitivity: Sensitivity | None = None,
    threshold: Threshold | None = None,
) -> tuple[str, ...]:
    """Write report.html, figures/*.svg and the tables of dial and sensitivity; return the names written.

    folder: an existing one, usually the temporary one of `files.replace_folder`. Raises OSError or
    OutputError when the disk refuses.
    """
    figures = draw_simulation(comparison, sensitivity, threshold)
    (folder / "figures").mkdir(exist_ok=True)
    for name, svg in figures.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    (folder / "tables").mkdir(exist_ok=True)
    write_tables(list_dial_tables(comparison.outcomes[0], sensitivity, threshold), folder / "tables")
    text = render_simulation(comparison, figures, sensitivity=sensitivity, threshold=threshold)
    (folder / REPORT).write_text(text, encoding="utf-8")
    return (REPORT, "figures/")


def draw_simulation(
    comparison: Comparison, sensitivity: Sensitivity | None = None, threshold: Threshold | None = None
) -> dict[str, str]:
    """Return every figure of the first outcome as SVG text by name."""
    outcome = comparison.outcomes[0]
    break_evens = () if threshold is None else read_break_evens(outcome.summary, threshold)
    figures = {"survival": draw_survival(outcome)}
    curves = read_dial(outcome.summary)
    if curves:
        figures["dial"] = draw_dial(outcome, curves, break_evens)
    figures["violations"] = draw_violations(outcome)
    figures["stages"] = draw_stages(outcome)
    figures["ladder"] = draw_ladder(outcome)
    if sensitivity is not None:
        figures["tornado"] = draw_tornado(outcome, sensitivity)
        figures["sobol"] = draw_indices(outcome, sensitivity)
    return figures
