"""The report: one HTML file with its figures inside, that opens from disk without a network.

Everything a scenario says is escaped; only the figures drawn here go in as they are. It formats and lays out;
every number comes from the plan.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from truceline.plan.model import Plan
from truceline.publish.report_view import view_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

_TEMPLATES = "truceline.publish"
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
)


def render_report(plan: Plan, figures: Mapping[str, str]) -> str:
    """Return the report as HTML text; `figures` from `draw_figures`. The same plan gives the same text."""
    from markupsafe import Markup

    inline = {name: Markup(inline_svg(figures[name])) for name in _FIGURE_ORDER if name in figures}  # noqa: S704
    page = _environment().get_template("report.html.j2")
    has_money = plan.money is not None
    style = _read("report.css") + (
        _read("generation.css") if plan.generation is not None or has_money else ""
    )
    style += _read("money.css") if has_money else ""
    style += _read("dates.css") if plan.dates is not None else ""
    text = page.render(view=view_report(plan), figures=inline, style=Markup(style))  # noqa: S704
    return text if text.endswith("\n") else f"{text}\n"


def inline_svg(svg: str) -> str:
    """Return an SVG document as an element: no prolog, no fixed size, so that the page sets its width."""
    element = svg[svg.index("<svg") :]
    head, tail = element.split(">", 1)
    return re.sub(r'\s(width|height)="[^"]*"', "", head) + ">" + tail


def _hold_together(value: object) -> object:
    """Return a text of the view with its per cent signs kept on the line of their numbers."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if type(value) is str else value


def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_hold_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(name: str) -> str:
    return files(_TEMPLATES).joinpath("templates", name).read_text(encoding="utf-8")
