"""Invented days of watching for the tests of the daily report: drawn from a seed, in a real store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.schema import (
    ATTRIBUTIONS,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REPORTS,
    VERIFICATIONS,
)
from truceline.monitor.day_model import AgreementLine, EffortLine, TrendLine, TrendState
from truceline.monitor.mission import Mission, load_mission, write_mission
from truceline.store.base import Store
from truceline.store.open import create_store

DAY = date(2025, 6, 11)
"""A Wednesday."""
AGREED = datetime(2025, 5, 11, 21, 1)
AGREEMENTS = (AgreementLine("general", "General ceasefire of 12 May 2025", AGREED),)
MISSION: Mission = load_mission("ukraine-2025")
TOWNS = (
    # place, region, lon, lat, side that holds it; invented positions near the line
    ("Chasiv Yar", "Donetsk", 37.86, 48.59, "a"),
    ("Toretsk", "Donetsk", 37.85, 48.40, "contested"),
    ("Kurakhove", "Donetsk", 37.28, 47.98, "b"),
    ("Velyka Novosilka", "Donetsk", 36.83, 47.84, "b"),
    ("Bilohorivka", "Luhansk", 38.24, 48.93, "a"),
    ("Orikhiv", "Zaporizhzhia", 35.79, 47.57, "a"),
    ("Robotyne", "Zaporizhzhia", 35.84, 47.44, "b"),
    ("Antonivka", "Kherson", 32.74, 46.68, "a"),
    ("Vovchansk", "Kharkiv", 36.94, 50.29, "contested"),
)
KINDS = (
    # kind, phase, weapon, unit, weight
    ("explosion", "undetermined", "unknown", "explosions", 8),
    ("explosion", "outgoing", "mortar", "explosions", 4),
    ("explosion", "impact", "artillery", "explosions", 3),
    ("explosion", "airburst", "air_defence", "explosions", 1),
    ("burst", "", "heavy_machine_gun", "bursts", 5),
    ("shot", "", "small_arms", "shots", 3),
    ("projectile", "in_flight", "unknown", "projectiles", 3),
    ("muzzle_flash", "", "unknown", "", 1),
    ("uav_strike", "", "uav", "", 2),
)
_SEEN = (
    # means, observation, post
    ("camera", "recorded", "camera in {place}"),
    ("patrol", "heard", "patrol {n}"),
    ("patrol", "seen", "patrol {n}"),
    ("post", "heard", "post near {place}"),
    ("press", "told", ""),
)


_STATUS = {"seen": "verified", "recorded": "verified", "told": "reported"}


class Days:
    """Writes invented incidents into a store, each with its reports, links, verification and judgement."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.next_incident = 1
        self.next_report = 1

    def add(self, incidents: Sequence[dict[str, Any]], why: str = "invented") -> list[int]:
        """Write incidents, each a mapping of what differs from a plain explosion; return their numbers."""
        if not incidents:
            return []
        numbers = [self.next_incident + i for i in range(len(incidents))]
        self.next_incident += len(incidents)
        with self.store.change(who="tester", what="link", why=why) as change:
            made = [_fill(number, given) for number, given in zip(numbers, incidents, strict=True)]
            shared = set(INCIDENTS.names) - {"change_id"}
            change.append(INCIDENTS, _frame(INCIDENTS, [{k: m[k] for k in shared if k in m} for m in made]))
            reports, links = [], []
            for one in made:
                for report in one["reports"]:
                    row = {**{k: one[k] for k in REPORTS.names if k in one}, **report}
                    row |= {"key": f"k{self.next_report}", "feed": "own", "digest": "d"}
                    row["received_at"] = one["time_to"]
                    reports.append(row)
                    links.append({"report_id": self.next_report, "incident_id": one["incident_id"]})
                    self.next_report += 1
            if reports:
                assert change.add_reports(_frame(REPORTS, reports)).n_new == len(reports)
                change.append(LINKS, _frame(LINKS, links))
            verified = [{"incident_id": m["incident_id"], "status": m["status"]} for m in made if m["status"]]
            if verified:
                change.append(VERIFICATIONS, _frame(VERIFICATIONS, verified))
            sides = [
                {
                    "incident_id": m["incident_id"],
                    "aspect": "side",
                    "value": m["side"],
                    "p": 0.8,
                    "basis": "bearing",
                }
                for m in made
                if m["side"]
            ]
            if sides:
                change.append(ATTRIBUTIONS, _frame(ATTRIBUTIONS, sides))
            judged = [judge(m, *clause) for m in made for clause in m["clauses"]]
            if judged:
                change.append(JUDGEMENTS, _frame(JUDGEMENTS, judged))
        return numbers

    def add_effort(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write effort; `key` is filled in."""
        with self.store.change(who="tester", what="effort") as change:
            full = [
                {"key": json.dumps(row, default=str, sort_keys=True), "source": "the mission", **row}
                for row in rows
            ]
            change.append(EFFORTS, _frame(EFFORTS, full))


def judge(one: dict[str, Any], agreement: str, clause: str, verdict: str = "violation") -> dict[str, Any]:
    """Return a judgement of an incident."""
    return {
        "incident_id": one["incident_id"],
        "time_from": one["time_from"],
        "agreement": agreement,
        "clause": clause,
        "verdict": verdict,
        "region": one["region"],
        "kind": one["kind"],
        "phase": one["phase"],
        "unit": one["count_unit"],
        "p": 0.97,
        "acts_low": one["count_low"],
        "acts_best": one["count_best"],
        "acts_high": one["count_high"],
        "is_exercise": bool(one["flags"] & Flag.exercise),
        "method": "rule",
    }


def _fill(number: int, given: dict[str, Any]) -> dict[str, Any]:
    at = given.get("time_from", datetime(2025, 6, 11, 6, 0))
    one = {
        "incident_id": number,
        "time_from": at,
        "time_to": at + timedelta(minutes=10),
        "time_precision": "minute",
        "lon": 37.86,
        "lat": 48.59,
        "sigma_m": 600.0,
        "sigma_across_m": 300.0,
        "axis_deg": 40.0,
        "place": "Chasiv Yar",
        "region": "Donetsk",
        "place_precision": "bearing",
        "control_side": "a",
        "kind": "explosion",
        "phase": "undetermined",
        "weapon": "unknown",
        "count_low": np.nan,
        "count_best": 1.0,
        "count_high": np.nan,
        "count_unit": "explosions",
        "flags": 0,
        "n_reports": 1,
        "n_sources": 1,
        "n_posts": 1,
        "status": "verified",
        "side": "",
        "clauses": (("general", "ceasefire"),),
        "reports": (
            {"means": "patrol", "observation": "heard", "post": "patrol 1", "source": "the mission"},
        ),
    }
    return one | given


def _frame(table: Any, rows: Sequence[dict[str, Any]]) -> Any:
    names = {name for row in rows for name in row}
    return make_frame(table, {name: [row.get(name) for row in rows] for name in names})


def start_store(folder: Path, name: str = "watch.duckdb") -> tuple[Store, Days]:
    """Return an empty store with the mission's settings, its clock standing still."""
    store = create_store(folder / name, clock=lambda: datetime(2025, 6, 12, 7, 0))
    with store.change(who="tester", what="init") as change:
        write_mission(change, MISSION)
    return store, Days(store)


def draw_incidents(night: date, seed: int, n: int) -> list[dict[str, Any]]:
    """Return invented violations of one reporting day."""
    random = np.random.default_rng(seed)
    start, _ = MISSION.period(datetime.combine(night, datetime.min.time()))
    weights = np.array([kind[4] for kind in KINDS], dtype=float)
    town_weights = np.array([9, 6, 3, 1, 3, 3, 2, 1, 1], dtype=float)
    made = []
    for _ in range(n):
        place, region, lon, lat, control = TOWNS[
            random.choice(len(TOWNS), p=town_weights / town_weights.sum())
        ]
        kind, phase, weapon, unit, _weight = KINDS[random.choice(len(KINDS), p=weights / weights.sum())]
        best = float(1 + random.geometric(0.25)) if unit else 1.0
        spread = float(random.integers(0, 1 + int(best) // 3 + 1))
        at = start + timedelta(minutes=float(random.uniform(0, 24 * 60 - 30)))
        means, observation, post = _SEEN[random.choice(len(_SEEN), p=[0.3, 0.3, 0.12, 0.18, 0.1])]
        report = {
            "means": means,
            "observation": observation,
            "post": post.format(place=place, n=int(random.integers(1, 9))),
            "source": "the mission" if means != "press" else "local newspaper",
        }
        if means in ("patrol", "post"):
            report |= {
                "bearing_deg": float(random.choice(np.arange(0, 360, 22.5))),
                "bearing_width_deg": 22.5,
                "range_min_m": 2000.0,
                "range_max_m": float(random.choice([3000, 4000, 6000])),
                "observer_lon": lon,
                "observer_lat": lat,
            }
        reports = [report]
        if random.random() < 0.3:
            reports.append(
                {
                    "means": "camera",
                    "observation": "recorded",
                    "post": f"camera in {place}",
                    "source": "the mission",
                }
            )
        made.append(
            {
                "time_from": at,
                "time_to": at + timedelta(minutes=float(random.choice([1, 5, 20]))),
                "lon": lon + float(random.normal(0, 0.03)),
                "lat": lat + float(random.normal(0, 0.02)),
                "sigma_m": float(random.uniform(200, 1500)),
                "sigma_across_m": float(random.uniform(100, 600)),
                "place": place,
                "region": region,
                "control_side": control,
                "kind": kind,
                "phase": phase,
                "weapon": weapon,
                "count_low": best - min(spread, best - 1),
                "count_best": best,
                "count_high": best + spread,
                "count_unit": unit,
                "flags": int(Flag.exercise) if random.random() < 0.06 else 0,
                "n_reports": len(reports),
                "n_sources": len(reports),
                "n_posts": len(reports),
                "status": _STATUS.get(observation, "corroborated"),
                "side": str(random.choice(["", "", "", "a", "b"])),
                "clauses": (("general", "ceasefire"), ("general", "heavy weapons"))
                if weapon in ("artillery", "mortar")
                else (("general", "ceasefire"),),
                "reports": reports,
            }
        )
    return made


def fill_month(days: Days, *, last: date = DAY, n_days: int = 31, seed: int = 11) -> None:
    """Write a month of violations, its last day in full: casualties, weapons, restrictions, effort."""
    random = np.random.default_rng(seed)
    drawn: list[dict[str, Any]] = []
    effort: list[dict[str, Any]] = []
    for i in range(n_days):
        night = last - timedelta(days=n_days - 1 - i)
        level = 4.0 + 0.9 * i
        n = int(random.poisson(level * random.gamma(2.0, 0.5))) if night != last else 46
        drawn += draw_incidents(night, seed * 1000 + i, n if i not in (5, 12) else 0)
        effort += list_effort(night)
    days.add(drawn)
    days.add_effort(effort)
    add_rest(days, last)


def watch(days: Days, night: date) -> None:
    """Write a day's effort."""
    days.add_effort(list_effort(night))


def list_effort(night: date) -> list[dict[str, Any]]:
    """Return a day's effort: cameras and patrols in each region, some of them prevented."""
    start, end = MISSION.period(datetime.combine(night, datetime.min.time()))
    rows: list[dict[str, Any]] = []
    for place, region, lon, lat, _ in TOWNS:
        base = {"region": region, "lon": lon, "lat": lat, "p_detect": 0.5}
        rows.append(
            base
            | {
                "means": "camera",
                "post": f"camera in {place}",
                "time_from": start,
                "time_to": end,
                "state": "down" if place == "Robotyne" else "watched",
                "cause": "power cut" if place == "Robotyne" else "",
            }
        )
        rows.append(
            base
            | {
                "means": "patrol",
                "post": f"patrol near {place}",
                "time_from": start + timedelta(hours=11),
                "time_to": start + timedelta(hours=19),
                "state": "watched",
            }
        )
    rows.append(
        {
            "region": "Donetsk",
            "lon": 37.3,
            "lat": 47.9,
            "means": "patrol",
            "post": "patrol 4",
            "time_from": start + timedelta(hours=14, minutes=20),
            "time_to": start + timedelta(hours=16),
            "state": "denied",
            "cause": "b",
            "words": "mines ahead, no passage today",
            "p_detect": 0.5,
        }
    )
    rows.append(
        {
            "region": "Zaporizhzhia",
            "lon": 35.8,
            "lat": 47.5,
            "means": "uav",
            "post": "mid-range UAV",
            "time_from": start + timedelta(hours=17),
            "time_to": start + timedelta(hours=17, minutes=40),
            "state": "jammed",
            "cause": "jamming, source within 10 km",
            "p_detect": 0.5,
        }
    )
    return rows


def add_rest(days: Days, night: date) -> None:
    """Write what is not fire: a casualty, damage, weapons, an aircraft, a denial, a claim, an unclear one."""
    start, _ = MISSION.period(datetime.combine(night, datetime.min.time()))
    at = start + timedelta(hours=14)
    own = {"means": "patrol", "observation": "seen", "post": "patrol 2", "source": "the mission"}
    told = {"means": "press", "observation": "told", "post": "", "source": "a hospital in Kherson"}
    claim = {"means": "party", "observation": "claimed", "source": "Ministry of Defence", "claimed_by": "b"}
    quiet = {"clauses": (), "count_unit": "", "phase": "", "weapon": ""}
    days.add(
        [
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(hours=2),
                "kind": "casualty",
                "place": "Antonivka",
                "region": "Kherson",
                "hurt_low": 2.0,
                "hurt_best": 2.0,
                "hurt_high": 3.0,
                "killed_best": 1.0,
                "killed_low": 1.0,
                "killed_high": 1.0,
                "target": "civilian",
                "status": "corroborated",
                "reports": (told, own),
            },
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(hours=1),
                "kind": "damage",
                "place": "Orikhiv",
                "region": "Zaporizhzhia",
                "target": "civilian",
                "status": "verified",
                "weapon": "mortar",
                "reports": (own,),
            },
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(hours=1),
                "kind": "weapon_present",
                "weapon": "artillery",
                "count_best": 4.0,
                "place": "Kurakhove",
                "control_side": "b",
                "clauses": (("general", "withdrawal"),),
                "reports": ({**own, "means": "uav", "observation": "recorded"},),
            },
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(hours=1),
                "kind": "weapon_present",
                "weapon": "ifv_cannon",
                "count_best": 2.0,
                "place": "Toretsk",
                "clauses": (("general", "withdrawal", "allowed"),),
                "reports": (own,),
            },
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(minutes=9),
                "kind": "uav_flight",
                "weapon": "uav",
                "place": "Vovchansk",
                "region": "Kharkiv",
                "control_side": "contested",
                "clauses": (("general", "no-fly"),),
                "reports": ({**own, "means": "radar", "observation": "detected"},),
            },
            quiet
            | {
                "time_from": at,
                "time_to": at + timedelta(hours=1),
                "kind": "denial",
                "place": "Velyka Novosilka",
                "control_side": "b",
                "side_from": "b",
                "reports": (own,),
            },
            {
                "time_from": at,
                "kind": "shelling",
                "count_best": 6.0,
                "place": "Bilohorivka",
                "region": "Luhansk",
                "status": "reported",
                "flags": int(Flag.party_claim),
                "reports": (claim,),
            },
            {
                "time_from": at,
                "kind": "explosion",
                "count_best": 2.0,
                "clauses": (("general", "ceasefire", "unclear"),),
            },
        ]
    )


EFFORT = (
    EffortLine("Donetsk", "camera", 96.0, 0.0, 96.0, 4, 240.0, 310.0, 420.0),
    EffortLine("Donetsk", "patrol", 30.3, 1.7, 32.0, 4),
)
TREND = (
    TrendLine("", 46.0, 31.0, 1.48, 0.9, 2.3, TrendState.usual),
    TrendLine("Donetsk", 28.0, 15.0, 1.87, 1.1, 3.0, TrendState.more),
    TrendLine("Zaporizhzhia", 5.0, 9.0, 0.56, 0.2, 1.3, TrendState.kept_out),
)
