"""Events of Cursor on Target for the tests: made up, and a strategy that makes any."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from truceline.exchange.cot_event import CotEvent, CotLink

NOON = datetime(2025, 3, 2, 12, 0)


def position(at: datetime = NOON, uid: str = "P-5", lon: float = 38.45, lat: float = 48.63) -> CotEvent:
    """Return a position of a patrol."""
    return CotEvent(
        uid, "a-f-G-U-C", at, at, at + timedelta(minutes=5), lat, lon, how="m-g", ce=8.0, callsign="PATROL 5"
    )


def alarm(
    at: datetime = NOON, uid: str = "P-5-9-1-1", kind: str = "b-a-o-tbl", words: str = "911 Alert"
) -> CotEvent:
    """Return an alarm raised by the patrol."""
    link = CotLink("P-5", "a-f-G-U-C", "p-p")
    return CotEvent(
        uid, kind, at, at, at + timedelta(minutes=5), 48.64, 38.46, how="m-g", emergency=words, links=(link,)
    )


_words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=20,
)
_moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
_errors = st.none() | st.floats(0.001, 9e5)
_links = st.builds(CotLink, uid=_words, type=st.just("a-f-G"), relation=st.sampled_from(("", "p-p", "t-p")))


@st.composite
def events(draw: st.DrawFn) -> CotEvent:
    """Make any event that a sender may mean."""
    course, speed = draw(st.none() | st.tuples(st.floats(0, 360), st.floats(0, 500))) or (None, None)
    return CotEvent(
        uid=draw(_words),
        type=draw(st.sampled_from(("a-f-G-U-C", "a-f-A-M-F-Q", "a-n-G", "b-a-o-tbl", "b-m-p-s-m"))),
        time=draw(_moments),
        start=draw(_moments),
        stale=draw(_moments),
        lat=draw(st.floats(-90, 90)),
        lon=draw(st.floats(-180, 180)),
        how=draw(st.sampled_from(("", "m-g", "h-e"))),
        hae=draw(st.none() | st.floats(-9e5, 9e5)),
        ce=draw(_errors),
        le=draw(_errors),
        callsign=draw(st.just("") | _words),
        group=draw(st.just("") | _words),
        role=draw(st.just("") | _words),
        course=course,
        speed=speed,
        emergency=draw(st.just("") | _words),
        is_cancel=draw(st.booleans()),
        links=tuple(draw(st.lists(_links, max_size=3))),
    )
