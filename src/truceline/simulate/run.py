"""Run replicates of a watched ceasefire: a chunk for its sums, or one for every incident in it.

Days, kilometres. Replicate i of a seed is the same whatever chunk it is in, whatever came before it and on
any number of threads. What it does not do: draw parameters (see `parameters`), choose chunks (see
`ensemble`), or say what the sums mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Protocol

import numpy as np

from truceline.errors import Problem, ScenarioError
from truceline.simulate import _layout as at
from truceline.simulate._layout import Floats, Places, Rows, Rules, Sums
from truceline.simulate.results import (
    COUNT_EDGES,
    COUNTED,
    DIAL,
    HORIZONS,
    MEASURES,
    N_CHAIN,
    N_RUNGS,
    N_SIDES,
    N_SURVIVAL_BINS,
    STAGES,
    SURVIVAL_EVERY,
    ChunkSums,
    IncidentTable,
    add_chunks,
)
from truceline.simulate.settings import BASELINES, RECORDED_MAX, Settings, check_settings
from truceline.simulate.watch import Watch

_GUIDE_PER_BIN = 2
_SEED_BITS = 64
"""A seed is a whole number modulo 2^64, kept as a signed one."""


class DrawsLike(Protocol):
    """Parameters of the replicates `first`, `first` + 1, ...; see `parameters.Draws`."""

    @property
    def values(self) -> Mapping[str, Floats]:
        """Values by short name, one a replicate."""

    @property
    def first(self) -> int:
        """Number of the first replicate."""

    def __len__(self) -> int: ...


def run_chunk(
    watch: Watch, draws: DrawsLike, settings: Settings, seed: int, *, threads: int = 1
) -> ChunkSums:
    """Simulate every draw as one replicate and return the sums of all.

    threads: threads that share the replicates; the bytes are the same for any number. Raises ScenarioError
    where the settings, or the number of draws, cannot be.
    """
    check_settings(settings, n_replicates=len(draws))
    matrix = parameter_matrix(draws, settings)
    places, rules = lay_out_places(watch), make_rules(settings, seed)
    n_parts = max(1, min(threads, len(matrix)))
    bounds = [len(matrix) * part // n_parts for part in range(n_parts + 1)]

    def run_part(part: int) -> ChunkSums:
        low, high = bounds[part], bounds[part + 1]
        return _run(matrix[low:high], draws.first + low, places, rules, watch.sector_names)

    if n_parts == 1:
        return run_part(0)
    with ThreadPoolExecutor(n_parts) as pool:
        return reduce(add_chunks, pool.map(run_part, range(n_parts)))


def run_incidents(
    watch: Watch, draws: DrawsLike, settings: Settings, seed: int, replicate: int | None = None
) -> IncidentTable:
    """Simulate one replicate and return every incident and every false report of it, by time.

    replicate: its number, one of draws.first, draws.first + 1, ...; the first by default. Raises
    ScenarioError where the draws do not hold it, or where it has more incidents than can be written out.
    """
    from truceline.simulate._kernels import simulate  # late: numba takes a second to load

    check_settings(settings, n_replicates=len(draws))
    number = draws.first if replicate is None else replicate
    if not draws.first <= number < draws.first + len(draws):
        last = draws.first + len(draws) - 1
        found = f"{number} is not among the replicates drawn, {draws.first} to {last}"
        raise ScenarioError(
            "the incidents of a replicate", [Problem("replicate", found, "ask for one of these")]
        )
    matrix = parameter_matrix(draws, settings)[number - draws.first :][:1]
    places, rules = lay_out_places(watch), make_rules(settings, seed)
    n_sectors = len(watch.sector_names)
    sums = make_sums(1, rules.n_days, n_sectors)
    # One row is room enough to count how many there are.
    wanted = int(simulate(matrix, number, places, rules, sums, make_rows(1)))
    if wanted > RECORDED_MAX:
        found = f"has {wanted:,} incidents and false reports; at most {RECORDED_MAX:,} are written out"
        raise ScenarioError(
            "the incidents of a replicate", [Problem(f"replicate {number}", found, "shorten the horizon")]
        )
    rows = make_rows(wanted)
    simulate(matrix, number, places, rules, make_sums(1, rules.n_days, n_sectors), rows)
    return table_from_rows(rows, places)


def parameter_matrix(draws: DrawsLike, settings: Settings) -> Floats:
    """Return (n, PARAMETER_ORDER): drawn values, and constants where nothing is drawn.

    Raises ScenarioError with the names that are neither.
    """
    matrix = np.empty((len(draws), len(at.PARAMETER_ORDER)))
    missing = []
    for j, name in enumerate(at.PARAMETER_ORDER):
        if name in draws.values:
            matrix[:, j] = draws.values[name]
        elif name in settings.constants:
            matrix[:, j] = settings.constants[name]
        else:
            missing.append(
                Problem(f"ceasefire.{name}", "is neither drawn nor a constant", "give it a record")
            )
    if missing:
        raise ScenarioError("the parameters of the simulation", missing)
    return matrix


def lay_out_places(watch: Watch) -> Places:
    """Return the watch as the arrays of the compiled loop."""
    where = np.cumsum(watch.where)
    where = where / where[-1]
    n_guide = _GUIDE_PER_BIN * watch.n_bins
    guide = np.searchsorted(where, np.arange(n_guide) / n_guide, side="left")
    seen = np.ascontiguousarray(np.stack([watch.p_detect, watch.p_verify, watch.p_attribute], axis=-1))
    day, night, bad = (float(share) for share in watch.state_share)
    occurs = np.array([day > 0.0, night > 0.0, bad > 0.0])
    attribute = np.where(occurs[None, :, None], watch.p_attribute, np.inf)
    return Places(
        bin_km=float(watch.bin_km),
        n_bins=watch.n_bins,
        where=where,
        guide=guide.astype(np.int64),
        seen=seen.astype(np.float64),
        least=np.ascontiguousarray(attribute.min(axis=1)),
        least_state=np.ascontiguousarray(attribute.argmin(axis=1).astype(np.int64)),
        sector=np.ascontiguousarray(watch.sector_index, dtype=np.int64),
        p_bad=bad / (day + night + bad),
        dark=night / (day + night) if day + night > 0.0 else 0.5,
        verifies=bool(watch.p_verify.max() > 0.0),
    )


def make_rules(settings: Settings, seed: int) -> Rules:
    """Return what is the same in all replicates; any whole number is a seed."""
    return Rules(
        n_days=int(settings.n_days),
        in_flight_max=int(settings.in_flight_max),
        day_incidents_max=int(settings.day_incidents_max),
        seed=seed % 2**_SEED_BITS - 2 ** (_SEED_BITS - 1),
        dial=np.array(DIAL),
        horizons=np.array(HORIZONS, dtype=np.int64),
        count_edges=COUNT_EDGES,
    )


def make_sums(n: int, n_days: int, n_sectors: int) -> Sums:
    """Return empty sums for n replicates."""
    curve = (len(BASELINES), len(DIAL), n_days // SURVIVAL_EVERY + 1)
    return Sums(
        measures=np.zeros((n, len(MEASURES))),
        day_sums=np.zeros((n_days, at.N_DAY_MEASURES), dtype=np.int64),
        day_counts=np.zeros((len(COUNTED), n_days, len(COUNT_EDGES)), dtype=np.int64),
        survival=np.zeros(curve),
        survival_strict=np.zeros(curve),
        survival_counts=np.zeros((*curve[:2], len(HORIZONS), N_SURVIVAL_BINS), dtype=np.int64),
        ladder=np.zeros((N_RUNGS, N_RUNGS), dtype=np.int64),
        chains=np.zeros(N_CHAIN, dtype=np.int64),
        by_rung=np.zeros((N_RUNGS, len(STAGES)), dtype=np.int64),
        by_sector=np.zeros((n_sectors, N_SIDES, len(STAGES)), dtype=np.int64),
    )


def make_rows(n: int) -> Rows:
    """Return room for n rows."""
    key, parent, root = (np.zeros(n, dtype=np.uint64) for _ in range(3))
    return Rows(key, parent, root, np.zeros((n, 2)), np.zeros((n, at.ROW_WIDTH), dtype=np.int64))


def sums_to_chunk(sums: Sums, n: int, sectors: tuple[str, ...]) -> ChunkSums:
    """Return the sums of a run as they are handed on."""
    parts = sums._asdict()
    parts["day_sums"] = sums.day_sums.astype(np.float64)
    return ChunkSums(n=n, sectors=sectors, **parts)


def table_from_rows(rows: Rows, places: Places) -> IncidentTable:
    """Return the rows by time (ties by key), parents and roots as numbers of rows."""
    order = np.lexsort((rows.key, rows.real[:, 0]))
    key = rows.key[order]
    by_key = np.argsort(key)
    sorted_keys = key[by_key]

    def row_of(wanted: at.Keys) -> at.Longs:
        if len(key) == 0:
            return np.zeros(0, dtype=np.int64)
        place = np.minimum(np.searchsorted(sorted_keys, wanted), len(key) - 1)
        return np.where(sorted_keys[place] == wanted, by_key[place], -1).astype(np.int64)

    time, km = rows.real[order].T
    side, rung, state, size, deliberate, displaced, stage, named, false = rows.whole[order].T
    return IncidentTable(
        time=time,
        day=np.floor(time).astype(np.int64),
        side=side,
        rung=rung,
        km=km,
        state=state,
        size=size,
        parent=row_of(rows.parent[order]),
        root=row_of(rows.root[order]),
        deliberate=deliberate == 1,
        displaced=displaced == 1,
        detected=stage >= 1,
        verified=stage >= 2,
        attributed=stage == 3,
        attributed_side=named,
        false_report=false == 1,
        key=key,
    )


def _run(matrix: Floats, first: int, places: Places, rules: Rules, sectors: tuple[str, ...]) -> ChunkSums:
    """Run the compiled loop over some replicates."""
    from truceline.simulate._kernels import simulate  # late: numba takes a second to load

    sums = make_sums(len(matrix), rules.n_days, len(sectors))
    simulate(np.ascontiguousarray(matrix), first, places, rules, sums, make_rows(0))
    return sums_to_chunk(sums, len(matrix), sectors)
