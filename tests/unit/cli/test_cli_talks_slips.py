"""`truceline talks` with tables and options that cannot be used: one message with everything, exit 2."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_inputs import run_command

REPOSITORY = Path(__file__).resolve().parents[3]
LAKE = REPOSITORY / "docs" / "examples" / "talks" / "lake"
Rows = list[dict[str, str]]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """The tables of the manual, to be spoilt."""
    return Path(shutil.copytree(LAKE, tmp_path / "lake"))


def spoil(folder: Path, table: str, change: Callable[[Rows], object]) -> None:
    """Change the rows of a table in place."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns, rows = list(reader.fieldnames or []), list(reader)
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def put(key: str, column: str, value: str) -> Callable[[Rows], object]:
    """Return a change of one cell of the row whose first cell is `key`."""

    def change(rows: Rows) -> None:
        row = next(row for row in rows if next(iter(row.values())) == key)
        row[column] = value

    return change


def refuse(folder: Path, *words: object) -> str:
    """Run the command, which has to refuse with exit code 2, and return its message."""
    told = run_command("talks", "--positions", folder, "--samples", "20", *words, code=2)
    assert "Traceback" not in told
    assert "Models side by side" not in told, "nothing is printed beside the message"
    return told


SLIPS = [
    ("positions", lambda rows: rows.pop(7), "oceania has no position on zone: absent is not neutral"),
    ("positions", put("L01", "salience", "-3"), "salience -3 is negative"),
    ("standing", put("S01", "power", "-60"), "power -60 is negative"),
    ("issues", put("force", "quota_high", "1.2"), "more than the whole weight: nobody reaches it"),
    ("issues", put("zone", "quota", "0"), "quota_low, quota, quota_high: 0.5, 0, 0.75 are not in order"),
    ("issues", put("force", "from", "100"), "has no width"),
    ("actors", put("oceania", "issues", "force|backstop"), "oceania takes no part in zone"),
    ("positions", put("L01", "position", "180"), "position 180 is outside its scale"),
    ("positions", put("L01", "position", "=2+3"), "position '=2+3' is not a number"),
    ("positions", put("L01", "position", "nan"), "is not a number"),
    ("positions", put("L01", "date", "10 January"), "is not a date"),
    ("positions", put("L01", "actors", "nroth"), "did you mean north?"),
    ("positions", put("L02", "position_id", "L01"), "'L01' is on positions.csv line 2 as well"),
    ("standing", put("S01", "seat", "boss"), "seat 'boss' is not known"),
    ("standing", put("S07", "veto", "perhaps"), "veto 'perhaps' is not known"),
    ("terms", put("observers", "points", "forse=1"), "did you mean force?"),
    ("terms", put("ceasefire", "asks", "suoth"), "did you mean south?"),
    ("agreements", put("lake-watch", "terms", "observers|neutral-force"), "more than one term of the kind"),
]


@pytest.mark.parametrize(("table", "change", "found"), SLIPS, ids=[found for _, _, found in SLIPS])
def test_a_slip_in_a_table_is_told(
    lake: Path, table: str, change: Callable[[Rows], object], found: str
) -> None:
    spoil(lake, table, change)
    assert found in refuse(lake)


def test_contradictory_vetoes_are_told(lake: Path) -> None:
    def add(rows: Rows) -> None:
        row = next(row for row in rows if row["standing_id"] == "S07")
        rows.append({**row, "standing_id": "S20", "veto": "no"})

    spoil(lake, "standing", add)
    assert "contradictory vetoes" in refuse(lake)


def test_a_veto_on_what_an_actor_takes_no_part_in_is_told(lake: Path) -> None:
    def add(rows: Rows) -> None:
        rows.append({**rows[6], "standing_id": "S20", "actor": "cedar", "issue": "zone"})

    spoil(lake, "standing", add)
    assert "a veto on zone, in which it takes no part" in refuse(lake)


def test_one_actor_only_is_told(lake: Path) -> None:
    for table in ("actors", "positions", "standing"):
        spoil(
            lake,
            table,
            lambda rows: rows.__setitem__(slice(None), [r for r in rows if "north" in r.values()]),
        )
    (lake / "terms.csv").unlink()
    (lake / "agreements.csv").unlink()
    told = refuse(lake)
    for issue in ("force", "zone", "backstop"):
        assert f"{issue} concerns north only" in told


