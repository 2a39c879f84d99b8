"""Write what `fit_sight` found: the packaged fit, the page and the figure. It fits nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from fit_sight import (
    ORDER,
    PARAMETERS,
    Fit,
    scale_odds,
    share_seen,
    steppe_factors,
    stretch,
)

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from truceline.geo.statistical_sight import SightLaw, share_visible

UNITS = {
    "hidden_odds_1km": "odds",
    "distance_exponent": "1",
    "relief_1km_m": "m",
    "relief_exponent": "1",
}
WORK_EYES_M = (5.0, 30.0)
WORK_TARGETS_M = (0.5, 5.0)
WORK_DISTANCE_M = 400.0
"""The part of the table a plan lives in: posts and masts watching people and vehicles."""

SOURCES = {
    "big_tujunga": "SRTM 1 arc-second, 30 m, California (public domain; TopoToolbox sample)",
    "jacksboro": "SRTM 3 arc-seconds, 90 m, Tennessee (public domain; matplotlib sample)",
    "colorado": "SRTMGL3, 3 arc-seconds warped to 90 m, Colorado (public domain; landlab sample)",
    "bijou_gully": "5 m model of West Bijou Creek, Colorado (landlab sample, MIT)",
}

SHOWN = ((2.0, 2.0), (10.0, 2.0), (30.0, 2.0), (100.0, 2.0), (100.0, 100.0))
"""Eye and target heights drawn in the figure."""


def errors_of(fit: Fit) -> dict[str, float]:
    """Return how far the law lies from the samples: over all cells and over those a plan lives in."""
    cells = fit.tally.cells()
    error = share_seen(cells, fit.law) - cells[:, 3]
    work = (cells[:, 1] >= WORK_EYES_M[0]) & (cells[:, 1] <= WORK_EYES_M[1])
    work &= (cells[:, 2] >= WORK_TARGETS_M[0]) & (cells[:, 2] <= WORK_TARGETS_M[1])
    work &= cells[:, 0] >= WORK_DISTANCE_M
    out = {"n_cells": float(len(cells)), "rmse": _rms(error), "max_abs_error": float(np.abs(error).max())}
    if work.any():
        out["rmse_posts"] = _rms(error[work])
        out["bias_posts"] = float(error[work].mean())
        out["max_abs_error_posts"] = float(np.abs(error[work]).max())
    return out


def fit_record(
    fits: dict[str, Fit], rises: dict[str, float], *, as_of: str, seed: int, n_pairs: int
) -> dict[str, Any]:
    """Return everything the packaged file holds, rounded so that the bytes do not hang on the last digit."""
    landscapes = {name: _measured(fit) for name, fit in fits.items()}
    ratio, low, high = steppe_factors(fits["rolling"], rises)
    rolling = landscapes["rolling"]
    steppe = {
        **{key: rolling[key] for key in ("distance_range_m", "n_pairs", "samples", "goodness_of_fit")},
        "label": "open steppe, under 60 m of relief in 1 km",
        "basis": "scaled",
        "scaled_from": {
            "landscape": "rolling",
            "vertical_ratio": _short(ratio),
            "why": "no fine sample is as gentle; heights are counted in proportion to the relief, which is "
            "exact on a flat earth; the ratio is of the rms rises between real heights about 0.93 km apart",
            **{key: _short(value) for key, value in rises.items()},
        },
        "relief_1km_range_m": [0, 60],
        "odds_factor": {**rolling["odds_factor"], "low": _short(low), "high": _short(high)},
        "parameters": {key: dict(value) for key, value in rolling["parameters"].items()},
    }
    height = steppe["parameters"]["relief_1km_m"]
    height["value"] = _short(fits["rolling"].law.relief_1km_m * ratio)
    height["standard_error"] = _short(height["standard_error"] * ratio)
    height["range"] = [_short(end * ratio) for end in height["range"]]
    landscapes["steppe"] = steppe
    return {
        "about": "Fit of the law of statistical sight (truceline.geo.statistical_sight.share_visible); "
        "written by scripts/calibrate_sight.py, shown in docs/sight-calibration.md. Do not edit by hand.",
        "as_of": as_of,
        "seed": seed,
        "pairs_drawn_per_bin_and_sample": n_pairs,
        "evidence": "measured on the samples named; use elsewhere is a judgement",
        "sources": SOURCES,
        "landscapes": {name: landscapes[name] for name in ORDER},
    }


def write_figure(fits: dict[str, Fit], path: Path) -> None:
    """Draw, for each measured landscape, the shares seen on the samples and the law over distance."""
    settings = {"svg.hashsalt": "truceline", "svg.fonttype": "none", "font.size": 9}
    with mpl.rc_context(settings):
        figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharey=True, layout="constrained")
        for axis, (name, fit) in zip(
            axes.flat, sorted(fits.items(), key=lambda f: ORDER.index(f[0])), strict=True
        ):
            _panel(axis, name, fit)
        axes.flat[0].legend(fontsize=7, title="eye / target height")
        figure.suptitle("Share of random pairs in sight: samples (points) and fitted law (lines)")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        plt.close(figure)
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def write_page(fits: dict[str, Fit], rises: dict[str, float], record: dict[str, Any], path: Path) -> None:
    """Write the page: what was done, the numbers, how well they fit, what not to believe."""
    ratio, *_ = steppe_factors(fits["rolling"], rises)
    parts = [
        PAGE_HEAD.format(
            as_of=record["as_of"], seed=record["seed"], n=record["pairs_drawn_per_bin_and_sample"]
        ),
        _parameter_table(record),
        "\n## How well it fits\n",
        _error_table(fits),
        PAGE_FIT.format(**_similarity(fits), left=_left_out_lines(fits)),
        "\n## Measured beside fitted\n\nShare of pairs in sight on the samples → by the law.\n",
        *[_calibration_table(name, fits[name]) for name in ORDER if name in fits],
        "\n## What it says for a 2 m target\n",
        _outlook_table(record),
        PAGE_LIMITS.format(ratio=ratio, **rises),
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _measured(fit: Fit) -> dict[str, Any]:
    cells = fit.tally.cells()
    named = fit.plan.named_by_relief_m
    values = np.exp(fit.log_parameters)
    return {
        "label": fit.plan.label,
        "basis": "measured",
        "samples": list(fit.plan.samples),
        "n_pairs": int(fit.tally.n.sum()),
        "relief_1km_range_m": None if named is None else list(named),
        "distance_range_m": [round(float(cells[:, 0].min())), round(float(cells[:, 0].max()))],
        "parameters": {
            key: {
                "value": _short(values[k]),
                "standard_error": _short(fit.standard_error[k]),
                "range": [_short(fit.spread[0, k]), _short(fit.spread[1, k])],
                "unit": UNITS[key],
                **({"borrowed": "mean of the other landscapes"} if _borrowed(fit, key) else {}),
            }
            for k, key in enumerate(PARAMETERS)
        },
        "odds_factor": {
            "low": _short(fit.odds_factors[0]),
            "high": _short(fit.odds_factors[1]),
            "chosen_ground": None if fit.chosen_factor is None else _short(fit.chosen_factor),
        },
        "goodness_of_fit": {key: _short(value) for key, value in errors_of(fit).items()},
    }


def _borrowed(fit: Fit, key: str) -> bool:
    return fit.plan.borrow_exponent and key == "distance_exponent"


def _short(value: float) -> float:
    """Round to four figures: more would be noise, and would differ between machines."""
    return float(f"{float(value):.4g}")


def _rms(error: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.mean(error**2)))


def _panel(axis: Any, name: str, fit: Fit) -> None:
    cells = fit.tally.cells()
    reach_m = np.geomspace(cells[:, 0].min() / 1.5, cells[:, 0].max() * 1.5, 120)
    for k, (eye_m, target_m) in enumerate(SHOWN):
        own = cells[(cells[:, 1] == eye_m) & (cells[:, 2] == target_m)]
        color = f"C{k}"
        axis.plot(own[:, 0], own[:, 3], ".", color=color, label=f"{eye_m:g} / {target_m:g} m")
        axis.plot(reach_m, share_visible(reach_m, eye_m, target_m, fit.law), "-", color=color, lw=1)
    axis.set_xscale("log")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_ylim(0, 1.02)
    axis.set_title(f"{name}: {fit.plan.label}", fontsize=9)
    axis.set_xlabel("distance (m)")
    axis.set_ylabel("share in sight")
    axis.grid(alpha=0.3)


def _parameter_table(record: dict[str, Any]) -> str:
    rows = [
        "| landscape | basis | pairs | fitted from | O: odds hidden at 1 km | b | h (m) | c | "
        "rough / easy places | chosen ground |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, entry in record["landscapes"].items():
        numbers = [
            f"{p['value']:.3g} ± {p['standard_error']:.2g}{' (borrowed)' if 'borrowed' in p else ''}"
            for p in entry["parameters"].values()
        ]
        low, high = entry["distance_range_m"]
        factor = entry["odds_factor"]
        chosen = "-" if factor["chosen_ground"] is None else f"× {factor['chosen_ground']:.2f}"
        rows.append(
            f"| `{name}`: {entry['label']} | {entry['basis']} | {entry['n_pairs']:,} | "
            f"{low:,} to {high:,} m | "
            + " | ".join(numbers)
            + f" | × {factor['low']:.2f} / × {factor['high']:.2f} | {chosen} |"
        )
    return "\n".join(rows) + "\n"


def _error_table(fits: dict[str, Fit]) -> str:
    rows = [
        "| landscape | cells | RMSE | largest error | posts: RMSE | posts: bias | posts: largest | "
        "seen beyond the horizon |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in (name for name in ORDER if name in fits):
        error = errors_of(fits[name])
        keys = ("rmse_posts", "bias_posts", "max_abs_error_posts")
        posts = [f"{error[key]:.3f}" if key in error else "-" for key in keys]
        beyond = fits[name].beyond_horizon_share
        rows.append(
            f"| `{name}` | {error['n_cells']:.0f} | {error['rmse']:.3f} | {error['max_abs_error']:.3f} | "
            + " | ".join(posts)
            + f" | {'none drawn' if beyond is None else f'{beyond:.1%}'} |"
        )
    return "\n".join(rows) + "\n"


def _left_out_lines(fits: dict[str, Fit]) -> str:
    return "\n".join(
        f"- {name}: " + ", ".join(f"{sample} {rmse:.3f}" for sample, rmse in fits[name].left_out_rmse.items())
        for name in ORDER
        if name in fits and fits[name].left_out_rmse
    )


def _similarity(fits: dict[str, Fit]) -> dict[str, float]:
    """Test the stretching of heights where it can be tested: from rolling ground to the ridged samples."""
    cells = fits["ridged"].tally.cells()
    ratios = np.geomspace(1.0, 4.0, 121)
    misses = [_rms(share_seen(cells, stretch(fits["rolling"].law, ratio)) - cells[:, 3]) for ratio in ratios]
    best = int(np.argmin(misses))
    unstretched = _rms(share_seen(cells, fits["rolling"].law) - cells[:, 3])
    by_rise = fits["ridged"].rise_m / fits["rolling"].rise_m
    return {
        "best_ratio": float(ratios[best]),
        "best_rmse": misses[best],
        "unstretched_rmse": unstretched,
        "rise_ratio": by_rise,
        "rise_rmse": _rms(share_seen(cells, stretch(fits["rolling"].law, by_rise)) - cells[:, 3]),
    }


def _calibration_table(name: str, fit: Fit) -> str:
    cells = fit.tally.cells()
    fitted = share_seen(cells, fit.law)
    pairs = ((2.0, 2.0), (10.0, 0.5), (10.0, 2.0), (30.0, 2.0), (30.0, 10.0), (100.0, 2.0), (100.0, 100.0))
    rows = [
        f"**{name}** (eye / target height in m)\n",
        "| distance (m) | " + " | ".join(f"{e:g} / {t:g}" for e, t in pairs) + " |",
        "|---" * (len(pairs) + 1) + "|",
    ]
    for distance_m in sorted(set(cells[:, 0])):
        line = []
        for eye_m, target_m in pairs:
            hit = (cells[:, 0] == distance_m) & (cells[:, 1] == eye_m) & (cells[:, 2] == target_m)
            line.append(f"{cells[hit, 3][0]:.2f} → {fitted[hit][0]:.2f}" if hit.any() else "")
        rows.append(f"| {distance_m:,.0f} | " + " | ".join(line) + " |")
    return "\n".join(rows) + "\n"


def _outlook_table(record: dict[str, Any]) -> str:
    distances_m = (500, 1_000, 2_000, 3_000, 5_000, 8_000, 12_000)
    rows = [
        "| landscape | eye (m) | " + " | ".join(f"{d / 1000:g} km" for d in distances_m) + " |",
        "|---" * (len(distances_m) + 2) + "|",
    ]
    for name, entry in record["landscapes"].items():
        law = SightLaw(*(entry["parameters"][key]["value"] for key in PARAMETERS))
        factors = (1.0, entry["odds_factor"]["low"], entry["odds_factor"]["high"])
        for eye_m in (5.0, 15.0, 30.0):
            shares = []
            for distance_m in distances_m:
                middle, low, high = (
                    float(share_visible(distance_m, eye_m, 2.0, scale_odds(law, f))) for f in factors
                )
                shares.append(f"{middle:.2f} ({low:.2f}-{high:.2f})")
            rows.append(f"| `{name}` | {eye_m:g} | " + " | ".join(shares) + " |")
    return "\n".join(rows) + "\n"


PAGE_HEAD = """# Sight without an elevation model: the law and its calibration

