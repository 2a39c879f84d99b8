"""Write a day's report into a folder: page, document, rows, positions and figures, all or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from truceline.files import replace_folder
from truceline.monitor.day_model import DayReport
from truceline.provenance import DIGEST_CHARACTERS
from truceline.publish.daily_annex import make_figures_json, make_geojson, make_rows_table
from truceline.publish.daily_docx import render_daily_docx
from truceline.publish.daily_figures import draw_daily_figures, draw_daily_pictures
from truceline.publish.daily_html import render_daily
from truceline.publish.daily_view import view_day
from truceline.publish.daily_words import Catalogue, Words, load_texts

MARKER = "daily.json"
"""File of figures that every such folder holds: a folder without it is never replaced."""


def write_daily(report: DayReport, folder: Path, *, texts: Catalogue | None = None) -> tuple[str, ...]:
    """Write the report into a folder of its own, as `fill_folder` does, and return the names of the files.

    Raises OutputError where the folder is somebody else's or cannot be written; the old one stays then.
    """
    with replace_folder(folder, marker=MARKER) as new:
        return fill_folder(report, new, texts=texts)


def fill_folder(report: DayReport, folder: Path, *, texts: Catalogue | None = None) -> tuple[str, ...]:
    """Write the report in one language (English by default) into an empty folder; return the names of files.

    daily-DATE.html, .docx, .csv, .geojson, and daily.json with the figures and the hash of each file. The
    same report gives the same bytes. `folder` is usually the temporary one of `files.replace_folder`, so that
    a failure leaves nothing behind. Raises OSError when the disk refuses.
    """
    words = Words(texts or load_texts(), report.zone)
    page = view_day(report, words)
    stem = f"daily-{report.nights[-1].isoformat()}"
    pictures = draw_daily_pictures(report, words)
    contents = {
        f"{stem}.html": render_daily(page, draw_daily_figures(report, words)).encode(),
        f"{stem}.docx": render_daily_docx(page, pictures, dated=report.issued_at),
        f"{stem}.csv": make_rows_table(report).to_csv().encode(),
        f"{stem}.geojson": make_geojson(report).encode(),
    }
    hashes = {name: hashlib.sha256(data).hexdigest()[:DIGEST_CHARACTERS] for name, data in contents.items()}
    contents[MARKER] = make_figures_json(report, hashes).encode()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return tuple(contents)
