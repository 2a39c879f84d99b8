"""Call other people's solvers on our instances, each in a process of its own: python -m peer_solvers ...

solver (highs, scip, spopt), task (cover or most), instance (S, M, L), budget (a number, or 0), costs (one or
people), seconds. Models are built the fastest way each package offers: HiGHS takes the matrix itself. Prints
JSON: objective, bound, seconds to build and in all.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

import numpy as np
from book import N_CORES, report
from line_cases import LineCase, load_case
from numpy.typing import NDArray
from scipy import sparse


def main() -> None:
    """Solve one instance with one solver."""
    solver, task, name, budget, costs, limit_s = sys.argv[1:]
    case = load_case(name)
    people = case.cost.astype(np.float64) if costs == "people" else np.ones(case.cost.size)
    call = {"highs": run_highs, "scip": run_scip, "spopt": run_spopt}[solver]
    started = time.perf_counter()
    if task == "cover":
        answer = call(case, people, None, float(limit_s))
    else:
        answer = call(case, people, float(budget), float(limit_s))
    report({**answer, "seconds": time.perf_counter() - started})


def model_of(
    case: LineCase, people: NDArray[np.float64], budget: float | None
) -> tuple[NDArray[np.float64], Any, NDArray[np.float64], NDArray[np.float64]]:
    """Return costs to minimise, matrix and row limits: candidates first, then (with a budget) cells.

    Cover: each coverable cell >= 1. Budget: seen cell <= its candidates, spending <= budget; seen cells may
    be fractions, for whole candidates make them whole.
    """
    n_sites, n_cells = people.size, case.weight.size
    ones = np.ones(case.indices.size)
    by_cell = sparse.csr_array((ones, case.indices, case.indptr), shape=(n_sites, n_cells)).T.tocsr()
    if budget is None:
        by_cell = by_cell[np.diff(by_cell.indptr) > 0]
        n_rows = by_cell.shape[0]
        return people, by_cell, np.ones(n_rows), np.full(n_rows, np.inf)
    spending = sparse.csr_array(np.concatenate([people, np.zeros(n_cells)])[None, :])
    matrix = sparse.vstack([sparse.hstack([by_cell, -sparse.eye_array(n_cells)]), spending], format="csr")
    low = np.concatenate([np.zeros(n_cells), [-np.inf]])
    high = np.concatenate([np.full(n_cells, np.inf), [budget]])
    return np.concatenate([np.zeros(n_sites), -case.weight]), matrix, low, high


def run_highs(
    case: LineCase, people: NDArray[np.float64], budget: float | None, limit_s: float
) -> dict[str, Any]:
    """Solve with HiGHS, the matrix passed directly."""
    import highspy

    started = time.perf_counter()
    cost, matrix, low, high = model_of(case, people, budget)
    columns = matrix.tocsc()
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(cost.size), np.ones(cost.size)
    model.row_lower_, model.row_upper_ = low, high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = columns.indptr, columns.indices
    model.a_matrix_.value_ = columns.data
    kinds = [highspy.HighsVarType.kInteger] * people.size
    model.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (cost.size - people.size)
    solver: Any = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", limit_s)
    solver.setOptionValue("threads", N_CORES)
    solver.setOptionValue("mip_rel_gap", 0.0 if budget is None else 1e-4)
    solver.passModel(model)
    built = time.perf_counter() - started
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    value = float(info.objective_function_value) if found else None
    return _answer(value, float(info.mip_dual_bound), budget, built, solver.version())


def run_scip(
    case: LineCase, people: NDArray[np.float64], budget: float | None, limit_s: float
) -> dict[str, Any]:
    """Solve with SCIP through its Python package, which builds row by row."""
    import pyscipopt

    started = time.perf_counter()
    cost, matrix, low, high = model_of(case, people, budget)
    model = pyscipopt.Model()
    model.hideOutput()
    kinds = ["B"] * people.size + ["C"] * (cost.size - people.size)
    variables = [
        model.addVar(vtype=kind, lb=0.0, ub=1.0, obj=price) for kind, price in zip(kinds, cost, strict=True)
    ]
    rows = matrix.tocsr()
    for row in range(rows.shape[0]):
        part = slice(rows.indptr[row], rows.indptr[row + 1])
        terms = zip(rows.indices[part], rows.data[part], strict=True)
        total = pyscipopt.quicksum(value * variables[column] for column, value in terms)
        model.addCons(total >= low[row] if np.isfinite(low[row]) else total <= high[row])
    built = time.perf_counter() - started
    model.setParam("limits/time", max(limit_s, 1.0))
    model.setParam("limits/gap", 0.0 if budget is None else 1e-4)
    model.optimize()
    value = float(model.getObjVal()) if model.getNSols() else None
    return _answer(value, float(model.getDualbound()), budget, built, f"{model.version():.1f}")


def run_spopt(
    case: LineCase, people: NDArray[np.float64], budget: float | None, limit_s: float
) -> dict[str, Any]:
    """Solve a maximal cover or set cover with spopt and HiGHS; it needs a full matrix of distances."""
    from importlib import metadata

    import pulp
    from spopt.locate import LSCP, MCLP

    started = time.perf_counter()
    far = np.full((case.weight.size, people.size), 2.0)
    sites = np.repeat(np.arange(people.size), np.diff(case.indptr))
    far[case.indices, sites] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if budget is None:
            far = far[(far == 0.0).any(axis=1)]
            model = LSCP.from_cost_matrix(far, 1.0)
        else:
            model = MCLP.from_cost_matrix(far, case.weight, 1.0, p_facilities=int(budget))
        built = time.perf_counter() - started
        model.solve(pulp.HiGHS(msg=False, timeLimit=limit_s, threads=N_CORES))
    value = pulp.value(model.problem.objective)
    value = None if value is None else (value if budget is None else -abs(value))
    return _answer(value, None, budget, built, metadata.version("spopt"))


def _answer(
    value: float | None, bound: float | None, budget: float | None, built: float, version: str
) -> dict[str, Any]:
    """Return figures with the sign people expect: weight seen grows, cost shrinks."""
    sign = 1.0 if budget is None else -1.0
    return {
        "objective": None if value is None else sign * value,
        "bound": sign * bound if bound is not None and np.isfinite(bound) and abs(bound) < 1e19 else None,
        "build_seconds": built,
        "version": version,
    }


if __name__ == "__main__":
    main()