*Written by `scripts/calibrate_sight.py` on {as_of} (seed {seed}, {n:,} pairs drawn per distance bin and
sample). Do not edit.*

Without an elevation model, or with one coarser than 100 m, Truceline uses the chance that a target is in
sight, given distance, both heights above ground and the kind of landscape. Results that rest on it are
**indicative**: it says how much is seen on average, not which place.

The chance for two random points, and the odds (hidden : visible) in it, are

    P    = [1 - (d / d_h)^2] / (1 + odds)
    odds = O (d / 1 km)^b / [(1 + eye/H) (1 + target/H)]^1.5      with  H = h (d / 1 km)^c

H is the relief that matters at that distance, and heights count in proportion to it; d_h is where the
horizons of the two heights over a smooth earth cease to meet. P is 1 at no distance, falls with distance,
grows with either height and is 0 from d_h on. The form is ours: the simplest of eight tried that keeps
these rules and the fit below.

How: random pairs on four real fine elevation models, two distance bins to an octave, six eye and seven
target heights, exact line of sight (every crossing with the grid, refraction 0.13). Pairs are sorted into
landscapes by the mean relief of 1 km windows along their path. Plain least squares on the shares.
Standard errors come from a bootstrap over blocks of ground (nine to a sample), because pairs on one
hillside are not independent. "Rough" and "easy" are the factors on the odds that nine in ten and one in
ten blocks stay under (`optimism` -1 and 1). "Chosen ground" is the factor for an observer on the highest
of ten points within 1 km.

