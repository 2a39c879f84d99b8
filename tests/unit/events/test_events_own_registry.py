"""The register of formats: found by name, told apart by their columns."""

from __future__ import annotations

import pytest

from truceline.events.feeds.own import OWN, SIMULATED
from truceline.events.feeds.registry import FEEDS, check_feed, find_feed, recognise_feed
from truceline.events.readers.chunk import ReportFileError


def test_every_format_has_a_name_of_its_own_and_is_recognised_by_what_it_needs() -> None:
    names = [feed.name for feed in FEEDS]
    assert len(set(names)) == len(names)
    for feed in FEEDS:
        columns = [*feed.needs, *(min(names) for names in feed.one_of)]
        assert feed.fits(columns)
        assert recognise_feed(columns).name == feed.name
        assert find_feed(feed.name) is feed
        assert feed.describe_needs()


def test_the_most_particular_format_wins() -> None:
    assert recognise_feed(["kind", "time", "lon", "lat"]) is OWN
    assert recognise_feed(["kind", "time_from", "truth"]) is SIMULATED


def test_an_unknown_format_is_told_with_what_was_found_and_what_is_known() -> None:
    with pytest.raises(ReportFileError) as caught:
        recognise_feed(["when", "what"], where="a.csv")
    said = str(caught.value)
    assert "a.csv  is of no known format: it has 2 columns: when, what" in said
    for feed in FEEDS:
        assert f"{feed.name}: {feed.describe_needs()}" in said
    assert said.startswith("a.csv: 1 problem")


def test_many_columns_are_not_all_repeated() -> None:
    with pytest.raises(ReportFileError, match="c39 and 60 more"):
        recognise_feed([f"c{n}" for n in range(100)])


def test_a_slip_in_a_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ReportFileError, match="'viena' is not known; did you mean viina"):
        find_feed("viena")
    with pytest.raises(ReportFileError, match="formats are own, simulated, efforts"):
        find_feed("zzzzzz")


def test_a_format_named_by_hand_must_fit() -> None:
    check_feed(OWN, ["kind", "time"])
    with pytest.raises(ReportFileError, match="lacks time or time_from for the format own"):
        check_feed(OWN, ["kind", "lon"])
    with pytest.raises(
        ReportFileError, match=r"lacks kind, time or time_from .* the column a;b, read as CSV with"
    ):
        check_feed(OWN, ["a;b"], how="CSV with the delimiter ','")
