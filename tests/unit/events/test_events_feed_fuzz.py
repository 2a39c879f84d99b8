"""Whatever stands in the cells of a file, a feed gives reports and rejects: no exception, no row lost."""

from __future__ import annotations

import csv
import string
import time

import pytest
from feed_inputs import FILES, map_reports, read_columns, read_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.feeds import acled, alerts, attacks, firms, osce, osce_table, ucdp, viina
from truceline.events.feeds.base import Feed, Reading

MODULES = (viina, ucdp, acled, firms, alerts, attacks, osce, osce_table)
FEEDS = {feed.name: feed for module in MODULES for feed in module.FEEDS}
MORE = {
    "viina-reports": ("place", "oblast", "placeholder_geo", "exact_dup_of_earlier"),
    "viina-1pd": ("place", "oblast", "urls"),
    "viina-targets": ("a_rus_init", "a_ukr_init", "adm1_name"),
    "osce-counts": ("cfv", "explosions", "period_from", "n_days", "approx", "note", "issued", "basis"),
    "osce-table": ("no.", "weapon", "means", "year", "lon", "lat"),
    "alerts": ("implausible",),
    "ucdp": ("lon", "lat", "low", "high", "adm_1", "deaths_civilians"),
}
OFFICIAL = {
    "viina": "viina_joined.csv",
    "viina-daily": "viina_event_1pd.csv",
    "acled": "acled.csv",
    "firms": "firms_modis.csv",
    "attacks": "attacks_original.csv",
}
WHOLE = {**OFFICIAL, "ucdp": "ucdp_ged.csv", "osce-table": "osce_table.csv"}
CELLS = st.one_of(
    st.sampled_from(
        ["", "0", "1", "-1", "3.5", "1e400", "nan", "inf", "N/A", "true", "2025-03-30 03:30", "20250231",
         "3:30", "2025-01-01T00:00:00+02:00", "0000-00-00", "9999-12-31", "1 Jan 2025", "17-Feb, 18:30",
         "0035", "2575", "Odesa oblast and Atlantis", "['Kyiv oblast']", "[]", "[", "48.1", "37.5", "181",
         "ADM1", "uav|loc"]
    ),
    st.text(max_size=20),
    st.text(string.digits + "-:. T/,", max_size=20),
)  # fmt: skip


def columns_of(feed: Feed) -> list[str]:
    if feed.name in OFFICIAL:
        return read_columns(OFFICIAL[feed.name])
    needed = [*sorted(feed.needs), *(sorted(names)[0] for names in feed.one_of)]
    return list(dict.fromkeys([*needed, *MORE.get(feed.name, ())]))


@pytest.mark.parametrize("name", sorted(FEEDS))
@given(data=st.data())
@settings(max_examples=12)
def test_any_cells_are_reports_or_rejects(name: str, data: st.DataObject) -> None:
    feed = FEEDS[name]
    columns = columns_of(feed)
    assert feed.fits(columns)
    n_rows = data.draw(st.integers(1, 4))
    rows = [
        dict(
            zip(
                columns, data.draw(st.lists(CELLS, min_size=len(columns), max_size=len(columns))), strict=True
            )
        )
        for _ in range(n_rows)
    ]
    reports, rejects = map_reports(feed, read_rows(rows))
    lines = {reject.line for reject in rejects}
    assert len(reports) >= n_rows - len(lines)
    if feed.name != "osce-counts":
        assert len(reports) + len(rejects) == n_rows
    known = reports[~reports["place_precision"].isin(["unknown", ""])]
    assert known[["lon", "lat", "sigma_m"]].notna().all().all()
    assert (reports["time_to"] >= reports["time_from"]).all()
    assert (reports["kind"] != "").all()


@pytest.mark.parametrize(("name", "file_name"), sorted(WHOLE.items()))
@given(data=st.data())
@settings(max_examples=12)
def test_a_good_row_with_a_strange_cell_is_a_report_or_one_reject(
    name: str, file_name: str, data: st.DataObject
) -> None:
    rows = list(csv.DictReader((FILES / file_name).read_text(encoding="utf-8").splitlines()))
    good = len(rows)
    at, column = data.draw(st.integers(0, good - 1)), data.draw(st.sampled_from(sorted(rows[0])))
    rows[at] = {**rows[at], column: data.draw(CELLS)}
    reports, rejects = map_reports(FEEDS[name], read_rows(rows))
    assert len(reports) + len(rejects) == good
    assert {reject.line for reject in rejects} <= {at + 1}
    assert all(reject.where and reject.found for reject in rejects)


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_a_file_with_a_header_and_no_rows_is_an_empty_frame(name: str) -> None:
    feed = FEEDS[name]
    one = read_rows([dict.fromkeys(columns_of(feed), "")])
    reports, rejects = map_reports(feed, Reading(one.raw.iloc[:0], one.lines[:0], one.originals[:0]))
    assert (len(reports), rejects) == (0, [])


@pytest.mark.parametrize("name", sorted(FEEDS))
@pytest.mark.parametrize("piece", ["(", "1 ", " and ", "1-", "a|", "N/", "12:", "a "])
def test_a_huge_cell_takes_no_time_that_grows_with_its_square(name: str, piece: str) -> None:
    feed = FEEDS[name]
    columns = columns_of(feed)
    huge = (piece * 200_000)[:200_000] + "x"
    started = time.perf_counter()
    map_reports(feed, read_rows([dict.fromkeys(columns, huge)]))
    good = {name: "2025-01-01" if "date" in name or "time" in name else huge for name in columns}
    map_reports(feed, read_rows([good]))
    assert time.perf_counter() - started < 5


def test_every_feed_names_its_source_and_no_two_have_one_name() -> None:
    assert all(feed.notice and feed.title for feed in FEEDS.values())
    assert len(FEEDS) == sum(len(module.FEEDS) for module in MODULES)
    assert FILES.is_dir()
