"""The report of a simulated ceasefire as one HTML file with its figures inside: no script, no network.

Labels and sources are escaped; only the figures drawn here go in as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truceline.publish.page_templates import inline_figures, make_environment, read_styles, render_page
from truceline.publish.simulate_view import view_simulation

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison
    from truceline.simulate.sensitivity import Sensitivity


def render_simulation(
    comparison: Comparison,
    figures: Mapping[str, str],
    *,
    sensitivity: Sensitivity | None = None,
    threshold: Threshold | None = None,
) -> str:
    """Return the report as HTML; `figures` are SVG texts by name. The same outcome gives the same text."""
    return render_page(
        make_environment(_hold_together),
        "simulate.html.j2",
        view=view_simulation(comparison, sensitivity, threshold),
        figures=inline_figures(figures),
        style=read_styles("report.css", "simulate.css"),
    )


def _hold_together(value: object) -> object:
    """Return a text with its per cent signs kept on the line of their numbers, and r with its value."""
    if type(value) is not str:
        return value
    space = "\N{NO-BREAK SPACE}"
    return value.replace(" %", f"{space}%").replace("r = ", f"r{space}={space}")
