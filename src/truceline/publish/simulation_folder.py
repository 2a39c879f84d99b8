"""Write the folder of a simulation: report, document and tables, all of them or none.

The folder is usually the temporary one of `files.replace_folder`, with MARKER as its mark.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.files import write_atomically
from truceline.publish.simulate_folder import write_report
from truceline.publish.simulation_record import document_simulation, dump_simulation
from truceline.publish.simulation_tables import make_simulation_tables
from truceline.publish.tables import write_tables
from truceline.simulate.ensemble import Comparison

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.sensitivity import Sensitivity

MARKER = "simulation.json"
"""File that says a folder is a simulation's and may be replaced by the next one."""
Progress = Callable[[str, float], None]


def write_simulation(
    comparison: Comparison,
    folder: Path,
    *,
    sensitivity: Sensitivity | None = None,
    threshold: Threshold | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write every product of a simulation into an empty folder and return their names.

    Raises OutputError where a file cannot be written.
    """
    tell = progress or (lambda stage, share: None)
    tell("write", 0.0)
    record = document_simulation(comparison)
    (folder / "tables").mkdir()
    write_tables(make_simulation_tables(record), folder / "tables")
    tell("write", 0.4)
    write_atomically(folder / MARKER, dump_simulation(record))
    names = write_report(comparison, folder, sensitivity=sensitivity, threshold=threshold)
    tell("write", 1.0)
    return tuple(dict.fromkeys(("report.html", MARKER, "tables/", *names)))
