"""The words of the watching: what was reported, how it was noticed, how well it is placed in time and space.

Vocabularies only. The words are those of the field: the violation tables of the OSCE mission for what a
monitor sees and hears, and the main types of the event data sets for what is read in the news. Every word
travels as text, in files and in the store, so that a reader needs no key.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum


class KindGroup(StrEnum):
    """What sort of thing a kind is; trends and clauses speak of groups."""

    fire = "fire"
    """Weapons fired, or their rounds heard, seen, in flight or arriving."""
    air = "air"
    """Something flies, and nothing was fired as far as was seen."""
    movement = "movement"
    """Troops, positions or weapons where they may be limited."""
    consequence = "consequence"
    """People hurt or things damaged: a trace of fire, not a shot of its own."""
    restriction = "restriction"
    """Monitors were kept out, delayed, jammed or shot at."""
    signal = "signal"
    """A trace that may or may not be fire: heat seen from space, an air-raid alert."""
    total = "total"
    """A count of many violations stated by somebody else; never linked to single incidents."""
    other = "other"
    """Anything else; kept, and never counted as fighting."""


class Kind(StrEnum):
    """What a report says happened."""

    explosion = "explosion"
    projectile = "projectile"
    burst = "burst"
    shot = "shot"
    muzzle_flash = "muzzle_flash"
    tracer = "tracer"
    flare = "flare"
    shelling = "shelling"
    airstrike = "airstrike"
    missile_strike = "missile_strike"
    uav_strike = "uav_strike"
    firefight = "firefight"
    assault = "assault"
    mine_blast = "mine_blast"
    air_defence = "air_defence"
    launch = "launch"
    uav_flight = "uav_flight"
    aircraft_flight = "aircraft_flight"
    weapon_present = "weapon_present"
    position_moved = "position_moved"
    control_change = "control_change"
    exercise = "exercise"
    casualty = "casualty"
    damage = "damage"
    denial = "denial"
    delay = "delay"
    jamming = "jamming"
    thermal_anomaly = "thermal_anomaly"
    air_alert = "air_alert"
    violations_total = "violations_total"
    explosions_total = "explosions_total"
    other = "other"


GROUP_OF: dict[Kind, KindGroup] = {
    **dict.fromkeys(
        (
            Kind.explosion, Kind.projectile, Kind.burst, Kind.shot, Kind.muzzle_flash, Kind.tracer,
            Kind.flare, Kind.shelling, Kind.airstrike, Kind.missile_strike, Kind.uav_strike, Kind.firefight,
            Kind.assault, Kind.mine_blast, Kind.air_defence, Kind.launch,
        ),
        KindGroup.fire,
    ),
    **dict.fromkeys((Kind.uav_flight, Kind.aircraft_flight), KindGroup.air),
    **dict.fromkeys(
        (Kind.weapon_present, Kind.position_moved, Kind.control_change, Kind.exercise), KindGroup.movement
    ),
    **dict.fromkeys((Kind.casualty, Kind.damage), KindGroup.consequence),
    **dict.fromkeys((Kind.denial, Kind.delay, Kind.jamming), KindGroup.restriction),
    **dict.fromkeys((Kind.thermal_anomaly, Kind.air_alert), KindGroup.signal),
    **dict.fromkeys((Kind.violations_total, Kind.explosions_total), KindGroup.total),
    Kind.other: KindGroup.other,
}  # fmt: skip

KINETIC = tuple(kind for kind, group in GROUP_OF.items() if group is KindGroup.fire)
"""Kinds that are fighting. Trends and early warning count incidents of these kinds and of no others."""

LINKED_GROUPS = (
    KindGroup.fire,
    KindGroup.air,
    KindGroup.movement,
    KindGroup.consequence,
    KindGroup.restriction,
    KindGroup.signal,
)
"""Groups whose reports become incidents; totals and other reports are kept and not linked."""


class Phase(StrEnum):
    """Which part of a round's flight was noticed."""

    outgoing = "outgoing"
    in_flight = "in_flight"
    airburst = "airburst"
    impact = "impact"
    undetermined = "undetermined"


