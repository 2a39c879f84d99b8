"""Judging: the fast judge against the slow one, properties of probabilities, tallies and what changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_inputs import KM_PER_DEGREE_LAT, NOON, agreement, clause, incident, incidents

from truceline.errors import GeometryError
from truceline.events._judging_reference import judge_one
from truceline.events.agreement_places import (
    Band,
    Circle,
    NamedLine,
    Place,
    Positions,
    find_chance,
    make_lines,
    spread_points,
)
from truceline.events.clause_matching import find_in_places
from truceline.events.judging import (
    find_changes,
    judge_incidents,
    read_judging_rules,
)

RULES = read_judging_rules()
SQUARE = [[[36.5, 48.2], [37.5, 48.2], [37.5, 48.6], [36.5, 48.6], [36.5, 48.2]]]
CLAUSES = (
    clause(name="all"),
    clause(name="region", place={"regions": ["Donetsk"]}),
    clause(name="square", place={"polygon": SQUARE, "regions": ["Donetsk"]}),
    clause(
        name="band-a",
        place={"band": {"line": "front", "side": "a", "from_km": 5, "to_km": 30}, "edge_km": 1},
    ),
    clause(name="both-bands", place=[
        {"band": {"line": "front", "side": "a", "to_km": 20}},
        {"band": {"line": "front", "side": "b", "to_km": 10}},
    ]),
    clause(name="circles", place={"around": [
        {"name": "one", "lon": 37.0, "lat": 48.1, "radius_km": 4},
        {"name": "two", "lon": 37.05, "lat": 48.1, "radius_km": 2},
    ]}),
    clause(name="one-sided", binds="b", **{"except": [
        {"says": "exercises", "exercise": True, "kinds": ["explosion"]},
        {"says": "on side a", "side": "a", "kinds": ["shelling"], "weapons": ["mortar"]},
    ]}),
    clause(name="weapons", forbids={"groups": ["fire"], "weapons": ["artillery"], "phases": ["impact"]}),
    clause(
        name="disputed", **{"from": "2025-04-20T00:00", "to": "2025-04-21T00:00"},
        disputed_from="2025-04-18T00:00", disputed_to="2025-04-22T00:00",
    ),
)  # fmt: skip
ROWS = st.fixed_dictionaries(
    {
        "time_from": st.integers(-96, 96).map(lambda hours: NOON + timedelta(hours=hours)),
        "hours": st.sampled_from([0, 0, 1, 24, 100]),
        "lon": st.one_of(st.floats(35.5, 38.5), st.just(np.nan)),
        "lat": st.floats(47.5, 49.0),
        "sigma_m": st.sampled_from([0.0, 50.0, 2_000.0, 20_000.0, np.nan]),
        "sigma_across_m": st.sampled_from([10.0, 500.0, np.nan]),
        "axis_deg": st.floats(0, 180),
        "region": st.sampled_from(["Donetsk", "Luhansk", ""]),
        "kind": st.sampled_from(["shelling", "explosion", "casualty", "uav_flight"]),
        "weapon": st.sampled_from(["", "unknown", "artillery", "mortar"]),
        "phase": st.sampled_from(["", "impact", "undetermined", "outgoing"]),
        "flags": st.sampled_from([0, 1, 4, 64]),
        "refuted": st.booleans(),
        "side": st.sampled_from(["", "a", "b"]),
        "p_side": st.sampled_from([0.5, 0.95]),
    }
)


def at(lon: float, lat: float, sigma_m: float = 100.0, region: str = "") -> Positions:
    """Return one round position."""
    one = np.array([sigma_m])
    return Positions(
        np.array([lon]), np.array([lat]), one, one, np.zeros(1), np.array([region], dtype=object)
    )


class TestAgainstTheSlowJudge:
    @given(st.lists(ROWS, min_size=1, max_size=5))
    @settings(max_examples=12)
    def test_both_say_the_same_of_every_clause(self, drawn: list[dict[str, Any]]) -> None:
        truce = agreement(*CLAUSES)
        rows = []
        for each in drawn:
            fields = {k: v for k, v in each.items() if k not in ("hours", "refuted", "side", "p_side")}
            rows.append(incident(**fields, time_to=each["time_from"] + timedelta(hours=each["hours"])))
        numbers = list(range(1, len(rows) + 1))
        others = ("reported", "verified", "corroborated")
        statuses = [
            "refuted" if each["refuted"] else others[number % 3]
            for number, each in zip(numbers, drawn, strict=True)
        ]
        made = judge_incidents(
            incidents(*rows),
            [truce],
            verifications=pd.DataFrame({"incident_id": numbers, "status": statuses}),
            attributions=pd.DataFrame(
                {
                    "incident_id": numbers,
                    "aspect": "side",
                    "value": [each["side"] for each in drawn],
                    "p": [each["p_side"] for each in drawn],
                }
            ),
        )
        fast = {(r.incident_id, r.clause): (r.verdict, r.p) for r in made.itertuples()}
        lines = make_lines(truce.lines)
        for number, row, each in zip(numbers, rows, drawn, strict=True):
            for one in truce.clauses:
                slow = judge_one(
                    row,
                    truce,
                    one,
                    RULES,
                    lines=lines,
                    is_refuted=each["refuted"],
                    is_corroborated=statuses[number - 1] in ("verified", "corroborated"),
                    attributed=(each["side"], each["p_side"]),
                )
                found = fast.get((number, one.name))
                assert (found is None) == (slow is None), (one.name, found, slow)
                if found is not None and slow is not None:
                    assert found[0] == slow[0], (one.name, found, slow)
                    assert found[1] == pytest.approx(slow[1], abs=1e-3, nan_ok=True)

    def test_one_incident_at_a_time_gives_the_same_rows_as_all_at_once(self) -> None:
        rows = [incident(lat=48.0 + step / 50, sigma_m=1500.0) for step in range(12)]
        whole = judge_incidents(incidents(*rows), [agreement(*CLAUSES)])
        frame = incidents(*rows)
        single = [judge_incidents(frame.iloc[[k]], [agreement(*CLAUSES)]) for k in range(12)]
        pd.testing.assert_frame_equal(whole, pd.concat(single, ignore_index=True))


class TestProbability:
    def test_the_points_have_the_moments_of_the_gaussian(self) -> None:
        along, across = spread_points()
        assert abs(along.mean()) < 0.03
        assert abs(across.mean()) < 0.03
        assert along.std() == pytest.approx(1, abs=0.03)
        assert across.std() == pytest.approx(1, abs=0.03)
        assert abs(np.mean(along * across)) < 0.1

    @given(st.floats(0.1, 50), st.floats(10, 3_000))
    def test_far_inside_is_certain_and_far_outside_impossible(self, margin_km: float, sigma_m: float) -> None:
        place = Place(band=Band(line="front", from_km=60, to_km=260))
        lines = make_lines({"front": NamedLine(coordinates=(((30.0, 48.0), (44.0, 48.0)),))})
        away_km = margin_km + 4 * sigma_m / 1000
        inside = at(37.0, 48.0 + 160 / KM_PER_DEGREE_LAT, sigma_m)
        outside = at(37.0, 48.0 + (60 - min(away_km, 59)) / KM_PER_DEGREE_LAT, min(sigma_m, 500))
        assert find_chance(place, inside, lines).p[0] == 1.0
        if away_km < 55:
            assert find_chance(place, outside, lines).p[0] == 0.0

    @given(st.floats(0.2, 20))
    def test_on_the_edge_half_lies_inside_however_well_it_is_known(self, sigma_km: float) -> None:
        lines = make_lines({"front": NamedLine(coordinates=(((30.0, 48.0), (44.0, 48.0)),))})
        found = find_chance(
            Place(band=Band(line="front", side="a", to_km=900)),
            at(37.0, _on_the_line(), sigma_km * 1000),
            lines,
        )
        assert found.p[0] == pytest.approx(0.5, abs=0.06)

    def test_a_wider_error_moves_the_probability_towards_one_half(self) -> None:
        lines = make_lines({"front": NamedLine(coordinates=(((30.0, 48.0), (44.0, 48.0)),))})
        place = Place(band=Band(line="front", side="a", to_km=900))
        p = [
            float(find_chance(place, at(37.0, _on_the_line() + 0.05, sigma), lines).p[0])
            for sigma in (100, 3_000, 10_000, 40_000)
        ]
        assert p[0] == 1.0
        assert p == sorted(p, reverse=True)
        assert p[-1] == pytest.approx(0.5, abs=0.1)

    def test_a_circle_holds_the_share_of_the_rayleigh_distribution(self) -> None:
        place = Place(around=(Circle(name="here", lon=37, lat=48, radius_km=2),))
        p = find_chance(place, at(37.0, 48.0, 1_500), {}).p[0]
        assert p == pytest.approx(1 - np.exp(-((2 / 1.5) ** 2) / 2), abs=1 / 64)

    def test_the_ellipse_is_turned_with_its_axis(self) -> None:
        place = Place(around=(Circle(name="here", lon=37.0, lat=48.0, radius_km=1),))
        north = Positions(*(np.array([v]) for v in (37.0, 48.05, 3_000.0, 100.0, 0.0)), _no_region())
        east = Positions(*(np.array([v]) for v in (37.0, 48.05, 3_000.0, 100.0, 90.0)), _no_region())
        assert find_chance(place, north, {}).p[0] > 0.02
        assert find_chance(place, east, {}).p[0] == 0.0

    def test_the_tolerance_of_a_line_is_part_of_the_error(self) -> None:
        coordinates = (((30.0, 48.0), (44.0, 48.0)),)
        place = Place(band=Band(line="front", side="a", to_km=900))
        here = at(37.0, _on_the_line() + 0.03)
        exact = make_lines({"front": NamedLine(coordinates=coordinates)})
        loose = make_lines({"front": NamedLine(coordinates=coordinates, tolerance_km=3)})
        assert find_chance(place, here, exact).p[0] == 1.0
        assert 0.8 < find_chance(place, here, loose).p[0] < 0.95

    def test_two_sides_of_a_line_are_one_place_together(self) -> None:
        lines = make_lines({"front": NamedLine(coordinates=(((30.0, 48.0), (44.0, 48.0)),))})
        places = [Place(band=Band(line="front", side=side, to_km=50)) for side in ("a", "b")]
        found = find_in_places(places, at(37.0, _on_the_line(), 3_000), lines, enough=0.9)
        assert found.p[0] == 1.0

    @given(st.integers(-3_000, 3_000))
    @settings(max_examples=20)
    def test_moving_clause_and_incident_in_time_together_changes_nothing(self, hours: int) -> None:
        moved = timedelta(hours=hours)
        starts, ends = datetime(2025, 4, 20), datetime(2025, 4, 21)
        row = incident(time_from=NOON + moved, time_to=NOON + timedelta(hours=20) + moved)
        bounds = {"from": (starts + moved).isoformat(), "to": (ends + moved).isoformat()}
        made = judge_incidents(incidents(row), [agreement(clause(**bounds))])
        assert made[["verdict", "p"]].to_numpy().tolist() == [["unclear", 0.6]]

    def test_summer_time_is_that_of_the_clauses_zone(self) -> None:
        # 18:00 in Moscow is 15:00 UTC, and 18:00 in Kyiv in April as well.
        truce = agreement(clause(**{"from": "2025-04-19T18:00"}), zone="Europe/Moscow")
        just = incident(time_from=datetime(2025, 4, 19, 15), time_to=datetime(2025, 4, 19, 15))
        before = incident(time_from=datetime(2025, 4, 19, 14, 59), time_to=datetime(2025, 4, 19, 14, 59))
        assert judge_incidents(incidents(just, before), [truce])["incident_id"].tolist() == [1]

    @given(st.sampled_from(["a", "b"]), st.floats(0.9, 1.0), st.sampled_from(["shelling", "launch"]))
    @settings(max_examples=20)
    def test_a_clause_of_one_side_never_binds_the_other(self, side: str, p: float, kind: str) -> None:
        other = {"a": "b", "b": "a"}[side]
        named = pd.DataFrame({"incident_id": [1], "aspect": ["side"], "value": [other], "p": [p]})
        made = judge_incidents(
            incidents(incident(kind=kind)), [agreement(clause(binds=side))], attributions=named
        )
        assert made["verdict"].tolist() == ["not_bound"]

    def test_a_polygon_that_reaches_round_the_earth_is_refused(self) -> None:
        ring = [[-170.0, 0.0], [170.0, 0.0], [170.0, 60.0], [-170.0, 60.0], [-170.0, 0.0]]
        with pytest.raises(GeometryError, match=r"antimeridian|spans"):
            judge_incidents(incidents(incident()), [agreement(clause(place={"polygon": [ring]}))])


class TestCounts:
    def test_clauses_of_several_agreements_are_judged_apart(self) -> None:
        first, second = agreement(name="first"), agreement(name="second")
        made = judge_incidents(incidents(incident()), [first, second])
        assert made["agreement"].tolist() == ["first", "second"]

    def test_acts_are_counted_only_of_violations_and_by_unit(self) -> None:
        rows = [
            incident(count_low=3, count_best=4, count_high=6, count_unit="explosions"),
            incident(),
            incident(count_best=10, count_unit="explosions", flags=4),
            incident(count_best=50, count_unit="explosions", time_to=datetime(2028, 1, 1)),
        ]
        judged = judge_incidents(incidents(*rows), [agreement()])
        told = judged[judged["verdict"] == "violation"].groupby("unit")[
            ["acts_low", "acts_best", "acts_high"]
        ]
        assert told.sum().loc["explosions"].tolist() == [13, 14, 16]
        assert told.sum().loc["incidents"].tolist() == [1, 1, 1]

    def test_exercises_are_marked(self) -> None:
        rows = [incident(flags=4), incident(kind="exercise"), incident()]
        judged = judge_incidents(
            incidents(*rows), [agreement(clause(forbids={"groups": ["fire", "movement"]}))]
        )
        assert judged["is_exercise"].tolist() == [True, True, False]

    def test_a_clause_may_count_incidents(self) -> None:
        truce = agreement(clause(counts="incidents", unit="weapons"))
        judged = judge_incidents(incidents(incident(count_best=9, count_unit="explosions")), [truce])
        assert judged[["unit", "acts_best"]].to_numpy().tolist() == [["weapons", 1.0]]

    def test_no_incidents_give_no_rows(self) -> None:
        assert judge_incidents(incidents(incident()).iloc[:0], [agreement()]).empty


class TestWhatChanges:
    def judged(self, **fields: Any) -> pd.DataFrame:
        return judge_incidents(incidents(incident(**fields)), [agreement()])

    def test_the_same_verdict_is_not_written_again(self) -> None:
        assert find_changes(self.judged(), self.judged()).empty

    def test_another_count_is(self) -> None:
        changed = find_changes(self.judged(count_best=5), self.judged())
        assert changed["acts_best"].tolist() == [5.0]

    def test_a_verdict_by_hand_stands(self) -> None:
        by_hand = self.judged().assign(method="hand", verdict="allowed")
        assert find_changes(self.judged(), by_hand).empty
        assert find_changes(self.judged().iloc[:0], by_hand).empty

    def test_what_fell_away_becomes_outside_once(self) -> None:
        kept = self.judged()
        gone = find_changes(kept.iloc[:0], kept)
        assert gone[["verdict", "p", "method"]].to_numpy().tolist() == [["outside", 0.0, "rule"]]
        assert find_changes(kept.iloc[:0], gone).empty


def _on_the_line() -> float:
    """Return the latitude of the line in its middle: straight in metres, and so bent in degrees."""
    lines = make_lines({"front": NamedLine(coordinates=(((30.0, 48.0), (44.0, 48.0)),))})
    line = lines["front"]
    x_m, y_m = line.point_at(line.length_m / 2)[0]
    return float(line.projection.xy_to_lonlat(x_m, y_m)[1])


def _no_region() -> Any:
    return np.array([""], dtype=object)
