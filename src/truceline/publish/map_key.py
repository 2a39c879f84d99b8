"""The key of the map: colours, signs, and the patrols and drones of each sector, which have no place on it.

Signs and colours are named here so that map and key cannot differ. Sizes in points, places in
shares of the figure.
"""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from truceline.plan.ground import Ground
from truceline.plan.map_data import list_sectors
from truceline.plan.model import PosturePlan
from truceline.publish import figure_style as style
from truceline.publish.wording import MEANS_WORDS

BAND_FILLS = ("#e3dfd0", "#f0eee5", "#f8f7f2", "#fbfbf9")
LOOKS: dict[str, dict[str, Any]] = {
    "post": {"marker": "o", "s": 7.0, "fc": "#111827", "ec": style.PAPER, "lw": 0.35},
    "unarmed_post": {"marker": "o", "s": 9.0, "fc": style.PAPER, "ec": "#111827", "lw": 0.7},
    "mast": {"marker": "^", "s": 10.0, "fc": "#f2b134", "ec": "#111827", "lw": 0.35},
}
BASE_LOOK: dict[str, Any] = {"marker": "s", "s": 26.0, "fc": style.PAPER, "ec": "#0b5394", "lw": 1.3}


def coverage_colours() -> Any:
    """Return the colours of detection from nothing to everything."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("coverage", style.COVERAGE_COLOURS)


def draw_key(
    figure: Any, planned: PosturePlan, ground: Ground, left: float, bottom: float, top: float
) -> None:
    """Draw the key right of `left`, between `bottom` and `top` (shares of the figure)."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    width, height_in = 1 - left - 0.012, figure.get_size_inches()[1]
    y = top
    if planned.watch is not None:
        bar = figure.add_axes((left, y - 0.42 / height_in, width * 0.92, 0.14 / height_in))
        bar.imshow(
            np.linspace(0, 1, 64)[None, :], aspect="auto", cmap=coverage_colours(), extent=(0, 100, 0, 1)
        )
        bar.set_yticks([])
        bar.set_xticks([0, 50, 100], ["0 %", "50 %", "100 %"], size=7.5)
        bar.tick_params(length=2, pad=1.5)
        bar.spines[:].set_visible(False)
        bar.set_title(
            f"Incidents detected in a cell\nof {ground.cells.cell_m:g} m, all states",
            size=8,
            loc="left",
            pad=4,
        )
        y -= 0.82 / height_in
    signs: list[Any] = [Line2D([], [], color=style.INK, lw=1.3, label="line of contact")]
    signs.append(Patch(fc="none", ec=style.MUTED, lw=0.7, label=_km_label("zone of separation", ground)))
    for number, band in enumerate(ground.zones.bands):
        fill = BAND_FILLS[min(number, len(BAND_FILLS) - 1)]
        name = _shorten(
            f"without {style.plain(band.name)}: {band.from_m / 1000:g} to {band.to_m / 1000:g} km"
        )
        signs.append(Patch(fc=fill, ec="#d9d6c9", lw=0.7, label=name))
    counts: dict[str, int] = {}
    for sector in list_sectors(planned, ground):
        for kind, n in sector.counts.items():
            counts[kind] = counts.get(kind, 0) + n
    for kind, look in LOOKS.items():
        if counts.get(kind):
            signs.append(_sign(look, f"{counts[kind]:,} {MEANS_WORDS[kind][counts[kind] != 1]}"))
    bases = planned.people.bases
    if bases is not None:
        signs.append(
            _sign(BASE_LOOK, f"{len(bases.xy_m):,} reaction {'base' if len(bases.xy_m) == 1 else 'bases'}")
        )
    if planned.crossings is not None:
        signs.append(
            Line2D([], [], color=style.WEAK, lw=1.8, label="weakest crossing of each\nsector, in any state")
        )
    legend = figure.legend(
        handles=signs,
        loc="upper left",
        bbox_to_anchor=(left - 0.004, y),
        borderaxespad=0,
        borderpad=0,
        fontsize=8,
        handlelength=1.5,
        labelspacing=0.65,
    )
    figure.canvas.draw()
    box = legend.get_window_extent().transformed(figure.transFigure.inverted())
    _draw_sector_table(figure, planned, ground, left, box.y0 - 0.28 / height_in, bottom)


def _km_label(name: str, ground: Ground) -> str:
    return f"{name}, {ground.zones.half_width_m / 1000:g} km\non each side"


def _shorten(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 26))


def _sign(look: dict[str, Any], label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        ls="",
        marker=look["marker"],
        ms=math.sqrt(look["s"]) * 1.35,
        mfc=look["fc"],
        mec=look["ec"],
        mew=look["lw"],
        label=label,
    )


def _draw_sector_table(
    figure: Any, planned: PosturePlan, ground: Ground, left: float, y: float, bottom: float
) -> None:
    """Write patrols and drones of each sector, which have no place on the map."""
    sectors = list_sectors(planned, ground)
    step = 0.168 / figure.get_size_inches()[1]
    if not sectors or y - (len(sectors) + 2) * step < bottom:
        return
    columns = (("sector", 0.0, "left"), ("patrols/day", 0.125, "right"), ("drone orbits", 0.205, "right"))
    for text, offset, align in columns:
        figure.text(left + offset, y, text, size=7.2, color=style.MUTED, ha=align)
    for sector in sectors:
        y -= step
        row = (
            style.plain(sector.name),
            str(sector.counts.get("patrol", 0)),
            str(sector.counts.get("orbit", 0)),
        )
        for text, (_, offset, align) in zip(row, columns, strict=True):
            figure.text(left + offset, y, text, size=7.8, ha=align)