class Weapon(StrEnum):
    """What was fired or found, as far as it was told apart."""

    small_arms = "small_arms"
    heavy_machine_gun = "heavy_machine_gun"
    grenade_launcher = "grenade_launcher"
    anti_tank = "anti_tank"
    ifv_cannon = "ifv_cannon"
    anti_aircraft_gun = "anti_aircraft_gun"
    tank = "tank"
    mortar = "mortar"
    artillery = "artillery"
    rocket_artillery = "rocket_artillery"
    tactical_missile = "tactical_missile"
    missile = "missile"
    glide_bomb = "glide_bomb"
    uav = "uav"
    aircraft = "aircraft"
    mine = "mine"
    air_defence = "air_defence"
    unknown = "unknown"


class Observation(StrEnum):
    """How the source came to know, in the verbs of a daily report; best first."""

    seen = "seen"
    recorded = "recorded"
    heard = "heard"
    detected = "detected"
    """By an instrument that makes no picture: radar, microphone array, radiometer in orbit."""
    told = "told"
    """By somebody else: the press, residents, an alert system."""
    claimed = "claimed"
    """By a party to the conflict. Stays labelled as a claim."""


class Means(StrEnum):
    """Who or what watched."""

    patrol = "patrol"
    post = "post"
    camera = "camera"
    uav = "uav"
    acoustic = "acoustic"
    radar = "radar"
    satellite = "satellite"
    press = "press"
    dataset = "dataset"
    party = "party"
    alert_system = "alert_system"
    unknown = "unknown"


OWN_MEANS = (Means.patrol, Means.post, Means.camera, Means.uav, Means.acoustic, Means.radar)
"""Means of a mission itself: only what these saw, heard or recorded can be verified without more."""


class TimePrecision(StrEnum):
    """How well the time is known; the interval of a report is always at least this wide."""

    second = "second"
    minute = "minute"
    hour = "hour"
    day = "day"
    week = "week"
    month = "month"
    year = "year"


class PlacePrecision(StrEnum):
    """How well the place is known; the report's sigma says it in metres."""

    exact = "exact"
    bearing = "bearing"
    """Range and bearing from a known post: long across the range, narrow across the bearing."""
    settlement = "settlement"
    district = "district"
    region = "region"
    country = "country"
    unknown = "unknown"


class Releasability(StrEnum):
    """Who may see where and when an incident was, beyond its being counted; from the widest circle."""

    public = "public"
    parties = "parties"
    mission = "mission"


class Role(StrEnum):
    """What a desk, post or system may do; each may do what those before it may."""

    reader = "reader"
    """Reads what its level of releasability allows."""
    observer = "observer"
    """Sends in reports, effort and field forms."""
    verifier = "verifier"
    """Decides verification, attribution, judgement and links by hand."""
    editor = "editor"
    """Decides who may see an incident, agreements and posture; issues reports."""
    admin = "admin"
    """Gives out and revokes tokens."""


class Flag(IntFlag):
    """What a reader of the report must know before counting it. Flagged reports are kept, never hidden."""

    placeholder = 1
    """The point stands for a whole region: not a place to draw it at."""
    persistent_heat = 2
    """A works or a flare that is hot on every clear night."""
    exercise = 4
    """Assessed as a live-fire exercise."""
    several_nights = 8
    """One report for more than one night, as after a weekend."""
    time_unknown = 16
    """The hour is not known; the interval is the whole day or longer."""
    exact_repeat = 32
    """Same minute, place and words as an earlier report of the same feed."""
    party_claim = 64
    """Said by a party to the conflict."""
    simulated = 128
    """Made by a simulation: never to be mixed with real reports in one product."""
    implausible_interval = 256
    """The end is missing or absurdly late."""
    invented_end = 512
    """The source made up the end of the interval."""
    rounded_count = 1024
    """The count is 'about' so many."""
    weak_label = 2048
    """A label that its authors advise against relying on."""
    derived_count = 4096
    """The count was derived from other stated counts, not stated itself."""
    late = 8192
    """Reached the mission long after it happened: the network, or the observer, was down."""
    clock_off = 16384
    """The clock of the sender disagrees with that of whoever received it."""


def split_flags(value: int) -> tuple[str, ...]:
    """Return the names of the flags set in `value`, in the order of their definition."""
    return tuple(str(flag.name) for flag in Flag if int(value) & flag)
