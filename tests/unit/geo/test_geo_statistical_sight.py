"""Statistical sight: the rules of the law, the packaged fit, its twin, and the calibration done again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import TerrainError
from truceline.geo import _kernels, _reference, statistical_sight
from truceline.geo.statistical_sight import (
    find_landscape,
    load_landscapes,
    name_landscape,
    odds_hidden,
    p_visible,
    p_visible_pairs,
    share_visible,
    tune_law,
)
from truceline.geo.terrain import Relief
from truceline.geo.visibility import optical_horizon_m

REPOSITORY = Path(__file__).resolve().parents[3]
NAMES = ["steppe", "gully_steppe", "rolling", "ridged", "mountain"]

names = st.sampled_from(NAMES)
distances = st.floats(0.0, 60_000.0)
heights = st.floats(0.0, 300.0)
moods = st.floats(-1.0, 1.0)


@given(name=names, near=distances, far=distances, eye=heights, target=heights, optimism=moods)
@settings(max_examples=200)
def test_more_distance_never_helps(
    name: str, near: float, far: float, eye: float, target: float, optimism: float
) -> None:
    near, far = sorted((near, far))
    p_near, p_far = p_visible([near, far], eye, target, name, optimism=optimism)
    assert 0.0 <= p_far <= p_near + 1e-12 <= 1.0 + 1e-12


@given(name=names, distance=distances, eye=heights, target=heights, more=st.floats(0.0, 100.0))
@settings(max_examples=200)
def test_more_height_never_hurts(name: str, distance: float, eye: float, target: float, more: float) -> None:
    base, eye_up, target_up = p_visible(
        distance, [eye, eye + more, eye], [target, target, target + more], name
    )
    assert eye_up >= base - 1e-12
    assert target_up >= base - 1e-12


@given(name=names, distance=distances, eye=heights, target=heights)
@settings(max_examples=100)
def test_the_law_is_the_same_both_ways(name: str, distance: float, eye: float, target: float) -> None:
    assert p_visible(distance, eye, target, name) == pytest.approx(p_visible(distance, target, eye, name))


@given(name=names, distance=distances, eye=heights, target=heights, a=moods, b=moods)
@settings(max_examples=100)
def test_more_optimism_never_hides(
    name: str, distance: float, eye: float, target: float, a: float, b: float
) -> None:
    low, high = sorted((a, b))
    p_low, p_high = (float(p_visible(distance, eye, target, name, optimism=o)) for o in (low, high))
    assert p_low <= p_high + 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_at_no_distance_all_is_seen_and_beyond_the_horizon_nothing(name: str) -> None:
    horizon_m = float(optical_horizon_m(10.0) + optical_horizon_m(2.0))
    shares = p_visible([0.0, horizon_m * 0.999, horizon_m, horizon_m * 1.5], 10.0, 2.0, name)
    assert shares[0] == 1.0
    assert 0.0 < shares[1] < 0.001
    assert shares[2:].tolist() == [0.0, 0.0]
    assert float(p_visible(0.0, 0.0, 0.0, name)) == 1.0


def test_gentler_ground_shows_more() -> None:
    at_2_km = [
        float(p_visible(2_000.0, 10.0, 2.0, name)) for name in ("steppe", "rolling", "ridged", "mountain")
    ]
    assert at_2_km == sorted(at_2_km, reverse=True)
    # What a planner would meet: a 10 m post in open steppe sees about a third of the ground at 2 km.
    assert 0.25 < at_2_km[0] < 0.40


def test_chosen_ground_shows_more_and_is_refused_where_it_was_not_measured() -> None:
    plain = float(p_visible(3_000.0, 10.0, 2.0, "rolling"))
    assert float(p_visible(3_000.0, 10.0, 2.0, "rolling", chosen_ground=True)) > plain
    with pytest.raises(TerrainError, match="not known for gully_steppe"):
        p_visible(3_000.0, 10.0, 2.0, "gully_steppe", chosen_ground=True)


def test_stretching_ground_and_heights_alike_changes_no_odds() -> None:
    """Why one landscape's law may serve another: on a flat earth only proportions of height matter."""
    rolling, steppe = find_landscape("rolling").law, find_landscape("steppe").law
    ratio = steppe.relief_1km_m / rolling.relief_1km_m
    d, eye, target = np.array([300.0, 2_000.0, 9_000.0]), 10.0, 2.0
    np.testing.assert_allclose(
        odds_hidden(d, eye * ratio, target * ratio, steppe), odds_hidden(d, eye, target, rolling), rtol=1e-9
    )


def test_an_unknown_landscape_is_told_with_those_there_are() -> None:
    with pytest.raises(
        TerrainError, match="'savanna' is not a known landscape; use one of steppe, gully_steppe"
    ):
        p_visible(1_000.0, 2.0, 2.0, "savanna")
    with pytest.raises(TerrainError, match="from -1"):
        tune_law("rolling", 1.5)
    with pytest.raises(TerrainError, match="from -1"):
        tune_law("rolling", float("nan"))


