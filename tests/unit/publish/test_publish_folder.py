"""The whole folder of products: everything is there, the same twice, and through the real command."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from small_inputs import list_leavings, run_command, write_scenario

from truceline.plan import Plan
from truceline.publish.folder import write_products
from truceline.publish.read import read_document

PRODUCTS = ["figures", "plan.gpkg", "plan.json", "plan.xlsx", "report.html", "tables"]


def fingerprint(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


@pytest.fixture(scope="module")
def folder(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("products")
    told: list[tuple[str, float]] = []
    written = write_products(small_plan, place, lambda stage, share: told.append((stage, share)))
    assert {name.rstrip("/") for name in written} == {entry.name for entry in place.iterdir()}
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1] == ("write", 1.0)
    return place


def test_every_product_is_there_and_none_is_empty(folder: Path) -> None:
    assert sorted(entry.name for entry in folder.iterdir()) == PRODUCTS
    assert all(path.stat().st_size > 0 for path in folder.rglob("*") if path.is_file())
    assert list((folder / "tables").glob("*.csv"))
    assert list((folder / "figures").glob("*.svg"))


def test_the_same_plan_gives_the_same_bytes(folder: Path, small_plan: Plan, tmp_path: Path) -> None:
    write_products(small_plan, tmp_path)
    assert fingerprint(tmp_path) == fingerprint(folder)


def test_a_bare_length_has_all_but_a_map(length_plan: Plan, tmp_path: Path) -> None:
    written = write_products(length_plan, tmp_path)
    assert "plan.gpkg" not in written
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        name for name in PRODUCTS if name != "plan.gpkg"
    ]


def test_the_command_writes_all_products(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = run_command("plan", write_scenario(tmp_path).name, "--quiet")
    assert printed == "Report: plan/report.html\n"
    assert sorted(entry.name for entry in (tmp_path / "plan").iterdir()) == PRODUCTS
    assert list_leavings(tmp_path) == ["plan"]
    assert read_document(tmp_path / "plan").scenario["name"] == "tiny-line"
    assert "indicative" in (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
