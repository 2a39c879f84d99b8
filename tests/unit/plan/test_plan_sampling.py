"""Bands of a plan: reproducible by seed, around the plan's own numbers, carried by what moves them."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_inputs import write_scenario

from truceline.errors import ScenarioError
from truceline.plan import Plan, make_plan
from truceline.plan.bands import Bands
from truceline.plan.sampling import N_DRIVERS, N_SAMPLES_MAX, N_SAMPLES_MIN, check_samples, sample_plan
from truceline.publish.document import document_plan, dump_document
from truceline.scenario.load import load_scenario


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give a plan with a map, brigades without a range, and bands of 24 samples."""
    file = write_scenario(tmp_path_factory.mktemp("sampled"), {"postures.watch.brigades": 1})
    return sample_plan(make_plan(load_scenario(file)), 24, 5)


@pytest.fixture(scope="module")
def bands(sampled: Plan) -> Bands:
    assert sampled.bands is not None
    return sampled.bands


def text_of(plan: Plan, n_samples: int, seed: int) -> str:
    return dump_document(document_plan(sample_plan(plan, n_samples, seed)))


def test_a_seed_gives_the_same_bands_and_another_gives_others(length_plan: Plan) -> None:
    assert text_of(length_plan, 60, 1) == text_of(length_plan, 60, 1)
    first, second = (sample_plan(length_plan, 60, seed).bands for seed in (1, 2))
    assert first is not None
    assert second is not None
    assert first.bands["force.deployed"] != second.bands["force.deployed"]
    assert first.bands["force.deployed"].median == pytest.approx(
        second.bands["force.deployed"].median, rel=0.05
    )


def test_the_seed_is_recorded(sampled: Plan, bands: Bands) -> None:
    assert bands.seed == sampled.provenance.seed == 5
    assert bands.n_samples == 24


def test_bands_are_ordered_and_hold_what_was_planned(sampled: Plan, bands: Bands) -> None:
    for name, band in bands.bands.items():
        assert band.low <= band.median <= band.high, name
    detect = bands.bands["watch.detect"]
    assert detect.low < sampled.chosen.headlines["watch.detect"].value < detect.high
    deployed = bands.bands["force.deployed"]
    assert deployed.low < sampled.chosen.headlines["force.deployed"].value < deployed.high


def test_sampling_changes_no_number_of_the_plan(sampled: Plan) -> None:
    again = make_plan(sampled.scenario)
    for name, traced in again.chosen.headlines.items():
        assert sampled.chosen.headlines[name].value == traced.value


def test_every_share_stays_a_share(bands: Bands) -> None:
    for name, band in bands.bands.items():
        if name.startswith(("watch.", "crossing.")):
            assert 0 <= band.low <= band.high <= 1, name


def test_drivers_are_few_ranged_and_able_to_move_the_number(sampled: Plan, bands: Bands) -> None:
    for name, drivers in bands.drivers.items():
        assert len(drivers) <= N_DRIVERS
        assert [driver.share for driver in drivers] == sorted((d.share for d in drivers), reverse=True)
        assert all(0 <= driver.share <= 1 for driver in drivers), name
        for driver in drivers:
            if driver.name in sampled.assumptions:
                assert sampled.assumptions[driver.name].has_range
    by_name = {name: {driver.name for driver in drivers} for name, drivers in bands.drivers.items()}
    people = ("staffing.", "patrol.", "support.", "reaction.", "deterrence.", "rotation.")
    assert not any(driver.startswith(people) for driver in by_name["watch.detect"])
    assert not any(driver.startswith(("detection.", "sight.")) for driver in by_name["force.deployed"])
    assert not any(driver.startswith("rotation.") for driver in by_name["force.deployed"])
    assert any(driver.startswith("rotation.") for driver in by_name["force.pool"])


def test_the_size_of_a_brigade_carries_deterrence_where_their_number_is_certain(bands: Bands) -> None:
    (driver,) = bands.drivers["force.deterrence"]
    assert driver.name == "deterrence.brigade_people"
    assert driver.share == pytest.approx(1)


def test_no_brigades_have_no_band_and_no_drivers(length_plan: Plan) -> None:
    bands = sample_plan(length_plan, 30, 0).bands
    assert bands is not None
    assert bands.drivers["force.deterrence"] == ()
    band = bands.bands["force.deterrence"]
    assert (band.low, band.median, band.high) == (0, 0, 0)


def test_brigades_with_a_range_carry_it(tmp_path: Path) -> None:
    text = (
        "format: 1\nname: long-line\ntitle: t\nas_of: 2025-01-01\nline: {length: 100 km}\nposture: p\n"
        "postures:\n  p:\n    label: P\n    given: {posts: 20}\n"
        "    brigades: {value: 4, range: [2, 5], evidence: judgement, source: {title: us}}\n"
    )
    (tmp_path / "long-line.yaml").write_text(text, encoding="utf-8")
    bands = sample_plan(make_plan(load_scenario(tmp_path / "long-line.yaml")), 200, 0).bands
    assert bands is not None
    assert bands.drivers["force.deterrence"][0].name == "posture.brigades"
    assert {driver.name for driver in bands.drivers["force.deterrence"]} == {
        "posture.brigades",
        "deterrence.brigade_people",
    }
    assert 2 * 4000 <= bands.bands["force.deterrence"].low < bands.bands["force.deterrence"].high <= 5 * 6000


def test_progress_runs_to_the_end_and_can_interrupt(length_plan: Plan) -> None:
    told: list[tuple[str, float]] = []
    sample_plan(length_plan, 20, 0, lambda stage, share: told.append((stage, share)))
    assert ("ranges", 1.0) in told
    assert told[-1] == ("samples", 1.0)

    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_plan(length_plan, 20, 0, stop)


@pytest.mark.parametrize("n_samples", [-1, 0, N_SAMPLES_MIN - 1, N_SAMPLES_MAX + 1])
def test_numbers_of_samples_out_of_bounds_are_refused(n_samples: int) -> None:
    with pytest.raises(ScenarioError, match=f"--samples  {n_samples} is out of bounds"):
        check_samples(n_samples, 0)


def test_samples_and_seed_are_both_told(length_plan: Plan) -> None:
    with pytest.raises(ScenarioError) as caught:
        sample_plan(length_plan, 3, -4)
    assert [problem.where for problem in caught.value.problems] == ["--samples", "--seed"]
    check_samples(N_SAMPLES_MIN, 0)
    check_samples(N_SAMPLES_MAX, 2**63)
