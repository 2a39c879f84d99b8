"""The questions of the field form, in order: what is asked when, with hints, bounds and calculations.

Rows of an XLSForm's survey and choices, from the vocabularies of the watching. Knows no workbook and writes
nothing. Labels are English, in columns that name their language: a translation adds columns and no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from truceline.events.feeds.odk_form import (
    CAMERA_STATES,
    DENIALS,
    OFFERED_KINDS,
    OFFERED_MEANS,
    OFFERED_OBSERVATIONS,
    OFFERED_PHASES,
    OFFERED_WEAPONS,
    PATROL_STATES,
    PRECISIONS,
    TARGETS,
    WITH_PHASE,
    Record,
)

MAX_NAME_CHARACTERS = 80
"""Longest name of a post, team or place that the form takes."""
MAX_WORDS_CHARACTERS = 2000
"""Longest account in words that the form takes."""
MOST_COUNT = 10_000
"""Greatest count the form takes: more is a slip of the finger."""
MOST_RANGE_M = 50_000
"""Greatest distance the form takes, metres: nothing is heard from farther."""
GOOD_ACCURACY_M = 10
"""Accuracy at which a device stops looking for a better position, metres."""
POOR_ACCURACY_M = 100
"""Accuracy beyond which a device warns whoever takes the position, metres."""
OTHER = "other"
_CHOICES_AT = "root/item"
"""Where the standard of the forms keeps the choices of a list, below the instance of its name."""

_LABELS = {
    "uav": "Drone", "uav_strike": "Drone strike", "uav_flight": "Drone flight", "ifv_cannon": "Cannon of an "
    "infantry fighting vehicle", "anti_tank": "Anti-tank weapon", "seen": "Seen with own eyes",
    "heard": "Heard", "recorded": "Recorded by a camera", "detected": "Detected by an instrument",
    "told": "Told by somebody else", "minute": "To the minute", "hour": "To the hour", "day": "Only the day",
    "watched": "Watching as it should", "down": "Out of order or switched off", "weather": "Blind by weather",
    "jammed": "Jammed", "confined": "Kept at base by order of the mission", "denied": "Turned back",
    "delayed": "Let through late", "in_flight": "In flight", "post": "Post", "n": "No", "y": "Yes",
    "acoustic": "Acoustic post", "mine_blast": "Mine blast", "energy": "Energy", "mission": "The mission",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One row of the survey sheet; empty cells are left out."""

    type: str
    name: str = ""
    label: str = ""
    hint: str = ""
    required: bool = False
    relevant: str = ""
    constraint: str = ""
    constraint_message: str = ""
    calculation: str = ""
    default: str = ""
    appearance: str = ""
    parameters: str = ""


@dataclass(frozen=True)
class Choice:
    """One row of the choices sheet."""

    list_name: str
    name: str
    label: str
    full: str = ""
    """The name as the store has it, where the choice's own name is a number."""


def list_questions(posts: Sequence[str] = (), regions: Sequence[str] = ()) -> tuple[Question, ...]:
    """Return the survey; `posts` and `regions` are offered as choices where any are known."""
    return (
        Question("start", "start"),
        Question("end", "end"),
        Question("deviceid", "device"),
        Question(
            "select_one record", "record", "What do you record?", "One form for one thing.", required=True
        ),
        _ask_words(
            "team", "Your team or office",
            "The name of the team, as 'Team North'. Never the name of a person.",
            MAX_NAME_CHARACTERS, required=True,
        ),
        *_ask_name("post", "Post, patrol or camera", "As the mission calls it.", posts, required=True),
        Question(
            "select_one means", "means", "Who or what watched?", required=True,
            relevant="${record} != 'camera'",
        ),
        Question(
            "geopoint", "position", "Your own position",
            "Wait under open sky until the accuracy is good. Leave it out where it is not safe, or jammed.",
            parameters=f"capture-accuracy={GOOD_ACCURACY_M} warning-accuracy={POOR_ACCURACY_M} "
            "allow-mock-accuracy=false",
        ),
        *_ask_name("region", "Region", "The region or sector you report from.", regions),
        *_ask_violation(),
        *_ask_patrol(),
        *_ask_denial(),
        *_ask_camera(),
        Question("note", "thanks", "Check the times, then finalise. It is sent when there is a network."),
    )  # fmt: skip


def list_choices(
    sides: tuple[str, str], posts: Sequence[str] = (), regions: Sequence[str] = ()
) -> tuple[Choice, ...]:
    """Return the choices; `sides` are the names of side a and side b."""
    records = {
        Record.violation: "A violation, or something that may be one",
        Record.patrol: "A patrol log: where and when we watched",
        Record.denial: "A denial of movement",
        Record.camera: "The state of a camera",
    }
    named = (("post", posts), ("region", regions))
    return (
        *(Choice("record", name, label) for name, label in records.items()),
        *_choices("means", OFFERED_MEANS),
        *_choices("kind", OFFERED_KINDS),
        *_choices("observation", OFFERED_OBSERVATIONS),
        *_choices("phase", OFFERED_PHASES),
        *_choices("weapon", OFFERED_WEAPONS),
        *_choices("target", TARGETS),
        *_choices("precision", PRECISIONS),
        *_choices("patrol_state", PATROL_STATES),
        *_choices("camera_state", CAMERA_STATES),
        *_choices("denial_kind", DENIALS),
        *(Choice("side", side, name) for side, name in zip("ab", sides, strict=True)),
        Choice("yes_no", "no", "No"),
        Choice("yes_no", "yes", "Yes"),
        *(
            choice
            for list_name, names in named
            if names
            for choice in (
                *(Choice(list_name, f"{list_name}_{at}", name, name) for at, name in enumerate(names, 1)),
                Choice(list_name, OTHER, "Another one"),
            )
        ),
    )


