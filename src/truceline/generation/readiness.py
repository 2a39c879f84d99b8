"""Who was ready on a day, and who would help in any form: two counts that the press published as well.

Nations, by code. A nation is counted from what it said and what was known of its conditions, never from a
size. The coalition as a whole, the host and the other side are not nations of the count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from truceline.generation.condition_book import PARLIAMENT, ConditionBook
from truceline.generation.gating import UN_ROUTE
from truceline.generation.model import Mission
from truceline.generation.pledges import COALITION, GUARANTOR, PARTIES, Stance
from truceline.generation.register import Register

_NO_HELP = frozenset({"opposed", "denied", "rejects", "host"})
_NO_FORM = frozenset({"none", "none_stated", "unspecified", "undecided"})
"""Words of the source table where no form of help was named."""
_BY_OTHERS = "named-by-others"
COUNT_TOLERANCE = 2
"""Nations by which a count may differ from the published one: two of the six named in April 2025 had not yet
spoken in the register, and the twenty-six of September were never named."""


@dataclass(frozen=True)
class ReadyCount:
    """Nations that would send people, by whether anything known stands in the way."""

    day: date
    ready: tuple[str, ...]
    """None of their own conditions was known to be unmet."""
    held_back: tuple[tuple[str, tuple[str, ...]], ...]
    """The others that would send, each with its conditions known to be unmet."""

    @property
    def count(self) -> int:
        """Return how many are ready."""
        return len(self.ready)


@dataclass(frozen=True)
class FormCount:
    """Nations that would help in any form: on land, at sea, in the air, by training, logistics or in kind."""

    day: date
    named: tuple[str, ...]
    """Those that named a form."""
    unnamed: tuple[str, ...]
    """Those that refused nothing and named no form."""

    @property
    def count(self) -> int:
        """Return how many there are together."""
        return len(self.named) + len(self.unnamed)


def count_ready(
    register: Register, book: ConditionBook, day: date, *, mission: Mission | None = None
) -> ReadyCount:
    """Return the nations that would send people on a day and whose conditions were not known to be unmet.

    A nation's conditions are those it stated and those its law asks for (its parliament, a mandate of the
    United Nations); what any ceasefire force would bring about (the ceasefire, the host's consent, the
    mandate of the coalition) is not held against it. Unknown is not unmet.

    mission: leaves out nations that refuse it; None leaves out nobody.
    """
    states = book.states(day)
    ready: list[str] = []
    held_back: list[tuple[str, tuple[str, ...]]] = []
    for code, stance in register.on(day).items():
        if not stance.is_offer or stance.is_open or (mission is not None and mission in stance.refuses):
            continue
        if stance.position != "will_send_conditional":
            continue
        own = [key for key in _own_conditions(stance, book) if not book[key].comes_with_ceasefire]
        unmet = tuple(key for key in own if states[key] == "unmet")
        if unmet:
            held_back.append((code, unmet))
        else:
            ready.append(code)
    return ReadyCount(day, tuple(ready), tuple(held_back))


def count_any_form(register: Register, day: date) -> FormCount:
    """Return the nations whose word on a day allows a contribution of any form.

    Left out: who opposes, denies or rejects, the parties, the coalition as a whole, the guarantor, and
    nations that others named and that offered nothing themselves.
    """
    named: list[str] = []
    unnamed: list[str] = []
    for code, stance in register.on(day).items():
        if code in PARTIES or code in (COALITION, GUARANTOR):
            continue
        if stance.position in _NO_HELP or _BY_OTHERS in stance.caveats:
            continue
        (named if set(stance.forms) - _NO_FORM else unnamed).append(code)
    return FormCount(day, tuple(named), tuple(unnamed))


def _own_conditions(stance: Stance, book: ConditionBook) -> list[str]:
    keys = set(stance.conditions)
    if PARLIAMENT + stance.nation in book:
        keys.add(PARLIAMENT + stance.nation)
    approval = book.approvals.get(stance.nation)
    if approval is not None and approval.un_mandate:
        keys.add(UN_ROUTE)
    return sorted(keys)