def test_slips_of_several_tables_and_options_are_told_together(lake: Path) -> None:
    spoil(lake, "positions", put("L01", "salience", "-3"))
    spoil(lake, "standing", put("S01", "power", "-60"))
    spoil(lake, "issues", put("force", "quota_high", "1.2"))
    told = refuse(lake, "--as-of", "soon", "--seed", "-1")
    assert "5 problems" in told
    for found in ("salience -3", "power -60", "nobody reaches it", "--as-of soon", "--seed  -1"):
        assert found in told


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--as-of", "2026-13-01"), "--as-of 2026-13-01  is not a date; write it as 2025-09-05"),
        (("--since", "last week"), "--since last week  is not a date"),
        (("--since", "2026-03-02"), "is not before 2026-03-02, the day asked about"),
        (("--as-of", "2026-02-01", "--since", "2026-02-10"), "is not before 2026-02-01"),
        (("--issue", "froce"), "--issue froce  is not an issue; did you mean force?"),
        (("--agreement", "lake-wtch"), "is not an agreement; did you mean lake-watch?"),
        (("--give", "ceder"), "--give ceder  is not an actor; did you mean cedar?"),
        (("--deny", "XX"), "--deny XX  is not an actor; one of alder, birch"),
        (("--give", "north"), "is at the table on every issue already; --deny north shows"),
        (("--deny", "cedar"), "has no seat on any issue already; --give cedar shows"),
        (("--give", "birch", "--deny", "birch"), "is also given as --deny"),
        (("--want", "force"), "'' is not a stretch; write two numbers in order, as in 40..60"),
        (("--want", "force=60..40"), "'60..40' is not a stretch"),
        (("--want", "force=90..120"), "lies outside the scale; the scale runs from 0 to 100"),
        (("--want", "=1..2"), "'' is not an issue"),
        (("--samples", "3"), "--samples  3 is out of bounds; give 20 to 20,000"),
        (("--samples", "-1"), "-1 is out of bounds"),
        (("--samples", "1000000"), "is out of bounds"),
        (("--pledges", "nowhere.csv"), "--pledges  goes with an item"),
    ],
)
def test_a_slip_in_an_option_is_told(words: tuple[str, ...], found: str) -> None:
    assert found in refuse(LAKE, *words)


def test_all_slips_of_the_options_are_told_at_once() -> None:
    told = refuse(LAKE, "--issue", "a", "--agreement", "b", "--give", "c", "--want", "d=1..2", "--since", "e")
    assert "5 problems" in told


class TestTheFolder:
    def test_one_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        assert "is no folder; give a folder of tables, or ukraine-2025" in refuse(tmp_path / "nowhere")

    def test_an_empty_one_is_told_with_every_table(self, tmp_path: Path) -> None:
        told = refuse(tmp_path)
        assert "4 problems" in told
        assert "a folder of talks holds actors.csv, issues.csv, positions.csv, standing.csv" in told

    def test_a_file_in_its_place_is_told(self, lake: Path) -> None:
        assert "is no folder" in refuse(lake / "actors.csv")

    def test_a_binary_table_is_told(self, lake: Path) -> None:
        (lake / "positions.csv").write_bytes(b"\x00\xff\xfe" * 100)
        assert "positions.csv  is not UTF-8 text" in refuse(lake)

    def test_a_huge_table_is_told_unread(self, lake: Path) -> None:
        (lake / "positions.csv").write_bytes(b"x," * 1_500_000)
        assert "positions.csv  is larger than 2,000,000 bytes" in refuse(lake)

    def test_a_table_without_a_column_is_told(self, lake: Path) -> None:
        text = (lake / "issues.csv").read_text(encoding="utf-8")
        (lake / "issues.csv").write_text(text.replace("quota,", "kwota,", 1), encoding="utf-8")
        assert "issues.csv  has no column quota" in refuse(lake)

    def test_terms_without_agreements_are_told(self, lake: Path) -> None:
        (lake / "agreements.csv").unlink()
        assert "agreements.csv  cannot be read" in refuse(lake)

    def test_a_folder_without_agreements_has_none_and_says_so_when_asked(self, lake: Path) -> None:
        (lake / "terms.csv").unlink()
        (lake / "agreements.csv").unlink()
        assert "Agreements:" not in run_command("talks", "--positions", lake, "--samples", "0")
        assert "the tables hold no agreements" in refuse(lake, "--agreement", "lake-watch")

    def test_what_would_steer_a_terminal_or_a_sheet_is_shown_as_text(self, lake: Path) -> None:
        spoil(lake, "actors", put("north", "name", "=HYPERLINK(1)\x1b[31m[bold]"))
        told = run_command("talks", "--positions", lake, "--samples", "0")
        assert "=HYPERLINK(1)\ufffd[31m[bold]" in told
        assert "\x1b" not in told


def test_an_item_that_is_none_is_told_with_the_options() -> None:
    told = run_command("talks", "nowhere", "--as-of", "soon", code=2)
    assert "2 problems" in told
    assert "is neither a packaged scenario nor a file" in told
