"""The daily report as one HTML file with its figures inside: no script, no network, fit for paper.

Everything from a store is escaped; only the figures drawn here go in as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from truceline.publish.daily_page import Grid, Page
from truceline.publish.page_templates import inline_figures, make_environment, read_styles, render_page


def render_daily(page: Page, figures: Mapping[str, str]) -> str:
    """Return the page as HTML; `figures` are SVG texts by name. The same page gives the same text."""
    environment = make_environment()
    environment.tests["grid"] = lambda block: isinstance(block, Grid)
    return render_page(
        environment,
        "daily.html.j2",
        page=page,
        figures=inline_figures(figures),
        style=read_styles("report.css", "daily.css"),
        block_name=lambda block: type(block).__name__,
    )
