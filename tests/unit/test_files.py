"""A product is written whole or not at all, and nobody's folder is deleted by a slip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truceline.errors import OutputError
from truceline.files import replace_folder, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, text: str) -> None:
    (folder / "plan.json").write_text(text, encoding="utf-8")
    (folder / "tables").mkdir()
    (folder / "tables" / "posts.csv").write_text(text, encoding="utf-8")


def test_a_file_is_written_as_utf8_with_unix_ends(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "Луганськ\n")
    assert (tmp_path / "a.txt").read_bytes() == "Луганськ\n".encode()
    write_atomically(tmp_path / "a.txt", b"\x00new")
    assert (tmp_path / "a.txt").read_bytes() == b"\x00new"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_that_is_there_is_kept_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="is there already"):
        write_atomically(tmp_path / "a.txt", "yours", overwrite=False)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_no_folder_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="check the folder"):
        write_atomically(tmp_path / "none" / "a.txt", "x")
    assert names(tmp_path) == []


def test_a_failed_write_keeps_the_old_file_and_leaves_no_crumbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")

    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OutputError, match="no space left on device"):
        write_atomically(target, "new")
    assert names(tmp_path) == ["a.txt"]
    assert target.read_text(encoding="utf-8") == "old"


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "plan"
    with replace_folder(target) as temporary:
        fill(temporary, "one")
        assert not target.exists()
    assert names(target) == ["plan.json", "tables"]
    assert names(tmp_path / "deep") == ["plan"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    with replace_folder(target) as temporary:
        fill(temporary, "one")
        (temporary / "stale.svg").touch()
    with replace_folder(target) as temporary:
        assert (target / "plan.json").read_text(encoding="utf-8") == "one"
        fill(temporary, "two")
    assert names(target) == ["plan.json", "tables"]
    assert (target / "tables" / "posts.csv").read_text(encoding="utf-8") == "two"
    assert names(tmp_path) == ["plan"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_or_interrupt_keeps_the_old_folder(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "plan"
    with replace_folder(target) as temporary:
        fill(temporary, "one")

    def stop_halfway() -> None:
        with replace_folder(target) as temporary:
            (temporary / "half").touch()
            raise error

    with pytest.raises(error):
        stop_halfway()
    assert (target / "plan.json").read_text(encoding="utf-8") == "one"
    assert names(tmp_path) == ["plan"]


def test_a_failed_swap_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "plan"
    with replace_folder(target) as temporary:
        fill(temporary, "one")
    rename = Path.rename

    def refuse_the_new(self: Path, to: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(OutputError, match="permission denied"), replace_folder(target) as temporary:
        fill(temporary, "two")
    assert (target / "plan.json").read_text(encoding="utf-8") == "one"
    assert names(tmp_path) == ["plan"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    with replace_folder(tmp_path / "plan") as temporary:
        fill(temporary, "one")
    assert (tmp_path / "plan" / "plan.json").is_file()


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(OutputError, match="was not made by this program"), replace_folder(tmp_path):
        raise AssertionError("the block must not start")
    assert names(tmp_path) == ["thesis.odt"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "plan"
    if kind == "file":
        target.touch()
    else:
        (tmp_path / "real").mkdir()
        target.symlink_to(tmp_path / "real")
    with pytest.raises(OutputError, match="is not a folder"), replace_folder(target):
        raise AssertionError("the block must not start")


def test_a_folder_below_a_file_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="check the folder above it"),
        replace_folder(tmp_path / "file" / "plan"),
    ):
        raise AssertionError("the block must not start")
