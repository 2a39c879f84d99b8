"""Who did it and with what: only what the mission itself observed, and nothing made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_inputs import incident, incidents, report, reports

from truceline.events.attribution import attribute_incidents, find_changed_attributions
from truceline.events.kinds import Means, Observation, Phase

FLASH = {"kind": "muzzle_flash", "means": "post", "observation": "seen", "post": "P1", "side_from": "b"}
OUTGOING = {**FLASH, "kind": "explosion", "phase": "outgoing"}
YES = np.array([True])


def attributed(*rows: dict[str, Any], allowed: bool = True) -> dict[str, tuple[str, float]]:
    """Return value and probability of each aspect that has one, for one incident."""
    made = attribute_incidents(
        incidents(incident()), reports(*(report(**row) for row in rows)), may_name_side=np.array([allowed])
    )
    return {row.aspect: (row.value, row.p) for row in made.itertuples()}


class TestSide:
    def test_one_sight_of_a_muzzle_flash_gives_two_thirds(self) -> None:
        assert attributed(FLASH)["side"] == ("b", pytest.approx(2 / 3, abs=1e-4))

    def test_posts_that_agree_make_it_surer_and_copies_do_not(self) -> None:
        assert attributed(FLASH, FLASH, {**FLASH, "post": "P2"})["side"] == ("b", 0.75)

    def test_posts_that_disagree_name_nobody(self) -> None:
        assert "side" not in attributed(FLASH, {**FLASH, "post": "P2", "side_from": "a"})

    def test_nobody_is_named_where_no_clause_allows_it(self) -> None:
        assert "side" not in attributed(FLASH, allowed=False)

    def test_an_outgoing_round_that_was_seen_shows_where_it_came_from(self) -> None:
        assert attributed(OUTGOING)["side"][0] == "b"

    @pytest.mark.parametrize(
        "change",
        [
            {"means": "press"},
            {"means": "dataset"},
            {"means": "party", "claimed_by": "a"},
            {"claimed_by": "a"},
            {"observation": "heard"},
            {"observation": "told"},
            {"side_from": ""},
            {"kind": "explosion", "phase": "undetermined"},
            {"kind": "explosion", "phase": "impact"},
            {"kind": "damage", "phase": ""},
        ],
    )
    def test_anything_less_names_nobody(self, change: dict[str, str]) -> None:
        assert "side" not in attributed({**FLASH, **change})

    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "means": st.sampled_from(["press", "dataset", "party", "satellite", "alert_system"]),
                    "observation": st.sampled_from([str(each) for each in Observation]),
                    "side_from": st.sampled_from(["a", "b"]),
                    "phase": st.sampled_from([str(phase) for phase in Phase]),
                    "weapon": st.sampled_from(["mortar", "artillery"]),
                    "kind": st.sampled_from(["launch", "muzzle_flash", "explosion", "shelling"]),
                }
            ),
            max_size=6,
        )
    )
    @settings(max_examples=20)
    def test_sources_outside_the_mission_attribute_nothing(self, rows: list[dict[str, Any]]) -> None:
        assert attributed(*rows) == {}


class TestWeapon:
    def test_the_missions_own_word_for_a_weapon_is_taken(self) -> None:
        heard = {"means": "patrol", "observation": "heard", "post": "P1", "weapon": "mortar"}
        assert attributed(heard, allowed=False) == {"weapon": ("mortar", pytest.approx(2 / 3, abs=1e-4))}

    def test_two_posts_against_one_give_three_fifths(self) -> None:
        rows = [
            {"means": "post", "observation": "heard", "post": post, "weapon": weapon}
            for post, weapon in (("P1", "mortar"), ("P2", "mortar"), ("P3", "artillery"))
        ]
        assert attributed(*rows)["weapon"] == ("mortar", 0.6)

    def test_unknown_is_no_weapon(self) -> None:
        assert attributed({"means": "post", "observation": "heard", "weapon": "unknown"}) == {}


def test_two_thirds_of_explosions_stay_undetermined() -> None:
    # As the mission counted from 21 to 23 May 2021: 3 impacts, 29 airbursts, 76 outgoing, 215 undetermined,
    # heard for the most part. Every one has a side in what the press and the parties say, and none by rule.
    mix = [("impact", 3), ("airburst", 29), ("outgoing", 76), ("undetermined", 215)]
    phases = [phase for phase, n in mix for _ in range(n)]
    rows = []
    for number, phase in enumerate(phases, 1):
        own = {"means": Means.post.value, "observation": "heard", "post": "P1", "side_from": ""}
        rows.append(report(**own, phase=phase, incident_id=number))
        rows.append(report(means="party", claimed_by="a", side_from="b", phase=phase, incident_id=number))
    frame = incidents(*(incident(kind="explosion", phase=phase) for phase in phases))
    made = attribute_incidents(frame, reports(*rows), may_name_side=np.ones(len(frame), dtype=bool))
    assert made.empty
    assert (frame["phase"] == "undetermined").mean() == pytest.approx(2 / 3, abs=0.01)


class TestWhatChanges:
    def made(self, *rows: dict[str, Any]) -> pd.DataFrame:
        return attribute_incidents(
            incidents(incident()), reports(*(report(**row) for row in rows)), may_name_side=YES
        )

    def test_the_same_is_not_written_again(self) -> None:
        assert find_changed_attributions(self.made(FLASH), self.made(FLASH), incident_ids=[1]).empty

    def test_a_value_that_lost_its_ground_is_not_investigated_again(self) -> None:
        changed = find_changed_attributions(self.made(), self.made(FLASH), incident_ids=[1])
        assert changed[["aspect", "value", "basis"]].to_numpy().tolist() == [["side", "", "not investigated"]]
        assert np.isnan(changed["p"].iloc[0])
        assert find_changed_attributions(self.made(), changed, incident_ids=[1]).empty

    def test_a_decision_by_hand_stands(self) -> None:
        by_hand = self.made(FLASH).assign(method="hand", value="a", p=0.9)
        assert find_changed_attributions(self.made(FLASH), by_hand, incident_ids=[1]).empty
        assert find_changed_attributions(self.made(), by_hand, incident_ids=[1]).empty
