"""What a nation said: one dated statement, and its stance when statements are read together.

Sizes in people, as stated; a nation that stated none has none. Nothing is read or reckoned here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from truceline.generation.model import Mission

Stage = Literal["announced", "approved", "deployed", "none"]
STAGES: Mapping[str, str] = {
    "announced": "offered by a government; nobody has approved it",
    "approved": "agreed by those whose agreement the nation's law asks for",
    "deployed": "in the country",
    "none": "a stance without an offer",
}
"""How far a statement went, each with its meaning; numbers of two stages are never added."""

POSITIONS: Mapping[str, str] = {
    "will_send_conditional": "would send people under conditions",
    "open_undecided": "has not decided",
    "air_sea_only": "would come by air and sea alone",
    "neighbouring_territory_only": "would stand in a neighbouring country alone",
    "basing_logistics_only": "lends bases and logistics on its own soil",
    "enabler_support_only": "lends enablers from outside",
    "training_support_only": "helps with training and monitoring from outside",
    "support_no_troops": "supports without people in the country",
    "opposed": "opposes or stays out",
    "denied": "denies that it would come",
    "rejects": "rejects any such force",
    "host": "is the host",
}
"""Positions, each in words."""
INSIDE_POSITIONS = frozenset({"will_send_conditional", "open_undecided", "air_sea_only"})
"""Positions that offer something inside the country, or may."""
OUTSIDE_POSITIONS = frozenset(
    {"neighbouring_territory_only", "basing_logistics_only", "enabler_support_only"}
)
"""Positions that lend what serves from outside: aircraft, satellites, bases, and no people in the country."""
OPEN_POSITION = "open_undecided"

CAVEATS: Mapping[str, str] = {
    "no-front-line": "does not stand at the line of contact",
    "neighbouring-territory": "stands in a neighbouring country of the alliance",
    "own-soil-only": "helps from its own soil",
    "outside-country": "helps from outside the country",
    "air-and-sea": "comes by air and sea, not on the ground",
    "training-first": "trains first; other tasks are only a possibility",
    "peacekeeping-not-deterrence": "keeps the peace with consent; joins no force that deters",
    "only-if-asked": "comes only when asked",
    "own-border": "its own border comes first",
    "straits": "warships pass the Turkish Straits under the Montreux Convention alone",
    "law-at-home": "its own law limits what it may send",
    "no-armed-forces": "has no armed forces",
    "outside-nato": "no NATO mission, and no alliance guarantee for the force",
    "named-by-others": "others named it; it has offered nothing itself",
}
"""National limits on use, each with its meaning."""

COALITION = "COA"
"""Stands for the coalition as a whole: its sizes are counted through its members."""
PARTIES = frozenset({"UKR", "RUS"})
"""The host and the other side contribute nobody to a force between or behind them."""
GUARANTOR = "USA"
"""Brings the backstop, task by task, and is not counted among the contributors."""

MISSION_BASES: Mapping[str, str] = {
    "stated": "the nation said so",
    "coded": "our reading of place and statement",
    "open": "nothing was said",
}
"""How the missions of a statement are known."""


@dataclass(frozen=True)
class Pledge:
    """One dated statement of one nation."""

    pledge_id: str
    nation: str
    """ISO 3166 code, or COA for the coalition as a whole."""
    name: str
    date: str
    """The date as known: a year, a month or a day."""
    day: dt.date
    """The day it counts from: the last one of the period that `date` names."""
    until: dt.date | None
    """Last day it counts; None without end."""
    stage: Stage
    position: str
    """One of POSITIONS."""
    forms: tuple[str, ...]
    """In what form the nation would contribute, in the words of the source table."""
    size_low: int | None
    """Fewest people stated."""
    size_high: int | None
    """Most people stated."""
    size_note: str
    location: str
    conditions: tuple[str, ...]
    """Keys of the named conditions."""
    conditions_as_said: tuple[str, ...]
    """What was asked for in the source's words, also where no condition of ours stands for it."""
    caveats: tuple[str, ...]
    """Words of CAVEATS."""
    accepts: tuple[Mission, ...]
    refuses: tuple[Mission, ...]
    missions_basis: str
    """stated, coded (our reading) or open (nothing was said); empty where an amendment leaves it."""
    amends: str
    """Row whose silence it does not break: what is empty here stands from there."""
    statement: str
    source: str
    source_url: str
    confidence: str

    @property
    def has_size(self) -> bool:
        """Tell whether a number of people was stated."""
        return self.size_low is not None or self.size_high is not None

    @property
    def reference(self) -> str:
        """Return the row's number and date, for a sentence."""
        return f"{self.pledge_id}, {self.date}"


@dataclass(frozen=True)
class Stance:
    """What one nation had said by a day: its latest statement, with what that one amends."""

    nation: str
    name: str
    latest: Pledge
    size_from: Pledge | None
    """The statement that gave the size; None where none was stated."""
    forms: tuple[str, ...]
    location: str
    conditions: tuple[str, ...]
    caveats: tuple[str, ...]
    accepts: tuple[Mission, ...]
    refuses: tuple[Mission, ...]
    missions_basis: str
    statements: tuple[Pledge, ...]
    """The latest statement, then what it amends, and so on."""
    by_stage: Mapping[str, Pledge]
    """The latest statement of each stage; their sizes are never added."""

    @property
    def position(self) -> str:
        """Return the position of the latest statement, one of POSITIONS."""
        return self.latest.position

    @property
    def size_low(self) -> int | None:
        """Return the fewest people stated; None where nobody said."""
        return self.size_from.size_low if self.size_from else None

    @property
    def size_high(self) -> int | None:
        """Return the most people stated; None where nobody said."""
        return self.size_from.size_high if self.size_from else None

    @property
    def size_note(self) -> str:
        """Return what was said beside the size, or in its place."""
        return (self.size_from or self.latest).size_note

    @property
    def basis(self) -> Literal["stated", "none"]:
        """Tell whether a size was stated. Says nothing of whose people they are: see `is_offer`."""
        return "stated" if self.size_from else "none"

    @property
    def is_offer(self) -> bool:
        """Tell whether the nation offers something inside the country, or has left it open."""
        own = self.nation != COALITION and self.nation not in PARTIES
        return own and self.position in INSIDE_POSITIONS

    @property
    def is_open(self) -> bool:
        """Tell whether its government has still to decide."""
        return self.is_offer and self.position == OPEN_POSITION

    def must_decide_on(self, mission: Mission) -> bool:
        """Tell whether its government has still to decide, at all or on a mission it has not spoken of."""
        return self.is_open or (self.is_offer and mission not in (*self.accepts, *self.refuses))

    @property
    def size_words(self) -> str:
        """Return the size in words: never a number where none was stated."""
        low, high = self.size_low, self.size_high
        if low is None and high is None:
            return f"none stated ({self.size_note})" if self.size_note else "none stated"
        if low is None:
            return f"up to {high:,}"
        if high is None:
            return f"at least {low:,}"
        return f"{low:,}" if low == high else f"{low:,} to {high:,}"
