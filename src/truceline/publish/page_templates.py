"""What all HTML pages are made with: packaged templates and styles, escaping, figures as elements.

Everything that comes from data is escaped; only figures drawn here and packaged styles go in as they are.
What a page says is its own file's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PACKAGE = "truceline.publish"


def make_environment(finalize: Callable[[object], object] | None = None) -> Environment:
    """Return the environment of a page; `finalize` is applied to every value before it is escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(environment: Environment, template: str, **values: Any) -> str:
    """Return a page as text that ends with a line break."""
    text = environment.get_template(template).render(**values)
    return text if text.endswith("\n") else f"{text}\n"


def read_styles(*names: str) -> Markup:
    """Return packaged style sheets, one after the other."""
    from markupsafe import Markup

    return Markup("".join(map(_read, names)))  # noqa: S704  (packaged)


def inline_figures(figures: Mapping[str, str]) -> dict[str, Markup]:
    """Return SVG documents drawn here as elements, by their names."""
    from markupsafe import Markup

    return {name: Markup(inline_svg(svg)) for name, svg in figures.items()}  # noqa: S704  (drawn by us)


def inline_svg(svg: str) -> str:
    """Return an SVG document as an element: no prolog, no fixed size, so that the page sets its width."""
    element = svg[svg.index("<svg") :]
    head, tail = element.split(">", 1)
    return re.sub(r'\s(width|height)="[^"]*"', "", head) + ">" + tail


def _read(name: str) -> str:
    return files(_PACKAGE).joinpath("templates", name).read_text(encoding="utf-8")
