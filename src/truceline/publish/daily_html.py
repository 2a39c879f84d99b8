"""The daily report as one HTML file with its figures inside: no script, no network, fit for paper.

Everything from a store is escaped; only the figures drawn here go in as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from truceline.publish.daily_page import Grid, Page
from truceline.publish.html import inline_svg

_PACKAGE = "truceline.publish"


def render_daily(page: Page, figures: Mapping[str, str]) -> str:
    """Return the page as HTML; `figures` are SVG texts by name. The same page gives the same text."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["grid"] = lambda block: isinstance(block, Grid)
    inline = {name: Markup(inline_svg(svg)) for name, svg in figures.items()}  # noqa: S704  (drawn by us)
    style = Markup(_read("report.css") + _read("daily.css"))  # noqa: S704  (packaged)
    text = environment.get_template("daily.html.j2").render(
        page=page, figures=inline, style=style, block_name=lambda block: type(block).__name__
    )
    return text if text.endswith("\n") else f"{text}\n"


def _read(name: str) -> str:
    return files(_PACKAGE).joinpath("templates", name).read_text(encoding="utf-8")
