"""`truceline talks`: positions, models, agreements, seats and moves in words and as JSON."""

from __future__ import annotations

import csv
import json
import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from small_inputs import run_command, write_scenario

from truceline.talks.result import MODESTY

REPOSITORY = Path(__file__).resolve().parents[3]
LAKE = REPOSITORY / "docs" / "examples" / "talks" / "lake"
QUICK = ("--samples", "20", "--quiet")


def ask(*words: object) -> str:
    """Run the command on the tables of the manual and return what it prints."""
    return run_command("talks", "--positions", LAKE, *QUICK, *words)


@pytest.fixture(scope="module")
def printed() -> str:
    return ask()


@pytest.fixture(scope="module")
def data() -> dict[str, object]:
    found: dict[str, object] = json.loads(ask("--json"))
    return found


@pytest.fixture(scope="module")
def length_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario that is only a length, with nations, talks and a posture for each of two missions."""
    folder = tmp_path_factory.mktemp("length")
    shutil.copytree(LAKE, folder / "lake")
    postures = {
        "watch": {"label": "Observers", "mission": "observation", "given": {"posts": 20}},
        "rear": {"label": "From the rear", "mission": "reassurance", "given": {"posts": 4}, "brigades": 1},
        "line": {"label": "On the line", "mission": "interposition", "given": {"posts": 99}},
    }
    changes = {
        "as_of": "2026-03-02",
        "line": {"length": "120 km"},
        "zone": None,
        "sectors": None,
        "grid": None,
        "incidents": None,
        "contributors": {"pledges": "ukraine-2025"},
        "talks": {"folder": "lake", "samples": 20},
        "postures": postures,
    }
    return write_scenario(folder, changes, line=None)


@pytest.fixture(scope="module")
def with_forces(length_only: Path) -> str:
    return run_command("talks", length_only, "--quiet")


class TestWhatIsPrinted:
    def test_it_begins_with_the_day_and_how_little_it_can_know(self, printed: str) -> None:
        assert printed.startswith("Talks of lake: talks as known on 2 March 2026\n")
        told = " ".join(printed.split())
        assert MODESTY in told

    def test_nothing_is_wider_than_a_hundred_columns(self, printed: str) -> None:
        assert max(len(line) for line in printed.splitlines()) <= 100

    def test_actors_stand_from_low_to_high_with_range_date_seat_and_veto(self, printed: str) -> None:
        part = printed.partition("Force at the lake (force)")[2].partition("Decides:")[0]
        order = re.findall(r"(?m)^(Southland|Cedar|Oceania|Alder|Birch|Northland) ", part)
        assert order == ["Southland", "Cedar", "Oceania", "Alder", "Birch", "Northland"]
        row = next(line for line in part.splitlines() if line.startswith("Northland"))
        assert row.split() == [
            *("Northland", "90", "(75-100)", "|...............---o--|", "2026-01-10", "party,", "veto"),
            *("90", "60"),
        ]

    def test_who_said_nothing_is_named_and_not_placed(self, printed: str) -> None:
        part = printed.partition("Backstop (backstop)")[2].partition("\n\n")[0]
        assert "Had said nothing, which is not neutral: Cedar." in part
        assert not re.search(r"(?m)^Cedar ", part)

    def test_the_plain_mean_and_median_stand_first_among_the_models(self, printed: str) -> None:
        part = printed.partition("Models side by side")[2]
        part = part.partition("[ ] what a model")[0]
        found = re.findall(
            r"(?m)^(Weighted mean|Weighted median|Core|Condorcet|Challenge|Spatial|Exch)", part
        )
        assert found[:3] == ["Weighted mean", "Weighted median", "Core"]
        assert len(found) == 10

    def test_values_stand_with_the_band_of_the_readings_below(self, printed: str) -> None:
        lines = printed.partition("Models side by side")[2].splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("Weighted mean"))
        assert re.fullmatch(r"Weighted mean +55 +13\.9 +44", lines[at])
        assert re.fullmatch(r" +\(\d+-\d+\) +\([\d.]+-[\d.]+\) +\(\d+-\d+\)", lines[at + 1])

    def test_a_cycle_is_marked_and_told_in_a_footnote(self, printed: str) -> None:
        mark = re.search(
            r"(?m)^([a-z]+)  does not settle: positions of round \d+ come back every \d+$", printed
        )
        assert mark
        assert re.search(rf"(?m)^the published code +.*\b{mark[1]}\b", printed)

    def test_verdicts_stand_in_a_table_with_who_blocks(self, printed: str) -> None:
        row = re.search(r"(?m)^lake-force +\d+ of 100 +(.+)$", printed)
        assert row
        assert re.search(r"(?m)^agreement +stands in +oceania south north alder birch cedar$", printed)
        assert row[1].split()[1].endswith("!"), "the south refuses a ceasefire on these terms"
        assert "blocked by Southland (refuses ceasefire); could be stopped by Northland, Oceania." in printed

    def test_without_an_item_one_line_says_what_is_missing(self, printed: str) -> None:
        part = printed.partition("What each unlocks\n")[2].splitlines()[0]
        assert part.startswith("No plan is named: with a scenario or a finished plan")

    def test_seed_and_readings_are_printed(self) -> None:
        assert "46 coded numbers drawn inside their ranges at once; seed 7." in ask("--seed", "7")

    def test_deals_of_the_exchange_model_are_told_with_what_others_lose_by_them(self) -> None:
        told = ask("--as-of", "2026-03-02")
        part = told.partition("Deals of the exchange model: all 2, which nobody offered\n")[2]
        assert part.startswith("Southland 18 to 10 on Width of the zone, for Northland 90 to 64 on Force")
        assert "In hundredths of a scale at full salience." in part

    def test_without_readings_nothing_has_a_band(self) -> None:
        told = run_command("talks", "--positions", LAKE, "--samples", "0", "--quiet")
        assert "No readings of our codings were drawn" in told
        assert " of 100" not in told.partition("Agreements:")[2].partition("What each")[0]


class TestQuestions:
    def test_a_day_before_a_statement_does_not_know_it(self) -> None:
        told = ask("--as-of", "2026-02-01")
        assert "as known on 1 February 2026" in told
        assert re.search(r"(?m)^Southland +5 \(0-15\)", told)
        assert re.search(r"(?m)^Alder .* consulted ", told)

    def test_before_anybody_spoke_there_is_no_model_and_no_error(self) -> None:
        told = run_command("talks", "--positions", LAKE, "--as-of", "2025-06-01", "--samples", "0")
        assert "nobody has spoken by 2025-06-01" in told
        assert "Models side by side" not in told

    def test_a_wanted_stretch_without_an_answer_is_said(self) -> None:
        told = ask("--as-of", "2025-06-01", "--want", "force=1..2")
        assert "Force at the lake: no model can be asked on that day." in told

    def test_who_moved_is_told_with_the_statement(self) -> None:
        told = ask("--since", "2026-02-01").partition("What changed from 1 February 2026")[2]
        assert "Southland (mean +8) moved, 5 (0-15) to 25 (10-35): L15, Bo South, 2026-03-02:" in told
        assert "Alder on Force at the lake: consulted, now at the table (S09, 2026-02-10:" in told

    def test_what_each_actor_would_have_to_change_is_told_by_model(self) -> None:
        told = ask("--want", "force=70..80").partition("For Force at the lake to come out at 70-80")[2]
        assert "Weighted mean: 55. One actor alone, all others as they are:" in told
        assert re.search(r"Southland 25 to \d+", told)

    def test_a_wanted_stretch_that_is_reached_is_said_to_be(self) -> None:
        assert "Weighted mean: 55, inside already." in ask("--want", "force=40..60")

    def test_one_agreement_in_full_has_every_gain_and_why(self) -> None:
        told = ask("--agreement", "lake-watch")
        assert "Models side by side" not in told
        assert "lake-force" not in told
        assert re.search(r"(?m)^it settles +30 +15$", told)
        assert re.search(r"(?m)^if not agreed +0 +0$", told)
        row = next(line for line in told.splitlines() if line.startswith("Northland"))
        assert re.fullmatch(r"Northland +accepts 100 +\+28 +\+30 \(90\) +\+25 \(10\)", row)
        assert (
            "Northland has a veto on Force at the lake and is asked for its yes by ceasefire, both-agree;"
            in " ".join(told.split())
        )
        assert "Stands: yes at the coded values" in told

    def test_a_seat_given_shows_outcomes_and_votes_with_and_without(self) -> None:
        told = ask("--give", "cedar").partition("Seats: as they are, and as asked")[2]
        assert "Cedar: absent, asked at the table (Force at the lake, Backstop)." in told
        assert re.search(r"(?m)^Force at the lake +55 / 50 +\d+ / \d+", told)
        assert re.search(r"Force at the lake, votes in %: .*Cedar none to \d+", told)

    def test_issues_looked_at_together_can_be_chosen(self) -> None:
        told = json.loads(ask("--issue", "force", "--issue", "backstop", "--json"))
        assert "cedar" not in told["joint_actors"]
        assert {one["issue"] for one in told["answers"] if one["model"] == "spatial"} == {"force", "backstop"}


class TestWithAPlan:
    def test_each_agreement_is_followed_to_its_force(self, with_forces: str) -> None:
        part = with_forces.partition("What each unlocks\n")[2]
        assert re.search(r"(?m)^lake-watch +watch +\d+ +~", part)
        assert re.search(r"(?m)^lake-force +rear +[\d,]+ +~", part)
        assert "~ ours: rests on sizes nobody stated" in part

    def test_conditions_are_told_by_their_labels(self, with_forces: str) -> None:
        part = with_forces.partition("What each unlocks\n")[2].partition("Voting power")[0]
        assert " wait for: A coalition force comes on the invitation of Ukraine" in " ".join(part.split())
        assert "mandate.coalition" not in part

    def test_a_posture_that_no_agreement_asks_for_is_not_planned(self, length_only: Path) -> None:
        data = json.loads(run_command("talks", length_only, "--quiet", "--json"))
        assert [one["posture"] for one in data["forces"]] == ["watch", "rear"]
        assert data["scenario"] == "tiny-line"
        assert data["no_forces"] is None

    def test_a_scenario_without_nations_has_no_forces_and_says_so(self, length_only: Path) -> None:
        plain = length_only.parent / "plain.yaml"
        text = length_only.read_text(encoding="utf-8")
        plain.write_text(text.replace("contributors:\n  pledges: ukraine-2025\n", ""), encoding="utf-8")
        told = run_command("talks", plain, "--quiet")
        assert "The plan says nothing of nations" in told

    def test_a_scenario_without_talks_says_what_to_add(self, length_only: Path) -> None:
        none = length_only.parent / "none.yaml"
        text = length_only.read_text(encoding="utf-8")
        none.write_text(text.replace("talks:\n  folder: lake\n  samples: 20\n", ""), encoding="utf-8")
        told = run_command("talks", none, code=2)
        assert "says nothing of talks" in told
        assert "--positions FOLDER" in told
        assert "What each unlocks" in run_command("talks", none, "--positions", LAKE, *QUICK)

    def test_a_finished_plan_without_talks_takes_the_tables_that_are_given(
        self, nations_folder: Path
    ) -> None:
        assert "says nothing of talks" in run_command("talks", nations_folder, code=2)
        told = run_command("talks", nations_folder, "--positions", LAKE, *QUICK)
        assert re.search(r"(?m)^lake-watch +\w+ +[\d,]+ +", told)
        assert "the plan has no posture for reassurance" in told

    def test_other_statements_of_nations_change_who_comes(self, length_only: Path) -> None:
        packaged = (
            files("truceline.scenario").joinpath("reference", "pledges.csv").read_text(encoding="utf-8")
        )
        mine = length_only.parent / "mine.csv"
        with mine.open("w", encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(packaged.splitlines()))
            column = rows[0].index("name")
            csv.writer(stream).writerows([rows[0], *(row for row in rows[1:] if row[column] != "Spain")])
        words = ("--agreement", "lake-force", "--quiet", "--json")
        whole, less = (
            {
                one["name"]
                for one in json.loads(run_command("talks", length_only, *more, *words))["forces"][0][
                    "senders"
                ]
            }
            for more in ((), ("--pledges", mine))
        )
        assert whole - less == {"Spain"}

    def test_conditions_that_cannot_be_are_told_before_anything_is_planned(
        self, length_only: Path, tmp_path: Path
    ) -> None:
        lake = Path(shutil.copytree(LAKE, tmp_path / "lake"))
        terms = (lake / "terms.csv").read_text(encoding="utf-8")
        (lake / "terms.csv").write_text(terms.replace("|consent.side-b", "|consent.sideb"), encoding="utf-8")
        told = run_command("talks", length_only, "--positions", lake, code=2)
        assert "'consent.sideb' is not a known condition; did you mean consent.side-b?" in told
        both = terms.replace("north|south,ceasefire,", "north|south,ceasefire|mandate.un|mandate.coalition,")
        (lake / "terms.csv").write_text(both, encoding="utf-8")
        told = run_command("talks", length_only, "--positions", lake, code=2)
        assert "which cannot hold together; change one of its terms" in told


class TestJson:
    def test_it_is_one_document_with_every_part(self, data: dict[str, object]) -> None:
        assert data["schema"] == "truceline.talks/1"
        assert data["scenario"] is None
        assert data["day"] == "2026-03-02"
        assert data["modesty"] == MODESTY
        assert (data["n_samples"], data["seed"]) == (20, 1)
        for part in ("issues", "places", "standings", "silent", "answers", "seated", "voting", "agreements"):
            assert data[part]
        assert data["forces"] == []
        assert str(data["no_forces"]).startswith("No plan is named")

    def test_the_same_question_gives_the_same_bytes(self) -> None:
        words = ("--json", "--give", "cedar", "--since", "2026-02-01", "--want", "force=0..10")
        assert ask(*words) == ask(*words)

    def test_an_agreement_asked_for_stands_alone(self) -> None:
        found = json.loads(ask("--json", "--agreement", "lake-watch"))
        assert [one["key"] for one in found["agreements"]] == ["lake-watch"]

    def test_seats_as_asked_are_in_it(self) -> None:
        found = json.loads(ask("--json", "--deny", "oceania"))["seat_changes"]
        assert [one["issue"] for one in found] == ["force", "zone", "backstop"]
        assert found[2]["changed"] == [{"actor": "oceania", "seat": "party", "asked": "absent"}]
        assert "oceania" in found[2]["blocks_lost"]
        assert sum(one["shapley_shubik"] for one in found[0]["votes_asked"]["players"]) == pytest.approx(1)
