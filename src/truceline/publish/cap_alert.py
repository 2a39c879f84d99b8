"""Warnings as messages of the Common Alerting Protocol, version 1.2 (OASIS, 1 July 2010): one XML text each.

The order and number of elements follow the schema of the standard, times its pattern (an offset, never Z),
names its rules (no spaces, commas, < or &). The same message gives the same bytes. It words what the warning
says and computes nothing; it names no side and no target.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from truceline.events.alarms import AlarmLevel
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Releasability
from truceline.monitor.warning import Figures, WarningMessage
from truceline.publish.table import clean

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MARKER = "warnings.json"
"""File that says a folder of warnings was made here and may be replaced."""
LANGUAGE = "en-GB"
SCOPES = {
    Releasability.public: "Public",
    Releasability.parties: "Restricted",
    Releasability.mission: "Private",
}
"""Whom a message is for, in the words of the protocol."""
RESTRICTION = "For the parties to the agreement and those who observe it"
ADDRESSES = "mission"
"""Group a private message is addressed to: the protocol asks for one."""
CATEGORIES = ("Safety", "Security")
EVENT = "Rise in incidents of fighting"
RESPONSE = "Monitor"
MOST_CERTAIN = 0.99
"""Probability above which a message does not say by how much: the rule that gives it is not that good."""
CAUTION = (
    "The figures say how unusual the days are. They do not say why, nor who acted, and they forecast nothing."
)


def fill_warnings(messages: Sequence[WarningMessage], folder: Path) -> tuple[str, ...]:
    """Write each message into an empty folder, with a list of them; return the names of the files.

    `folder` is usually the temporary one of `files.replace_folder`. Raises OSError when the disk refuses.
    """
    names = []
    for message in messages:
        name = f"{message.identifier}.xml"
        (folder / name).write_bytes(render_warning(message))
        names.append(name)
    listed = [
        {
            "file": name,
            "region": message.region,
            "kind": message.kind,
            "status": message.status,
            "alarm": str(message.alarm),
            "sent_utc": _stamp(message.sent),
        }
        for name, message in zip(names, messages, strict=True)
    ]
    (folder / MARKER).write_text(
        json.dumps({"warnings": listed}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return (*names, MARKER)


def render_warning(message: WarningMessage) -> bytes:
    """Return a warning as a CAP 1.2 message in UTF-8."""
    alert = ElementTree.Element("alert", {"xmlns": NAMESPACE})
    _add(alert, "identifier", message.identifier)
    _add(alert, "sender", message.sender)
    _add(alert, "sent", _stamp(message.sent))
    _add(alert, "status", message.status)
    _add(alert, "msgType", message.kind)
    _add(alert, "scope", SCOPES[message.level])
    if message.level is Releasability.parties:
        _add(alert, "restriction", RESTRICTION)
    if message.level is Releasability.mission:
        _add(alert, "addresses", ADDRESSES)
    if note := _note(message):
        _add(alert, "note", note)
    if message.references:
        cited = (f"{ref.sender},{ref.identifier},{_stamp(ref.sent)}" for ref in message.references)
        _add(alert, "references", " ".join(cited))
    _add_info(alert, message)
    ElementTree.indent(alert, space=" ")
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    text: str = ElementTree.tostring(alert, encoding="unicode")
    return head + text.encode() + b"\n"


def _add_info(alert: ElementTree.Element, message: WarningMessage) -> None:
    info = ElementTree.SubElement(alert, "info")
    _add(info, "language", LANGUAGE)
    for category in CATEGORIES:
        _add(info, "category", category)
    _add(info, "event", EVENT)
    _add(info, "responseType", RESPONSE)
    _add(info, "urgency", message.urgency)
    _add(info, "severity", message.severity)
    _add(info, "certainty", message.certainty)
    _add(info, "effective", _stamp(message.sent))
    _add(info, "onset", _stamp(message.onset))
    _add(info, "expires", _stamp(message.expires))
    _add(info, "senderName", message.mission)
    _add(info, "headline", _headline(message))
    _add(info, "description", _describe(message))
    for name, value in _parameters(message):
        parameter = ElementTree.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    area = ElementTree.SubElement(info, "area")
    _add(area, "areaDesc", message.region or f"All regions of {message.mission}")
    for lon, lat in message.centres:
        _add(area, "circle", f"{lat:.2f},{lon:.2f} {message.radius_km:g}")


def _note(message: WarningMessage) -> str:
    """Return what explains a cancellation, and names an exercise: the protocol asks for both."""
    notes = [f"Exercise of {message.mission}."] if message.status == "Exercise" else []
    if message.kind == "Cancel":
        notes.append("The rise has ended by the rule that called it one.")
    return " ".join(notes)


def _headline(message: WarningMessage) -> str:
    where = message.region or "all regions"
    day = _say_day(message)
    if message.kind == "Cancel":
        return f"{where}: the rise in incidents of fighting has ended, {day}"
    said = "broad and lasting rise" if message.alarm is AlarmLevel.warning else "lasting rise"
    return f"{where}: {said} in incidents of fighting, {day}"


def _describe(message: WarningMessage) -> str:
    where = message.region or "All regions"
    parts = [f"{where}: {_say_figures(message.here)}."]
    if message.region:
        parts.append(f"All regions: {_say_figures(message.whole)}.")
    if math.isfinite(message.quiet_level):
        parts.append(f"The quiet level of all regions is {message.quiet_level:.1f} a day.")
    if message.kind == "Cancel":
        parts.append("The evidence of a lasting rise has fallen below the level at which it is called one.")
    else:
        p = _say_probability(message.p)
        parts.append(f"Probability of a lasting rise: {p}, rise and quiet being equally likely beforehand.")
    if len(message.places) > 1:
        parts.append(f"Risen in {', '.join(message.places)}.")
    return " ".join([*parts, CAUTION])


def _say_probability(p: float) -> str:
    """Return a probability to two decimals; none is ever called certain."""
    return f"above {MOST_CERTAIN:g}" if p > MOST_CERTAIN else f"{p:.2f}"


def _say_figures(figures: Figures) -> str:
    """Return incidents of a day beside what was to be expected, with range and interval."""
    if not math.isfinite(figures.n):
        return "nobody reported"
    head = f"{figures.n:.0f} incidents of fighting"
    if not math.isfinite(figures.expected):
        return f"{head}; what was to be expected is not known"
    share = 100.0 * load_watching_assumptions().value("expectation.interval_share")
    return (
        f"{head} against {figures.expected:.1f} expected ({figures.low:.0f} to {figures.high:.0f} on "
        f"{share:.0f} % of such days), a ratio of {figures.ratio:.2f} "
        f"({figures.ratio_low:.2f} to {figures.ratio_high:.2f})"
    )


def _parameters(message: WarningMessage) -> list[tuple[str, str]]:
    """Return the figures for machines; what is not known is left out."""
    here = message.here
    values = (
        ("reporting_day", message.day.isoformat()),
        ("alarm", str(message.alarm)),
        ("incidents", _number(here.n)),
        ("expected", _number(here.expected)),
        ("ratio", _number(here.ratio)),
        ("ratio_low", _number(here.ratio_low)),
        ("ratio_high", _number(here.ratio_high)),
        ("probability", _number(min(message.p, MOST_CERTAIN))),
    )
    return [(f"truceline.{name}", value) for name, value in values if value]


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""


def _say_day(message: WarningMessage) -> str:
    return f"{message.day.day} {message.day:%B %Y}"


def _stamp(moment: datetime) -> str:
    """Return a moment (UTC without zone) as the protocol writes it: Z is not allowed, -00:00 is UTC."""
    return f"{moment.replace(microsecond=0).isoformat()}-00:00"


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = clean(text)
