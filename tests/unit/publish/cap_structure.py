"""The structure of CAP 1.2 as the standard gives it, written as a table and turned into a schema for lxml.

Facts from "Common Alerting Protocol Version 1.2", OASIS Standard, 1 July 2010, sections 3.2 and 3.4: order,
how often each element may stand, lists of values, the pattern of times. Rules that a schema cannot say are
checked in `check_message`.
"""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ONE, ANY, SOME, MAYBE = (1, "1"), (0, "unbounded"), (1, "unbounded"), (0, "1")
TEXT, MOMENT, NUMBER, WHOLE, URI, TONGUE = "string", "MOMENT", "decimal", "integer", "anyURI", "language"
PAIR = [("valueName", ONE, TEXT), ("value", ONE, TEXT)]
AREA = [
    ("areaDesc", ONE, TEXT),
    ("polygon", ANY, TEXT),
    ("circle", ANY, TEXT),
    ("geocode", ANY, PAIR),
    ("altitude", MAYBE, NUMBER),
    ("ceiling", MAYBE, NUMBER),
]
RESOURCE = [
    ("resourceDesc", ONE, TEXT),
    ("mimeType", ONE, TEXT),
    ("size", MAYBE, WHOLE),
    ("uri", MAYBE, URI),
    ("derefUri", MAYBE, TEXT),
    ("digest", MAYBE, TEXT),
]
INFO = [
    ("language", MAYBE, TONGUE),
    (
        "category",
        SOME,
        [
            "Geo",
            "Met",
            "Safety",
            "Security",
            "Rescue",
            "Fire",
            "Health",
            "Env",
            "Transport",
            "Infra",
            "CBRNE",
            "Other",
        ],
    ),
    ("event", ONE, TEXT),
    (
        "responseType",
        ANY,
        ["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"],
    ),
    ("urgency", ONE, ["Immediate", "Expected", "Future", "Past", "Unknown"]),
    ("severity", ONE, ["Extreme", "Severe", "Moderate", "Minor", "Unknown"]),
    ("certainty", ONE, ["Observed", "Likely", "Possible", "Unlikely", "Unknown"]),
    ("audience", MAYBE, TEXT),
    ("eventCode", ANY, PAIR),
    ("effective", MAYBE, MOMENT),
    ("onset", MAYBE, MOMENT),
    ("expires", MAYBE, MOMENT),
    ("senderName", MAYBE, TEXT),
    ("headline", MAYBE, TEXT),
    ("description", MAYBE, TEXT),
    ("instruction", MAYBE, TEXT),
    ("web", MAYBE, URI),
    ("contact", MAYBE, TEXT),
    ("parameter", ANY, PAIR),
    ("resource", ANY, RESOURCE),
    ("area", ANY, AREA),
]
ALERT = [
    ("identifier", ONE, TEXT),
    ("sender", ONE, TEXT),
    ("sent", ONE, MOMENT),
    ("status", ONE, ["Actual", "Exercise", "System", "Test", "Draft"]),
    ("msgType", ONE, ["Alert", "Update", "Cancel", "Ack", "Error"]),
    ("source", MAYBE, TEXT),
    ("scope", ONE, ["Public", "Restricted", "Private"]),
    ("restriction", MAYBE, TEXT),
    ("addresses", MAYBE, TEXT),
    ("code", ANY, TEXT),
    ("note", MAYBE, TEXT),
    ("references", MAYBE, TEXT),
    ("incidents", MAYBE, TEXT),
    ("info", ANY, INFO),
]
MOMENT_PATTERN = r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[\-+]\d\d:\d\d"
_XS = "http://www.w3.org/2001/XMLSchema"
_BARE = re.compile(r"[^\s,<&]+")
_CIRCLE = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?) (\d+(?:\.\d+)?)")


def make_schema() -> etree.XMLSchema:
    """Return the table as an XML schema."""
    text = (
        f'<xs:schema xmlns:xs="{_XS}" targetNamespace="{NAMESPACE}" elementFormDefault="qualified">'
        f"{_element('alert', None, ALERT)}</xs:schema>"
    )
    return etree.XMLSchema(etree.fromstring(text))


def _element(name: str, times: tuple[int, str] | None, kind: object) -> str:
    often = "" if times is None else f' minOccurs="{times[0]}" maxOccurs="{times[1]}"'
    if isinstance(kind, list) and isinstance(kind[0], tuple):
        parts = "".join(_element(*part) for part in kind)
        return (
            f'<xs:element name="{name}"{often}><xs:complexType><xs:sequence>{parts}</xs:sequence>'
            "</xs:complexType></xs:element>"
        )
    if isinstance(kind, list):
        values = "".join(f'<xs:enumeration value="{value}"/>' for value in kind)
        return _restricted(name, often, "string", values)
    if kind == MOMENT:
        return _restricted(name, often, "dateTime", f'<xs:pattern value="{MOMENT_PATTERN}"/>')
    return f'<xs:element name="{name}"{often} type="xs:{kind}"/>'


def _restricted(name: str, often: str, base: str, facets: str) -> str:
    return (
        f'<xs:element name="{name}"{often}><xs:simpleType><xs:restriction base="xs:{base}">{facets}'
        "</xs:restriction></xs:simpleType></xs:element>"
    )


def check_message(data: bytes) -> list[str]:
    """Return everything that is wrong with a message; empty where it is a message of CAP 1.2."""
    root = etree.fromstring(data)
    schema = make_schema()
    if not schema.validate(root):
        return [str(error) for error in schema.error_log]

    def find(path: str) -> str:
        return root.findtext(path, "", {"c": NAMESPACE})

    wrong = []
    for name in ("identifier", "sender"):
        if not _BARE.fullmatch(find(f"c:{name}")):
            wrong.append(f"{name} holds a space, a comma, < or &")
    if (find("c:scope") == "Restricted") != bool(find("c:restriction")):
        wrong.append("restriction goes with the scope Restricted")
    if find("c:scope") == "Private" and not find("c:addresses"):
        wrong.append("a private message needs addresses")
    if (find("c:msgType") != "Alert") != bool(find("c:references")):
        wrong.append("an update or a cancellation, and no alert, cites an earlier message")
    for cited in find("c:references").split():
        if not re.fullmatch(rf"[^\s,<&]+,[^\s,<&]+,{MOMENT_PATTERN}", cited):
            wrong.append(f"{cited} is no citation")
    for info in root.iterfind("c:info", {"c": NAMESPACE}):
        times = [
            datetime.fromisoformat(info.findtext(f"{{{NAMESPACE}}}{n}")) for n in ("effective", "expires")
        ]
        if not times[0] < times[1]:
            wrong.append("it expires before it is effective")
    for circle in root.iter(f"{{{NAMESPACE}}}circle"):
        found = _CIRCLE.fullmatch(circle.text or "")
        if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
            wrong.append(f"{circle.text} is no circle")
    return wrong
