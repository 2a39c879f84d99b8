"""The form of effort, and the empty forms a field office starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_events_own import CONTEXT

from truceline.errors import OutputError
from truceline.events.feeds import efforts, own
from truceline.events.feeds.base import Reading, Reject, finish_reports
from truceline.events.feeds.efforts import EFFORTS_FEED
from truceline.events.feeds.forms import FORMS, write_form
from truceline.events.feeds.registry import recognise_feed
from truceline.events.readers.read import read_rows

WATCHED = {
    "means": "camera", "post": "Camera 3", "region": "North", "time_from": "2025-02-17T00:00",
    "time_to": "2025-02-17T14:10", "state": "watched", "p_detect": "0.6", "lon": "37.5", "lat": "48",
}  # fmt: skip


def read(rows: list[Mapping[str, Any]]) -> tuple[pd.DataFrame, list[Reject]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pd.Series([str(row.get(name, "")) for row in rows], dtype=object) for name in names}
    originals = np.array([json.dumps(dict(row)) for row in rows], dtype=object)
    reading = Reading(pd.DataFrame(columns), np.arange(2, 2 + len(rows)), originals)
    return finish_reports(reading, EFFORTS_FEED.map_rows(reading, CONTEXT), CONTEXT, EFFORTS_FEED)


def why_not(**fields: str) -> str:
    frame, rejects = read([{**WATCHED, **fields}])
    assert len(frame) == 0
    return f"{rejects[0].where}: {rejects[0].found}; {rejects[0].hint}"


def test_an_interval_of_watching_is_read() -> None:
    frame, rejects = read([WATCHED])
    assert rejects == []
    row = frame.iloc[0]
    assert (row["means"], row["post"], row["state"], row["p_detect"]) == (
        "camera",
        "Camera 3",
        "watched",
        0.6,
    )
    assert (row["p_detect_low"], row["p_detect_high"], row["group"]) == (0.6, 0.6, "")
    assert row["time_from"] == pd.Timestamp("2025-02-16T22:00")
    assert row["time_to"] == pd.Timestamp("2025-02-17T12:10")  # to the minute: the next interval starts there


def test_a_day_alone_is_until_the_midnight_that_ends_it() -> None:
    frame, _ = read([{**WATCHED, "time_from": "2025-02-17", "time_to": "2025-02-17"}])
    assert frame["time_to"].iloc[0] - frame["time_from"].iloc[0] == pd.Timedelta("1D")


def test_the_key_is_means_post_group_and_start() -> None:
    changed = [{"means": "post"}, {"post": "Camera 4"}, {"group": "air"}, {"time_from": "2025-02-17T00:01"}]
    same = [{"time_to": "2025-02-17T13:00"}, {"state": "down"}, {"p_detect": "0.2"}, {"words": "x"}]
    frame, rejects = read([WATCHED, *({**WATCHED, **fields} for fields in changed + same)])
    assert rejects == []
    keys = frame["key"].tolist()
    assert len({*keys[: 1 + len(changed)]}) == 1 + len(changed)
    assert set(keys[1 + len(changed) :]) == {keys[0]}


def test_unnamed_patrols_in_two_places_are_two() -> None:
    unnamed = {**WATCHED, "means": "patrol", "post": ""}
    places = [
        {"region": "Donetsk"},
        {"region": "Luhansk"},
        {"region": "Donetsk", "lon": "37.9"},
        {"region": "Donetsk", "lat": "48.3"},
    ]
    frame, rejects = read([{**unnamed, **place} for place in places])
    assert rejects == []
    assert frame["key"].nunique() == len(places)
    again, _ = read([{**unnamed, "region": "Donetsk Oblast"}])
    assert again["key"][0] == frame["key"][0]


def test_a_named_post_is_one_wherever_it_is_put_down() -> None:
    frame, _ = read([WATCHED, {**WATCHED, "region": "South"}, {**WATCHED, "lon": "37.9"}])
    assert frame["key"].nunique() == 1


def test_a_region_has_one_name_in_effort_and_reports() -> None:
    words = ["Donetsk obl", "donets'ka oblast", "Donetsk", "North", "Donetsk (north)"]
    frame, _ = read([{**WATCHED, "region": word} for word in words])
    assert frame["region"].tolist() == ["Donetsk", "Donetsk", "Donetsk", "North", "Donetsk (north)"]
    assert own.name_regions_of_form(np.array(words, dtype=object)).tolist() == frame["region"].tolist()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "watching"}, "state: 'watching' is not a known word; did you mean watched?"),
        ({"state": ""}, "state: is empty"),
        ({"means": ""}, "means: is empty"),
        ({"means": "unknown", "post": ""}, "post: is empty; name the post"),
        ({"time_to": "2025-02-17T00:00"}, "time_to: is not after the start"),
        ({"time_from": "2025-03-02", "time_to": "2025-03-03"}, "time_from: lies in the future"),
        ({"p_detect": "60"}, "p_detect: '60' is out of range; between 0 and 1"),
        ({"p_detect_low": "0.7"}, "p_detect_low: is not least, likely, greatest in order"),
        ({"lon": "48", "lat": "37.5"}, "latitude and longitude look swapped"),
    ],
)
def test_what_cannot_be_is_rejected(fields: dict[str, str], said: str) -> None:
    assert said in why_not(**fields)


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize(("kind", "feed"), [("reports", own.OWN), ("efforts", efforts.EFFORTS_FEED)])
def test_a_form_that_is_written_is_read_again_without_a_reject(
    tmp_path: Path, kind: str, feed: Any, ending: str
) -> None:
    path = tmp_path / f"form{ending}"
    write_form(path, kind, examples=True)
    (chunk,) = read_rows(path)
    columns, examples = FORMS[kind]
    assert list(chunk.raw.columns) == list(columns)
    assert recognise_feed(list(chunk.raw.columns)) is feed
    assert chunk.raw.to_dict("records") == [{**dict.fromkeys(columns, ""), **row} for row in examples]
    reading = Reading(chunk.raw, chunk.lines, chunk.originals)
    frame, rejects = finish_reports(reading, feed.map_rows(reading, CONTEXT), CONTEXT, feed)
    assert rejects == []
    assert len(frame) == len(examples)


def test_both_forms_of_a_file_give_the_same_reports(tmp_path: Path) -> None:
    frames = []
    for ending in (".csv", ".xlsx"):
        write_form(tmp_path / f"form{ending}", "reports", examples=True)
        (chunk,) = read_rows(tmp_path / f"form{ending}")
        reading = Reading(chunk.raw, chunk.lines, chunk.originals)
        frames.append(finish_reports(reading, own.OWN.map_rows(reading, CONTEXT), CONTEXT, own.OWN)[0])
    pd.testing.assert_frame_equal(*frames)


def test_forms_explain_their_columns_and_never_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    write_form(path, "efforts", examples=True)
    (meanings,) = read_rows(path, sheet="columns")
    assert dict(zip(meanings.raw["column"], meanings.raw["meaning"], strict=True)) == dict(efforts.COLUMNS)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="is there already"):
        write_form(path, "efforts", examples=True)
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="there is no form 'x'; forms are reports, efforts"):
        write_form(tmp_path / "a.csv", "x")
    with pytest.raises(OutputError, match=r"not written as '\.doc'; end the name in \.csv or \.xlsx"):
        write_form(tmp_path / "a.doc", "reports")
