"""Write a plan folder: report, figures, tables, spreadsheet, GeoPackage and the document, all or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from truceline.plan.model import Plan
from truceline.publish.document import write_document

Progress = Callable[[str, float], None]


def write_products(plan: Plan, folder: Path, progress: Progress | None = None) -> tuple[str, ...]:
    """Write every product of a plan into an empty folder and return their names.

    folder: usually the temporary one of `files.replace_folder`, so that a failure leaves nothing behind. A
    plan of a bare length has no GeoPackage. Raises OSError when the disk refuses.
    """
    from truceline.publish.figures import draw_figures
    from truceline.publish.geopackage import write_geopackage
    from truceline.publish.html import render_report
    from truceline.publish.spreadsheet import write_spreadsheet
    from truceline.publish.tables import make_tables, write_tables

    tell = progress or (lambda stage, share: None)
    written = ["report.html", "plan.json", "plan.xlsx"]
    tell("write", 0.0)
    tables = make_tables(plan)
    (folder / "tables").mkdir()
    write_tables(tables, folder / "tables")
    tell("write", 0.15)
    write_spreadsheet(plan, tables, folder / "plan.xlsx")
    tell("write", 0.3)
    if write_geopackage(plan, folder / "plan.gpkg"):
        written.append("plan.gpkg")
    tell("write", 0.5)
    figures = draw_figures(plan)
    (folder / "figures").mkdir()
    for name, svg in figures.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    tell("write", 0.9)
    (folder / "report.html").write_text(render_report(plan, figures), encoding="utf-8")
    write_document(plan, folder / "plan.json")
    tell("write", 1.0)
    return (*written, "tables/", "figures/")
