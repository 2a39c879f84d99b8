"""A watched line small enough to simulate in a blink, as arrays and as a plan folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from truceline.simulate.watch import Watch, make_watch

LENGTH_KM = 7.45
"""A tenth of a degree of longitude at 48 degrees north."""
N_CELLS = 10
MEAN = {"detect": 0.5, "verify": 0.3, "attribute": 0.1}
STATES = {"day": 0.5, "night": 0.4, "bad": 0.1}
KINDS = {"small_arms": 0.5, "mortar": 0.3, "artillery_impact": 0.2}


def small_watch(level: float = 1.0, *, n_bins: int = 8, label: str = "Small watch") -> Watch:
    """Return eighty kilometres in eight bins; `level` scales the chances."""
    return make_watch(
        0.6 * level,
        0.4 * level,
        0.3 * level,
        n_bins=n_bins,
        bin_km=10.0,
        sectors=["S01"] * (n_bins // 2) + ["S02"] * (n_bins - n_bins // 2),
        label=label,
    )


def write_watch_plan(
    folder: Path, *, level: float = 1.0, title: str = "Small plan", degrees: float = 0.1
) -> Path:
    """Write what a simulation reads of a plan: ten cells, two sectors, a posture in full and a thin one."""
    import geopandas
    import shapely

    (folder / "tables").mkdir(parents=True)
    text = (
        '{"title": "%s", "posture": "full", "postures": {"full": {"label": "%s"}, "thin": {"label": "Thin"}}}'
    )
    (folder / "plan.json").write_text(text % (title, title), encoding="utf-8")
    (folder / "tables" / "detection.csv").write_text(_list_averages(level), encoding="utf-8")
    columns: dict[str, object] = {
        "cell": [f"C{n}" for n in range(N_CELLS)],
        "sector": ["S01"] * 5 + ["S02"] * 5,
        "chainage_km": (np.arange(N_CELLS) + 0.5) * degrees * 10 * LENGTH_KM / N_CELLS,
        "weight_share": np.full(N_CELLS, 1 / N_CELLS),
    }
    for measure, mean in MEAN.items():
        for state in STATES:
            columns[f"{measure}_{state}_share"] = np.full(N_CELLS, mean * level)
    step = degrees / N_CELLS
    shapes = [shapely.box(37 + n * step, 48, 37 + (n + 1) * step, 48.01) for n in range(N_CELLS)]
    path = folder / "plan.gpkg"
    geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326").to_file(path, layer="demand_cells")
    line = shapely.MultiLineString([[(37.0, 48.0), (37.0 + degrees, 48.0)]])
    frame = geopandas.GeoDataFrame({"name": ["line"]}, geometry=[line], crs="EPSG:4326")
    frame.to_file(path, layer="line_of_contact")
    return folder


def _list_averages(level: float) -> str:
    rows = ["posture,by,which,weight_share,detect_share,verify_share,attribute_share"]
    for posture, factor in (("full", level), ("thin", 0.5 * level)):
        shares = ",".join(f"{mean * factor:.6f}" for mean in MEAN.values())
        rows.append(f"{posture},all,all,1,{shares}")
        rows += [f"{posture},kind,{kind},{weight},{shares}" for kind, weight in KINDS.items()]
        rows += [f"{posture},state,{state},{weight},{shares}" for state, weight in STATES.items()]
        rows += [f"{posture},sector,{sector},,{shares}" for sector in ("S01", "S02")]
    return "\n".join(rows) + "\n"
