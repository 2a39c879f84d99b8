"""Untrusted YAML is read into plain data with line numbers, or refused with one message."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.scenario.yaml_source import (
    MAX_BYTES,
    MAX_DEPTH,
    format_yaml,
    parse_yaml,
    parse_yaml_value,
    read_yaml,
)


def problems_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse_yaml(text, "case.yaml")
    assert all(problem.where.startswith("case.yaml") and problem.hint for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def test_values_know_their_line() -> None:
    source = parse_yaml("a: 1\nb:\n  c: [x,\n      y]\n", "case.yaml")
    assert source.data == {"a": 1, "b": {"c": ["x", "y"]}}
    assert source.place(("b", "c", 1)) == "case.yaml:4"
    assert source.place(("b", "c", 7, "deeper")) == "case.yaml:3"
    assert source.place(("nowhere",)) == "case.yaml"


def test_a_replaced_value_says_who_replaced_it_and_all_below() -> None:
    source = parse_yaml("a:\n  b: [1, 2]\n", "case.yaml")
    source.replace(("a", "b", 0), "variant v: a.b.0")
    assert source.place(("a", "b", 0)) == "variant v: a.b.0"
    assert source.place(("a", "b", 1)) == "case.yaml:2"
    source.replace(("a",), "--set a")
    assert source.place(("a", "b", 0)) == "--set a"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1\nb: 2\n", "case.yaml:2  is not valid YAML"),
        ("a:\n\tb: 1\n", "case.yaml:2  is not valid YAML"),
        ("a: 1\nb: &x 2\nc: 3\n", "case.yaml:2  uses an anchor or alias"),
        ("a: 1\na: 2\n", "case.yaml:2  the key 'a' stands twice; first on line 1"),
        ("x:\n  a: 1\n  b: 2\n  a: 3\n", "case.yaml:4  the key 'a' stands twice; first on line 2"),
        ("- a\n- b\n", "case.yaml  is not a mapping"),
        ("", "case.yaml  is not a mapping"),
        ("just words\n", "case.yaml  is not a mapping"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", ""),
        ("a: !!python/name:os.system\n", "case.yaml:1  cannot be read"),
        ("? [a, b]\n: 1\n", "a key is not a word"),
        ("a: !!int ''\n", "cannot be read"),
        ("a: !!bool perhaps\n", "cannot be read"),
        ("a: !!float many\n", "cannot be read"),
        ('a: "\\UFFFFFFFF"\n', "is not valid YAML"),
        ("a: \x07\n", "is not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_line(text: str, says: str) -> None:
    if says:
        assert says in problems_of(text)[0]
    else:  # a list under a foreign tag is only a list: nothing is constructed by tag
        assert parse_yaml(text, "case.yaml").data == {"a": ["ls"]}


def test_a_date_that_is_none_stays_text_for_its_field_to_refuse() -> None:
    assert parse_yaml("a: 2025-13-45\n", "case.yaml").data == {"a": "2025-13-45"}


def test_every_duplicate_and_alias_is_named_at_once() -> None:
    assert len(problems_of("a: 1\na: 2\nb: 1\nb: 2\n")) == 2
    assert len(problems_of("a: &x 1\nb: *x\n")) == 2


@pytest.mark.parametrize("text", ["a: " + "[" * 5000, "a: " + "{b: " * 5000, "- " * 5000])
def test_deep_nesting_is_refused_before_it_hurts(text: str) -> None:
    assert f"nested deeper than {MAX_DEPTH} levels" in problems_of(text)[0]


def test_nesting_that_a_scenario_needs_is_read() -> None:
    text = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse_yaml(text, "case.yaml").data["a"]


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    started = time.perf_counter()
    problems_of("\n".join(lines))
    assert time.perf_counter() - started < 2


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        source = parse_yaml(text, "case.yaml")
    except ScenarioError as error:
        assert error.problems  # noqa: PT017  (both ways out are right)
    else:
        assert isinstance(source.data, dict)


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b: ",
                "- ",
                "\n",
                "  ",
                "[",
                "]",
                "{",
                "}",
                ", ",
                '"',
                "'",
                "!!",
                "int ",
                "? ",
                "|",
                ">",
                "#",
                "1",
                "~",
                "<<: ",
            ]
        ),
        max_size=40,
    )
)
def test_any_mixture_of_yaml_signs_is_read_or_refused(signs: list[str]) -> None:
    try:
        source = parse_yaml("".join(signs), "case.yaml")
    except ScenarioError as error:
        assert error.problems  # noqa: PT017
    else:
        assert isinstance(source.data, dict)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex("[a-z_-]{1,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.from_regex("[a-z_]{1,8}", fullmatch=True), plain, max_size=4))
def test_written_yaml_reads_back(data: dict[str, object]) -> None:
    text = format_yaml(data)
    if data:
        assert parse_yaml(text, "case.yaml").data == data


@pytest.mark.parametrize(
    ("text", "value"),
    [("7.5 km", "7.5 km"), ("3", 3), ("[a, b]", ["a", "b"]), ("{a: 1}", {"a": 1}), ("", None), ("no", False)],
)
def test_one_value_is_read_alone(text: str, value: object) -> None:
    assert parse_yaml_value(text, "zone") == value


class TestFiles:
    def test_a_missing_file_says_where_the_packaged_ones_are(self, tmp_path: Path) -> None:
        with pytest.raises(
            ScenarioError, match="there is no such file; check the path; `truceline scenario list`"
        ):
            read_yaml(tmp_path / "none.yaml")

    def test_a_folder_is_not_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(ScenarioError, match="is a folder"):
            read_yaml(tmp_path)

    def test_a_picture_is_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "map.yaml"
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
        with pytest.raises(ScenarioError, match="is not UTF-8 text at byte 0"):
            read_yaml(path)

    def test_a_mark_of_byte_order_is_no_problem(self, tmp_path: Path) -> None:
        path = tmp_path / "windows.yaml"
        path.write_bytes("\ufeffa: 1\r\nb: 2\r\n".encode())
        assert read_yaml(path).data == {"a": 1, "b": 2}

    def test_an_oversized_file_is_refused_unread(self, tmp_path: Path) -> None:
        path = tmp_path / "big.yaml"
        path.write_bytes(b"a: 1 #" + b"x" * MAX_BYTES)
        with pytest.raises(ScenarioError, match=f"has more than {MAX_BYTES:,} bytes"):
            read_yaml(path)

    def test_an_endless_device_is_refused(self) -> None:
        device = Path("/dev/zero")
        if not device.exists():
            pytest.skip("this system has no /dev/zero")
        with pytest.raises(ScenarioError, match="has more than"):
            read_yaml(device)
