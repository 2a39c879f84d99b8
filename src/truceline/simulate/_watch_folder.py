"""Read from a plan's folder how well its line is watched, as plain arrays along the line.

Cells come from plan.gpkg (demand_cells), the line from the same file (line_of_contact), averages by kind,
state and sector from tables/detection.csv. Kilometres, degrees, shares. It checks what it reads and gathers
every problem; what the numbers mean to a simulation is said in `watch.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.errors import GeometryError, OutputError, ProblemList
from truceline.monitor.plan_files import read_plan_layer, read_plan_record, read_plan_rows, refuse_plan
from truceline.simulate._watch_checks import MEASURES, MOST_BINS
from truceline.simulate._watch_spread import spread_chances

if TYPE_CHECKING:
    from truceline.geo.line import LineOfContact
    from truceline.geo.vector_files import VectorFeatures

FloatArray = NDArray[np.float64]

_AGAIN = "make the plan again"
_NO_CELLS_HINT = "simulate a plan of a line with ground: a scenario that is only a length has no cells"


@dataclass(frozen=True)
class WatchedLine:
    """What `read_watched_line` found; bins along the line, all of one length."""

    bin_km: float
    chances: tuple[FloatArray, FloatArray, FloatArray]
    """Detect, verify, attribute: (n_bins, states, rungs), nested."""
    where: FloatArray
    state_share: FloatArray
    sectors: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    towards_a: FloatArray
    label: str
    posture: str
    grain: str


@dataclass(frozen=True)
class _Cells:
    km: FloatArray
    weight: FloatArray
    sector: tuple[str, ...]
    shares: Mapping[str, FloatArray]
    """Chance by measure: (n_cells, states)."""


@dataclass(frozen=True)
class _Averages:
    """Averages of one posture by measure, from the table of detection."""

    kinds: tuple[str, ...]
    kind_weight: FloatArray
    of_kind: Mapping[str, FloatArray]
    state_weight: FloatArray
    of_state: Mapping[str, FloatArray]
    of_sector: Mapping[str, Mapping[str, float]]


def read_watched_line(folder: Path, posture: str = "", *, bin_km: float, kinds: Sequence[str]) -> WatchedLine:
    """Return how well the bins of a plan's line are watched, by state and by the plan's kind of each rung.

    Raises OutputError with every problem of the plan's files.
    """
    if not folder.is_dir():
        raise refuse_plan(
            folder, "is no folder", "name the folder of a plan: truceline plan ... --out FOLDER"
        )
    record = read_plan_record(folder)
    in_full = str(record.get("posture", ""))
    name = posture or in_full
    title = f"the watch of {folder.name} cannot be read"
    problems = ProblemList()
    averages = _read_averages(folder, name, kinds, problems)
    cells = _read_cells(folder, problems)
    line = _read_line(folder, problems)
    if not (math.isfinite(bin_km) and bin_km > 0.0):
        problems.add("bin_km", f"{bin_km!r} is not a length", "give kilometres above nought")
    problems.raise_if_any(OutputError, title)
    if line is None:  # said above already
        raise refuse_plan(folder, "has no line")
    length_km = line.length_m / 1000.0
    n_bins = max(1, math.ceil(length_km / bin_km - 1e-9))
    if n_bins > MOST_BINS:
        problems.add(
            "bin_km", f"makes {n_bins:,} bins of this line", f"choose longer ones: {MOST_BINS:,} at most"
        )
    if cells.km.max() > length_km + 1.0:
        problems.add("demand_cells", f"reaches km {cells.km.max():,.1f} of {length_km:,.1f}", _AGAIN)
    problems.raise_if_any(OutputError, title)
    bin_of = np.clip((cells.km * n_bins / length_km).astype(np.int64), 0, n_bins - 1)
    where = np.bincount(bin_of, weights=cells.weight, minlength=n_bins) / cells.weight.sum()
    sectors = _sector_of_bins(cells, bin_of, n_bins)
    if name == in_full:
        levels = {measure: _bin_shares(cells, measure, bin_of, n_bins) for measure in MEASURES}
    else:
        levels = _levels_of_sectors(averages, sectors, where, problems)
        problems.raise_if_any(OutputError, title)
    lon, lat, towards_a = _places(line, n_bins)
    return WatchedLine(
        bin_km=length_km / n_bins,
        chances=_chances(levels, where, averages, kinds),
        where=where,
        state_share=averages.state_weight / averages.state_weight.sum(),
        sectors=sectors,
        lon=lon,
        lat=lat,
        towards_a=towards_a,
        label=_label(record, name),
        posture=name,
        grain="cells" if name == in_full else "sectors",
    )


def _read_averages(folder: Path, posture: str, kinds: Sequence[str], problems: ProblemList) -> _Averages:
    table = read_plan_rows(folder, "detection")
    rows = [row for row in table if row.get("posture") == posture]
    if not table:
        problems.add(
            "detection.csv", "is missing or empty: the plan says nothing of detection", _NO_CELLS_HINT
        )
    elif not rows:
        known = ", ".join(sorted({row.get("posture", "") for row in table}))
        problems.add("detection.csv", f"has no posture '{posture}'", f"choose one of: {known}")
    by: dict[str, dict[str, Mapping[str, str]]] = {"kind": {}, "state": {}, "sector": {}}
    for row in rows:
        by.setdefault(row.get("by", ""), {})[row.get("which", "")] = row
    if rows:
        for group, needed in (("kind", set(kinds)), ("state", set(STATES))):
            missing = ", ".join(sorted(needed - set(by[group])))
            if missing:
                problems.add("detection.csv", f"has no row of {group} {missing} for '{posture}'", _AGAIN)
    order = {"kind": tuple(by["kind"]), "state": STATES}
    column = {
        group: {name: _column(by[group], order[group], f"{name}_share", problems) for name in MEASURES}
        for group in order
    }
    weight = {group: _column(by[group], order[group], "weight_share", problems) for group in order}
    for group, found in weight.items():
        if rows and len(found) and not found.sum() > 0.0:
            problems.add("detection.csv", f"has no weight for any {group} of '{posture}'", _AGAIN)
    sectors = tuple(by["sector"])
    of_sector = {
        name: dict(zip(sectors, _column(by["sector"], sectors, f"{name}_share", problems), strict=True))
        for name in MEASURES
    }
    return _Averages(
        order["kind"], weight["kind"], column["kind"], weight["state"], column["state"], of_sector
    )


def _column(
    rows: Mapping[str, Mapping[str, str]], names: Sequence[str], column: str, problems: ProblemList
) -> FloatArray:
    """Return a column of shares for rows by name; what is no share is a problem, and nought."""
    values = [_share(rows.get(name, {}).get(column, "0")) for name in names]
    for name, value in zip(names, values, strict=True):
        if math.isnan(value):
            told = rows[name].get(column, "")[:40]
            problems.add(f"detection.csv, {name}", f"{column} is '{told}', no share of 0 to 1", _AGAIN)
    return np.array([0.0 if math.isnan(value) else value for value in values])


def _share(word: str) -> float:
    """Return a share; NaN for anything else."""
    try:
        value = float(word)
    except ValueError:
        return math.nan
    return value if 0.0 <= value <= 1.0 else math.nan


def _read_cells(folder: Path, problems: ProblemList) -> _Cells:
    nothing = _Cells(np.zeros(1), np.ones(1), ("",), {name: np.zeros((1, len(STATES))) for name in MEASURES})
    found = read_plan_layer(folder, "demand_cells")
    if found is None:
        problems.add("plan.gpkg", "has no layer demand_cells: a plan without cells", _NO_CELLS_HINT)
        return nothing
    names = [f"{measure}_{state}_share" for measure in MEASURES for state in STATES]
    missing = {"cell", "sector", "chainage_km", "weight_share", *names} - set(found.fields)
    if missing:
        problems.add("demand_cells", f"has no column {', '.join(sorted(missing))}", _AGAIN)
        return nothing
    columns = {name: _cell_column(found, name, 1.0, problems) for name in names}
    weight = _cell_column(found, "weight_share", 1.0, problems)
    if not weight.sum() > 0.0:
        problems.add("demand_cells", "expects no incident anywhere: weight_share is nought", _AGAIN)
    return _Cells(
        km=_cell_column(found, "chainage_km", math.inf, problems),
        weight=weight,
        sector=found.fields["sector"],
        shares={
            measure: np.column_stack([columns[f"{measure}_{state}_share"] for state in STATES])
            for measure in MEASURES
        },
    )


def _cell_column(found: VectorFeatures, name: str, most: float, problems: ProblemList) -> FloatArray:
    """Return a column of the cells as numbers of nought to `most`; problems tell the first that is not."""
    words = found.fields[name]
    try:
        values = np.array([float(word) if word else math.nan for word in words])
    except ValueError:
        problems.add("demand_cells", f"{name} holds something that is no number", _AGAIN)
        return np.zeros(len(words))
    wrong = np.flatnonzero(~((values >= 0.0) & (values <= most) & np.isfinite(values)))
    if len(wrong):
        first = f"cell {found.fields['cell'][wrong[0]]} has {words[wrong[0]] or 'nothing'}"
        range_told = "0 to 1" if most == 1.0 else "nought or more"
        problems.add("demand_cells", f"{name}: {len(wrong):,} cells are not {range_told}; {first}", _AGAIN)
        return np.zeros(len(words))
    return values


def _read_line(folder: Path, problems: ProblemList) -> LineOfContact | None:
    from truceline.geo.line import make_line

    found = read_plan_layer(folder, "line_of_contact")
    if found is None:
        problems.add("plan.gpkg", "has no layer line_of_contact", _NO_CELLS_HINT)
        return None
    try:
        return make_line(found.geometries[0], name="line_of_contact", tolerance_m=0.0)
    except GeometryError as error:
        problems.extend(error.problems)
        return None


def _places(line: LineOfContact, n_bins: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return degrees of the bins' middles, and the unit vectors east and north towards side a."""
    from truceline.geo.ellipsoid import metres_per_degree

    step_m = 100.0
    middles = (np.arange(n_bins) + 0.5) * (line.length_m / n_bins)
    on, off = line.point_at(middles), line.point_at(middles, step_m)
    lon, lat = line.projection.xy_to_lonlat(on[:, 0], on[:, 1])
    lon_a, lat_a = line.projection.xy_to_lonlat(off[:, 0], off[:, 1])
    east, north = metres_per_degree(lat)
    vector = np.column_stack([(lon_a - lon) * east, (lat_a - lat) * north])
    return np.asarray(lon), np.asarray(lat), vector / np.linalg.norm(vector, axis=1)[:, None]


