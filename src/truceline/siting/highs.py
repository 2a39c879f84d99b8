"""Hand a program with whole variables to HiGHS: the matrix directly, a start, a limit, a proven bound.

No units of its own. HiGHS (Huangfu and Hall 2018, MIT licence) does the work; this adds nothing but the
passing of arrays, interrupts that are heard while it runs, and an answer in plain terms. It runs on one
thread, so that the same program gives the same answer on any machine that is not cut short.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LISTEN_S = 0.1
"""Time between two looks for an interrupt while HiGHS runs."""
FAREWELL_S = 5.0
"""How long an interrupted run may take to notice: presolve does not look up."""
THREAD_NAME = "HiGHS"
CHOSEN = 0.5
"""Above this a variable that should be 0 or 1 is read as 1; HiGHS keeps within 1e-6 of either."""


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise cost . x subject to row_low <= matrix x <= row_high, low <= x <= high, some of x whole."""

    cost: FloatArray
    low: FloatArray
    high: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    matrix: Any
    """Scipy sparse (n_rows, n_columns), passed column by column."""
    n_whole: int
    """Leading columns that must be whole numbers; the others may be anything between their bounds."""


@dataclass(frozen=True, eq=False)
class ProgramAnswer:
    """What HiGHS found, and what it proved."""

    x: FloatArray | None
    """(n_columns,) the best found, None when none was."""
    value: float
    """Its cost; inf without one."""
    bound: float
    """Nothing costs less; -inf when nothing was proved."""
    finished: bool
    """True when the search ended by itself: within the goal gap, not at a limit."""


@dataclass(frozen=True, eq=False)
class BinaryAnswer:
    """What HiGHS found among choices of yes or no, and what it proved."""

    chosen: NDArray[np.bool_] | None
    """(n_columns,) the best choice, None when none was found."""
    bound: float
    """No choice costs less; -inf when nothing was proved."""
    finished: bool
    """True when the search ended by itself: within the goal gap, not at the time limit."""


def solve_binary(
    cost: FloatArray,
    matrix: Any,
    row_low: FloatArray,
    row_high: FloatArray,
    *,
    start: NDArray[np.bool_] | None = None,
    goal_gap: float = 0.0,
    time_limit_s: float = math.inf,
    seed: int = 0,
    listen: Callable[[], None] | None = None,
) -> BinaryAnswer:
    """Minimise cost . x subject to row_low <= matrix x <= row_high, x 0 or 1.

    matrix: scipy sparse (n_rows, n_columns). start: a choice to begin with. listen: called several times a
    second while HiGHS runs; whatever it raises stops the run and is raised again.
    """
    n = cost.size
    answer = solve_program(
        Program(cost, np.zeros(n), np.ones(n), row_low, row_high, matrix, n),
        begin_with=None if start is None else start.astype(np.float64),
        options={"mip_rel_gap": goal_gap, "random_seed": seed},
        time_limit_s=time_limit_s,
        run=lambda solver: _run(solver, listen),
    )
    return BinaryAnswer(None if answer.x is None else answer.x > CHOSEN, answer.bound, answer.finished)


def solve_program(
    program: Program,
    *,
    begin_with: FloatArray | None,
    options: Mapping[str, Any],
    time_limit_s: float,
    run: Callable[[Any], None],
) -> ProgramAnswer:
    """Return what HiGHS finds and proves of a program, on one thread.

    begin_with: values to start from. options: HiGHS's own, by name. run: runs the solver handed to it, in
    whatever thread, and may stop it.
    """
    import highspy  # late: a solver library that most commands never need

    columns = program.matrix.tocsc()
    columns.sort_indices()
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.low, program.high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = columns.indptr.astype(np.int32)
    model.a_matrix_.index_ = columns.indices.astype(np.int32)
    model.a_matrix_.value_ = columns.data.astype(np.float64)
    kinds = highspy.HighsVarType
    n_free = program.cost.size - program.n_whole
    model.integrality_ = [kinds.kInteger] * program.n_whole + [kinds.kContinuous] * n_free
    library: Any = highspy  # it is typed in part only
    solver = library.Highs()
    limit = {"time_limit": max(time_limit_s, 0.0)} if math.isfinite(time_limit_s) else {}
    always = {"output_flag": False, "parallel": "off", "threads": 1}
    for name, value in (always | dict(options) | limit).items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    if begin_with is not None:
        first = highspy.HighsSolution()
        first.col_value = begin_with
        first.value_valid = True
        solver.setSolution(first)
    run(solver)
    info, status = solver.getInfo(), solver.getModelStatus()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = float(info.mip_dual_bound)
    return ProgramAnswer(
        x=np.asarray(solver.getSolution().col_value) if found else None,
        value=float(info.objective_function_value) if found else math.inf,
        bound=bound if math.isfinite(bound) else -math.inf,
        finished=bool(found and status == highspy.HighsModelStatus.kOptimal),
    )


def _run(solver: Any, listen: Callable[[], None] | None) -> None:
    """Run in a thread of its own: the compiled code would keep an interrupt waiting until it is done."""
    done = threading.Event()

    def work() -> None:
        try:
            solver.run()
        finally:
            done.set()

    solver.HandleUserInterrupt = True
    threading.Thread(target=work, name=THREAD_NAME, daemon=True).start()
    try:
        # Not `join`: an interrupt in the middle of it makes Python 3.11 take the thread for ended.
        while not done.wait(LISTEN_S):
            if listen is not None:
                listen()
    except BaseException:
        solver.cancelSolve()
        done.wait(FAREWELL_S)
        raise
