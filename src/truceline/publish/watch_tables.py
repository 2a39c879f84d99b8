"""Tables of what stands where and what it sees: posts, patrols, sectors, detection, crossings, the curve.

Places are given to a thousandth of a degree (about 100 m), the precision at which an agreement's own
commission would publish them; km along the line, metres across it, shares between 0 and 1. Nothing is
computed here but differences between neighbours of the curve.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from truceline.detection.kinds import KINDS, STATES
from truceline.geo.sectors import sector_at
from truceline.plan.candidates import MOVING_KINDS
from truceline.plan.crossings import CROSSERS, INTRUDERS, Intruder
from truceline.plan.ground import Ground
from truceline.plan.model import Plan, PosturePlan
from truceline.plan.watch import Watch, kind_weights, state_weights
from truceline.publish.table import Column, Table, number, people, share, text

PLACE_DIGITS = 3
"""Decimals of a published degree: about 100 m, well inside the tolerance of the line."""

POSTURE = text("posture", "Key of the posture")
SECTOR = text("sector", "Name of the sector")
_KNOWS, _WAITS = INTRUDERS

POSTS = Table(
    "posts",
    "Posts and masts",
    "Every fixed place chosen, along the line. Places are rounded to about 100 m; the line is coarser.",
    (
        POSTURE,
        text("id", "Means and number along the line; unique within the posture"),
        text("means", "What stands there"),
        text("kind", "post, unarmed_post or mast"),
        text("sensors", "Rows of the sensor table it carries"),
        number("lon", "degree", "Longitude, WGS 84", PLACE_DIGITS),
        number("lat", "degree", "Latitude, WGS 84", PLACE_DIGITS),
        text("side", "Side of the line it stands on: a or b"),
        SECTOR,
        number("chainage_km", "km", "Distance along the line", 1),
        number("offset_m", "m", "Distance from the line, positive on side a", -2),
        people("people", "People deployed for it, reliefs and crews of its sensors included"),
        number("eye_height_m", "m", "Height of the sensors above ground", 1),
        number("pick", "1", "Place in the order of choice; empty where it had to be in", 0),
        number("gain_share", "1", "What it added to the share of incidents detected when it was chosen", 6),
    ),
)

MOVING = Table(
    "moving",
    "Patrols and drone orbits by sector",
    "Moving means serve a sector, not a place: a patrol is one a day, an orbit is one aircraft always up.",
    (
        POSTURE,
        SECTOR,
        text("means", "What moves"),
        text("kind", "patrol or orbit"),
        text("sensors", "Rows of the sensor table it carries"),
        number("copies", "1", "Patrols a day, or orbits kept up", 0),
        people("people", "People deployed for all copies"),
    ),
)

BASES = Table(
    "bases",
    "Reaction bases",
    "The fewest places from which the zone is reached in the time allowed. Rounded to about 100 m.",
    (
        POSTURE,
        text("id", "Number along the line"),
        number("lon", "degree", "Longitude, WGS 84", PLACE_DIGITS),
        number("lat", "degree", "Latitude, WGS 84", PLACE_DIGITS),
        text("side", "Side of the line it stands on"),
        SECTOR,
        number("chainage_km", "km", "Distance along the line", 1),
        people("people", "People who wait there, before their support"),
        number("reach_km", "km", "Straight distance a column covers in the time", 1),
        number("reaction_time_min", "min", "Time allowed from the alarm", 1),
    ),
)

SECTORS = Table(
    "sectors",
    "Sectors",
    "Average and weakest crossing stand together: an average alone flatters. Shares seen are means"
    " over kinds and states; chances of crossing are those of the weaker of person and vehicle.",
    (
        POSTURE,
        SECTOR,
        number("chainage_from_km", "km", "Where its main stretch starts along the line", 3),
        number("chainage_to_km", "km", "Where its main stretch ends", 3),
        number("length_km", "km", "Length of line, further stretches included", 3),
        number("zone_area_km2", "km^2", "Area of its part of the separation zone", 1),
        number("posts", "1", "Armed observation posts", 0),
        number("unarmed_posts", "1", "Unarmed observer posts", 0),
        number("masts", "1", "Masts", 0),
        number("patrols_per_day", "1/day", "Patrols a day", 0),
        number("orbits", "1", "Drone orbits kept up", 0),
        people("watch_people", "People in watching tasks"),
        share("detect_share", "Share of incidents detected"),
        share("verify_share", "Share verified"),
        share("attribute_share", "Share attributed"),
        *(
            share(
                f"p_weakest_{state}", f"Chance that who knows the posts is noticed, weakest crossing: {state}"
            )
            for state in STATES
        ),
        *(
            share(
                f"p_waiting_{state}",
                f"The same for who waits until patrols and drones are elsewhere: {state}",
            )
            for state in STATES
        ),
        text("worst_loss", "The fixed means whose loss weakens the weakest crossing in clear weather most"),
        share("p_without_it", "Chance of being noticed on the weakest crossing then, its path sought anew"),
        text(
            "one_more", "The one more fixed means that would raise that crossing most, among free candidates"
        ),
        people("one_more_people", "People it takes"),
        share("p_with_it", "Chance of being noticed on the weakest crossing with it, its path sought anew"),
    ),
)

DETECTION = Table(
    "detection",
    "What is seen: detected, verified, attributed",
    "Three numbers, never one. Sight mode, cell size and the line's tolerance are in `about`: quote them with"
    " every share.",
    (
        POSTURE,
        text("by", "all, kind, state or sector"),
        text("which", "Name of the kind, state or sector"),
        share("weight_share", "Its weight in the overall average; empty for sectors"),
        share("detect_share", "Seen by at least one means"),
        share("verify_share", "Seen by two independent means, or by one with attribution value"),
        share("attribute_share", "Seen by a means with attribution value"),
    ),
)

CROSSINGS = Table(
    "crossings",
    "Weakest crossings",
    "Least-exposed path across each sector. Say which intruder, kind and state whenever one is quoted.",
    (
        POSTURE,
        SECTOR,
        text("kind", "Who crosses: person or vehicle"),
        text("state", "day, night or bad (weather)"),
        text("intruder", "What the crosser knows"),
        text("passable", "Whether there is any way across"),
        share("p_least", "Chance of being noticed on the least-exposed path"),
        share("p_average", "Chance of being noticed on a straight crossing by someone who knows nothing"),
        number("open_width_km", "km", "Length of the far edge that is reached without meeting any watch", 2),
        number("chainage_km", "km", "Where the path comes out", 1),
        number("length_km", "km", "Length of the path", 2),
    ),
)


def crossing_fields() -> tuple[Column, ...]:
    """Return the columns of chances by intruder, kind and state; also used on the map."""
    return tuple(
        share(
            profile_field(intruder, kind, state), f"Chance that a {kind} who {intruder} is noticed: {state}"
        )
        for intruder in INTRUDERS
        for kind in CROSSERS
        for state in STATES
    )


def profile_field(intruder: Intruder, kind: str, state: str) -> str:
    """Return the name of the column for one intruder, kind and state."""
    return f"p_{'knows' if intruder == _KNOWS else 'waits'}_{kind}_{state}"


PROFILE = Table(
    "crossing_profile",
    "Weakest crossing along the line",
    "Chance of being noticed on the least-exposed path that passes the line in each stretch; empty: no way.",
    (
        POSTURE,
        number("chainage_from_km", "km", "Where the stretch starts", 1),
        number("chainage_to_km", "km", "Where it ends", 1),
        *crossing_fields(),
    ),
)

FRONTIER = Table(
    "frontier",
    "What more people would buy",
    "One point for each choice: people in watching tasks against the share of incidents detected. No other"
    " choice of these places for the same people detects more than the bound.",
    (
        POSTURE,
        number("point", "1", "Number of the point", 0),
        people("watch_people", "People in watching tasks"),
        share("detect_share", "Share of incidents detected"),
        share("bound_share", "Most that any choice could detect"),
        share("gap_share", "Share of the bound that is not reached"),
        text("is_chosen", "Whether the plan took this point"),
        text("added", "What this point adds to the one before"),
    ),
)


def sited(plan: Plan) -> Iterator[tuple[Ground, PosturePlan, Watch]]:
    """Yield the ground, the posture and its watch for every posture that was sited on a map."""
    for posture in plan.postures.values():
        if plan.ground is not None and posture.watch is not None:
            yield plan.ground, posture, posture.watch


def fill_posts(plan: Plan) -> Table:
    """Return every fixed candidate chosen, all postures."""
    return POSTS.filled(
        row for ground, posture, watch in sited(plan) for row in list_posts(ground, posture, watch)
    )


def list_posts(ground: Ground, posture: PosturePlan, watch: Watch) -> Iterator[tuple[Any, ...]]:
    """Yield one row for each fixed candidate chosen of one posture, in the columns of `POSTS`."""
    candidates, picks = watch.candidates, watch.picks
    gains = picks.gain[picks.n_forced :]
    picked = {int(who): place for place, who in enumerate(picks.order[picks.n_forced :])}
    seen: Counter[str] = Counter()
    for i in watch.chosen.tolist():
        key = candidates.means_key[i]
        if candidates.kind[i] in MOVING_KINDS:
            continue
        seen[key] += 1
        means, pick = posture.posture.means[key], picked.get(i)
        lon, lat = ground.line.projection.xy_to_lonlat(candidates.x_m[i], candidates.y_m[i])
        yield (
            posture.key,
            f"{key}-{seen[key]:04d}",
            means.label,
            candidates.kind[i],
            "; ".join(means.sensors),
            float(lon),
            float(lat),
            "a" if candidates.offset_m[i] > 0 else "b",
            ground.sectors[candidates.sector[i]].name,
            candidates.chainage_m[i] / 1000,
            candidates.offset_m[i],
            candidates.cost[i] * watch.copies[i],
            candidates.eye_height_m[i],
            None if pick is None else pick + 1,
            None if pick is None else gains[pick],
        )


def fill_moving(plan: Plan) -> Table:
    """Return patrols and orbits by sector, all postures."""
    rows: list[tuple[Any, ...]] = []
    for ground, posture, watch in sited(plan):
        candidates = watch.candidates
        for i in watch.chosen.tolist():
            if candidates.kind[i] not in MOVING_KINDS:
                continue
            means, copies = posture.posture.means[candidates.means_key[i]], watch.copies[i]
            sector = ground.sectors[candidates.sector[i]].name
            sensors = "; ".join(means.sensors)
            spent = candidates.cost[i] * copies
            rows.append((posture.key, sector, means.label, candidates.kind[i], sensors, copies, spent))
    return MOVING.filled(rows)


def fill_bases(plan: Plan) -> Table:
    """Return the reaction bases, all postures."""
    if plan.ground is None:
        return BASES
    ground = plan.ground
    return BASES.filled(row for posture in plan.postures.values() for row in list_bases(ground, posture))


def list_bases(ground: Ground, posture: PosturePlan) -> Iterator[tuple[Any, ...]]:
    """Yield one row for each reaction base of a posture, along the line, in the columns of `BASES`."""
    bases = posture.people.bases
    if bases is None or not len(bases.chainage_m):
        return
    lon, lat = ground.line.projection.xy_to_lonlat(bases.xy_m[:, 0], bases.xy_m[:, 1])
    sector = sector_at(ground.sectors, bases.chainage_m)
    for count, i in enumerate(np.argsort(bases.chainage_m, kind="stable").tolist(), start=1):
        yield (
            posture.key,
            f"base-{count:03d}",
            lon[i],
            lat[i],
            bases.side[i],
            ground.sectors[sector[i]].name,
            bases.chainage_m[i] / 1000,
            bases.required.unit_people,
            bases.reach.value / 1000,
            bases.required.reaction_time_s / 60,
        )


def fill_sectors(plan: Plan) -> Table:
    """Return what stands in each sector and what it sees, all postures."""
    return SECTORS.filled(
        row for ground, posture, watch in sited(plan) for row in list_sectors(ground, posture, watch)
    )


def list_sectors(ground: Ground, posture: PosturePlan, watch: Watch) -> Iterator[tuple[Any, ...]]:
    """Yield one row for each sector of a posture, in the columns of `SECTORS`."""
    candidates, averages, crossings = watch.candidates, watch.averages, posture.crossings
    units: Counter[tuple[int, str]] = Counter()
    spent: dict[int, float] = defaultdict(float)
    for i in watch.chosen.tolist():
        at, copies = int(candidates.sector[i]), int(watch.copies[i])
        units[at, candidates.kind[i]] += copies
        spent[at] += float(candidates.cost[i]) * copies
    for s, sector in enumerate(ground.sectors):
        weakest = [
            None if crossings is None else crossings.weakest(intruder, sector=s, state=state)
            for intruder in INTRUDERS
            for state in STATES
        ]
        loss = crossings.worst_loss.get(s) if crossings is not None else None
        more = crossings.one_more.get(s) if crossings is not None else None
        yield (
            posture.key,
            sector.name,
            sector.chainage_from_m / 1000,
            sector.chainage_to_m / 1000,
            sector.length_m / 1000,
            ground.sector_area_m2[s] / 1e6,
            *(units[s, kind] for kind in ("post", "unarmed_post", "mast", "patrol", "orbit")),
            spent[s],
            *(one.by_sector[s] for one in (averages.detect, averages.verify, averages.attribute)),
            *(None if one is None else one.p_least for one in weakest),
            loss.label if loss is not None else None,
            loss.p_without if loss is not None else None,
            more.label if more is not None else None,
            more.people if more is not None else None,
            more.p_with if more is not None else None,
        )


def fill_detection(plan: Plan) -> Table:
    """Return the three averages over all, by kind, by state and by sector, all postures."""
    rows: list[tuple[Any, ...]] = []
    for ground, posture, watch in sited(plan):
        three = (watch.averages.detect, watch.averages.verify, watch.averages.attribute)
        rows.append((posture.key, "all", "all", 1.0, *(one.total for one in three)))
        groups = (
            ("kind", KINDS, kind_weights(plan.scenario.watched), [one.by_kind for one in three]),
            ("state", STATES, state_weights(plan.scenario.watched), [one.by_state for one in three]),
            (
                "sector",
                tuple(sector.name for sector in ground.sectors),
                np.full(len(ground.sectors), math.nan),
                [one.by_sector for one in three],
            ),
        )
        rows += [
            (posture.key, by, name, weight[i], *(values[i] for values in found))
            for by, names, weight, found in groups
            for i, name in enumerate(names)
        ]
    return DETECTION.filled(rows)


def fill_crossings(plan: Plan) -> Table:
    """Return the weakest crossing of every sector, kind, state and intruder, all postures."""
    return CROSSINGS.filled(
        (
            posture.key,
            ground.sectors[one.sector].name,
            one.kind,
            one.state,
            one.intruder,
            one.passable,
            one.p_least,
            one.p_average,
            one.open_width_m / 1000,
            one.chainage_m / 1000,
            one.length_m / 1000 if one.passable else None,
        )
        for ground, posture, _ in sited(plan)
        if posture.crossings is not None
        for one in posture.crossings.weak
    )


def fill_profile(plan: Plan) -> Table:
    """Return the weakest crossing of each stretch of line, all postures."""
    return PROFILE.filled(row for ground, posture, _ in sited(plan) for row in list_profile(ground, posture))


def list_profile(ground: Ground, posture: PosturePlan) -> Iterator[tuple[Any, ...]]:
    """Yield one row for each stretch of line, in the columns of `PROFILE`."""
    if posture.crossings is None:
        return
    profiles = posture.crossings.profiles
    starts_m = profiles[_KNOWS].start_m
    ends_m = np.append(starts_m[1:], ground.line.length_m)
    for i, (start_m, end_m) in enumerate(zip(starts_m, ends_m, strict=True)):
        found = [profiles[intruder].p_least[:, :, i].ravel() for intruder in INTRUDERS]
        yield (posture.key, start_m / 1000, end_m / 1000, *np.concatenate(found).tolist())


def fill_frontier(plan: Plan) -> Table:
    """Return the curve of people against detection of every posture, the planned point as planned."""
    return FRONTIER.filled(
        row for _, posture, watch in sited(plan) for row in _list_points(posture.key, watch)
    )


def _list_points(key: str, watch: Watch) -> Iterator[tuple[Any, ...]]:
    """Yield one row for each point of a posture's curve, in the columns of `FRONTIER`."""
    frontier, labels = watch.frontier, watch.candidates.labels()
    planned = frontier.point_at(watch.budget_people)
    reached, gap = frontier.reached, frontier.gap
    for point in range(len(frontier.spent)):
        picked = labels[frontier.order[frontier.n_forced + point - 1]] if point else None
        if point == planned:
            figures = (watch.spent_people, watch.detected_share, watch.bound_share, watch.gap_share)
        else:
            figures = (frontier.spent[point], reached[point], frontier.bound[point], gap[point])
        yield (key, point, *figures, point == planned, picked)
