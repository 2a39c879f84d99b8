"""The field form: which questions it asks, and what each answer becomes. For whoever writes it or reads it.

One form for four things: a violation with its observed events, a patrol log, a denial of movement, the state
of a camera. Every name is used once in the form, in lower case, so that an answer is known by its name
whatever group an export puts it in. No question asks for a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from truceline.events.kinds import GROUP_OF, Kind, KindGroup, Means, Observation, Phase, Weapon

FORM_ID = "truceline_field"
"""Name of the form on the server, and in the table of submissions."""
FEED_NAME = "field"
"""In the column `feed` of reports, whichever server they came through."""
REPEAT = "event"
"""The repeat that holds the observed events of a violation."""


class Record(StrEnum):
    """What a submission records."""

    violation = "violation"
    patrol = "patrol"
    denial = "denial"
    camera = "camera"


OFFERED_KINDS = (
    *(
        kind
        for kind, group in GROUP_OF.items()
        if group in (KindGroup.fire, KindGroup.air, KindGroup.movement, KindGroup.consequence)
    ),
    Kind.other,
)
"""What an observer can have noticed; denials have a part of their own."""
OFFERED_OBSERVATIONS = (
    Observation.seen, Observation.heard, Observation.recorded, Observation.detected, Observation.told,
)  # fmt: skip
OFFERED_MEANS = (Means.patrol, Means.post, Means.camera, Means.uav, Means.acoustic, Means.radar)
OFFERED_PHASES = tuple(Phase)
OFFERED_WEAPONS = tuple(Weapon)
WITH_PHASE = (Kind.explosion, Kind.projectile)
"""Kinds for which the phase is asked."""
DENIALS: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {
        "denied": (Kind.denial, "denied"),
        "delayed": (Kind.delay, "delayed"),
        "jammed": (Kind.jamming, "jammed"),
    }
)
"""Kind of report and state of effort for each answer to what happened to the movement."""
PATROL_STATES = ("watched", "weather", "confined", "down")
CAMERA_STATES = ("watched", "down", "weather", "jammed")
PRECISIONS = ("minute", "hour", "day")
TARGETS = ("civilian", "energy", "military", "mission")

TIMES = frozenset(
    {
        "start", "end", "event_from", "event_to", "patrol_from", "patrol_to", "denial_from", "denial_to",
        "camera_from", "camera_to",
    }
)  # fmt: skip
"""Answers that are a date with a time."""
POINTS = frozenset({"position", "event_position"})
"""Answers that are a point: latitude, longitude, height and accuracy."""
NUMBERS = frozenset(
    {
        "bearing", "bearing_width", "range_min_m", "range_max_m", "count_low", "count_best", "count_high",
        "killed_low", "killed_high", "hurt_low", "hurt_high", "n_events",
    }
)  # fmt: skip

READ: Mapping[str, str] = MappingProxyType(
    {
        "start": "submissions.started",
        "end": "submissions.ended, compared with the server's clock",
        "device": "submissions.device, as a digest",
        "record": "which rows are made of it",
        "team": "source of reports and effort",
        "post": "post of reports and effort",
        "means": "means of reports and effort",
        "position": "position of the observer; of patrols and denials, theirs",
        "region": "region",
        "n_events": "number of events that must be there: fewer is an export without its second table",
        "event_id": "with the submission, the key of the report",
        "event_from": "time_from", "event_to": "time_to", "time_known": "time_precision",
        "kind": "kind", "observation": "observation", "phase": "phase", "weapon": "weapon",
        "count_low": "count_low", "count_best": "count_best", "count_high": "count_high",
        "bearing": "bearing_deg", "bearing_width": "bearing_width_deg",
        "range_min_m": "range_min_m", "range_max_m": "range_max_m",
        "event_position": "lon, lat and sigma of the report, before range and bearing",
        "place": "place", "target": "target",
        "killed_low": "killed_low", "killed_high": "killed_high",
        "hurt_low": "hurt_low", "hurt_high": "hurt_high",
        "side_from": "side_from", "exercise": "Flag.exercise", "words": "text; never leaves the store",
        "patrol_from": "time_from of effort", "patrol_to": "time_to of effort",
        "patrol_state": "state of effort", "patrol_words": "words of effort",
        "denial_from": "time_from of report and effort", "denial_to": "time_to of both",
        "denial_kind": "kind of the report, state of the effort", "denial_by": "side_from, cause of effort",
        "denial_place": "place of the report", "denial_words": "words of effort, text of the report",
        "camera_from": "time_from of effort", "camera_to": "time_to of effort",
        "camera_state": "state of effort", "camera_cause": "cause of effort",
    }
)  # fmt: skip
"""Every answer the feed reads, and what it becomes."""
NOT_READ: Mapping[str, str] = MappingProxyType(
    {
        "post_choice": "stands behind `post`, which is calculated from it",
        "post_other": "stands behind `post`",
        "region_choice": "stands behind `region`",
        "region_other": "stands behind `region`",
        "event_note": "shown, not asked",
        "thanks": "shown, not asked",
    }
)
"""Every further question of the form, and why the feed needs no answer to it."""
