"""The same ceasefire as a model of agents in Mesa: python -m peer_mesa replicates days cores.

An agent stands for the forces of one side in one sector of the line; a day is a step. Each agent lets its own
incidents happen and puts what follows from them with whoever will do it, as agents of one side or the other.
Everything of the whole model is there: wandering weeks, deliberate incidents that detection deters or moves,
offspring with delay, place and rung, clarification, sizes, what is seen, verified and attributed, false
reports, the trigger, the surge and the hazard of both baselines. Written to be quick in its own terms: tables
as lists, Python's own random numbers, the heap of the standard library, one process for each core.
"""

from __future__ import annotations

import heapq
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from random import Random
from typing import Any

import mesa
import numpy as np
from book import report
from simulate_cases import central_values, make_arrays

FLOOR_PER_DAY = 1.0 / 7.0
N_RUNGS = 5


def main() -> None:
    """Run replicates over the cores and tell incidents, time and means."""
    n_replicates, n_days, n_cores = map(int, sys.argv[1:])
    with ProcessPoolExecutor(n_cores) as pool:
        list(pool.map(run_replicate, [(seed, 2) for seed in range(n_cores)]))  # imports before the clock
        started = time.perf_counter()
        found = list(pool.map(run_replicate, [(1000 + seed, n_days) for seed in range(n_replicates)]))
        spent = time.perf_counter() - started
    totals = {key: sum(each[key] for each in found) for key in found[0]}
    report({"seconds": spent, "replicates": n_replicates, "version": mesa.__version__, **totals})


def run_replicate(job: tuple[int, int]) -> dict[str, float]:
    """Run one replicate."""
    seed, n_days = job
    began = time.process_time()
    model = Ceasefire(seed, n_days)
    for _ in range(n_days):
        model.step()
    return {**model.tally, "hazard": model.hazard[0], "core_seconds": time.process_time() - began}


class Ceasefire(mesa.Model):
    """One line, two sides, a mission that watches."""

    def __init__(self, seed: int, n_days: int) -> None:
        super().__init__(seed=seed)
        self.p = central_values()
        self.n_days = n_days
        self.day = 0
        self.line = Line()
        self.factor = 1.0
        self.tally = dict.fromkeys(("incidents", "detected", "verified", "attributed", "violations"), 0)
        self.tally |= dict.fromkeys(("deliberate", "deterred", "replies", "false_reports", "triggers"), 0)
        self.daily: list[int] = []
        self.named: list[list[int]] = []
        self.hazard = [0.0, 0.0]
        self.surge_day = -1
        self.n_high = 0
        self.quiet = self.expect_quiet()
        self.units = [
            [Unit(self, side, sector, stretch) for sector, stretch in enumerate(self.line.stretches)]
            for side in range(2)
        ]

    def step(self) -> None:
        """Let a day pass."""
        p, draw = self.p, self.random
        if self.day % 7 == 0:
            variance = math.log1p(p["background_cv"] ** 2)
            self.factor = math.exp(math.sqrt(variance) * draw.gauss(0.0, 1.0) - variance / 2)
        self.daily.append(0)
        self.named.append([0, 0])
        self.agents.do("violate")
        while any(unit.has_due() for side in self.units for unit in side):
            self.agents.do("follow_up")
        self.report_falsely()
        self.judge()
        self.day += 1

    def unit_at(self, side: int, place: int) -> Unit:
        """Return who does what happens at a place."""
        return self.units[side][self.line.sector[place]]

    def report_falsely(self) -> None:
        """Let reports come with nothing behind them."""
        draw, line = self.random, self.line
        for _ in range(draw_poisson(draw, self.p["false_report_rate"] * line.length_km / 100.0)):
            place, rung = draw.randrange(line.n_bins), self.draw_rung()
            detect, _, attribute = line.chances[place][self.draw_state()][rung]
            if detect > 0.0:
                self.tally["false_reports"] += 1
                if draw.random() * detect < attribute:
                    self.named[-1][draw.randrange(2)] += 1

    def draw_rung(self) -> int:
        """Return the rung at which an incident begins."""
        u = self.random.random()
        for rung, share in enumerate(self.line.kinds):
            u -= share
            if u < 0.0:
                return rung
        return 0

    def draw_state(self) -> int:
        """Return light and weather."""
        if self.random.random() < self.line.p_bad:
            return 2
        return 1 if self.random.random() < self.p["night_share"] else 0

    def judge(self) -> None:
        """Close the day: the trigger rule, the surge, the hazard of both baselines."""
        p = self.p
        window = self.named[-int(p["trigger_days"]) :]
        for side in range(2):
            if sum(day[side] for day in window) > p["trigger_count"]:
                self.tally["triggers"] += 1
                for day in window:
                    day[side] = 0
        week, memory = self.daily[-7:], self.daily[-60:]
        rate, usual = sum(week) / len(week), sum(memory) / len(memory)
        self.n_high = self.n_high + 1 if sum(week) / 7 > p["surge_multiple"] * self.quiet else 0
        if self.surge_day < 0 and self.n_high >= p["surge_days"]:
            self.surge_day = self.day
        z = math.log((rate + FLOOR_PER_DAY) / (usual + FLOOR_PER_DAY))
        shape = p["hazard_shape"]
        weibull = (self.day + 1) ** shape - self.day**shape
        factor = weibull * math.exp(p["hazard_exponent"] * z) * p["hr_monitor"]
        for number, name in enumerate(("minsk_hazard", "armistice_hazard")):
            self.hazard[number] += (p[name] * math.gamma(1 + 1 / shape)) ** shape * factor

    def expect_quiet(self) -> float:
        """Return the incidents a day that are to be expected in the middle of the first week."""
        p = self.p
        level = 1.0 - (1.0 - p["first_week_level"]) * math.exp(-3.5 / p["return_time"])
        background = 2.0 * p["background_rate"] * self.line.length_km / 100.0 * level
        return max(background / (1.0 - p["n_self"] - p["n_cross"]), FLOOR_PER_DAY)


