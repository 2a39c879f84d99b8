"""The tables of nodes and routes: what is packaged, and every mistake of a user gathered at once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from movement_inputs import CAMP, COACH, GAUGE, LANES, ORIGIN, RAIL, write_tables

from truceline.deployment.network import find_ring, read_network, set_capacities
from truceline.errors import ScenarioError, TableError
from truceline.generation.nations import read_nations


def refuse(folder: Path, nodes: list[dict[str, str]], routes: list[dict[str, str]]) -> str:
    with pytest.raises(TableError) as caught:
        read_network(*write_tables(folder, nodes, routes))
    return str(caught.value)


def test_the_packaged_gauge_change_is_the_published_one() -> None:
    nodes = read_network().nodes
    railcars = {key: nodes[f"gauge-{key}"].capacity for key in ("poland", "hungary", "romania", "west")}
    assert {key: one.value for key, one in railcars.items() if one} == {
        "poland": 61, "hungary": 75, "romania": 70, "west": 175,
    }  # fmt: skip
    assert all(one is not None and one.evidence == "published" and one.low for one in railcars.values())


def test_every_packaged_capacity_has_a_range_a_grade_and_a_source() -> None:
    network = read_network()
    for number in [*(node.capacity for node in network.passed), *(route.days for route in network.routes)]:
        assert number is not None
        assert number.low is not None
        assert number.high is not None
        assert number.low < number.high
        assert number.evidence
        assert number.source


def test_every_nation_starts_somewhere_and_has_a_way_for_every_load() -> None:
    network = read_network()
    for code in [*read_nations(), "NAT"]:
        origin = network.origin_of(code)
        for load_class in ("heavy", "medium", "light", "observers"):
            moves = {
                route.moves
                for route in network.routes
                if origin in route.origins and load_class in route.carries
            }
            assert {"people", "cargo"} <= moves, (code, load_class)


def test_mistakes_are_gathered(tmp_path: Path) -> None:
    said = refuse(
        tmp_path,
        [ORIGIN, {**GAUGE, "capacity": ""}, {**LANES, "capacity": "many"}, {**CAMP, "unit": "t/day"}],
        [{**RAIL, "path": "gauge|tunnel"}, {**COACH, "carries": "heavy|tanks", "origins": "moon"}],
    )
    for words in (
        "the node has no capacity",
        "capacity 'many' is not a number",
        "staging is counted in beds",
        "goes through 'tunnel', an unknown node",
        "'tanks' is not a known load class",
        "'moon' is not a known origin",
        "no route takes people and their cargo from it",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("nodes", "routes", "says"),
    [
        ([ORIGIN, GAUGE, LANES, CAMP, CAMP], [RAIL, COACH], "'camp' has two rows"),
        ([ORIGIN, {**GAUGE, "capacity": "0"}, LANES, CAMP], [RAIL, COACH], "the node has no capacity"),
        ([ORIGIN, {**GAUGE, "capacity": "-5"}, LANES, CAMP], [RAIL, COACH], "is not a number from 0"),
        ([ORIGIN, {**GAUGE, "capacity_low": "60"}, LANES, CAMP], [RAIL, COACH], "does not hold 50"),
        ([ORIGIN, GAUGE, LANES, CAMP], [RAIL, {**COACH, "path": "gauge"}], "takes people through 'gauge'"),
        ([ORIGIN, GAUGE, LANES, CAMP], [{**RAIL, "path": "camp"}, COACH], "takes cargo through 'camp'"),
        ([ORIGIN, GAUGE, LANES, CAMP], [RAIL, {**COACH, "path": "lanes|camp|lanes"}], "is a cycle"),
        ([ORIGIN, {**ORIGIN, "node": "b"}, GAUGE, LANES, CAMP], [RAIL, COACH], "every other nation starts"),
        ([{**ORIGIN, "capacity": "3"}, GAUGE, LANES, CAMP], [RAIL, COACH], "an origin has a capacity"),
        ([ORIGIN, {**GAUGE, "kind": "magic"}, LANES, CAMP], [RAIL, COACH], "'magic' is not a known kind"),
        ([ORIGIN, GAUGE, LANES, CAMP], [{**RAIL, "days": ""}, COACH], "days is empty"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, nodes: list[dict[str, str]], routes: list[dict[str, str]], says: str
) -> None:
    assert says in refuse(tmp_path, nodes, routes)


def test_a_nation_without_an_origin_is_named(tmp_path: Path) -> None:
    nodes = [{**ORIGIN, "nations": "FRA"}, GAUGE, LANES, CAMP]
    network = read_network(*write_tables(tmp_path, nodes, [RAIL, COACH]))
    assert network.origin_of("FRA") == "afar"
    with pytest.raises(TableError, match="nation DEU  starts from no origin"):
        network.origin_of("DEU")


def test_a_changed_capacity_is_stated_and_the_original_stays() -> None:
    network = read_network()
    changed = set_capacities(network, {"gauge-west": 300}, note="a what-if")
    assert changed.nodes["gauge-west"].capacity.value == 300  # type: ignore[union-attr]
    assert changed.nodes["gauge-west"].capacity.evidence == "stated"  # type: ignore[union-attr]
    assert network.nodes["gauge-west"].capacity.value == 175  # type: ignore[union-attr]
    with pytest.raises(ScenarioError, match="2 problems"):
        set_capacities(network, {"moon": 3, "gauge-west": -1})


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=6))
def test_a_ring_is_found_when_and_only_when_there_is_one(paths: list[list[str]]) -> None:
    after: dict[str, set[str]] = {}
    for path in paths:
        for one, two in pairwise(path):
            after.setdefault(one, set()).add(two)
    reach = {name: set(others) for name, others in after.items()}
    for _ in range(6):
        for name in reach:
            reach[name] |= {far for near in reach[name] for far in reach.get(near, ())}
    ring = find_ring(paths)
    assert bool(ring) == any(name in others for name, others in reach.items())
    assert all(two in after[one] for one, two in pairwise(ring))
    assert not ring or ring[0] == ring[-1]


@given(st.binary(max_size=300))
def test_any_bytes_give_a_network_or_a_message(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("net") / "nodes.csv"
    path.write_bytes(data)
    with pytest.raises(TableError):
        read_network(path)