def _sector_of_bins(cells: _Cells, bin_of: NDArray[np.int64], n_bins: int) -> tuple[str, ...]:
    """Return the sector that weighs most in each bin; a bin without cells takes that of the nearest."""
    names, number = np.unique(np.array(cells.sector, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(
        bin_of * len(names) + number, weights=cells.weight + 1e-12, minlength=n_bins * len(names)
    ).reshape(n_bins, len(names))
    told = np.flatnonzero(counts.sum(axis=1) > 0.0)
    nearest = told[np.abs(told[None, :] - np.arange(n_bins)[:, None]).argmin(axis=1)]
    return tuple(str(names[index]) for index in counts[nearest].argmax(axis=1))


def _bin_shares(cells: _Cells, measure: str, bin_of: NDArray[np.int64], n_bins: int) -> FloatArray:
    """Return the average of a measure over the cells of each bin by weight: (n_bins, states).

    A bin without cells, or where nothing is expected, lies between its neighbours: an incident may still
    spread into it.
    """
    total = np.bincount(bin_of, weights=cells.weight, minlength=n_bins)
    told = total > 0.0
    made = np.empty((n_bins, len(STATES)))
    for state in range(len(STATES)):
        sums = np.bincount(bin_of, weights=cells.weight * cells.shares[measure][:, state], minlength=n_bins)
        made[:, state] = np.interp(np.arange(n_bins), np.flatnonzero(told), sums[told] / total[told])
    return made


def _levels_of_sectors(
    averages: _Averages, sectors: Sequence[str], where: FloatArray, problems: ProblemList
) -> dict[str, FloatArray]:
    """Return for each measure the chance of each bin and state, every bin of a sector alike."""
    names = tuple(dict.fromkeys(sectors))
    missing = [name for name in names if name not in averages.of_sector["detect"]]
    if missing:
        problems.add("detection.csv", f"has no row of sector {', '.join(missing)}", _AGAIN)
        return {}
    number = np.array([names.index(name) for name in sectors])
    weight = np.bincount(number, weights=where, minlength=len(names))
    made = {}
    for measure in MEASURES:
        of_sector = np.array([averages.of_sector[measure][name] for name in names])
        spread = spread_chances(of_sector, weight, averages.of_state[measure], averages.state_weight)
        made[measure] = spread[number]
    return made


def _chances(
    levels: Mapping[str, FloatArray], where: FloatArray, averages: _Averages, kinds: Sequence[str]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return detect, verify and attribute by bin, state and rung, nested."""
    chosen = [averages.kinds.index(kind) for kind in kinds]
    weight = np.outer(where, averages.state_weight / averages.state_weight.sum()).ravel()
    three = []
    for measure in MEASURES:
        spread = spread_chances(
            levels[measure].ravel(), weight, averages.of_kind[measure], averages.kind_weight
        )
        three.append(spread.reshape(*levels[measure].shape, len(averages.kinds))[:, :, chosen])
    # Spread apart, one measure may come out a hair above the easier one where both are rare.
    detect, verify = three[0], np.minimum(three[1], three[0])
    return detect, verify, np.minimum(three[2], verify)


def _label(record: Mapping[str, object], posture: str) -> str:
    postures = record.get("postures")
    found = postures.get(posture) if isinstance(postures, dict) else None
    label = found.get("label") if isinstance(found, dict) else None
    return str(label or posture)
