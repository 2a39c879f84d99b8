"""The same simulation in plain Python, slow and readable: the judge of the compiled loop in `_kernels`.

It draws the same keys, so it must give the same incidents and the same sums to the last bit. Read this to
know what the model does. Kilometres, days; no checks. Not for use beyond tests: it is a thousand times
slower.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from truceline.simulate import _layout as at
from truceline.simulate._layout import Floats, Places, Rules, Sums
from truceline.simulate.results import (
    DAY_MEASURES,
    MEASURES,
    N_CHAIN,
    N_SURVIVAL_BINS,
    SURVIVAL_EVERY,
    SURVIVAL_UNIT,
)

_BITS = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_CHILD_STEP = 0xD1342543DE82EF95
_MEAN_MAX = 500.0
_TINY = 1e-18


def mix(z: int) -> int:
    """Return the finisher of SplitMix64."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _BITS
    return z ^ (z >> 31)


def uniform(key: int, purpose: int) -> float:
    """Return the number of a key for a purpose, above 0 and below 1."""
    return ((mix((key + (purpose + 1) * _GOLDEN) & _BITS) >> 11) + 0.5) * 2.0**-53


def child_key(key: int, number: int) -> int:
    """Return the key of a child."""
    return mix((mix(key) + (number + 1) * _CHILD_STEP) & _BITS)


