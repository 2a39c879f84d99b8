"""Linkage of reports: what is one event, what is not, what a hand decided, and the slow twin of each loop."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from made_pairs import MadePairs, make_pairs, nearest_share, one_per_day_clusters, window_clusters
from report_inputs import heard, make_reports

from truceline.events import _linkage_reference as slow
from truceline.events.clusters import Known, gather_edges, join_clusters
from truceline.events.kinds import Flag, Kind
from truceline.events.likeness import KINDS, Relation, relate_kinds, weigh_kinds
from truceline.events.linkage import PastLinks, explain_evidence, find_repeats, link
from truceline.events.linkage_score import LinkageScore, evaluate_linkage, make_point_reports, rank_candidates
from truceline.events.pairs import default_settings, explain_pairs, find_partners, lay_out, score_of

SETTINGS = default_settings()
ASSUMPTIONS = SETTINGS.assumptions
METRES_NORTH = 1.0 / 111_195.0


def groups(reports: pd.DataFrame, **options) -> set[frozenset[int]]:
    links = link(reports, **options).links
    made = links.groupby("incident_id")["report_id"].agg(frozenset)
    return set(made)


def north(metres: float) -> dict[str, float]:
    return {"lat": 48.0 + metres * METRES_NORTH}


class TestWhatIsOneEvent:
    def test_two_teams_fifty_metres_apart_on_one_day_tell_of_one_event(self) -> None:
        reports = make_reports({}, {"source": "two", **north(56)}, {"source": "two", "lat": 48.5})
        assert groups(reports) == {frozenset({1, 2}), frozenset({3})}

    def test_dates_a_day_apart_still_link_and_a_week_does_not(self) -> None:
        next_day = {"source": "two", "time_from": "2025-02-18", "time_to": "2025-02-19", **north(40)}
        week = {**next_day, "time_from": "2025-02-24", "time_to": "2025-02-25"}
        assert groups(make_reports({}, next_day)) == {frozenset({1, 2})}
        assert groups(make_reports({}, week)) == {frozenset({1}), frozenset({2})}

    def test_one_shot_heard_by_two_posts_is_one_and_twice_by_one_post_is_two(self) -> None:
        both = make_reports(heard("A", "10:30"), heard("B", "10:31", **north(300)))
        again = make_reports(heard("A", "10:30"), heard("A", "10:31", **north(300)))
        assert groups(both) == {frozenset({1, 2})}
        score = {name: score_of_pair(reports) for name, reports in (("both", both), ("again", again))}
        assert score["again"] == pytest.approx(score["both"] + ASSUMPTIONS.value("linkage.source.post"))

    def test_what_posts_hear_hours_apart_is_not_one(self) -> None:
        reports = make_reports(heard("A", "02:30"), heard("B", "10:31", **north(300)))
        assert groups(reports) == {frozenset({1}), frozenset({2})}

    def test_what_posts_note_at_one_place_two_days_apart_is_not_one(self) -> None:
        """A post logs by the clock: the same thing every other day is not one thing dated wrongly."""
        exact = {"sigma_m": 5.0, "sigma_across_m": 5.0}
        later = {**heard("B", "09:30"), "time_from": "2025-02-19 09:30", "time_to": "2025-02-19 09:31"}
        reports = make_reports({**heard("A", "10:30"), **exact}, {**later, **exact})
        assert groups(reports) == {frozenset({1}), frozenset({2})}

    def test_where_much_happens_two_reports_must_agree_more_closely(self) -> None:
        pair = ({}, {"source": "two", **north(900)})
        rng = np.random.default_rng(3)
        crowd = [
            {"source": str(team), "lon": 37 + x, "lat": 48 + y}
            for team, (x, y) in enumerate(rng.uniform(-0.03, 0.03, (150, 2)))
        ]
        alone, amid = make_reports(*pair), make_reports(*pair, *crowd)
        assert frozenset({1, 2}) in groups(alone)
        assert score_of_pair(amid) < score_of_pair(alone) - 2
        assert not any({1, 2} <= group for group in groups(amid))

    def test_points_that_stand_for_a_region_do_not_glue_its_day_together(self) -> None:
        rows = [
            {"source": f"outlet {n}", "means": "press", "region": "Kherson", "flags": int(Flag.placeholder),
             "sigma_m": 60_000.0, "place_precision": "region", "text": f"text {n}"}
            for n in range(30)
        ]  # fmt: skip
        village = {"source": "other", "region": "Kherson", "sigma_m": 1_000.0}
        assert max(len(group) for group in groups(make_reports(*rows, village))) == 1

    def test_a_chain_of_neighbours_does_not_become_one_incident(self) -> None:
        chain = [{"source": f"team {n}", **north(150 * n)} for n in range(60)]
        sizes = [len(group) for group in groups(make_reports(*chain))]
        assert sum(sizes) == 60
        assert max(sizes) < 20

    def test_totals_and_reports_without_time_are_left_alone(self) -> None:
        reports = make_reports(
            {"kind": "violations_total"}, {"kind": "other"}, {"time_from": None, "time_to": None}
        )
        assert link(reports).links.empty

    def test_an_empty_frame_gives_no_links(self) -> None:
        made = link(make_reports())
        assert made.links.empty
        assert made.suggestions == ()


class TestWhatAMissionPlacedItself:
    """Monitors know where they stand: kilometres between two exact positions are two events."""

    @pytest.mark.parametrize("apart_m", [4_000, 8_000])
    def test_patrols_in_one_minute_kilometres_apart_saw_two_things(self, apart_m: int) -> None:
        exact = {"means": "patrol", "observation": "seen", "place_precision": "exact", "sigma_m": 100.0}
        one = heard("P1", "10:00", **{**exact, "sigma_across_m": 100.0})
        other = heard(
            "P2", "10:00", **{**exact, "sigma_across_m": 100.0, "source": "team 2"}, **north(apart_m)
        )
        assert groups(make_reports(one, other)) == {frozenset({1}), frozenset({2})}

    def test_a_paper_may_have_the_place_plainly_wrong(self) -> None:
        exact = {"place_precision": "exact", "sigma_m": 100.0, "sigma_across_m": 100.0}
        patrol = heard("P1", "10:00", **exact)
        paper = heard("", "10:00", **{**exact, "means": "press", "source": "paper"}, **north(4_000))
        own = heard("P2", "10:00", **{**exact, "source": "team 2"}, **north(4_000))
        assert score_of_pair(make_reports(patrol, paper)) > score_of_pair(make_reports(patrol, own)) + 4

    def test_without_positions_two_names_of_places_are_two_places(self) -> None:
        lost = {"lon": math.nan, "lat": math.nan, "place_precision": "unknown", "region": "North"}
        alpha, beta = ({**lost, "place": name, "source": name} for name in ("Alpha", "Beta"))
        again = {**lost, "place": "alpha", "source": "third"}
        minute = {"time_from": "2025-02-17T10:00", "time_to": "2025-02-17T10:01", "time_precision": "minute"}
        reports = make_reports(*({**row, **minute} for row in (alpha, beta, again)))
        assert groups(reports) == {frozenset({1, 3}), frozenset({2})}


def score_of_pair(reports: pd.DataFrame) -> float:
    layout = lay_out(reports, SETTINGS)
    terms = explain_pairs(layout, np.array([0]), np.array([1]))
    return float(score_of(layout, terms)[0])


class TestRepeatsAndCorrections:
    def test_exact_repeats_collapse_and_say_so(self) -> None:
        row = {"feed": "viina", "source": "outlet", "means": "press", "text": "shelling of the town"}
        made = link(make_reports(row, row, {**row, "text": "another text"}))
        told = [explain_evidence(text) for text in made.links["evidence"]]
        assert made.n_repeats == 1
        assert told[1] == {"repeats": 1}
        assert made.links["incident_id"].iloc[0] == made.links["incident_id"].iloc[1]

    def test_rows_without_words_are_no_repeats_unless_flagged(self) -> None:
        reports = make_reports({}, {}, {"flags": int(Flag.exact_repeat)}, {"flags": int(Flag.exact_repeat)})
        assert find_repeats(reports).tolist() == [0, 1, 2, 2]

    def test_a_correction_joins_the_incident_of_what_it_corrects_wherever_it_moves(self) -> None:
        reports = make_reports({"report_id": 9, "supersedes": 4, "lat": 50.0})
        made = link(reports, past=PastLinks({4: 77}), first_incident=100)
        assert made.links["incident_id"].tolist() == [77]
        assert explain_evidence(made.links["evidence"].iloc[0]) == {"supersedes": 4}
        assert made.n_joined == 1


class TestWhatWasDecidedBefore:
    def test_a_late_report_joins_the_old_incident_and_old_links_are_not_repeated(self) -> None:
        reports = make_reports({}, {"source": "two", **north(50)}, {"source": "three", **north(20)})
        made = link(reports, past=PastLinks({1: 5, 2: 5}), first_incident=6)
        assert made.links["report_id"].tolist() == [3]
        assert made.links["incident_id"].tolist() == [5]
        assert (made.n_joined, made.n_new_incidents) == (1, 0)

    def test_linking_all_again_writes_nothing(self) -> None:
        reports = make_reports({}, {"source": "two", **north(50)}, {"lat": 49.0})
        first = link(reports).links
        past = PastLinks(dict(zip(first["report_id"], first["incident_id"], strict=True)))
        again = link(reports, past=past, first_incident=50)
        assert again.links.empty
        assert again.n_new_incidents == 0

    def test_a_bridge_between_two_incidents_is_suggested_and_not_built(self) -> None:
        reports = make_reports({}, {"source": "two", **north(120)}, {"source": "three", **north(60)})
        made = link(reports, past=PastLinks({1: 5, 2: 6}), first_incident=7)
        assert made.links["incident_id"].iloc[0] in (5, 6)
        assert [(each.incident, each.other) for each in made.suggestions] == [(5, 6)]

    def test_a_report_taken_out_by_hand_is_not_put_back_nor_is_its_correction(self) -> None:
        reports = make_reports({}, {"source": "two", **north(20)})
        past = PastLinks({1: 5}, barred=frozenset({(2, 5)}))
        assert link(reports, past=past, first_incident=6).links["incident_id"].tolist() == [6]
        corrected = reports.assign(report_id=[1, 8], supersedes=pd.array([None, 2], dtype="Int64"))
        assert link(corrected, past=past, first_incident=6).links["incident_id"].tolist() == [6]

    def test_a_report_left_out_by_hand_stays_out_and_gathers_nobody(self) -> None:
        reports = make_reports({}, {"source": "two", **north(20)})
        made = link(reports, past=PastLinks({}, out=frozenset({1})))
        assert made.links["report_id"].tolist() == [2]
        assert explain_evidence(made.links["evidence"].iloc[0])["alone"] == 1

    def test_incidents_merged_by_hand_still_take_late_reports_of_either_part(self) -> None:
        reports = make_reports(
            {}, {"source": "two", "lat": 48.9, "kind": "firefight"}, {"source": "three", **north(30)}
        )
        merged = PastLinks({1: 5, 2: 5}, by_hand=frozenset({2}))
        assert link(reports, past=merged, first_incident=6).links["incident_id"].tolist() == [5]
        ruled = PastLinks({1: 5, 2: 5})
        assert link(reports, past=ruled, first_incident=6).links["incident_id"].tolist() == [6]


class TestEvidence:
    def test_terms_and_prior_add_up_to_the_score(self) -> None:
        links = link(make_reports({}, {"source": "two", **north(56)})).links
        told = explain_evidence(links["evidence"].iloc[0])
        parts = sum(told[name] for name in ("prior", "space", "time", "words", "source", "count"))
        assert links["score"].iloc[0] == pytest.approx(parts, abs=0.03)
        assert told["with"] == 2
        assert told["distance_m"] == 56

    def test_no_rule_reads_the_truth_of_simulated_reports(self) -> None:
        reports = make_reports({"truth": "1"}, {"source": "two", "truth": "2", **north(50)})
        pd.testing.assert_frame_equal(link(reports).links, link(reports.assign(truth="")).links)

    def test_every_two_kinds_weigh_alike_both_ways_and_agreement_weighs_most(self) -> None:
        weights = weigh_kinds(np.full(len(KINDS), 100.0), ASSUMPTIONS)
        assert np.array_equal(weights, weights.T)
        assert np.all(np.diag(weights)[:, None] >= weights)
        assert relate_kinds(Kind.explosion, Kind.shelling) is Relation.general
        assert relate_kinds(Kind.damage, Kind.airstrike) is Relation.trace
        assert relate_kinds(Kind.denial, Kind.airstrike) is Relation.unlike

    def test_agreement_on_a_rare_kind_says_more(self) -> None:
        counts = np.full(len(KINDS), 10.0)
        counts[KINDS.index("shelling")] = 2_000
        weights = weigh_kinds(counts, ASSUMPTIONS)
        rare, common = KINDS.index("missile_strike"), KINDS.index("shelling")
        assert weights[rare, rare] > weights[common, common] + 1


def draw_reports(seed: int, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        where = {"lon": 37 + rng.normal(0, 0.03), "lat": 48 + rng.normal(0, 0.02)}
        if number % 3:
            counts = {"count_best": float(rng.integers(1, 9)), "count_unit": "explosions"}
            minute = f"{rng.integers(8, 11):02d}:{rng.integers(0, 60):02d}"
            rows.append(
                heard(
                    str(rng.choice(["A", "B", ""])),
                    minute,
                    axis_deg=float(rng.uniform(0, 180)),
                    **counts,
                    **where,
                )
            )
        else:
            more = {"kind": str(rng.choice(KINDS[:14])), "weapon": str(rng.choice(["", "mortar", "uav"]))}
            rows.append(
                {
                    "source": str(rng.choice(["x", "y", "z"])),
                    "killed_best": float(rng.integers(0, 3)),
                    **more,
                    **where,
                }
            )
    rows[0] |= {"sigma_m": 50_000.0, "region": "North"}
    rows[3] |= {"sigma_m": 50_000.0, "region": "North"}
    return make_reports(*rows)


@pytest.mark.parametrize("seed", range(3))
class TestSlowTwins:
    def test_scores_and_partners_are_those_of_the_slow_twin(self, seed: int) -> None:
        layout = lay_out(
            draw_reports(seed), replace(SETTINGS, n_partners=200, enough=10**6, most_in_cell=10**6)
        )
        found = find_partners(layout, np.arange(len(layout)), least=-2.0)
        both_ways: dict[tuple[int, int], float] = {}
        for i in range(len(layout)):
            for j, score in zip(found.others[i], found.scores[i], strict=True):
                if j >= 0:
                    both_ways[min(i, j), max(i, j)] = score
        expected = {}
        for i in range(len(layout)):
            for j, score in slow.all_partners(layout, i, least=-2.0).items():
                expected[min(i, j), max(i, j)] = score
        assert set(both_ways) == set(expected)
        assert len(expected) > 20
        for pair, score in expected.items():
            assert both_ways[pair] == pytest.approx(score, abs=1e-4)

    def test_bounded_lists_hold_the_best(self, seed: int) -> None:
        reports = draw_reports(seed)
        whole = find_partners(lay_out(reports, replace(SETTINGS, n_partners=100)), np.arange(len(reports)))
        few = find_partners(lay_out(reports, replace(SETTINGS, n_partners=4)), np.arange(len(reports)))
        assert np.array_equal(whole.scores[:, :4], few.scores)

    def test_clusters_and_bridges_are_those_of_the_slow_twin(self, seed: int) -> None:
        layout = lay_out(draw_reports(seed), replace(SETTINGS, n_partners=100, most_members=1_000))
        edges = gather_edges(find_partners(layout, np.arange(len(layout))), least=layout.weights.link)
        rng = np.random.default_rng(seed)
        incident = np.where(rng.random(len(layout)) < 0.3, rng.integers(0, 12, len(layout)), -1)
        by_hand = (incident >= 0) & (rng.random(len(layout)) < 0.2)
        rows = np.flatnonzero(incident < 0)[:20]
        barred = np.sort(rng.choice(rows, 10, replace=False)), rng.integers(0, 12, 10)
        made = join_clusters(layout, edges, Known(incident, by_hand, *barred))
        clusters, bridges = slow.join_clusters(
            layout,
            list(zip(edges.first.tolist(), edges.second.tolist(), strict=True)),
            incident.tolist(),
            set(zip(barred[0].tolist(), barred[1].tolist(), strict=True)),
            set(np.flatnonzero(np.isin(incident, incident[by_hand])).tolist()),
        )
        fast = {frozenset(np.flatnonzero(made.root == root).tolist()) for root in np.unique(made.root)}
        assert fast == set(clusters)
        assert made.bridges.tolist() == bridges

    def test_the_number_of_threads_changes_nothing(self, seed: int) -> None:
        reports = draw_reports(seed, 90)
        one, two = (link(reports, settings=replace(SETTINGS, workers=n)).links for n in (1, 2))
        pd.testing.assert_frame_equal(one, two)


@cache
def known_pairs() -> list[MadePairs]:
    return [make_pairs(seed) for seed in (11, 12, 13)]


@cache
def known_scores() -> list[LinkageScore]:
    return [evaluate_linkage(make_point_reports(each.records), each.pairs) for each in known_pairs()]


class TestKnownPairs:
    """Three seeds of made pairs with the published properties; the bounds leave room for the spread."""

    def test_the_naive_choice_is_as_often_right_as_published(self) -> None:
        assert np.mean([nearest_share(each) for each in known_pairs()]) == pytest.approx(0.78, abs=0.02)

    def test_targets_are_met_on_the_mean(self) -> None:
        assert np.mean([score.recall for score in known_scores()]) >= 0.945
        assert max(score.mean_size_of_pairs for score in known_scores()) <= 4
        assert np.mean([score.top_share for score in known_scores()]) >= 0.85

    def test_a_window_finds_no_more_pairs_to_speak_of_and_lumps_strangers(self) -> None:
        for each, score in zip(known_pairs(), known_scores(), strict=True):
            reports = make_point_reports(each.records)
            window = evaluate_linkage(reports, each.pairs, incident_of=window_clusters(each))
            daily = evaluate_linkage(reports, each.pairs, incident_of=one_per_day_clusters(each))
            assert score.recall > window.recall - 0.015
            assert score.precision > 2 * window.precision
            assert score.recall > daily.recall + 0.15

    def test_ranks_start_with_the_best_of_the_other_team(self) -> None:
        reports = make_point_reports(known_pairs()[0].records)
        ranks = rank_candidates(reports)
        source = dict(zip(reports["report_id"], reports["source"], strict=True))
        assert all(
            source[a] != source[b] for a, b in zip(ranks["report_id"], ranks["candidate_id"], strict=True)
        )
        steps = ranks.groupby("report_id")["score"].diff().dropna()
        assert (steps <= 0).all()
        assert ranks["p"].between(0, 1).all()

    def test_no_pairs_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no known pairs"):
            evaluate_linkage(make_reports({}), [])


def test_the_odds_of_a_pair_by_hand() -> None:
    """Two lone records 56 m apart on one day, computed from the formulas on paper."""
    layout = lay_out(make_reports({}, {"source": "two", **north(56)}), SETTINGS)
    space, time, _, source, count, away = explain_pairs(layout, np.array([0]), np.array([1]))[0]
    assert away == pytest.approx(56.0, abs=0.01)
    assert (source, count) == (0.0, 0.0)
    share, next_day, wrong = (
        ASSUMPTIONS.value(f"linkage.{n}") for n in ("loose_share", "next_day_share", "wrong_date_share")
    )
    days = ASSUMPTIONS.value("linkage.wrong_date_days")
    assert time == pytest.approx(math.log(1 - next_day - wrong + next_day / 3 + wrong / (2 * days)), abs=1e-9)
    far = ASSUMPTIONS.value("linkage.far_share")
    variance = 2 * 50.0**2 + 2 * ASSUMPTIONS.value("linkage.disagreement_m") ** 2
    peak = 1e6 / (2 * math.pi * variance)
    near = (1 - share - far) * peak * math.exp(-(56.0**2) / variance / 2)
    loose = share * peak / 16 * math.exp(-(56.0**2) / variance / 32)
    assert space + layout.data.log_density.max() == pytest.approx(math.log(near + loose), abs=2e-3)
