"""What waits for a person, and everything known of one incident."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from day_sample import Days, start_store

from truceline.events.kinds import Flag
from truceline.monitor.deciding import DecisionError, decide_verification
from truceline.monitor.reviewing import list_waiting, read_incident, say_interval

HURT = {"killed_low": 0.0, "killed_best": 1.0, "killed_high": 2.0, "status": "reported"}


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


class TestWhatWaits:
    def test_an_unclear_verdict_says_how_it_is_decided(self, days: Days) -> None:
        days.add([{"clauses": (("general", "lines", "unclear"),)}, {}])
        (item,) = list_waiting(days.store).items
        assert (item.what, item.incidents, item.decide) == (
            "unclear verdict",
            (1,),
            "judge 1 general lines VERDICT",
        )

    def test_casualties_wait_until_somebody_settles_them(self, days: Days) -> None:
        days.add([HURT, {**HURT, "status": "verified"}])
        (item,) = list_waiting(days.store).items
        assert item.incidents == (1,)
        assert "1 killed on 2025-06-11, Chasiv Yar" in item.why
        decide_verification(days.store, 1, "refuted", who="a", why="nobody was there")
        assert list_waiting(days.store).items == ()

    def test_pairs_that_may_be_one_wait_while_both_stand(self, days: Days) -> None:
        days.add([{}, {}, {"merged_into": 1}])
        with days.store.change(who="test", what="link") as change:
            change.note({"suggestions": [[2, 1, 0.4], [1, 2, 0.3], [1, 3, 2.0]]})
        (item,) = list_waiting(days.store).items
        assert (item.incidents, item.decide) == ((1, 2), "merge 1 2")
        assert "0.4" in item.why

    def test_more_than_asked_for_are_counted(self, days: Days) -> None:
        days.add([HURT] * 5)
        waiting = list_waiting(days.store, limit=2)
        assert len(waiting.items) == 2
        assert waiting.more == {"casualties not followed up": 3}


class TestOneIncident:
    def test_everything_known_of_it_is_there(self, days: Days) -> None:
        days.add([{"side": "b", "flags": int(Flag.exercise)}])
        found = read_incident(days.store, 1)
        assert found.status.startswith("verified")
        assert found.attribution == ("side b with probability 0.80: bearing",)
        assert found.verdicts[0].startswith("general/ceasefire: violation")
        assert found.reports[0].how == "patrol heard patrol 1"
        assert found.reports[0].flags == ("exercise",)

    def test_an_unknown_number_is_told(self, days: Days) -> None:
        with pytest.raises(DecisionError, match="incident 7"):
            read_incident(days.store, 7)

    @pytest.mark.parametrize(
        ("end", "words"),
        [
            (datetime(2025, 3, 1, 18), "2025-03-01 18:00"),
            (datetime(2025, 3, 1, 19), "2025-03-01 18:00 to 19:00"),
            (datetime(2025, 3, 2, 1), "2025-03-01 18:00 to 2025-03-02 01:00"),
        ],
    )
    def test_an_interval_is_said_as_short_as_it_can_be(self, end: datetime, words: str) -> None:
        assert say_interval(datetime(2025, 3, 1, 18), end) == words
