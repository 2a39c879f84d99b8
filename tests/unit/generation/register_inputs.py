"""Small registers and books for the tests of pledges and conditions; every packaged table is read once."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

from truceline.generation.conditions import ConditionBook, read_conditions
from truceline.generation.register import Register, read_register
from truceline.scenario.reference import read_table

PLEDGE_COLUMNS = tuple(read_table("pledges")[0])
CONDITION_COLUMNS = tuple(read_table("conditions")[0])
STATE_COLUMNS = tuple(read_table("condition_states")[0])
NATIONS = frozenset(row["code"] for row in read_table("nations"))

_PLEDGE = {
    "stage": "announced",
    "position": "will_send_conditional",
    "forms": "land",
    "missions_basis": "open",
    "source": "a test",
    "confidence": "high",
}
_CONDITION = {
    "label": "A condition",
    "kind": "peace",
    "lead_days": "10",
    "lead_low": "5",
    "lead_high": "20",
    "lead_evidence": "judgement",
    "comes_with_ceasefire": "no",
    "source": "a test",
}


@cache
def packaged_register() -> Register:
    return read_register(known_nations=NATIONS)


@cache
def packaged_book() -> ConditionBook:
    return read_conditions()


@cache
def nation_groups() -> dict[str, str]:
    return {row["code"]: row["group"] for row in read_table("nations")}


def pledge_row(number: int, nation: str, day: str, **cells: str) -> dict[str, str]:
    """Return one row of a register; what is not given is empty or plain."""
    plain = dict.fromkeys(PLEDGE_COLUMNS, "") | _PLEDGE
    return plain | {"pledge_id": f"T{number:03d}", "nation": nation, "name": nation, "date": day} | cells


def condition_row(key: str, **cells: str) -> dict[str, str]:
    return dict.fromkeys(CONDITION_COLUMNS, "") | _CONDITION | {"condition": key} | cells


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def make_register(folder: Path, rows: list[dict[str, str]]) -> Register:
    """Return the register of some rows."""
    return read_register(write_table(folder / "pledges.csv", rows), known_nations=NATIONS)