class Line:
    """The line as lists, the same for all replicates of a process."""

    _made: dict[str, Any] | None = None

    def __init__(self) -> None:
        if Line._made is None:
            Line._made = make_tables()
        self.__dict__.update(Line._made)


def make_tables() -> dict[str, Any]:
    """Return what is looked up for every incident, as lists."""
    arrays, p = make_arrays(), central_values()
    stacked = np.stack([arrays["detect"], arrays["verify"], arrays["attribute"]], axis=-1)
    names = list(dict.fromkeys(arrays["sectors"]))
    sector = [names.index(name) for name in arrays["sectors"]]
    n_bins = arrays["n_bins"]
    least = arrays["attribute"].min(axis=1)
    reach = int(p["displacement_reach"] / arrays["bin_km"])
    weakest = [
        [
            int(max(b - reach, 0) + np.argmin(least[max(b - reach, 0) : b + reach + 1, rung]))
            for rung in range(N_RUNGS)
        ]
        for b in range(n_bins)
    ]
    stretches = [[b for b in range(n_bins) if sector[b] == index] for index in range(len(names))]
    kinds = ("small_arms", "mortar", "tank_or_heavy", "artillery", "rocket_artillery")
    return {
        "chances": stacked.tolist(),
        "where": arrays["where"].tolist(),
        "sector": sector,
        "stretches": stretches,
        "weakest": weakest,
        "weakest_state": arrays["attribute"].argmin(axis=1).tolist(),
        "n_bins": n_bins,
        "bin_km": arrays["bin_km"],
        "length_km": n_bins * arrays["bin_km"],
        "p_bad": arrays["state_share"][2],
        "kinds": [p[f"kind_{name}"] for name in kinds],
    }