def _ask_words(
    name: str,
    label: str,
    hint: str,
    most: int,
    *,
    required: bool = False,
    relevant: str = "",
    appearance: str = "",
) -> Question:
    """Ask for words, of at most so many letters."""
    return Question(
        "text", name, label, hint, required, relevant=relevant, appearance=appearance,
        constraint=_at_most(most), constraint_message=f"At most {most} letters.",
    )  # fmt: skip


def _ask_name(
    name: str, label: str, hint: str, known: Sequence[str], *, required: bool = False
) -> Iterable[Question]:
    """Ask for a name: in words, or from those known with a way out."""
    if not known:
        return (_ask_words(name, label, hint, MAX_NAME_CHARACTERS, required=required),)
    chosen = f"${{{name}_choice}}"
    looked_up = f"instance('{name}')/{_CHOICES_AT}[name={chosen}]/full"
    return (
        Question(f"select_one {name}", f"{name}_choice", label, hint, required, appearance="minimal"),
        _ask_words(
            f"{name}_other", f"{label}: its name", hint, MAX_NAME_CHARACTERS, required=True,
            relevant=f"{chosen} = '{OTHER}'",
        ),
        Question(
            "calculate", name, calculation=f"if({chosen} = '{OTHER}', ${{{name}_other}}, {looked_up})"
        ),
    )  # fmt: skip


def _ask_violation() -> Iterable[Question]:
    only = f"${{record}} = '{Record.violation}'"
    with_phase = " or ".join(f"${{kind}} = '{kind}'" for kind in WITH_PHASE)
    return (
        Question("begin_group", "violation", "What you noticed", relevant=only),
        Question(
            "note", "event_note",
            "One entry for each thing you noticed: five explosions in one direction are one entry.",
        ),
        Question("begin_repeat", "event", "Event"),
        Question("calculate", "event_id", calculation="once(uuid())"),
        *_ask_period("event", "it happened, or began", "it ended, where it lasted", needs_end=False),
        Question(
            "select_one precision", "time_known", "How well do you know the time?", required=True,
            default="minute",
        ),
        Question("select_one kind", "kind", "What was it?", required=True, appearance="minimal"),
        Question("select_one observation", "observation", "How did you notice it?", required=True),
        Question(
            "select_one phase", "phase", "Which part of the flight?", "Leave it out where you cannot tell.",
            relevant=with_phase,
        ),
        Question(
            "select_one weapon", "weapon", "Which weapon?", "Leave it out where you cannot tell.",
            appearance="minimal",
        ),
        *_ask_counts(),
        Question(
            "integer", "bearing", "Direction from you, degrees", "0 is north, 90 east. By compass.",
            constraint=". >= 0 and . <= 360", constraint_message="Between 0 and 360 degrees.",
        ),
        Question(
            "integer", "bearing_width", "Width of that direction, degrees",
            "How far to the left and right of it together it can have been. Empty: about 22 degrees.",
            relevant="string-length(${bearing}) > 0", constraint=". >= 1 and . <= 360",
            constraint_message="Between 1 and 360 degrees.",
        ),
        *_ask_range(),
        Question(
            "geopoint", "event_position", "Position of the event itself",
            "Only where you stand at it or can point to it on the map; otherwise leave it out.",
            appearance="placement-map",
            parameters=f"capture-accuracy={GOOD_ACCURACY_M} warning-accuracy={POOR_ACCURACY_M}",
        ),
        _ask_words("place", "Name of the place", "The settlement nearest to the event.", MAX_NAME_CHARACTERS),
        Question("select_one target", "target", "What was hit?", "Leave it out where you cannot tell."),
        *_ask_people("killed", "killed"),
        *_ask_people("hurt", "injured"),
        Question(
            "select_one side", "side_from", "Which side did it?",
            "Only where you yourself saw where it came from.",
        ),
        Question(
            "select_one yes_no", "exercise", "Was it an exercise with live fire?", required=True, default="no"
        ),
        _ask_words(
            "words", "In your own words", "What you saw and heard. No names of persons.",
            MAX_WORDS_CHARACTERS, appearance="multiline",
        ),
        Question("end_repeat", "event"),
        Question("calculate", "n_events", calculation="count(${event})"),
        Question("end_group", "violation"),
    )  # fmt: skip


