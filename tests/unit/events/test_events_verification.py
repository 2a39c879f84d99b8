"""The ladder from reported to verified, by kinds of source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_inputs import incident, incidents, report, reports

from truceline.events.kinds import Flag, Means, Observation
from truceline.events.verification import STATUSES, find_changed_verifications, verify_incidents

PRESS = {"means": "press"}
DATASET = {"means": "dataset"}
CLAIM_A = {"means": "party", "claimed_by": "a", "observation": "claimed"}
CLAIM_B = {"means": "party", "claimed_by": "b", "observation": "claimed"}
SATELLITE = {"means": "satellite", "observation": "detected", "kind": "thermal_anomaly"}
HEARD_1 = {"means": "post", "observation": "heard", "post": "P1"}
HEARD_2 = {"means": "post", "observation": "heard", "post": "P2"}
HEARD_SOMEWHERE = {"means": "patrol", "observation": "heard"}
SEEN = {"means": "patrol", "observation": "seen", "post": "P1"}
CAMERA = {"means": "camera", "observation": "recorded", "post": "C1"}
TRACE = {"means": "patrol", "observation": "seen", "kind": "damage"}
TOLD = {"means": "patrol", "observation": "told"}
UNKNOWN = {"means": "unknown"}
REPORT = st.fixed_dictionaries(
    {
        "means": st.sampled_from([str(means) for means in Means]),
        "observation": st.sampled_from([str(observation) for observation in Observation]),
        "post": st.sampled_from(["", "P1", "P2"]),
        "claimed_by": st.sampled_from(["", "", "a", "b"]),
        "kind": st.sampled_from(["explosion", "damage", "air_alert"]),
        "flags": st.sampled_from([0, 0, *map(int, Flag)]),
    }
)


def status(*rows: dict[str, Any], kind: str = "explosion") -> str:
    """Return the status of one incident with these reports."""
    made = verify_incidents(incidents(incident(kind=kind)), reports(*(report(**row) for row in rows)))
    return str(made["status"].iloc[0])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "reported"),
        ([PRESS], "reported"),
        ([PRESS, PRESS, DATASET], "reported"),
        ([CLAIM_A, CLAIM_A], "reported"),
        ([CLAIM_A, CLAIM_B], "corroborated"),
        ([CLAIM_A, PRESS], "corroborated"),
        ([PRESS, SATELLITE], "corroborated"),
        ([SATELLITE], "reported"),
        ([TOLD], "reported"),
        ([TOLD, PRESS], "corroborated"),
        ([UNKNOWN, PRESS], "reported"),
        ([HEARD_1], "corroborated"),
        ([HEARD_1, HEARD_1], "corroborated"),
        ([HEARD_1, HEARD_SOMEWHERE], "corroborated"),
        ([HEARD_1, HEARD_2], "verified"),
        ([SEEN], "verified"),
        ([CAMERA], "verified"),
        ([TRACE], "corroborated"),
        ([PRESS, {"means": "alert_system", "kind": "air_alert"}], "reported"),
        ([{**SEEN, "claimed_by": "a"}], "reported"),
    ],
)
def test_the_ladder(rows: list[dict[str, Any]], expected: str) -> None:
    assert status(*rows) == expected


def test_damage_that_the_mission_saw_is_verified_as_damage() -> None:
    assert status(TRACE, kind="damage") == "verified"


@pytest.mark.parametrize("flag", [Flag.placeholder, Flag.weak_label, Flag.exact_repeat, Flag.persistent_heat])
def test_weak_reports_lift_nothing(flag: Flag) -> None:
    assert status(PRESS, {**SATELLITE, "flags": int(flag)}) == "reported"
    assert status({**SEEN, "flags": int(flag)}) == "reported"


def test_a_simulated_report_lifts_nothing_beside_a_real_one() -> None:
    simulated = {"flags": int(Flag.simulated)}
    assert status(PRESS, {**SEEN, **simulated}) == "reported"
    assert status({**SEEN, **simulated}) == "verified", "a simulated incident among its own"


def test_the_reason_names_the_rule() -> None:
    made = verify_incidents(incidents(incident()), reports(report(**CLAIM_A), report(**PRESS)))
    assert made["reason"].iloc[0] == "independent kinds of source: published, claimed by side a"


@given(st.lists(REPORT, max_size=6), REPORT)
@settings(max_examples=15)
def test_another_real_report_never_lowers_the_status(
    rows: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    if more["flags"] & Flag.simulated:
        return
    rows = [row for row in rows if not row["flags"] & Flag.simulated]
    assert STATUSES.index(status(*rows, more)) >= STATUSES.index(status(*rows))


@given(st.lists(REPORT, max_size=6), st.randoms())
@settings(max_examples=15)
def test_the_order_and_repetition_of_reports_do_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = [*rows, *rows]
    random.shuffle(shuffled)
    assert status(*shuffled) == status(*rows)


@given(st.lists(st.tuples(st.integers(1, 4), REPORT), max_size=12))
@settings(max_examples=15)
def test_incidents_do_not_lean_on_each_other(rows: list[tuple[int, dict[str, Any]]]) -> None:
    frame = incidents(*(incident() for _ in range(4)))
    made = verify_incidents(frame, reports(*(report(**row, incident_id=owner) for owner, row in rows)))
    alone = [status(*(row for owner, row in rows if owner == number)) for number in range(1, 5)]
    assert made["status"].tolist() == alone


def test_no_rule_refutes() -> None:
    assert status() == "reported"


class TestWhatChanges:
    def made(self, *rows: dict[str, Any]) -> pd.DataFrame:
        return verify_incidents(incidents(incident()), reports(*(report(**row) for row in rows)))

    def test_the_same_is_not_written_again(self) -> None:
        assert find_changed_verifications(self.made(PRESS), self.made(PRESS)).empty

    def test_the_status_may_fall_when_a_report_is_taken_back(self) -> None:
        changed = find_changed_verifications(self.made(PRESS), self.made(PRESS, SEEN))
        assert changed["status"].tolist() == ["reported"]

    def test_a_decision_by_hand_stands(self) -> None:
        by_hand = self.made().assign(status="refuted", method="hand")
        assert find_changed_verifications(self.made(SEEN), by_hand).empty

    def test_a_new_incident_gets_its_first_row(self) -> None:
        assert len(find_changed_verifications(self.made(PRESS), self.made(PRESS).iloc[:0])) == 1


def test_many_incidents_are_verified_in_their_order() -> None:
    numbers = np.arange(1, 1001)
    frame = incidents(*(incident() for _ in numbers))
    rows = [report(**(SEEN if n % 3 == 0 else PRESS), incident_id=int(n)) for n in numbers]
    made = verify_incidents(frame, reports(*rows))
    assert made["incident_id"].tolist() == numbers.tolist()
    assert (made["status"] == "verified").tolist() == (numbers % 3 == 0).tolist()
