"""Write a fit into a folder: the page with its figures inside, the figures apart, and the document.

All or none: the folder is made beside its place and put there when it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from truceline.files import replace_folder
from truceline.publish.fit_view import FitSection
from truceline.publish.page_templates import inline_figures, make_environment, read_styles, render_page

MARKER = "fit.json"
"""File that every such folder holds: a folder without it is somebody's own and is never replaced."""


def write_fit(
    folder: Path,
    *,
    title: str,
    source: str,
    sections: Sequence[FitSection],
    figures: Mapping[str, str],
    document: str,
) -> tuple[str, ...]:
    """Write page, figures and document into a folder of its own and return the names of the files.

    Raises OutputError where the folder is somebody else's or cannot be written; the old one stays then.
    """
    page = render_fit(title, source, sections, figures)
    contents = {MARKER: document, "fit.html": page}
    contents |= {f"figures/{name}.svg": svg for name, svg in figures.items()}
    with replace_folder(folder, marker=MARKER) as new:
        if figures:
            (new / "figures").mkdir()
        for name, text in contents.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
    return tuple(contents)


def render_fit(title: str, source: str, sections: Sequence[FitSection], figures: Mapping[str, str]) -> str:
    """Return the page as HTML; the same fit gives the same text. Everything from a file is escaped."""
    return render_page(
        make_environment(),
        "fit.html.j2",
        title=title,
        source=source,
        sections=sections,
        figures=inline_figures(figures),
        style=read_styles("report.css"),
    )
