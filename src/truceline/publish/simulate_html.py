"""The report of a simulated ceasefire as one HTML file with its figures inside: no script, no network.

Labels and sources are escaped; only the figures drawn here go in as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

from truceline.publish.html import inline_svg
from truceline.publish.simulate_view import view_simulation

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison
    from truceline.simulate.sensitivity import Sensitivity

_PACKAGE = "truceline.publish"


def render_simulation(
    comparison: Comparison,
    figures: Mapping[str, str],
    *,
    sensitivity: Sensitivity | None = None,
    threshold: Threshold | None = None,
) -> str:
    """Return the report as HTML; `figures` are SVG texts by name. The same outcome gives the same text."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_hold_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    inline = {name: Markup(inline_svg(svg)) for name, svg in figures.items()}  # noqa: S704  (drawn by us)
    style = Markup(_read("report.css") + _read("simulate.css"))  # noqa: S704  (packaged)
    view = view_simulation(comparison, sensitivity, threshold)
    text = environment.get_template("simulate.html.j2").render(view=view, figures=inline, style=style)
    return text if text.endswith("\n") else f"{text}\n"


def _hold_together(value: object) -> object:
    """Return a text with its per cent signs kept on the line of their numbers, and r with its value."""
    if type(value) is not str:
        return value
    space = "\N{NO-BREAK SPACE}"
    return value.replace(" %", f"{space}%").replace("r = ", f"r{space}={space}")


def _read(name: str) -> str:
    return files(_PACKAGE).joinpath("templates", name).read_text(encoding="utf-8")