def normal(key: int, purpose: int) -> float:
    """Return a standard normal number (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, purpose)))
    return radius * math.cos(2.0 * math.pi * uniform(key, purpose + 1))


def invert_poisson(u: float, mean: float) -> int:
    """Return the Poisson number at a share u."""
    n, p = 0, math.exp(-mean)
    total = p
    while u > total:
        n += 1
        p *= mean / n
        total += p
        if p < _TINY and n > mean:
            break
    return n


def poisson(key: int, mean: float) -> int:
    """Return a Poisson number, in parts where the mean is large."""
    parts = max(1, math.ceil(mean / _MEAN_MAX))
    return sum(invert_poisson(uniform(key, part), mean / parts) for part in range(parts))


@dataclass
class Cluster:
    """A background incident and all that follows."""

    root: int
    waiting: int = 0
    chain: int = 0


@dataclass
class Incident:
    """One incident, from the moment that its place and day are known."""

    key: int
    time: float
    km: float
    side: int
    rung: int
    cluster: Cluster
    parent: int = 0
    depth: int = 0
    cross: bool = False
    light: int = -1
    deliberate: bool = False
    moved: bool = False


@dataclass
class Replicate:
    """One replicate in progress."""

    number: int
    p: dict[str, float]
    places: Places
    rules: Rules
    sums: Sums
    tally: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0.0))
    today: dict[str, int] = field(default_factory=dict)
    waiting: dict[int, list[Incident]] = field(default_factory=lambda: defaultdict(list))
    daily: list[int] = field(default_factory=list)
    named: dict[tuple[int, int, bool], int] = field(default_factory=lambda: defaultdict(int))
    """Day, side named, whether rightly: attributed reports."""
    hazards: list[list[float]] = field(default_factory=lambda: [[0.0], [0.0]])
    in_a_row: int = 0
    rows: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def length(self) -> float:
        """Length of the line."""
        return self.places.bin_km * self.places.n_bins

    @property
    def key(self) -> int:
        """Key of the replicate."""
        return child_key(mix((int(self.rules.seed) & _BITS) ^ _GOLDEN), self.number)

    def run(self) -> None:
        """Simulate day after day."""
        for name in ("first_response_day", "surge_day", "runaway_day"):
            self.tally[name] = math.nan
        self.tally["highest_rung"] = -1
        for day in range(self.rules.n_days):
            self.today = dict.fromkeys(DAY_MEASURES, 0)
            ran_away = not self.run_day(day)
            self.daily.append(self.today["n_incidents"])
            if ran_away:
                self.tally["runaway_day"] = day
                if self.not_surged:
                    self.tally["surge_day"] = day
            else:
                self.add_hazard(day)
                self.mark_surge(day)
                self.pull_triggers(day)
            self.close_day(day)
            if ran_away:
                break
        self.close()

    @property
    def not_surged(self) -> bool:
        """Tell whether there was no collapse yet."""
        return math.isnan(self.tally["surge_day"])

    @property
    def surge_day(self) -> float:
        """Day of the collapse, NaN without one."""
        return self.tally["surge_day"]

    def run_day(self, day: int) -> bool:
        """Let everything of a day happen; return False when the replicate has run away."""
        p = self.p
        week = child_key(child_key(self.key, at.WEEKS), day // at.WEEK_DAYS)
        variance = math.log(1.0 + p["background_cv"] * p["background_cv"])
        factor = math.exp(math.sqrt(variance) * normal(week, 0) - 0.5 * variance)
        level = 1.0 - (1.0 - p["first_week_level"]) * math.exp(-(day + 0.5) / p["return_time"])
        mean = p["background_rate"] * self.length / at.KM_OF_RATE * level * factor
        if mean > self.rules.day_incidents_max:
            return False
        for side in (0, 1):
            day_key = child_key(child_key(self.key, at.BACKGROUND), 2 * day + side)
            for number in range(poisson(day_key, mean)):
                self.background(day, child_key(day_key, number), side)
        while self.waiting[day]:
            self.due(day, self.waiting[day].pop())
            in_flight = sum(len(incidents) for incidents in self.waiting.values())
            if (
                self.today["n_incidents"] > self.rules.day_incidents_max
                or in_flight > self.rules.in_flight_max
            ):
                return False
        false_key = child_key(child_key(self.key, at.FALSE_REPORTS), day)
        for number in range(poisson(false_key, p["false_report_rate"] * self.length / at.KM_OF_RATE)):
            self.false_report(day, child_key(false_key, number))
        return True

    def background(self, day: int, key: int, side: int) -> None:
        """Let a background candidate happen, elsewhere, or not at all."""
        bin_ = min(bisect.bisect_left(self.places.where, uniform(key, at.WHERE)), self.places.n_bins - 1)
        rung = self.draw_kind(key)
        light = self.draw_light(key)
        deliberate = moved = False
        if uniform(key, at.DELIBERATE) < self.p["deliberate_share"]:
            deliberate = True
            self.today["n_deliberate"] += 1
            if uniform(key, at.DETERRED) >= self.share_left(bin_, light, rung):
                self.today["n_deterred"] += 1
                if uniform(key, at.MOVED) >= self.p["displaced_share"]:
                    return
                moved = True
                self.today["n_displaced"] += 1
                bin_ = self.least_exposed(bin_, rung, uniform(key, at.MOVED_FIRST) < 0.5)
                light = int(self.places.least_state[bin_, rung])
        time = day + self.hour_in(light, uniform(key, at.HOUR))
        km = (bin_ + uniform(key, at.WITHIN)) * self.places.bin_km
        cluster = Cluster(root=key)
        incident = Incident(
            key, time, km, side, rung, cluster, light=light, deliberate=deliberate, moved=moved
        )
        self.waiting[day].append(incident)

    def due(self, day: int, incident: Incident) -> None:
        """Let an incident happen on its day; light and weather of an offspring are those of its time."""
        if incident.light >= 0:
            pass
        elif uniform(incident.key, at.WEATHER) < self.places.p_bad:
            incident.light = 2
        else:
            hour = incident.time - day
            half = 0.5 * self.places.dark
            incident.light = 1 if hour < half or hour >= 1.0 - half else 0
        self.happen(day, incident)
        cluster = incident.cluster
        cluster.chain = max(cluster.chain, incident.depth)
        if incident.parent:
            cluster.waiting -= 1
        else:
            self.today["n_background"] += 1
            self.tally["n_clusters"] += 1
        if cluster.waiting == 0:
            self.close_cluster(cluster)

    def close_cluster(self, cluster: Cluster) -> None:
        """Count a cluster that is over."""
        self.sums.chains[min(cluster.chain, N_CHAIN - 1)] += 1
        self.tally["n_unanswered_clusters"] += cluster.chain == 0

    def happen(self, day: int, incident: Incident) -> None:
        """Give an incident its size, see it or not, and put its offspring on their days."""
        key, side, rung = incident.key, incident.side, incident.rung
        size = self.draw_size(uniform(key, at.SIZE))
        bin_ = min(int(incident.km / self.places.bin_km), self.places.n_bins - 1)
        detect, verify, attribute = self.places.seen[bin_, incident.light, rung]
        u = uniform(key, at.SEEN)
        stage = 0 if u >= detect else 1 + (u < verify) + (u < attribute)
        self.today["n_incidents"] += 1
        self.today["n_violations"] += size
        self.today["n_replies"] += incident.cross
        self.today["n_detected"] += stage >= 1
        self.today["n_verified"] += stage >= 2
        self.today["n_attributed"] += stage >= 3
        self.today["n_violations_detected"] += size * (stage >= 1)
        for s in range(stage + 1):
            self.sums.by_rung[rung, s] += 1
            self.sums.by_sector[self.places.sector[bin_], side, s] += 1
        named = -1
        if stage == 3:
            wrong = uniform(key, at.NAMED) < self.p["wrong_side"]
            named = 1 - side if wrong else side
            self.named[day, named, not wrong] += 1
            self.tally["n_attributed_wrong"] += wrong
        self.tally["highest_rung"] = max(self.tally["highest_rung"], rung)
        whole = (side, rung, incident.light, size, incident.deliberate, incident.moved, stage, named, 0)
        self.rows.append((key, incident.parent, incident.cluster.root, incident.time, incident.km, *whole))
        for child in self.offspring(incident, verified=stage >= 2):
            incident.cluster.waiting += 1
            self.waiting[int(child.time)].append(child)

    def offspring(self, parent: Incident, *, verified: bool) -> Iterator[Incident]:
        """Return what follows from an incident within the horizon; a verified one is answered less often."""
        p = self.p
        calm = p["clarification"] if verified else 1.0
        n_self = min(invert_poisson(uniform(parent.key, at.N_SELF), p["n_self"]), at.CHILDREN_MAX)
        n_cross = min(invert_poisson(uniform(parent.key, at.N_CROSS), calm * p["n_cross"]), at.CHILDREN_MAX)
        self.tally["n_unanswered"] += n_cross == 0
        down = max(0.0, 1.0 - p["escalation_stay"] - p["escalation_up"])
        for cross, n in ((False, n_self), (True, n_cross)):
            for number in range(n):
                key = child_key(parent.key, number + at.CHILDREN_MAX * cross)
                time = parent.time - p["delay"] * math.log(uniform(key, at.DELAY))
                if time >= self.rules.n_days:
                    continue
                km = parent.km + p["spread"] * normal(key, at.STEP)
                while not 0.0 <= km <= self.length:  # thrown back at the ends of the line
                    km = -km if km < 0.0 else 2.0 * self.length - km
                u, rung = uniform(key, at.RUNG_STEP), parent.rung
                if u < p["escalation_up"] * calm:
                    rung = min(rung + 1, 4)
                elif u >= 1.0 - down:
                    rung = max(rung - 1, 0)
                self.sums.ladder[parent.rung, rung] += 1
                side = 1 - parent.side if cross else parent.side
                depth = parent.depth + cross
                yield Incident(key, time, km, side, rung, parent.cluster, parent.key, depth, cross)

    def share_left(self, bin_: int, light: int, rung: int) -> float:
        """Return D(q) / D(0), the share of deliberate incidents that detection does not deter."""
        p = self.p
        q = self.places.seen[bin_, light, rung, 2] * p["p_consequence"]
        q_star, width = p["deterrence_threshold"], p["deterrence_width"]
        return float(
            (1.0 + math.exp(-q_star / width)) / (1.0 + math.exp(min((q - q_star) / width, at.EXPONENT_MAX)))
        )

    def least_exposed(self, bin_: int, rung: int, first_right: bool) -> int:
        """Return the bin within reach where least is attributed, the nearest of equals."""
        radius = int(self.p["displacement_reach"] / self.places.bin_km)
        order = [bin_]
        for step in range(1, radius + 1):
            order += [bin_ + step, bin_ - step] if first_right else [bin_ - step, bin_ + step]
        inside = [to for to in order if 0 <= to < self.places.n_bins]
        return min(inside, key=lambda to: self.places.least[to, rung])  # the first of equals

    def draw_kind(self, key: int) -> int:
        """Return the rung of a background incident."""
        kinds = [self.p[name] for name in at.PARAMETER_ORDER[at.KINDS :]]
        total = kinds[0] + kinds[1] + kinds[2] + kinds[3] + kinds[4]
        u, so_far = uniform(key, at.KIND), 0.0
        for rung, share in enumerate(kinds[:4]):
            so_far += share
            if u < so_far / total:
                return rung
        return 4

    def draw_light(self, key: int) -> int:
        """Return light and weather of an incident whose time is not known yet."""
        if uniform(key, at.WEATHER) < self.places.p_bad:
            return 2
        if self.places.dark in (0.0, 1.0):
            return int(self.places.dark)
        return 1 if uniform(key, at.NIGHT) < self.p["night_share"] else 0

    def hour_in(self, light: int, u: float) -> float:
        """Return a time of day at which it is so."""
        dark = self.places.dark
        if light == 0:
            return 0.5 * dark + u * (1.0 - dark)
        if light == 1:
            return u * dark if u * dark < 0.5 * dark else 1.0 - dark + u * dark
        return u

    def draw_size(self, u: float) -> int:
        """Return 1 + a negative binomial number by inversion."""
        over, k = self.p["size_mean"] - 1.0, self.p["size_dispersion"]
        ratio = over / (over + k)
        j, term = 0, math.exp(-k * math.log1p(over / k))
        total = term
        while u > total and j < at.SIZE_MAX - 1:
            term *= (k + j) / (j + 1) * ratio
            j += 1
            total += term
            if term < _TINY and j > over:
                break
        return 1 + j

    def false_report(self, day: int, key: int) -> None:
        """Let a report come with nothing behind it, where anybody looks."""
        bin_ = min(int(uniform(key, at.WHERE) * self.places.n_bins), self.places.n_bins - 1)
        rung, light = self.draw_kind(key), self.draw_light(key)
        detect, verify, attribute = self.places.seen[bin_, light, rung]
        if detect <= 0.0:
            return
        self.today["n_false_reports"] += 1
        u = uniform(key, at.FALSE_VERIFIED) * detect
        stage = 1 + (u < verify) + (u < attribute)
        side = 0 if uniform(key, at.BLAMED) < 0.5 else 1
        if stage == 3:
            self.named[day, side, False] += 1
            self.tally["n_false_attributed"] += 1
        time = day + self.hour_in(light, uniform(key, at.HOUR))
        km = (bin_ + uniform(key, at.WITHIN)) * self.places.bin_km
        named = side if stage == 3 else -1
        self.rows.append((key, 0, key, time, km, side, rung, light, 1, 0, 0, stage, named, 1))

    def recent(self, n: int) -> int:
        """Return the incidents of the last n days."""
        return sum(self.daily[-n:])

    def add_hazard(self, day: int) -> None:
        """Add the hazard of the day, for r = 1, to both baselines."""
        p = self.p
        week = self.recent(at.WEEK_DAYS) / min(day + 1, at.WEEK_DAYS)
        memory = self.recent(at.MEMORY_DAYS) / min(day + 1, at.MEMORY_DAYS)
        z = math.log((week + at.FLOOR_PER_DAY) / (memory + at.FLOOR_PER_DAY))
        shape = p["hazard_shape"]
        rise: float = (day + 1.0) ** shape - float(day) ** shape
        rise *= math.exp(p["hazard_exponent"] * z)
        if self.places.verifies:
            rise *= p["hr_monitor"]
        stretch = math.gamma(1.0 + 1.0 / shape)
        for cumulated, name in zip(self.hazards, ("minsk_hazard", "armistice_hazard"), strict=True):
            cumulated.append(cumulated[-1] + rise * (p[name] * stretch) ** shape)

    def mark_surge(self, day: int) -> None:
        """Mark the first day on which the week has stood high above the quiet level long enough."""
        p = self.p
        level = 1.0 - (1.0 - p["first_week_level"]) * math.exp(-0.5 * at.WEEK_DAYS / p["return_time"])
        expected = 2.0 * p["background_rate"] * self.length / at.KM_OF_RATE * level
        branching = p["n_self"] + p["n_cross"]
        if branching < 1.0:
            expected /= 1.0 - branching
        above = self.recent(at.WEEK_DAYS) / at.WEEK_DAYS > p["surge_multiple"] * max(
            expected, at.FLOOR_PER_DAY
        )
        self.in_a_row = self.in_a_row + 1 if above else 0
        if self.not_surged and above and self.in_a_row >= p["surge_days"]:
            self.tally["surge_day"] = day

    def pull_triggers(self, day: int) -> None:
        """Apply the trigger rule to both sides."""
        p = self.p
        window = range(max(0, day - int(p["trigger_days"]) + 1), day + 1)
        for side in (0, 1):
            right = sum(self.named[d, side, True] for d in window)
            count = right + sum(self.named[d, side, False] for d in window)
            if count <= p["trigger_count"]:
                continue
            for d in window:
                self.named[d, side, True] = self.named[d, side, False] = 0
            false = right <= p["trigger_count"]
            self.today["n_triggers"] += 1
            self.tally["n_triggers"] += 1
            self.tally["n_false_triggers"] += false
            answers = child_key(child_key(self.key, at.RESPONSES), 2 * day + side)
            if uniform(answers, 0) < p["trigger_response"]:
                self.tally["n_responses"] += 1
                self.tally["n_false_responses"] += false
                if math.isnan(self.tally["first_response_day"]):
                    self.tally["first_response_day"] = day + p["trigger_delay"]

    def close_day(self, day: int) -> None:
        """Add the day to the sums."""
        for j, name in enumerate(DAY_MEASURES):
            if j < at.DAY_TRIGGERS:
                self.tally[name] += self.today[name]
            self.sums.day_sums[day, j] += self.today[name]
        if self.surge_day == day:
            self.sums.day_sums[day:, at.DAY_SURGED] += 1
        self.sums.day_sums[day, at.DAY_RUNNING] += 1
        counted = ("n_incidents", "n_detected", "n_violations", "n_violations_detected")
        for c, name in enumerate(counted):
            bin_ = bisect.bisect_right(list(self.rules.count_edges), self.today[name]) - 1
            self.sums.day_counts[c, day, bin_] += 1

    def close(self) -> None:
        """Write the measures and add the survival of the replicate."""
        n_days, horizons = self.rules.n_days, [int(h) for h in self.rules.horizons]
        collapsed = n_days + 1 if self.not_surged else int(self.surge_day)
        runaway = self.tally["runaway_day"]
        known = n_days if math.isnan(runaway) else int(runaway)
        for b, name in enumerate(("minsk", "armistice")):
            for h, day in enumerate(horizons):
                self.tally[f"{name}_hazard_{day}"] = self.hazards[b][day] if day <= known else math.nan
                for d, r in enumerate(self.rules.dial):
                    if day <= n_days:
                        s = self.survival(b, float(r), day) if day <= known else 0.0
                        part = min(int(s * N_SURVIVAL_BINS), N_SURVIVAL_BINS - 1)
                        self.sums.survival_counts[b, d, h, part] += 1
            for d, r in enumerate(self.rules.dial):
                for point, day in enumerate(range(0, known + 1, SURVIVAL_EVERY)):
                    s = self.survival(b, float(r), day)
                    self.sums.survival[b, d, point] += s
                    self.sums.survival_strict[b, d, point] += s if day <= collapsed else 0.0

    def survival(self, baseline: int, r: float, day: int) -> float:
        """Return exp(-r hazard), rounded."""
        return math.floor(math.exp(-(r * self.hazards[baseline][day])) / SURVIVAL_UNIT + 0.5) * SURVIVAL_UNIT


def simulate(
    matrix: Floats, first: int, places: Places, rules: Rules, sums: Sums
) -> list[tuple[object, ...]]:
    """Simulate every row of the matrix and add to the sums, as the compiled loop does.

    Returns every row as (key, parent, root, time, km, and the whole numbers of `Rows.whole`).
    """
    written: list[tuple[object, ...]] = []
    for i, values in enumerate(matrix):
        p = {name: float(value) for name, value in zip(at.PARAMETER_ORDER, values, strict=True)}
        replicate = Replicate(first + i, p, places, rules, sums)
        replicate.run()
        sums.measures[i] = [replicate.tally[name] for name in MEASURES]
        written += replicate.rows
    return written
