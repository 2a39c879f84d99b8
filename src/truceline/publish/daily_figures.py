"""Three figures of the daily report: the map, violations a day over a month, the day against its yearly mean.

Places of the map are in kilometres of a local projection round what is drawn; no background from elsewhere.
Drawn once as a figure, written as SVG for the page and as PNG for the document: the same bytes each time.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.kinds import Releasability
from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE
from truceline.monitor.day_model import DayReport
from truceline.publish import figure_style as style
from truceline.publish.daily_words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 9.2
MAP_HEIGHT_LIMITS_IN = (4.2, 7.6)
PNG_DPI = 170
EXPLOSION_COLOUR, OTHER_COLOUR = "#0b5394", "#a9c6de"
_MARGIN_KM_MIN, _MARGIN_SHARE = 15.0, 0.07
_AREA_MAX_PT2, _AREA_MIN_PT2 = 900.0, 14.0
_MOST_MIN = 30
"""Fewest violations that the largest circle stands for: a quiet day has small circles."""
_N_NAMED = 12
_LABEL_PT = 8.5
_SCALES_KM = (10, 20, 50, 100, 200, 500)
_CHART_HEIGHT_IN = 2.9


def draw_daily_figures(report: DayReport, words: Words) -> dict[str, str]:
    """Return the figures as SVG text by name: map, trail, and year where there is a mean to hold against."""
    labels = {"map": "plate.map", "trail": "plate.trail", "year": "plate.year"}
    with style.figure_style():
        return {
            name: style.to_svg(draw(report, words), f"daily-{name}", words.name(*labels[name].split(".")))
            for name, draw in _pick_drawers(report).items()
        }


def draw_daily_pictures(report: DayReport, words: Words) -> dict[str, bytes]:
    """Return the same figures as PNG, without any mark of when or by what they were made."""
    pictures = {}
    with style.figure_style():
        for name, draw in _pick_drawers(report).items():
            out = io.BytesIO()
            draw(report, words).savefig(out, format="png", dpi=PNG_DPI, metadata={"Software": None})
            pictures[name] = out.getvalue()
    return pictures


def _pick_drawers(report: DayReport) -> dict[str, Callable[[DayReport, Words], Figure]]:
    return {name: draw for name, draw in _DRAWERS.items() if name != "year" or report.year_means}


def _draw_map(report: DayReport, words: Words) -> Figure:
    points = np.array([(p.lon, p.lat) for p in report.map_points], dtype=float).reshape(-1, 2)
    posts = np.array([(lon, lat) for _, lon, lat, _ in report.posts], dtype=float).reshape(-1, 2)
    line = [np.array(part, dtype=float) for part in report.line_of_contact]
    extent = np.concatenate([points, posts, *line]) if len(points) or len(posts) or line else None
    if extent is None:
        extent = np.array([(lon, lat) for _, lon, lat in report.centres], dtype=float).reshape(-1, 2)
    most = max((p.count.best for p in report.map_points), default=0)
    is_own = report.level is Releasability.mission
    notes = [words.say("map.note" if is_own else "map.note_edition", decimals=report.position_decimals)]
    if report.n_not_placed:
        notes.append(words.say("map.not_placed", n=report.n_not_placed))
    if not len(extent):
        extent = np.zeros((1, 2))
    to_km = _projector(extent)
    west, south, east, north = _frame(to_km(extent))
    height_in = float(np.clip(WIDTH_IN * (north - south) / (east - west), *MAP_HEIGHT_LIMITS_IN))
    figure = style.start_figure(WIDTH_IN, height_in + 1.2)
    subtitle = words.say("map.subtitle", most=most) if most else words.say("map.empty")
    title = words.say("map.title", period=_say_period(report, words))
    bottom, top = style.add_frame(figure, style.plain(title), style.plain(subtitle), tuple(notes))
    axes = figure.add_axes((0.012, bottom, 0.976, top - bottom))
    box_in = (WIDTH_IN * 0.976, (height_in + 1.2) * (top - bottom))
    _set_frame(axes, (west, south, east, north), box_in)
    for part in line:
        axes.plot(*to_km(part).T, color=style.INK, lw=1.4, zorder=2)
    _draw_posts(axes, report, to_km)
    labels = _Labels(axes, box_in[0] * style.POINTS_PER_INCH)
    _draw_circles(axes, report, to_km(points), most, labels)
    _draw_centres(axes, report, to_km, labels)
    _draw_scale(axes, words)
    return figure


def _projector(extent: Any) -> Callable[[Any], Any]:
    """Return a projection to kilometres: equal distances along the middle parallel of what is drawn."""
    lon_0, lat_0 = (extent.min(axis=0) + extent.max(axis=0)) / 2.0
    shrink = math.cos(math.radians(lat_0))

    def to_km(lonlat: Any) -> Any:
        scale = SPHERE_KM_PER_DEGREE * np.array([shrink, 1.0])
        return (np.asarray(lonlat, dtype=float).reshape(-1, 2) - (lon_0, lat_0)) * scale

    return to_km


def _frame(points_km: Any) -> tuple[float, float, float, float]:
    (west, south), (east, north) = points_km.min(axis=0), points_km.max(axis=0)
    margin = max(_MARGIN_KM_MIN, _MARGIN_SHARE * max(east - west, north - south))
    return west - margin, south - margin, east + margin, north + margin


def _set_frame(axes: Axes, frame: tuple[float, float, float, float], box_in: tuple[float, float]) -> None:
    """Show at least the frame, one kilometre as long in both directions."""
    west, south, east, north = frame
    km_per_in = max((east - west) / box_in[0], (north - south) / box_in[1])
    half_wide, half_high = km_per_in * box_in[0] / 2.0, km_per_in * box_in[1] / 2.0
    middle_x, middle_y = (west + east) / 2.0, (south + north) / 2.0
    axes.set_xlim(middle_x - half_wide, middle_x + half_wide)
    axes.set_ylim(middle_y - half_high, middle_y + half_high)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _draw_posts(axes: Axes, report: DayReport, to_km: Callable[[Any], Any]) -> None:
    for is_up, face in ((True, style.MUTED), (False, style.PAPER)):
        lonlat = [(lon, lat) for _, lon, lat, up in report.posts if up is is_up]
        if lonlat:
            x, y = to_km(lonlat).T
            axes.scatter(
                x, y, s=15, marker="s", facecolors=face, edgecolors=style.MUTED, linewidths=0.9, zorder=3
            )


def _draw_centres(axes: Axes, report: DayReport, to_km: Callable[[Any], Any], labels: _Labels) -> None:
    for name, lon, lat in report.centres:
        x, y = to_km([(lon, lat)])[0]
        if axes.get_xlim()[0] < x < axes.get_xlim()[1] and axes.get_ylim()[0] < y < axes.get_ylim()[1]:
            axes.plot([x], [y], marker="+", color=style.INK, ms=7, mew=1.1, zorder=4)
            labels.write(name, x, y, clear_pt=5.0, style="italic")


def _draw_circles(axes: Axes, report: DayReport, points_km: Any, most: int, labels: _Labels) -> None:
    """Draw a circle for each place, larger ones below, and name those with most."""
    if not report.map_points:
        return
    ranked = sorted(zip(report.map_points, points_km, strict=True), key=lambda one: -one[0].count.best)
    areas = [max(_AREA_MIN_PT2, _AREA_MAX_PT2 * p.count.best / max(most, _MOST_MIN)) for p, _ in ranked]
    nothing, red = (0.0, 0.0, 0.0, 0.0), (*_rgb(style.WEAK), 0.55)
    x, y = np.array([xy for _, xy in ranked]).T
    axes.scatter(
        x,
        y,
        s=areas,
        facecolors=[nothing if point.is_exercise else red for point, _ in ranked],
        edgecolors=style.WEAK,
        linewidths=1.0,
        zorder=5,
    )
    named: set[str] = set()
    for (point, (x_km, y_km)), area in zip(ranked, areas, strict=True):
        if len(named) == _N_NAMED:
            return
        if point.place and point.place not in named:
            named.add(point.place)
            clear_pt = math.sqrt(area / math.pi) + 3.0
            labels.write(point.place, x_km, y_km, clear_pt=clear_pt, weight="bold")


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


class _Labels:
    """Names on the map, each where it covers no other; one that has no room is left out."""

    def __init__(self, axes: Axes, width_pt: float) -> None:
        self._axes = axes
        west, east = axes.get_xlim()
        self._pt_per_km = width_pt / (east - west)
        self._taken: list[tuple[float, float, float, float]] = []

    def write(self, name: str, x_km: float, y_km: float, *, clear_pt: float, **look: Any) -> None:
        """Write a name right, left, above or below a point, `clear_pt` away from it."""
        text = style.plain(name)
        wide, high = 0.66 * _LABEL_PT * len(text), 1.25 * _LABEL_PT
        x, y = x_km * self._pt_per_km, y_km * self._pt_per_km
        for dx, dy, across in ((1, 0, "left"), (-1, 0, "right"), (0, 1, "center"), (0, -1, "center")):
            left = x + dx * clear_pt - {"left": 0.0, "right": wide, "center": wide / 2}[across]
            low = y + dy * (clear_pt + high / 2) - high / 2
            box = (left, low, left + wide, low + high)
            if any(_overlap(box, other) for other in self._taken) or not self._is_inside(box):
                continue
            self._taken.append(box)
            self._axes.annotate(
                text,
                (x_km, y_km),
                (dx * clear_pt, dy * (clear_pt + high / 2)),
                textcoords="offset points",
                ha=across,
                va="center",
                size=_LABEL_PT,
                path_effects=style.halo(),
                zorder=9,
                **look,
            )
            return

    def _is_inside(self, box: tuple[float, float, float, float]) -> bool:
        (west, east), (south, north) = self._axes.get_xlim(), self._axes.get_ylim()
        scale = self._pt_per_km
        return (
            west * scale < box[0]
            and box[2] < east * scale
            and south * scale < box[1]
            and box[3] < north * scale
        )


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _draw_scale(axes: Axes, words: Words) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    length = max((km for km in _SCALES_KM if km <= (east - west) / 5), default=_SCALES_KM[0])
    x, y = east - (east - west) * 0.025 - length, south + (north - south) * 0.035
    axes.plot([x, x + length], [y, y], color=style.INK, lw=2, solid_capstyle="butt", zorder=9)
    axes.annotate(
        words.say("map.scale", km=length),
        (x + length / 2, y),
        (0, 4),
        textcoords="offset points",
        ha="center",
        size=8,
        path_effects=style.halo(),
        zorder=9,
    )


def _draw_trail(report: DayReport, words: Words) -> Figure:
    last = report.nights[-1]
    days = [one.day for one in report.trail]
    figure = style.start_figure(WIDTH_IN, _CHART_HEIGHT_IN)
    title = words.say("trail.title", date=words.date(last))
    subtitle = words.say("trail.subtitle", time=words.time(report.period_to))
    bottom, top = style.add_frame(
        figure, style.plain(title), style.plain(subtitle), (words.say("trail.note"),)
    )
    axes = figure.add_axes((0.06, bottom + 0.085, 0.925, top - bottom - 0.11))
    x = np.arange(len(days))
    bangs = np.array([one.explosions for one in report.trail])
    others = np.array([one.others for one in report.trail])
    axes.bar(x, bangs, 0.72, color=EXPLOSION_COLOUR, label=words.say("trail.explosions"))
    axes.bar(x, others, 0.72, bottom=bangs, color=OTHER_COLOUR, label=words.say("trail.others"))
    n_now = len(report.nights)
    axes.axvspan(len(days) - n_now - 0.5, len(days) - 0.5, color="#f1f6fb", zorder=0)
    ticks = [i for i in range(len(days)) if (len(days) - 1 - i) % 7 == 0]
    axes.set_xticks(ticks, [words.day(days[i]) for i in ticks])
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.tick_params(length=0)
    axes.grid(axis="y")
    axes.set_ylim(0, max(1.0, 1.12 * float((bangs + others).max())))
    _whole_ticks(axes.yaxis, words)
    axes.legend(loc="upper left", ncols=2, handlelength=1.0, borderaxespad=0.0)
    return figure


def _draw_year(report: DayReport, words: Words) -> Figure:
    shown = [one for one in report.year_means if one.now_per_day or one.per_day]
    n_days = report.year_means[0].n_days
    figure = style.start_figure(WIDTH_IN, 1.55 + 0.34 * max(len(shown), 1))
    bottom, top = style.add_frame(
        figure,
        style.plain(words.say("year.title", n=n_days)),
        style.plain(words.say("year.subtitle")),
        (words.say("year.note"),),
    )
    axes = figure.add_axes((0.15, bottom + 0.1, 0.835, top - bottom - 0.13))
    names = [style.plain(one.region or words.say("region.other")) for one in shown]
    now = [one.now_per_day for one in shown]
    mean = [one.per_day for one in shown]
    y = np.arange(len(shown))
    axes.barh(y, now, 0.55, color=EXPLOSION_COLOUR, label=words.say("year.now"))
    for place, value in zip(y, mean, strict=True):
        label = words.say("year.mean") if place == 0 else None
        axes.plot([value, value], [place - 0.42, place + 0.42], color=style.WEAK, lw=2.2, label=label)
    axes.set_yticks(y, names)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, max(1.0, 1.08 * max([*now, *mean], default=1.0)))
    axes.tick_params(length=0)
    axes.grid(axis="x")
    _whole_ticks(axes.xaxis, words)
    if shown:
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], names[::-1], loc="lower right", ncols=2, handlelength=1.0)
    return figure


def _whole_ticks(axis: Any, words: Words) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.whole(round(value))))


def _say_period(report: DayReport, words: Words) -> str:
    first, last = report.nights[0], report.nights[-1]
    return words.date(last) if first == last else words.range(words.day(first), words.date(last))


_DRAWERS: Mapping[str, Callable[[DayReport, Words], Figure]] = {
    "map": _draw_map,
    "trail": _draw_trail,
    "year": _draw_year,
}
