"""What a plan's watch means to a simulation: a tiny plan folder, what is refused, and what scaling does."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from truceline.errors import OutputError
from truceline.simulate._watch_spread import spread_chances
from truceline.simulate.watch import (
    MEASURES,
    RUNGS,
    STATES,
    Watch,
    level_watches,
    make_watch,
    no_watch,
    read_watch,
    remove_sensor,
    scale_watch,
)

KINDS = {"person": 0.2, "small_arms": 0.4, "mortar": 0.3, "artillery_impact": 0.1}
STATE_SHARE = {"day": 0.5, "night": 0.4, "bad": 0.1}
N_CELLS = 10
LENGTH_KM = 7.45
"""A tenth of a degree of longitude at 48 degrees north is 7.45 km."""
MEAN = {"detect": 0.5, "verify": 0.3, "attribute": 0.1}
FLAT_KINDS = np.full(5, 0.2)


def write_plan(folder: Path, *, cells: dict[str, Any] | None = None, detection: str = "") -> Path:
    """Write a plan of ten cells, two sectors and two postures; `cells` replaces columns of the layer."""
    (folder / "tables").mkdir(parents=True)
    (folder / "plan.json").write_text(
        '{"posture": "full", "postures": {"full": {"label": "In full"}}}', encoding="utf-8"
    )
    (folder / "tables" / "detection.csv").write_text(detection or detection_table(), encoding="utf-8")
    write_layers(folder / "plan.gpkg", {**cell_columns(), **(cells or {})})
    return folder


def cell_columns() -> dict[str, Any]:
    middle = (np.arange(N_CELLS) + 0.5) * LENGTH_KM / N_CELLS
    rows: dict[str, Any] = {
        "cell": [f"C{n}" for n in range(N_CELLS)],
        "sector": ["S01"] * 5 + ["S02"] * 5,
        "chainage_km": middle,
        "weight_share": np.full(N_CELLS, 1 / N_CELLS),
    }
    slope = np.linspace(0.8, 1.2, N_CELLS)
    for measure, mean in MEAN.items():
        for state, factor in (("day", 1.2), ("night", 0.9), ("bad", 0.4)):
            rows[f"{measure}_{state}_share"] = mean * factor * slope
    return rows


def detection_table() -> str:
    """Return averages that agree with the cells: day 1.2, night 0.9, bad 0.4 of the mean."""
    rows = ["posture,by,which,weight_share,detect_share,verify_share,attribute_share"]
    ease = {"person": 0.5, "small_arms": 0.9, "mortar": 1.3, "artillery_impact": 1.5}
    for posture, factor in (("full", 1.0), ("other", 0.5)):
        mean = {measure: share * factor for measure, share in MEAN.items()}

        def told(by: str, which: str, weight: str, times: float, mean: dict[str, float] = mean) -> str:
            shares = ",".join(f"{mean[measure] * times:.6f}" for measure in MEASURES)
            return f"{posture},{by},{which},{weight},{shares}"  # noqa: B023

        rows.append(told("all", "all", "1", 1.0))
        rows += [told("kind", kind, str(weight), ease[kind]) for kind, weight in KINDS.items()]
        rows += [
            told("state", state, str(STATE_SHARE[state]), times)
            for state, times in (("day", 1.2), ("night", 0.9), ("bad", 0.4))
        ]
        rows += [told("sector", "S01", "", 0.8), told("sector", "S02", "", 1.2)]
    return "\n".join(rows) + "\n"


def write_layers(path: Path, columns: dict[str, Any]) -> None:
    import geopandas
    import shapely

    shapes = [shapely.box(37 + n / 100, 48, 37.01 + n / 100, 48.01) for n in range(len(columns["cell"]))]
    geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326").to_file(path, layer="demand_cells")
    line = shapely.MultiLineString([[(37.0, 48.0), (37.1, 48.0)]])
    frame = geopandas.GeoDataFrame({"name": ["line"]}, geometry=[line], crs="EPSG:4326")
    frame.to_file(path, layer="line_of_contact")


def state_average(watch: Watch, state: int, shares: np.ndarray[Any, Any]) -> float:
    return float(np.einsum("b,r,br->", watch.where, shares, watch.p_detect[:, state]))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(tmp_path_factory.mktemp("watch") / "plan")


def test_a_plan_is_read_in_bins_of_one_length_that_make_the_line(plan: Path) -> None:
    watch = read_watch(plan)
    assert watch.n_bins == 8
    assert watch.length_km == pytest.approx(LENGTH_KM, rel=2e-3)
    assert watch.bin_km <= 1.0
    assert (watch.label, watch.posture, watch.grain) == ("In full", "full", "cells")
    assert_allclose(watch.state_share, [0.5, 0.4, 0.1])
    assert watch.where.sum() == pytest.approx(1.0)
    assert watch.sector_names == ("S01", "S02")
    assert set(watch.sectors[:3]) == {"S01"}
    assert set(watch.sectors[5:]) == {"S02"}


def test_the_folder_may_be_named_by_its_record(plan: Path) -> None:
    assert read_watch(plan / "plan.json").fingerprint == read_watch(plan).fingerprint


def test_the_average_of_each_kind_and_of_each_state_stays_what_the_plan_said(plan: Path) -> None:
    watch = read_watch(plan)
    for measure, mean in MEAN.items():
        for rung, ease in enumerate((0.9, 1.3, 1.5, 1.5, 1.5)):
            assert watch.average(measure, np.eye(5)[rung]) == pytest.approx(mean * ease, abs=2e-4)
    # Persons are not on the ladder; what is left of the average over kinds is 0.9 x .4, 1.3 x .3, 1.5 x .1.
    kinds = np.array([0.4, 0.3, 0.1, 0.0, 0.0])
    by_state = [state_average(watch, state, kinds) for state in range(3)]
    assert by_state[0] > by_state[1] > by_state[2]
    assert watch.state_share @ by_state == pytest.approx(0.5 * (0.9 * 0.4 + 1.3 * 0.3 + 1.5 * 0.1), abs=2e-4)


def test_bins_follow_their_cells_along_the_line(plan: Path) -> None:
    watch = read_watch(plan)
    assert (np.diff(watch.p_detect, axis=0) > 0.0).all()


def test_a_place_counts_by_the_incidents_expected_there(tmp_path: Path) -> None:
    weight = np.linspace(0.02, 0.18, N_CELLS)
    watch = read_watch(write_plan(tmp_path / "plan", cells={"weight_share": weight}))
    bins = (cell_columns()["chainage_km"] / watch.bin_km).astype(int)
    assert_allclose(watch.where, np.bincount(bins, weights=weight))


def test_chances_stay_nested_where_the_plan_tells_hard_things_of_one_kind_alone(tmp_path: Path) -> None:
    # Attributed are artillery impacts alone, as often as verified, and in bad weather as in good.
    shares = {"person": 0.0, "small_arms": 0.0, "mortar": 0.0, "artillery_impact": 0.45}
    rows = []
    for line in detection_table().splitlines():
        words = line.split(",")
        if words[:2] == ["full", "kind"]:
            words[-1] = str(shares[words[2]])
        rows.append(",".join(words))
    cells = {f"attribute_{state}_share": np.full(N_CELLS, 0.045) for state in STATES}
    watch = read_watch(write_plan(tmp_path / "plan", cells=cells, detection="\n".join(rows)))
    bad, artillery = STATES.index("bad"), RUNGS.index("artillery")
    assert (watch.p_attribute <= watch.p_verify).all()
    assert_array_equal(watch.p_attribute[:, bad, artillery], watch.p_verify[:, bad, artillery])
    assert (watch.p_attribute[:, 0, artillery] < watch.p_verify[:, 0, artillery]).any()
    assert not watch.p_attribute[:, :, 0].any()


def test_coordinates_run_along_the_line_with_side_a_on_its_left(plan: Path) -> None:
    watch = read_watch(plan)
    assert watch.lon[0] == pytest.approx(37.0 + 0.1 / 16, abs=1e-5)
    assert_allclose(watch.lat, 48.0, atol=1e-4)
    assert_allclose(watch.towards_a, np.tile([0.0, 1.0], (8, 1)), atol=2e-3)


def test_a_posture_not_planned_in_full_is_told_by_its_sectors_and_says_so(plan: Path) -> None:
    watch = read_watch(plan, "other")
    assert watch.grain == "sectors"
    assert "not planned in full" in " ".join(watch.sentences())
    assert "not planned in full" not in " ".join(read_watch(plan).sentences())
    assert_array_equal(watch.p_detect[0], watch.p_detect[2])
    assert (watch.p_detect[7] > watch.p_detect[0]).all()
    assert watch.average("detect", np.eye(5)[0]) == pytest.approx(0.25 * 0.9, abs=1e-3)


def test_watches_of_different_grain_are_levelled_before_they_are_compared(plan: Path) -> None:
    full, other = read_watch(plan), read_watch(plan, "other")
    levelled, same = level_watches([full, other])
    assert same is other
    assert (levelled.grain, levelled.label) == ("levelled", full.label)
    assert "Averaged over each sector" in " ".join(levelled.sentences())
    for measure in MEASURES:
        for rung in np.eye(5):
            assert levelled.average(measure, rung) == pytest.approx(full.average(measure, rung))
    assert_array_equal(levelled.p_attribute[0], levelled.p_attribute[2])
    assert levelled.p_attribute[:3].min() > full.p_attribute[:3].min()
    assert level_watches([full, no_watch(full)])[0] is full


def test_a_bin_without_cells_lies_between_its_neighbours(tmp_path: Path) -> None:
    columns = cell_columns()
    kept = [0, 1, 2, 3, 7, 8, 9]
    cells = {
        name: np.array(values, dtype=object if name in ("cell", "sector") else float)[kept]
        for name, values in columns.items()
    }
    folder = tmp_path / "plan"
    write_plan(folder)
    (folder / "plan.gpkg").unlink()
    write_layers(folder / "plan.gpkg", cells)
    watch = read_watch(folder)
    empty = np.flatnonzero(watch.where == 0.0)
    assert len(empty) >= 1
    assert (watch.p_detect[empty] > watch.p_detect[0]).all()
    assert (watch.p_detect[empty] < watch.p_detect[-1]).all()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is no folder; name the folder of a plan"):
        read_watch(tmp_path / "nothing")


def test_a_plan_that_is_only_a_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "plan.json").write_text('{"posture": "full"}', encoding="utf-8")
    with pytest.raises(OutputError) as refusal:
        read_watch(tmp_path)
    message = refusal.value.message()
    assert "a plan without cells" in message
    assert "says nothing of detection" in message
    assert "only a length" in message


def test_an_unknown_posture_is_refused_with_those_there_are(plan: Path) -> None:
    with pytest.raises(OutputError, match="no posture 'many'; choose one of: full, other"):
        read_watch(plan, "many")


def test_everything_wrong_with_a_plan_is_said_at_once(tmp_path: Path) -> None:
    broken = {"detect_day_share": [1.5] + [0.5] * 9, "weight_share": [-0.1] + [0.1] * 9}
    table = (
        detection_table().replace("full,kind,mortar", "full,kind,slingshot").replace("0.600000", "huge", 1)
    )
    folder = write_plan(tmp_path / "plan", cells=broken, detection=table)
    with pytest.raises(OutputError) as refusal:
        read_watch(folder, bin_km=0.0)
    message = refusal.value.message()
    for told in (
        "detect_day_share: 1 cells are not 0 to 1; cell C0 has 1.5",
        "weight_share: 1 cells are not 0 to 1; cell C0 has -0.1",
        "has no row of kind mortar",
        "is 'huge', no share of 0 to 1",
        "bin_km",
    ):
        assert told in message


def test_a_layer_without_the_shares_is_refused(tmp_path: Path) -> None:
    folder = write_plan(tmp_path / "plan")
    (folder / "plan.gpkg").unlink()
    write_layers(
        folder / "plan.gpkg", {k: v for k, v in cell_columns().items() if not k.startswith("verify")}
    )
    with pytest.raises(OutputError, match="no column verify_bad_share, verify_day_share, verify_night_share"):
        read_watch(folder)


def test_files_that_are_no_plan_are_refused_in_words(tmp_path: Path) -> None:
    folder = write_plan(tmp_path / "plan")
    (folder / "plan.gpkg").write_bytes(b"no database")
    with pytest.raises(OutputError, match=r"plan\.gpkg"):
        read_watch(folder)
    with (folder / "tables" / "detection.csv").open("r+b") as table:
        table.truncate(64_000_001)
    with pytest.raises(OutputError, match="is larger than 64,000,000 bytes"):
        read_watch(folder)
    (folder / "plan.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(OutputError, match="is not JSON"):
        read_watch(folder)


def test_too_many_bins_are_refused(plan: Path) -> None:
    with pytest.raises(OutputError, match="choose longer ones"):
        read_watch(plan, bin_km=1e-4)


chances = st.floats(0.0, 1.0)


@given(
    three=st.tuples(chances, chances, chances).map(lambda ps: sorted(ps, reverse=True)),
    where=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=12).filter(lambda ws: sum(ws) > 1e-6),
    factor=st.floats(0.0, 6.0),
)
@settings(max_examples=60, deadline=None)
def test_a_scaled_watch_stays_nested_and_within_nought_and_one(
    three: list[float], where: list[float], factor: float
) -> None:
    watch = scale_watch(make_watch(*three, n_bins=len(where), where=where), factor)
    assert watch.where.sum() == pytest.approx(1.0)
    assert watch.state_share.sum() == pytest.approx(1.0)
    assert (watch.p_detect <= 1.0).all()
    assert (watch.p_attribute >= 0.0).all()
    assert (watch.p_verify <= watch.p_detect).all()
    assert (watch.p_attribute <= watch.p_verify).all()


@given(
    average=st.lists(st.floats(0.0, 0.98), min_size=2, max_size=8),
    ease=st.lists(st.floats(0.05, 5.0), min_size=2, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_the_average_over_kinds_at_a_place_is_kept(average: list[float], ease: list[float]) -> None:
    effort = -np.log1p(-np.array(average))
    truth = -np.expm1(-np.outer(effort, ease))
    groups = np.linspace(1.0, 2.0, len(ease)) / np.linspace(1.0, 2.0, len(ease)).sum()
    places = np.full(len(average), 1.0 / len(average))
    found = spread_chances(truth @ groups, places, places @ truth, groups)
    assert_allclose(found @ groups, np.minimum(truth @ groups, 0.99995), atol=2e-6)
    assert ((found >= 0.0) & (found <= 1.0)).all()


def test_chances_that_were_spread_on_the_log_miss_scale_are_found_again() -> None:
    effort, ease = np.array([0.1, 0.5, 2.0, 0.0]), np.array([0.2, 1.0, 4.0])
    truth = -np.expm1(-np.outer(effort, ease))
    places, groups = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])
    assert_allclose(spread_chances(truth @ groups, places, places @ truth, groups), truth, atol=1e-6)


def test_a_kind_that_is_never_attributed_stays_so() -> None:
    found = spread_chances([0.1, 0.3], [0.5, 0.5], [0.0, 0.4], [0.5, 0.5])
    assert_array_equal(found[:, 0], [0.0, 0.0])
    assert_allclose(found[:, 1], [0.2, 0.6], atol=1e-6)


def test_twice_the_means_square_the_miss_and_none_see_nothing() -> None:
    watch = make_watch(0.5, 0.3, 0.1)
    twice = scale_watch(watch, 2.0)
    assert_allclose(twice.p_detect, 0.75)
    assert_allclose(scale_watch(make_watch(1.0, 1.0, 1.0), 0.0).p_detect, 0.0)
    assert not no_watch(watch).p_detect.any()
    assert_array_equal(no_watch(watch).where, watch.where)
    assert no_watch(watch).sentences() == ("Nobody watches: 10 km of line in 10 bins.",)
    with pytest.raises(OutputError, match="cannot multiply means"):
        scale_watch(watch, -1.0)


def test_a_removed_sensor_lowers_what_is_seen_near_it_alone() -> None:
    watch = make_watch(0.5, 0.3, 0.1, n_bins=10)
    less = remove_sensor(watch, km=2.0, reach_km=1.6, share=0.5)
    assert (less.p_detect[:4] < 0.5).all()
    assert_array_equal(less.p_detect[4:], watch.p_detect[4:])
    assert not remove_sensor(watch, km=2.0, reach_km=1.6).p_verify[:4].any()
    with pytest.raises(OutputError, match="cannot multiply means"):
        remove_sensor(watch, km=2.0, reach_km=1.0, share=1.5)


def test_a_watch_is_read_only_travels_between_processes_and_knows_its_fingerprint() -> None:
    watch = make_watch(0.5, 0.3, 0.1)
    with pytest.raises(ValueError, match="read-only"):
        watch.p_detect[0, 0, 0] = 1.0
    assert pickle.loads(pickle.dumps(watch)).fingerprint == watch.fingerprint  # noqa: S301
    assert scale_watch(watch, 1.5).fingerprint != watch.fingerprint
    assert watch.p_detect.shape == (10, len(STATES), len(RUNGS))
    assert watch.average("verify", FLAT_KINDS) == pytest.approx(0.3)


def test_arrays_that_cannot_be_a_watch_are_refused_together() -> None:
    with pytest.raises(OutputError) as refusal:
        make_watch(0.1, [0.1, 0.2], np.nan, n_bins=3, where=[1.0, -1.0, 2.0], sectors=["S"])
    message = refusal.value.message()
    for told in ("verify  has the shape (2,)", "attribute", "where", "sectors  1 names for 3 bins"):
        assert told in message
    with pytest.raises(OutputError, match="is above detect in 150 places"):
        make_watch(0.1, 0.2, 0.0)
    with pytest.raises(OutputError, match="n_bins"):
        make_watch(0.1, 0.1, 0.0, n_bins=0)
    with pytest.raises(OutputError, match="lon"):
        make_watch(0.1, 0.1, 0.0, lon=[1.0])
