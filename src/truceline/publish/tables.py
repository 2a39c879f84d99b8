"""All tables of a plan, as plain data and as CSV files.

One CSV for each table: UTF-8, comma, a header whose names carry the units, empty for unknown. What each table
and column holds is in docs/outputs.md, made from the same descriptions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from truceline.files import write_atomically
from truceline.plan.model import Plan
from truceline.publish import (
    backstop_tables,
    dates_tables,
    force_tables,
    generation_tables,
    input_tables,
    money_tables,
    talks_tables,
    watch_tables,
)
from truceline.publish.table import Column, Table, Value

__all__ = ["KINDS_OF_TABLE", "Column", "Table", "Value", "make_tables", "write_tables"]

KINDS_OF_TABLE: tuple[tuple[Table, Callable[[Plan], Table]], ...] = (
    (input_tables.ABOUT, input_tables.fill_about),
    (force_tables.HEADLINES, force_tables.fill_headlines),
    (force_tables.DRIVERS, force_tables.fill_drivers),
    (force_tables.POSTURES, force_tables.fill_postures),
    (force_tables.TASKS, force_tables.fill_tasks),
    (watch_tables.SECTORS, watch_tables.fill_sectors),
    (watch_tables.POSTS, watch_tables.fill_posts),
    (watch_tables.MOVING, watch_tables.fill_moving),
    (watch_tables.BASES, watch_tables.fill_bases),
    (watch_tables.DETECTION, watch_tables.fill_detection),
    (watch_tables.CROSSINGS, watch_tables.fill_crossings),
    (watch_tables.PROFILE, watch_tables.fill_profile),
    (watch_tables.FRONTIER, watch_tables.fill_frontier),
    (force_tables.ESTIMATES, force_tables.fill_estimates),
    (force_tables.IMPLIED, force_tables.fill_implied),
    (force_tables.DENSITIES, force_tables.fill_densities),
    (force_tables.ALTERNATIVES, force_tables.fill_alternatives),
    (force_tables.COSTS, force_tables.fill_costs),
    *generation_tables.TABLES,
    *backstop_tables.TABLES,
    *dates_tables.TABLES,
    *talks_tables.TABLES,
    *money_tables.TABLES,
    (input_tables.ASSUMPTIONS, input_tables.fill_assumptions),
    (input_tables.SENSORS, input_tables.fill_sensors),
    (input_tables.WARNINGS, input_tables.fill_warnings),
)
"""Description of every table, in the order of products, and the function that fills it."""


def make_tables(plan: Plan) -> dict[str, Table]:
    """Return every table of a plan by name; those without a row, such as posts of a length, are left out."""
    filled = (fill(plan) for _, fill in KINDS_OF_TABLE)
    return {table.name: table for table in filled if table.rows}


def write_tables(tables: dict[str, Table], folder: Path) -> None:
    """Write every table as `<name>.csv` into an existing folder.

    Raises OutputError when a file cannot be written.
    """
    for table in tables.values():
        write_atomically(folder / f"{table.name}.csv", table.to_csv())
