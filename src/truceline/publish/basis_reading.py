"""Read back what a plan handed to generation, so that a finished plan can be asked about another day.

Units as in `truceline.generation.model.Basis`. It checks what does not fit together; nothing is computed.
"""

from __future__ import annotations

import numpy as np

from truceline.errors import OutputError, Problem
from truceline.generation.model import Basis, FloatArray, TaskNeed, WatchOutcomes
from truceline.publish.basis_record import BasisRecord, OutcomesRecord
from truceline.publish.document import PlanDocument
from truceline.publish.record import traced_from_document

MOST_TASKS = 12
"""Backstop tasks that outcomes are read for: 4,096 combinations."""


def basis_of_document(document: PlanDocument, posture: str | None = None) -> Basis:
    """Return what a finished plan hands to generation.

    posture: key of the posture; default the one planned in full. Raises OutputError when the document has
    none for it (a plan of an earlier version, one without contributors, another posture), or one that does
    not fit together.
    """
    wanted = posture or document.posture
    hint = f"make the plan again with `truceline plan --posture {wanted}` from a scenario with contributors"
    if document.generation is None:
        found = "has nothing about nations: it was made without contributors, or by an earlier version"
        raise OutputError("generation", [Problem(f"plan of {document.scenario['name']}", found, hint)])
    record = document.generation.basis
    if wanted != record.posture:
        if wanted not in document.postures:
            known = ", ".join(document.postures)
            raise OutputError(
                "generation", [Problem(f"posture {wanted}", "is not in this plan", f"one of {known}")]
            )
        found = f"was not planned in full: nations were asked for {record.posture!r}"
        raise OutputError("generation", [Problem(f"posture {wanted}", found, hint)])
    return _read_basis(record, hint)


def bases_of_document(document: PlanDocument) -> list[Basis]:
    """Return what a finished plan hands to generation for every mission that talks ask about.

    The posture planned in full first; none at all for a plan that says nothing of nations. Raises OutputError
    for one that does not fit together.
    """
    if document.generation is None:
        return []
    hint = "make the plan again with `truceline plan`"
    others = [] if document.talks is None else document.talks.bases
    return [basis_of_document(document, document.generation.basis.posture)] + [
        _read_basis(one, hint) for one in others
    ]


def _read_basis(record: BasisRecord, hint: str) -> Basis:
    return Basis(
        scenario=record.scenario,
        posture=record.posture,
        posture_label=record.posture_label,
        mission=record.mission,
        length_km=record.length_km,
        brigades=record.brigades,
        n_sectors=record.n_sectors,
        tasks=tuple(TaskNeed(**task.model_dump()) for task in record.tasks),
        deployed=traced_from_document(record.deployed),
        supplies=tuple(traced_from_document(supply) for supply in record.supplies),
        outcomes=None if record.outcomes is None else _read_outcomes(record.outcomes, hint),
    )


def _read_outcomes(record: OutcomesRecord, hint: str) -> WatchOutcomes:
    """Return the arrays, refusing lists of other lengths than the strengths and combinations ask for."""
    n_rows, n_tasks = len(record.strength), len(record.tasks)
    fits = n_tasks <= MOST_TASKS and n_rows > 0
    arrays: dict[str, FloatArray] = {}
    for name in ("detect", "verify", "weakest"):
        rows = getattr(record, name)
        fits = fits and len(rows) == n_rows and all(len(row) == 1 << n_tasks for row in rows)
        if fits:
            arrays[name] = np.array(rows, dtype=np.float64)
    if not fits:
        found = (
            f"what the watch sees does not have a row for each of {n_rows} strengths, a column for each set"
        )
        raise OutputError("generation", [Problem("generation.basis.outcomes", found, hint)])
    strength = np.array(record.strength, dtype=np.float64)
    return WatchOutcomes(tuple(record.tasks), strength, **arrays, note=record.note)
