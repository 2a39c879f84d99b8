"""Every mistake in a scenario is found, all at once, with its place, what was found and what to write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import WITH_MAP, WITHOUT_MAP, load, only_refusal, refusals

from truceline.errors import ScenarioError
from truceline.scenario.load import (
    check_scenario,
    list_packaged,
    load_scenario,
    read_packaged,
    read_scenario,
)
from truceline.scenario.yaml_source import format_yaml, parse_yaml

PACKAGED = list_packaged()


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_scenario_loads_without_warnings(name: str) -> None:
    loaded = read_scenario(name)
    assert loaded.scenario.name == name
    assert loaded.warnings == ()
    assert check_scenario(name) == ()  # and so does each of its variants


def test_the_case_of_the_day_and_the_past_missions_are_packaged() -> None:
    assert {"ukraine-2025", "unficyp-1975", "unficyp-1992", "undof-2004", "unpredep-1995"} <= set(PACKAGED)


def test_a_scenario_cannot_be_changed() -> None:
    scenario = load_scenario("undof-2004")
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"  # type: ignore[misc]


def test_an_unknown_name_suggests_the_near_one() -> None:
    with pytest.raises(ScenarioError, match="did you mean ukraine-2025"):
        read_packaged("ukraine2025")
    with pytest.raises(ScenarioError, match=r"packaged are .*undof-2004"):
        load_scenario("xyzzy")


def test_a_file_without_a_suffix_is_a_file_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text(WITHOUT_MAP, encoding="utf-8")
    assert load_scenario("mine").name == "counted"


def test_what_was_loaded_can_be_written_and_loaded_again(tmp_path: Path) -> None:
    first = load(tmp_path, WITH_MAP, overrides=["zone.half_width=4 km"])
    again = load(tmp_path, format_yaml(first.data))
    assert again.scenario == first.scenario
    assert again.provenance.scenario_hash == first.provenance.scenario_hash


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "half_width: 5 km",
            "half_width: 5000",
            "case.yaml:7  zone.half_width  5000 has no unit; write '10 km'",
        ),
        ("half_width: 5 km", "half_width: 5 people", "zone.half_width  '5 people' is not a quantity in m"),
        ("half_width: 5 km", "half_width: 7,5 km", "with a point, not a comma"),
        ("half_width: 5 km", "half_width:", "zone.half_width  None is not a quantity"),
        (
            "half_width: 5 km",
            "half_width: 2025-02-17",
            "zone.half_width  datetime.date(2025, 2, 17) is not a quantity",
        ),
        ("half_width: 5 km", "half_width: [5 km]", "zone.half_width  ['5 km'] is not a quantity"),
        ("half_width: 5 km", "half_width: -5 km", "zone.half_width  -5 km must be above zero"),
        ("half_width: 5 km", "half_width: 1e300 km", "zone.half_width  "),
        (
            "half_width: 5 km",
            "half_widht: 5 km",
            "case.yaml:7  zone.half_widht  is not a known key; did you mean half_width?",
        ),
        ("half_width: 5 km", "half_width: 5 km\n  depth: 3 km", "known here: half_width, limitation"),
        (
            "half_width: 5 km",
            "half_width: {value: 5 km, range: [6 km, 7 km]}",
            "zone.half_width.range  6 km to 7 km does not hold the value 5 km",
        ),
        ("start: 5 km", "begin: 5 km", "zone.limitation[0]."),
        ("end: 15 km", "end: 20000 km", "out of bounds; write at most 10,000 km"),
        ("format: 1", "format: 2", "format  '2' is not possible; write 1"),
        ("format: 1\n", "", "case.yaml  format  is missing"),
        ("name: small", "name: Small Line", "name  'Small Line' is not a name; use lower-case"),
        ("name: small", "name: 2025", "name  '2025' is not a text; put it in quotes"),
        ("title: A small line", f"title: {'x' * 2001}", "title  is too long a text; shorten it to 2000"),
        ("as_of: 2025-02-17", "as_of: 20", "as_of  '20' is not a date; write it as 2025-02-17"),
        ("as_of: 2025-02-17", "as_of: 2025-02-17 10:00:00", "as_of  '2025-02-17 10:00:00' is not a date"),
        ("as_of: 2025-02-17", "as_of: spring", "as_of  'spring' is not a date"),
        ("line: {places: ukraine-2025-02-17}", "line:", "line  nothing is not a group of keys"),
        (
            "line: {places: ukraine-2025-02-17}",
            "line: {}",
            "needs exactly one of places, file, control, length; has none",
        ),
        ("places: ukraine-2025-02-17", "places: ukraine-2025-02-17, length: 3 km", "exactly one of places"),
        (
            "places: ukraine-2025-02-17",
            "places: towns.csv",
            "line.places  there is no file towns.csv; paths start from",
        ),
        (
            "places: ukraine-2025-02-17",
            "places: [towns.csv]",
            "line.places  '['towns.csv']' is not a file name",
        ),
        ("places: ukraine-2025-02-17", 'file: "a\\0b"', "line.file  there is no file"),
        ("places: ukraine-2025-02-17", "file: ~nobody-of-this-name/x", "line.file  there is no file"),
        ("places: ukraine-2025-02-17", f"file: {'x' * 5000}", "line.file  there is no file"),
        ("person: 0.5, vehicle: 0.5", "tank: 1", "'tank' is not possible; write 'person', 'vehicle'"),
        ("person: 0.5", "person: -0.5", "incidents.kinds.person  -0.5 is out of bounds"),
        ("kind: post", "kind: zeppelin", "'zeppelin' is not possible; write 'post', 'unarmed_post'"),
        ("sensors: [op_human]", "sensors: []", "sensors  is empty; give at least 1"),
        ("sensors: [op_human]", "sensors: op_human", "sensors  'op_human' is not a list"),
        ("watch: 4 person/km", "watch: 0 person/km", "0 person/km must be above zero"),
        (
            "watch: 4 person/km",
            "watch: {value: 4 person/km, range: [0 person/km, 5 person/km]}",
            "must be above zero",
        ),
        ("    watch: 4 person/km\n", "", "needs `watch` and `means` to be sited, or `given` counts"),
        (
            "    watch: 4 person/km\n",
            "    watch: 4 person/km\n    given: {posts: 3}\n",
            "has both `given` and `means`",
        ),
        ("postures:\n", "postures: []\nextra:\n", "is not a group of keys"),
        (
            "variants:\n  wide:\n",
            "variants:\n  wide: 3\n  other:\n",
            "variants.wide  '3' is not a group of keys",
        ),
        ("variants:\n  wide:\n", "variants:\n  Wide One:\n", "is not a name; use lower-case"),
        ("zone:\n", "water: {polygon: [[33, 46], [34]]}\nzone:\n", "water.polygon[1][1]  is missing"),
        ("zone:\n", "water: {polygon: [[33, 46], [34, 46]]}\nzone:\n", "polygon needs at least three points"),
        (
            "zone:\n",
            "water: {polygon: [[33, 46], [34, x], [3, 4]]}\nzone:\n",
            "polygon[1][1]  'x' is not a number",
        ),
        (
            "zone:\n",
            "sectors: {length: 9 km, breaks: [3 km]}\nzone:\n",
            "at most one of length, breaks, polygons",
        ),
        ("zone:\n", "terrain: {files: [dem.tif]}\nzone:\n", "terrain.files[0]  there is no file dem.tif"),
        ("zone:\n", "assumptions: [3]\nzone:\n", "assumptions  is not a group of keys"),
        ("zone:\n", "assumptions: {patrol.crw: 3 people}\nzone:\n", "did you mean patrol.crew"),
        ("zone:\n", "assumptions: {xyzzy: 3 people}\nzone:\n", "`truceline scenario show` lists them"),
        (
            "zone:\n",
            "assumptions: {patrol.crew: 3}\nzone:\n",
            "assumptions.patrol.crew  3 has no unit; write '5000 people'",
        ),
        ("zone:\n", "assumptions: {patrol.crew: -3 people}\nzone:\n", "-3 people must be above zero"),
        ("zone:\n", "assumptions: {reaction.road_speed: 0 m/s}\nzone:\n", "0 m/s must be above zero"),
        ("zone:\n", "assumptions: {support.medical_share: 120 %}\nzone:\n", "1.2 is not a share"),
    ],
)
def test_one_mistake_is_one_problem_with_its_place_and_a_hint(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert WITH_MAP.count(old) >= 1
    found = refusals(tmp_path, WITH_MAP.replace(old, new, 1))
    assert says in str(found[0]), [str(problem) for problem in found]


def test_mistakes_of_every_kind_are_gathered(tmp_path: Path) -> None:
    text = (
        WITH_MAP.replace("half_width: 5 km", "half_width: 5000")
        .replace("as_of: 2025-02-17", "as_of: 2025-13-40")
        .replace("kind: post", "kind: castle")
        .replace("decay: 2 km", "decya: 2 km")
        .replace("zone:\n", "assumptions: {patrol.crw: 3 people, patrol.crew: 3}\nzone:\n")
    )
    places = [problem.where for problem in refusals(tmp_path, text)]
    assert places == [
        "case.yaml:6  assumptions.patrol.crw",
        "case.yaml:6  assumptions.patrol.crew",
        "case.yaml:4  as_of",
        "case.yaml:8  zone.half_width",
        "case.yaml:11  incidents.decay",
        "case.yaml:14  incidents.decya",
        "case.yaml:22  postures.observers.means.post.kind",
    ]


def test_files_and_whole_scenario_checks_are_gathered_together(tmp_path: Path) -> None:
    text = (
        WITH_MAP.replace("places: ukraine-2025-02-17", "file: line.gpkg")
        .replace("posture: observers", "posture: guards")
        .replace("zone:\n", "terrain: {files: [a.tif, b.tif]}\nzone:\n")
    )
    assert len(refusals(tmp_path, text)) == 4


def test_a_value_changed_inside_a_list_is_found_by_its_index(tmp_path: Path) -> None:
    text = WITH_MAP.replace("distances: [1 km, 3 km]", "distances: [1 km,\n      3000]")
    assert only_refusal(tmp_path, text).startswith(
        "case.yaml:20  postures.observers.rules.distances[1]  3000 has no unit"
    )


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "line.geojson").touch()
    loaded = load(tmp_path, WITH_MAP.replace("places: ukraine-2025-02-17", "file: maps/line.geojson"))
    assert loaded.scenario.line.file == tmp_path / "maps" / "line.geojson"
    assert "cell" not in loaded.scenario.grid.model_fields_set  # a default is still known to be one


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_a_map(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "there is no file pipe" in only_refusal(
        tmp_path, WITH_MAP.replace("places: ukraine-2025-02-17", "file: pipe")
    )


def test_warnings_are_given_back_and_do_not_refuse(tmp_path: Path) -> None:
    loaded = load(tmp_path, WITH_MAP, overrides=["postures.observers.rules.distances=[1 km, 90 km]"])
    assert [problem.warning for problem in loaded.warnings] == [True]
    assert "posts 90 km from the line see little of it" in str(loaded.warnings[0])


def test_checking_goes_through_every_variant(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(WITH_MAP + "  bad:\n    zone.half_width: 9\n  worse:\n    title.x: 3\n", encoding="utf-8")
    found = [problem.where for problem in check_scenario(path)]
    assert found == ["variant bad: zone.half_width", "variant worse: title.x"]
    path.write_text(WITH_MAP.replace("format: 1", "format: 7"), encoding="utf-8")
    assert len(check_scenario(path)) == 1


keys = st.sampled_from(
    [
        "format",
        "name",
        "title",
        "as_of",
        "description",
        "sides",
        "line",
        "zone",
        "sectors",
        "water",
        "grid",
        "terrain",
        "incidents",
        "posture",
        "postures",
        "assumptions",
        "variants",
        "half_width",
        "limitation",
        "length",
        "places",
        "file",
        "breaks",
        "polygon",
        "kinds",
        "states",
        "decay",
        "label",
        "watch",
        "means",
        "given",
        "rules",
        "patrol.crew",
        "value",
        "range",
        "evidence",
        "source",
        "observers",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.sampled_from(["5 km", "4 person/km", "ukraine-2025-02-17", "a", "42 %", "x\0y", "", "..", "~"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(keys, values, max_size=12))
def test_any_structure_is_a_scenario_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(format_yaml({**parse_yaml(WITH_MAP, "x").data, **data}), encoding="utf-8")
    with pytest.raises(ScenarioError) if data.get("format", 1) != 1 else _either():
        read_scenario(path)


class _either:  # noqa: N801
    """Lets a ScenarioError pass, and nothing else."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, ScenarioError)
