"""How every figure looks: colours, type, the caption and the small print burnt into each, and SVG as text.

Inches and points, as matplotlib counts. The same figure gives the same bytes: no clock, fixed salt, letters
as outlines so that it looks alike where the font is missing. It knows no results.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1f2a33"
MUTED = "#5d6b76"
RULE = "#c9d1d7"
PAPER = "#ffffff"
WEAK = "#c2410c"
"""The weakest crossing and whatever is open: one warm colour, used for nothing else."""
POSTURE_COLOURS = ("#0b5394", "#7a5195", "#2f7d5b", "#9a6b00", "#5d6b76")
"""By order of the scenario; told apart in the common kinds of colour blindness, and labelled besides."""
GROUP_COLOURS = {"watch": "#0b5394", "reaction": "#6fa8dc", "support": "#b9c4cc", "deterrence": "#8a6d3b"}
COVERAGE_COLOURS = ("#eef3e2", "#b9d9c3", "#6db5b4", "#2f83a3", "#1d4e79", "#12284c")
"""From nothing seen to everything seen: lighter is less, also in grey."""

_RC: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "grid.color": "#e6eaed",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "path.simplify": True,
}
POINTS_PER_INCH = 72
_MARGIN_IN = 0.12
_TITLE_PT, _SUBTITLE_PT, _SMALL_PT = 12.5, 9.0, 7.2
_LINE_HEIGHT = 1.38
_HALO_PT = 2.2


@contextmanager
def figure_style() -> Iterator[None]:
    """Give the style for the length of a block; the caller's own settings come back after it."""
    import warnings

    import matplotlib as mpl

    with mpl.rc_context(_RC), warnings.catch_warnings():
        # A name in letters that no font here has is drawn as boxes; the text beside the figure has it whole.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def start_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure that no window knows of; a pixel is a point, as in the SVG it becomes."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=POINTS_PER_INCH)
    FigureCanvasSVG(figure)
    return figure


def add_frame(figure: Figure, title: str, subtitle: str, notes: tuple[str, ...]) -> tuple[float, float]:
    """Write title and subtitle above, small print below; return the free band (bottom, top) in shares."""
    width_in, height_in = figure.get_size_inches()
    x = _MARGIN_IN / width_in
    y_in = height_in - _MARGIN_IN
    for text, size_pt, weight, colour in (
        (title, _TITLE_PT, "bold", INK),
        (subtitle, _SUBTITLE_PT, "normal", MUTED),
    ):
        lines = wrap(text, size_pt, width_in, weight)
        if lines:
            figure.text(
                x,
                y_in / height_in,
                "\n".join(lines),
                size=size_pt,
                weight=weight,
                color=colour,
                va="top",
                linespacing=_LINE_HEIGHT,
            )
            y_in -= len(lines) * size_pt * _LINE_HEIGHT / POINTS_PER_INCH + 0.05
    small = [line for note in notes for line in wrap(note, _SMALL_PT, width_in)]
    figure.text(
        x,
        _MARGIN_IN / height_in,
        "\n".join(small),
        size=_SMALL_PT,
        color=MUTED,
        va="bottom",
        linespacing=_LINE_HEIGHT,
    )
    bottom_in = _MARGIN_IN + len(small) * _SMALL_PT * _LINE_HEIGHT / POINTS_PER_INCH + 0.1
    return bottom_in / height_in, y_in / height_in


def wrap(text: str, size_pt: float, width_in: float, weight: str = "normal") -> list[str]:
    """Return `text` in lines no wider than a figure of that width less its margins, as the font has it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=_RC["font.family"], size=size_pt, weight=weight)
    measure = TextToPath()
    room_pt = (width_in - 2 * _MARGIN_IN) * POINTS_PER_INCH
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure.get_text_width_height_descent(longer, font, ismath=False)[0] <= room_pt:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def halo() -> list[Any]:
    """Return the rim of paper that keeps letters legible over lines."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=_HALO_PT, foreground=PAPER)]


def plain(text: str) -> str:
    """Return a text from a scenario so that matplotlib reads no formula in it, on one line."""
    return " ".join(text.split()).replace("$", r"\$")


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Return the figure as SVG text whose ids start with `name`, so that many may stand in one page."""
    import matplotlib as mpl

    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": f"truceline {name}"}):
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    text = buffer.getvalue()
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = text.replace('<style type="text/css">*{', f'<style type="text/css">#{name}-figure_1 *{{')
    label = f"<title>{escape(description)}</title>"
    text = re.sub(r"(<svg\b[^>]*)>", lambda match: f'{match[1]} role="img">\n {label}', text, count=1)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