![Shares measured and fitted](sight-calibration.svg)

## The numbers
"""

PAGE_FIT = """
"Posts" are the cells a plan lives in: eyes of 5 to 30 m, targets of 0.5 to 5 m, 400 m and more. Bias is
law minus sample. The law says 0 beyond a smooth earth's horizon: the last column is the share truly seen
there.

Samples left out and predicted from the others (RMSE):

{left}

Stretching heights, on which `steppe` rests, can be tested between the measured landscapes. The rolling
law for ground {rise_ratio:.2f} times as high, the ratio of the rises as it is taken for the steppe, meets
the ridged samples with RMSE {rise_rmse:.3f}; the best ratio would be {best_ratio:.2f} (RMSE {best_rmse:.3f});
not stretched it is {unstretched_rmse:.3f}.
"""

PAGE_LIMITS = """
## What not to believe

- **No sample is in Ukraine and none is as gentle as open steppe.** `steppe` is the rolling law for ground
  {ratio:.2f} times as high. The ratio comes from rises between real heights about 0.93 km apart:
  {steppe_rise_m:.1f} m rms on the coarse model of 46.5-50 N, 34-40 E (80 % of half-degree tiles between
  {steppe_rise_low_m:.1f} and {steppe_rise_high_m:.1f} m) against {rolling_rise_m:.1f} m on the rolling
  samples. The coarse model, thinned to 0.9 km, is never used for lines of sight. The
  test above says that such a ratio stretches somewhat too far: the truth lies rather on the rough side.
- **`gully_steppe` rests on half a kilometre** of one gully: beyond some 300 m it is carried on with the
  distance exponent of the other landscapes. It describes ground inside a gully belt, not the plateau
  between gullies.
- The 90 m samples smooth away what is smaller than their cells: below 300 m the law rests on the 30 m
  sample (rougher ground) and on the gully. SRTM sees roofs and tree tops only in part; woods, houses and
  crops hide more than any of this.
- Pairs are random points. A post is put where it sees: use `chosen_ground`, or better an elevation model.
- Far and low (8 km and more, P under 0.05) the law can be two or three times too high in rough ground:
  small chances summed over many posts flatter. Detection range ends most of these first.
- Cells of the table share pairs and ground: RMSE says how well the curve follows the samples, not how
  well the samples stand for another place. The samples left out, and the spread between blocks, say that
  in part.
"""
