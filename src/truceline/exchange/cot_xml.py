"""Read and write events of Cursor on Target as XML, one at a time or from a stream of them.

A document type, entities, other encodings than UTF-8, deep nesting and long events are refused: what comes in
was written by somebody we do not know. The parser is expat, which resolves nothing by itself; a document
type stops it at once. Remarks are skipped unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from truceline.errors import Problem
from truceline.exchange.cot_event import (
    MAX_EVENT_BYTES,
    MAX_LINKS,
    CotError,
    CotEvent,
    CotFramingError,
    CotLink,
    Detail,
    clean_word,
    format_moment,
    make_event,
    refuse,
    shorten,
)

MAX_DEPTH = 16
"""Deepest nesting of elements read; details of the tools in use have five."""
MAX_ELEMENTS = 2000
"""Most elements of an event."""
XML_UNKNOWN = 9_999_999.0
"""What stands for 'not known' in height and errors."""
XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_DETAIL_ATTRIBUTES = {
    "contact": {"callsign": "callsign"},
    "__group": {"name": "group", "role": "role"},
    "track": {"course": "course", "speed": "speed"},
    "emergency": {"type": "emergency", "cancel": "cancel"},
    "TakResponse": {"status": "status"},
}
"""Attributes read of elements below `detail`."""
_VERSIONED = ("TakProtocolSupport", "TakRequest")
_WRAPPERS = (b"<events>", b"</events>")
"""Some tools save events between these; nothing else may stand between events."""
_BLANKS = b" \t\r\n\x00"
"""What may stand between events, beside the mark of UTF-8."""
_MARK = b"\xef\xbb\xbf"
_OPENS = ord("<")
_QUOTED = 12
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class XmlStream:
    """Cuts a stream of bytes into events, as they come: `feed` it, and take what is whole.

    Events may follow each other with or without blanks and XML declarations. Bytes of an event that has not
    ended are kept, MAX_EVENT_BYTES of them at most.
    """

    def __init__(self) -> None:
        self._waiting = b""
        """Bytes after the last `>`: not yet given to the parser."""
        self._document: _Document | None = None
        self._is_stopped = False

    @property
    def is_amid(self) -> bool:
        """Tell whether an event has begun and not ended."""
        return self._document is not None or bool(self._waiting.strip(_BLANKS))

    def feed(self, data: bytes, *, until: bytes = b"") -> list[CotEvent | CotError]:
        """Return the events that are whole now, and an error for each that is whole and cannot be used.

        Where a byte of `until` stands in the place of a new event, reading stops before it: see `take_rest`.
        Raises CotFramingError for bytes after which no event can be found any more; its `before` has the
        events before them.
        """
        found: list[CotEvent | CotError] = []
        data = self._waiting + data
        at = 0
        try:
            while True:
                if self._document is None:
                    at = _skip_blanks(data, at)
                    if at < len(data) and data[at] in until:
                        self._is_stopped = True
                        break
                    if at < len(data) and data[at] != _OPENS:
                        begins = shorten(data[at : at + _QUOTED].decode("latin-1"))
                        raise _lost(f"'{begins}' is no beginning of an event")
                end = data.find(b">", at) + 1
                self._check_length((end or len(data)) - at)
                if not end:
                    break
                self._parse(data[at:end], found)
                at = end
        except CotFramingError as error:
            error.before = tuple(found)
            raise
        self._waiting = data[at:]
        return found

    def take_rest(self) -> bytes:
        """Give up the bytes before which reading stopped, for whoever goes on in another format."""
        if not self._is_stopped:
            return b""
        rest, self._waiting, self._is_stopped = self._waiting, b"", False
        return rest

    def _parse(self, piece: bytes, found: list[CotEvent | CotError]) -> None:
        """Hand one piece, up to a `>`, to the parser; add the event that it ends."""
        if self._document is None:
            if piece in _WRAPPERS or (piece.startswith(b"<?") and piece.endswith(b"?>")):
                return
            self._document = _Document()
        if self._document.parse(piece):
            document, self._document = self._document, None
            try:
                found.append(document.finish())
            except CotError as error:
                found.append(error)

    def _check_length(self, n_more: int) -> None:
        n_before = self._document.n_bytes if self._document is not None else 0
        if n_before + n_more > MAX_EVENT_BYTES:
            raise _lost(f"an event has more than {MAX_EVENT_BYTES:,} bytes")


def _skip_blanks(data: bytes, at: int) -> int:
    """Return the place of the next byte that is no blank."""
    while at < len(data):
        if data[at] in _BLANKS:
            at += 1
        elif data.startswith(_MARK, at):
            at += len(_MARK)
        else:
            break
    return at


class _Document:
    """One event on its way through the parser."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self._reader = _EventReader()
        self._parser = _make_parser(self._reader)

    def parse(self, piece: bytes) -> bool:
        """Take bytes, up to a `>`; tell whether the event is at its end. Raises CotFramingError."""
        self.n_bytes += len(piece)
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            raise _lost(f"is no well-formed XML: {expat.ErrorString(error.code)}") from None
        return self._reader.is_done

    def finish(self) -> CotEvent:
        return self._reader.event()