def _ask_patrol() -> Iterable[Question]:
    return (
        Question("begin_group", "patrol", "Patrol", relevant=f"${{record}} = '{Record.patrol}'"),
        *_ask_period("patrol", "watching began", "watching ended"),
        Question(
            "select_one patrol_state", "patrol_state", "Could you watch?",
            "One form for each stretch of time in which the answer is the same.", required=True,
            default="watched",
        ),
        _ask_words("patrol_words", "Remarks", "No names of persons.", MAX_WORDS_CHARACTERS),
        Question("end_group", "patrol"),
    )  # fmt: skip


def _ask_denial() -> Iterable[Question]:
    return (
        Question("begin_group", "denial", "Denial of movement", relevant=f"${{record}} = '{Record.denial}'"),
        *_ask_period("denial", "you were stopped", "you were let through, or turned back"),
        Question("select_one denial_kind", "denial_kind", "What happened?", required=True),
        Question(
            "select_one side", "denial_by", "Who held you up?", "Leave it out where you cannot tell."
        ),
        _ask_words("denial_place", "Name of the place", "The checkpoint or settlement.", MAX_NAME_CHARACTERS),
        _ask_words(
            "denial_words", "What were you told?", "The reason given. No names of persons.",
            MAX_WORDS_CHARACTERS,
        ),
        Question("end_group", "denial"),
    )  # fmt: skip


def _ask_camera() -> Iterable[Question]:
    return (
        Question("begin_group", "camera", "Camera", relevant=f"${{record}} = '{Record.camera}'"),
        *_ask_period("camera", "this state began", "this state ended"),
        Question("select_one camera_state", "camera_state", "How was it?", required=True),
        _ask_words(
            "camera_cause", "Why?", "What or who put it out of order, as far as known.", MAX_NAME_CHARACTERS,
            relevant="${camera_state} != 'watched'",
        ),
        Question("end_group", "camera"),
    )  # fmt: skip


def _ask_period(name: str, first: str, last: str, *, needs_end: bool = True) -> Iterable[Question]:
    """Ask for a start and an end, neither in the future, the end after the start."""
    begins = f"${{{name}_from}}"
    return (
        Question(
            "dateTime", f"{name}_from", f"When {first}", "By the clock of this device.", required=True,
            constraint=". <= now()", constraint_message="This lies in the future: check the clock.",
        ),
        Question(
            "dateTime", f"{name}_to", f"When {last}", required=needs_end,
            constraint=f". {'>' if needs_end else '>='} {begins} and . <= now()",
            constraint_message="It must come after the start, and not lie in the future.",
        ),
    )  # fmt: skip


def _ask_counts() -> Iterable[Question]:
    """Ask how many: the likely number, and least and greatest where it is not sure."""
    return (
        Question(
            "integer", "count_best", "How many?", "Your best number; leave it out where unknown.",
            constraint=f". >= 0 and . <= {MOST_COUNT}", constraint_message=f"Between 0 and {MOST_COUNT}.",
        ),
        Question(
            "integer", "count_low", "At least how many?", "Only where you are not sure.",
            relevant="string-length(${count_best}) > 0",
            constraint=". >= 0 and . <= ${count_best}",
            constraint_message="Not more than your best number.",
        ),
        Question(
            "integer", "count_high", "At most how many?", "Only where you are not sure.",
            relevant="string-length(${count_best}) > 0",
            constraint=f". >= ${{count_best}} and . <= {MOST_COUNT}",
            constraint_message="Not fewer than your best number.",
        ),
    )  # fmt: skip


def _ask_range() -> Iterable[Question]:
    return (
        Question(
            "integer", "range_min_m", "Least distance from you, metres", "3 km are 3000.",
            constraint=f". >= 0 and . <= {MOST_RANGE_M}", constraint_message=f"Between 0 and {MOST_RANGE_M}.",
        ),
        Question(
            "integer", "range_max_m", "Greatest distance from you, metres",
            constraint="(string-length(${range_min_m}) = 0 or . >= ${range_min_m})"
            f" and . >= 0 and . <= {MOST_RANGE_M}",
            constraint_message=f"Not less than the least distance, and at most {MOST_RANGE_M}.",
        ),
    )  # fmt: skip


def _ask_people(name: str, word: str) -> Iterable[Question]:
    """Ask for a number of people; nobody is named."""
    return (
        Question(
            "integer", f"{name}_low", f"People {word}: at least", "Numbers only; leave it out where unknown.",
            constraint=f". >= 0 and . <= {MOST_COUNT}", constraint_message=f"Between 0 and {MOST_COUNT}.",
        ),
        Question(
            "integer", f"{name}_high", f"People {word}: at most",
            relevant=f"string-length(${{{name}_low}}) > 0",
            constraint=f". >= ${{{name}_low}} and . <= {MOST_COUNT}",
            constraint_message="Not fewer than the least number.",
        ),
    )  # fmt: skip


def _at_most(n: int) -> str:
    return f"string-length(.) <= {n}"


def _choices(list_name: str, words: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(list_name, str(word), _say(str(word))) for word in words)


def _say(word: str) -> str:
    return _LABELS.get(word) or word.replace("_", " ").capitalize()