@pytest.mark.parametrize(
    ("relief_m", "name"), [(0, "steppe"), (59, "steppe"), (60, "rolling"), (200, "ridged"), (900, "mountain")]
)
def test_relief_names_a_landscape(relief_m: float, name: str) -> None:
    assert name_landscape(Relief(3.0, 20.0, relief_m)) == name


def test_the_packaged_fit_says_how_good_it_is() -> None:
    text = (Path(statistical_sight.__file__).parent / "sight_fit.yaml").read_text(encoding="utf-8")
    record = yaml.safe_load(text)
    assert list(record["landscapes"]) == NAMES == list(load_landscapes())
    for name, entry in record["landscapes"].items():
        assert entry["goodness_of_fit"]["rmse"] < 0.03, name
        assert entry["goodness_of_fit"]["max_abs_error"] < 0.10, name
        assert entry["basis"] == ("scaled" if name == "steppe" else "measured")
        assert entry["odds_factor"]["high"] < 1.0 < entry["odds_factor"]["low"], name
        for parameter in entry["parameters"].values():
            low, high = parameter["range"]
            assert low <= parameter["value"] <= high, name
            assert parameter["standard_error"] > 0, name
    assert record["seed"] == 2025


def test_the_page_shows_the_packaged_fit() -> None:
    page = (REPOSITORY / "docs/sight-calibration.md").read_text(encoding="utf-8")
    for name, landscape in load_landscapes().items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`: "))
        assert f"| {landscape.law.hidden_odds_1km:.3g} ±" in row
        assert f"× {landscape.odds_factor_low:.2f} / × {landscape.odds_factor_high:.2f}" in row
    assert (REPOSITORY / "docs/sight-calibration.svg").stat().st_size > 10_000


@pytest.mark.parametrize("name", NAMES)
def test_kernel_agrees_with_plain_python_and_with_numpy(name: str) -> None:
    rng = np.random.default_rng(3)
    law = find_landscape(name).law
    observers = rng.uniform(0, 30_000, (20, 2))
    targets = np.vstack([rng.uniform(0, 30_000, (19, 2)), observers[:1]])
    eyes_m = rng.choice([0.0, 2.0, 30.0], 20)
    i, j = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    found = p_visible_pairs(law, observers, eyes_m, targets, 2.0, i, j)
    distance_m = np.hypot(*(observers[i] - targets[j]).T)
    horizon_m = optical_horizon_m(eyes_m) + optical_horizon_m(2.0)
    numbers = (law.hidden_odds_1km, law.distance_exponent, law.relief_1km_m, law.relief_exponent)
    expected = [
        _reference.statistical_share(*numbers, eyes_m[a], 2.0, float(horizon_m[a]), float(d))
        for a, d in zip(i, distance_m, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found, share_visible(distance_m, eyes_m[i], 2.0, law), rtol=1e-5, atol=1e-7)
    assert found[(i == 0) & (j == 19)] == 1.0
    assert len(_kernels.statistical_shares.signatures) == 1


@pytest.fixture(scope="module")
def calibration() -> Iterator[ModuleType]:
    path = REPOSITORY / "scripts/fit_sight.py"
    spec = importlib.util.spec_from_file_location("fit_sight", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_sight"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fit_sight"]


@pytest.mark.shared
@pytest.mark.slow
def test_the_calibration_done_again_small_agrees_with_the_packaged_fit(
    shared: Path, calibration: ModuleType
) -> None:
    fits, rises = calibration.calibrate(shared / "data/geo", seed=11, n_pairs=4_000, n_bootstrap=2)
    record = yaml.safe_load((Path(statistical_sight.__file__).parent / "sight_fit.yaml").read_text("utf-8"))
    for name, fit in fits.items():
        entry = record["landscapes"][name]
        packaged = find_landscape(name).law
        for k, key in enumerate(calibration.PARAMETERS):
            low, high = entry["parameters"][key]["range"]
            # A smaller draw has its own noise: half a range more on either side.
            slack = 0.5 * (high - low)
            assert low - slack <= np.exp(fit.log_parameters[k]) <= high + slack, (name, key)
        # What counts: the packaged law meets the pairs drawn anew as well as the page says.
        cells = fit.tally.cells()
        error = calibration.share_seen(cells, packaged) - cells[:, 3]
        assert np.sqrt(np.mean(error**2)) < entry["goodness_of_fit"]["rmse"] + 0.008, name
    assert rises["steppe_rise_m"] == pytest.approx(
        record["landscapes"]["steppe"]["scaled_from"]["steppe_rise_m"], rel=1e-3
    )


@pytest.mark.shared
def test_the_calibration_recovers_a_known_law(calibration: ModuleType) -> None:
    truth = statistical_sight.SightLaw(6.0, 0.8, 20.0, 0.5)
    grid = np.array(
        [(d, e, t, 0.0, 500.0) for d in (300, 900, 2_700, 8_000) for e in (2, 10, 30) for t in (1, 5)]
    )
    grid[:, 3] = calibration.share_seen(grid, truth)
    np.testing.assert_allclose(np.exp(calibration.fit_law(grid)), [6.0, 0.8, 20.0, 0.5], rtol=1e-3)
    assert calibration.fit_odds_factor(grid, truth) == pytest.approx(1.0, abs=1e-6)
