"""The report: one HTML file with its figures inside, that opens from disk without a network.

Everything a scenario says is escaped; only the figures drawn here go in as they are. It formats and lays out;
every number comes from the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.plan.model import Plan
from truceline.publish.page_templates import inline_figures, make_environment, read_styles, render_page
from truceline.publish.report_view import view_report

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIGURE_ORDER = (
    "map",
    "frontier",
    "crossings",
    "tasks",
    "backstop-gap",
    "backstop-value",
    "cost-years",
    "cost-frontier",
    "strength",
    "approvals",
    "talks-positions",
    "talks-models",
)


def render_report(plan: Plan, figures: Mapping[str, str]) -> str:
    """Return the report as HTML text; `figures` from `draw_figures`. The same plan gives the same text."""
    inline = inline_figures({name: figures[name] for name in _FIGURE_ORDER if name in figures})
    has_money = plan.money is not None
    styles = ["report.css"]
    if plan.generation is not None or has_money or plan.talks is not None:
        styles.append("generation.css")
    if has_money:
        styles.append("money.css")
    if plan.dates is not None:
        styles.append("dates.css")
    if plan.talks is not None:
        styles.append("talks.css")
    return render_page(
        make_environment(_hold_together),
        "report.html.j2",
        view=view_report(plan),
        figures=inline,
        style=read_styles(*styles),
    )


def _hold_together(value: object) -> object:
    """Return a text of the view with its per cent signs kept on the line of their numbers."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if type(value) is str else value