class Unit(mesa.Agent):
    """The forces of one side in one sector."""

    def __init__(self, model: Ceasefire, side: int, sector: int, stretch: list[int]) -> None:
        super().__init__(model)
        self.side, self.sector, self.stretch = side, sector, stretch
        self.shares = [model.line.where[place] for place in stretch]
        self.share = sum(self.shares)
        self.sums = list(np.cumsum(self.shares))
        self.waiting: list[tuple[float, int, int]] = []

    def has_due(self) -> bool:
        """Tell whether anything is to happen today."""
        return bool(self.waiting) and self.waiting[0][0] < self.model.day + 1

    def violate(self) -> None:
        """Let the incidents happen that answer no other."""
        model, p = self.model, self.model.p
        level = 1.0 - (1.0 - p["first_week_level"]) * math.exp(-(model.day + 0.5) / p["return_time"])
        mean = p["background_rate"] * model.line.length_km / 100.0 * level * model.factor * self.share
        for _ in range(draw_poisson(model.random, mean)):
            self.begin()

    def begin(self) -> None:
        """Let one incident begin, elsewhere, or not at all where it is deliberate and deterred."""
        model, p, draw, line = self.model, self.model.p, self.model.random, self.model.line
        place = draw.choices(self.stretch, cum_weights=self.sums)[0]
        rung, state = model.draw_rung(), model.draw_state()
        if draw.random() < p["deliberate_share"]:
            model.tally["deliberate"] += 1
            q = line.chances[place][state][rung][2] * p["p_consequence"]
            threshold, width = p["deterrence_threshold"], p["deterrence_width"]
            left = (1 + math.exp(-threshold / width)) / (1 + math.exp((q - threshold) / width))
            if draw.random() >= left:
                model.tally["deterred"] += 1
                if draw.random() >= p["displaced_share"]:
                    return
                place = line.weakest[place][rung]
                state = line.weakest_state[place][rung]
        self.happen(model.day + draw.random(), place, rung, state)

    def follow_up(self) -> None:
        """Let what is due today happen."""
        model = self.model
        while self.has_due():
            moment, place, rung = heapq.heappop(self.waiting)
            self.happen(moment, place, rung, model.draw_state())

    def happen(self, moment: float, place: int, rung: int, state: int) -> None:
        """Let an incident happen: its size, who sees it, and what follows."""
        model, p, draw, tally = self.model, self.model.p, self.model.random, self.model.tally
        detect, verify, attribute = model.line.chances[place][state][rung]
        tally["incidents"] += 1
        model.daily[-1] += 1
        k = p["size_dispersion"]
        tally["violations"] += 1 + draw_poisson(draw, draw.gammavariate(k, (p["size_mean"] - 1) / k))
        u = draw.random()
        verified = u < verify
        if u < detect:
            tally["detected"] += 1
            tally["verified"] += verified
            if u < attribute:
                tally["attributed"] += 1
                wrong = draw.random() < p["wrong_side"]
                model.named[-1][1 - self.side if wrong else self.side] += 1
        clear = p["clarification"] if verified else 1.0
        for _ in range(draw_poisson(draw, p["n_self"])):
            self.bring_on(self.side, moment, place, rung, clear)
        for _ in range(draw_poisson(draw, p["n_cross"] * clear)):
            tally["replies"] += 1
            self.bring_on(1 - self.side, moment, place, rung, clear)

    def bring_on(self, side: int, moment: float, place: int, rung: int, clear: float) -> None:
        """Put an offspring with whoever will do it."""
        model, p, draw, line = self.model, self.model.p, self.model.random, self.model.line
        due = moment + draw.expovariate(1.0 / p["delay"])
        if due >= model.n_days:
            return
        km = (place + 0.5) * line.bin_km + draw.gauss(0.0, p["spread"])
        to = min(max(int(abs(km) / line.bin_km), 0), line.n_bins - 1)
        u, up = draw.random(), p["escalation_up"]
        if u < up * clear:
            rung = min(rung + 1, 4)
        elif u >= p["escalation_stay"] + up:
            rung = max(rung - 1, 0)
        heapq.heappush(model.unit_at(side, to).waiting, (due, to, rung))


def draw_poisson(draw: Random, mean: float) -> int:
    """Return a Poisson number by counting (Knuth), in parts where the mean is large."""
    n = 0
    while mean > 30.0:  # exp(-mean) would lose its digits
        n += draw_poisson(draw, 30.0)
        mean -= 30.0
    product, least = draw.random(), math.exp(-mean)
    while product > least:
        n += 1
        product *= draw.random()
    return n


if __name__ == "__main__":
    main()
