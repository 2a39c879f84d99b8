"""The manual tells the truth: its commands run and print what it says, and its YAML is accepted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from snippets import PAGES, Example, find_difference, is_built, read_blocks, read_examples, run_example

from truceline.scenario.load import check_scenario
from truceline.scenario.starter import make_starter
from truceline.scenario.yaml_source import format_yaml, parse_yaml

CONSOLE_PAGES = [page for page in PAGES if read_blocks(page, "console")]
YAML_BLOCKS = [(page, block) for page in PAGES for block in read_blocks(page, "yaml")]
FROM_SHARED = {
    "real-ground": ("jacksboro.tif", "data/geo/samples/dem_jacksboro_srtm_90m_utm16.tif"),
    "fitting": ("osce.csv", "data/events/osce_smm_counts_2020-07_2021-06.csv"),
}
"""Files that a page works with and that may not be in the repository: name on the page, place beside it."""
FILE_NAME = re.compile(r"[\w-]+\.(?:geojson|gpkg|csv|tif)")


def test_there_are_examples() -> None:
    assert CONSOLE_PAGES
    assert YAML_BLOCKS


@pytest.mark.parametrize("page", CONSOLE_PAGES, ids=lambda page: page.stem)
def test_console_examples_run_in_order(
    page: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    for example_file in (page.parent / "examples" / page.stem).glob("*"):
        if example_file.is_dir():
            shutil.copytree(example_file, tmp_path / example_file.name)
        else:
            shutil.copy(example_file, tmp_path)
    if page.stem in FROM_SHARED:
        name, source = FROM_SHARED[page.stem]
        shutil.copy(request.getfixturevalue("shared") / source, tmp_path / name)
    missing = []
    for block in read_blocks(page, "console"):
        for example in read_examples(block):
            assert example.command.startswith("truceline "), (
                f"only truceline can be tried: $ {example.command}"
            )
            if not is_built(example.command):
                missing.append(example.command)
                continue
            printed = run_example(example, tmp_path_factory.getbasetemp())
            difference = find_difference(example.prints, printed)
            assert difference is None, f"$ {example.command}\ndoes not print: {difference}\nbut: {printed}"
    if missing:
        pytest.skip(f"not built yet: {'; '.join(missing)}")


@pytest.mark.parametrize(("page", "block"), YAML_BLOCKS, ids=lambda each: getattr(each, "stem", ""))
def test_yaml_examples_are_accepted_in_a_scenario(page: Path, block: str, tmp_path: Path) -> None:
    """A part replaces that part of the starter; files it names are put there."""
    texts = make_starter("my-line")
    data = {**parse_yaml(texts["my-line.yaml"], "starter").data, **parse_yaml(block, page.name).data}
    data["variants"] = {}  # the starter's are about its own zone
    scenario = tmp_path / "case.yaml"
    scenario.write_text(format_yaml(data), encoding="utf-8")
    for name in FILE_NAME.findall(format_yaml(data)):
        (tmp_path / name).touch()
    assert check_scenario(scenario) == ()


class TestTheReaderOfExamples:
    def test_commands_and_their_output_are_parted(self) -> None:
        assert read_examples("$ truceline a\nout\n\nmore\n$ truceline b\n") == [
            Example("truceline a", ("out", "", "more")),
            Example("truceline b", ()),
        ]

    @pytest.mark.parametrize(
        ("prints", "printed", "difference"),
        [
            ((), "anything\n", None),
            (("a  b",), "a b\n", None),
            (("a",), "b\n", "a"),
            (("a",), "a\nb\n", "(more is printed: b)"),
            (("...", "b", "..."), "a\nb\nc\n", None),
            (("...", "z", "..."), "a\nb\n", "z"),
            (("a", "..."), "a\nb\n", None),
            (("a", "c"), "a\nb\nc\n", "c"),
        ],
    )
    def test_output_is_compared_line_by_line(
        self, prints: tuple[str, ...], printed: str, difference: str | None
    ) -> None:
        assert find_difference(prints, printed) == difference