class _EventReader:
    """Takes what is needed out of the elements of one event."""

    def __init__(self) -> None:
        self.root = ""
        self.path: list[str] = []
        self.n_elements = 0
        self.is_done = False
        self.words: dict[str, str] = {}
        self.detail = Detail()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element as it begins."""
        self.path.append(name)
        self.root = self.root or name
        self.n_elements += 1
        if len(self.path) > MAX_DEPTH or self.n_elements > MAX_ELEMENTS:
            raise _lost("is nested too deeply, or has too many elements")
        if self.path == ["event"]:
            names = ("uid", "type", "how", "time", "start", "stale")
            self.words.update({each: attributes[each] for each in names if each in attributes})
        elif self.path == ["event", "point"]:
            numbers = ("lat", "lon", "hae", "ce", "le")
            self.words.update({each: attributes[each] for each in numbers if each in attributes})
        elif self.path[:2] == ["event", "detail"] and len(self.path) > 2:
            read_detail_element(self.detail, name, attributes)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.path.pop()
        self.is_done = not self.path

    def event(self) -> CotEvent:
        """Return the event; CotError where it is none."""
        if self.root != "event":
            raise refuse(
                "document", f"<{clean_word(self.root)[:40]}> is no event", "an event begins with <event"
            )
        return make_event(self.words, self.detail)


def read_detail_element(detail: Detail, name: str, attributes: dict[str, str]) -> None:
    """Take from one element below `detail` what the watching needs; the first of a kind holds."""
    for attribute, word in _DETAIL_ATTRIBUTES.get(name, {}).items():
        if attribute in attributes:
            detail.words.setdefault(word, attributes[attribute])
    if name == "link" and attributes.get("uid") and len(detail.links) < MAX_LINKS:
        parts = (clean_word(attributes.get(each, "")) for each in ("uid", "type", "relation"))
        detail.links.append(CotLink(*parts))
    if name in _VERSIONED and len(detail.versions) < MAX_LINKS:
        version = attributes.get("version", "")
        if version.isascii() and version.isdigit() and len(version) < 6:
            detail.versions.append(int(version))


def read_xml(data: bytes) -> CotEvent:
    """Return the one event of an XML document; CotError where there is none, or more than one."""
    stream = XmlStream()
    found = stream.feed(data)
    if len(found) != 1 or stream.is_amid:
        state = "ends amid an event" if stream.is_amid else f"holds {len(found)} events"
        raise refuse("document", state, "give one whole event")
    if isinstance(found[0], CotError):
        raise found[0]
    return found[0]


def read_detail_fragment(text: str, detail: Detail) -> None:
    """Take what the watching needs from the XML below `detail`, as the field xmlDetail of protobuf holds it.

    Raises CotError for what is no well-formed XML; what was read before stays.
    """
    reader = _EventReader()
    reader.detail = detail
    parser = _make_parser(reader)
    try:
        parser.Parse(b"<event><detail>", False)
        parser.Parse(text.encode("utf-8", "surrogatepass"), False)
        parser.Parse(b"</detail></event>", True)
    except expat.ExpatError as error:
        raise refuse("xmlDetail", f"is no well-formed XML: {expat.ErrorString(error.code)}") from None
    except CotFramingError as error:
        raise CotError("event", error.problems) from None


def write_xml(event: CotEvent, *, remarks: str = "") -> bytes:
    """Return an event as one XML document, with its declaration and a line end."""
    named = {
        "version": "2.0",
        "uid": event.uid,
        "type": event.type,
        "how": event.how,
        "time": format_moment(event.time),
        "start": format_moment(event.start),
        "stale": format_moment(event.stale),
    }
    point = {
        "lat": repr(event.lat),
        "lon": repr(event.lon),
        "hae": _say_number(event.hae),
        "ce": _say_number(event.ce),
        "le": _say_number(event.le),
    }
    inner = write_element("contact", callsign=event.callsign)
    inner += write_element("__group", name=event.group, role=event.role)
    inner += write_element("track", course=event.course, speed=event.speed)
    inner += write_detail_rest(event, remarks=remarks)
    text = f"<event{_attributes(named)}><point{_attributes(point)}/><detail>{inner}</detail></event>\n"
    return (XML_HEAD + text).encode("utf-8")


def write_detail_rest(event: CotEvent, *, remarks: str = "") -> str:
    """Return the details that have no field of their own in protobuf, as XML."""
    made = "".join(write_element("link", uid=e.uid, type=e.type, relation=e.relation) for e in event.links)
    cancel = "true" if event.is_cancel else ""
    made += write_element("emergency", type=event.emergency, cancel=cancel)
    if event.versions or event.is_granted is not None:
        word = "TakRequest" if event.type == "t-x-takp-q" else "TakProtocolSupport"
        control = "".join(write_element(word, version=str(version)) for version in event.versions)
        if event.is_granted is not None:
            control += write_element("TakResponse", status=str(event.is_granted).lower())
        made += f"<TakControl>{control}</TakControl>"
    return made + (f"<remarks>{escape(_xml_text(remarks))}</remarks>" if remarks else "")


def write_element(name: str, /, **attributes: str | float | None) -> str:
    """Return an empty element with the attributes that are given; nothing where none is."""
    given = {
        key: repr(value) if isinstance(value, float) else str(value)
        for key, value in attributes.items()
        if value not in ("", None)
    }
    return f"<{name}{_attributes(given)}/>" if given else ""


def _make_parser(reader: _EventReader) -> expat.XMLParserType:
    parser = expat.ParserCreate("UTF-8")  # whatever the document claims: CoT is UTF-8
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.ExternalEntityRefHandler = _refuse_doctype
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    at_once: Callable[[bool], None] | None = getattr(parser, "SetReparseDeferralEnabled", None)
    if at_once is not None:
        at_once(False)  # an event is to be seen when its last byte is there; its length is bounded anyway
    return parser


def _refuse_doctype(*_: object) -> int:
    raise _lost("declares a document type or an entity, which is not read")


def _lost(found: str) -> CotFramingError:
    hint = "send whole events of Cursor on Target in UTF-8, one after another"
    return CotFramingError("stream", [Problem("event", found, hint)])


def _attributes(named: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_xml_text(value))}" for name, value in named.items())


def _xml_text(text: str) -> str:
    """Return text with what XML cannot hold replaced."""
    return _NOT_XML.sub("\ufffd", text)


def _say_number(value: float | None) -> str:
    return repr(XML_UNKNOWN if value is None else float(value))
