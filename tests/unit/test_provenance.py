"""The same inputs have the same hashes, on every machine; other inputs have others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truceline import __version__
from truceline.provenance import DIGEST_CHARACTERS, Provenance, hash_files, hash_text


def test_a_hash_is_short_and_known() -> None:
    # First 64 bits of SHA-256 of the empty text, from FIPS 180-4 test values.
    assert hash_text("") == "e3b0c44298fc1c14"
    assert len(hash_text("line")) == DIGEST_CHARACTERS
    assert hash_text("line") != hash_text("lime")


def test_files_are_hashed_by_content_and_named_without_their_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    first.write_bytes(b"same")
    second.write_bytes(b"same")
    hashes = hash_files([first, second, first])
    assert list(hashes) == ["a.tif", "b.tif"]
    assert hashes["a.tif"] == hashes["b.tif"] == hash_text("same")


def test_files_of_one_name_are_told_apart_by_the_folder(tmp_path: Path) -> None:
    for folder, content in (("east", b"1"), ("west", b"2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "heights.tif").write_bytes(content)
    hashes = hash_files(tmp_path / folder / "heights.tif" for folder in ("east", "west"))
    assert hashes == {"east/heights.tif": hash_text("1"), "west/heights.tif": hash_text("2")}


def test_a_long_file_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"0" * (1 << 20) + b"tail")
    assert hash_files([path])["long"] == hash_text("0" * (1 << 20) + "tail")


def test_provenance_is_plain_and_frozen() -> None:
    provenance = Provenance("demo", "0123", overrides=("a=1",), seed=7, inputs={"line.geojson": "ff"})
    data = json.loads(json.dumps(provenance.to_dict()))
    assert data["version"] == __version__
    assert data["overrides"] == ["a=1"]
    assert not any("time" in key or "date" in key for key in data)
    with pytest.raises(AttributeError):
        provenance.seed = 8  # type: ignore[misc]
