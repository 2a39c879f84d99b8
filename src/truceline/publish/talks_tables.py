"""Tables of talks: positions, models side by side, agreements by actors, forces, voting power, seats.

Positions stand on the scale of their issue, salience and power from 0 to 100, shares between 0 and 1. Every
coded number is ours: copy its range with it or not at all. Shares of readings are shares of draws of our
codings of the same words, never chances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from truceline.plan.model import Plan
from truceline.publish.table import Column, Table, number, people, share, text
from truceline.publish.talks_record import CodedRecord, TalksRecord
from truceline.publish.talks_recording import record_talks

_ISSUE = text("issue", "Key of the issue")
_ACTOR = text("actor", "Key of the actor")
_EVIDENCE = text("evidence", "Grade of the numbers: judgement, as every coding is ours")


_SCALE, _HUNDRED = "of the scale", "of 100"
"""Units of what is no share: a workbook shows those as percentages."""


def _coded(name: str, what: str, unit: str = _HUNDRED) -> tuple[Column, Column, Column]:
    return (
        number(f"{name}_low", unit, f"{what}: low end of our coding", 2),
        number(name, unit, f"{what}: our coding", 2),
        number(f"{name}_high", unit, f"{what}: high end of our coding", 2),
    )


POSITIONS = Table(
    "talks_positions",
    "Positions: who wants what, and on which words",
    "One row an actor and issue, as known on the day of the plan. Numbers are our coding of the statement"
    " beside them; a row without a position is an actor that had said nothing, which is not neutral. The"
    " scale of each issue runs between the two ends named in its row.",
    (
        _ISSUE,
        text("label", "Issue in words"),
        _ACTOR,
        text("name", "Actor"),
        *_coded("position", "Position on the scale of the issue", _SCALE),
        *_coded("salience", "How much it matters to the actor, 0 to 100"),
        *_coded("power", "Power over the issue, 0 to 100"),
        text("seat", "party (at the table), consulted or absent"),
        text("veto", "Whether it can stop an outcome alone"),
        text("speaker", "Who said it"),
        text("role", "Office of the speaker"),
        text("date", "Date of the statement, as known"),
        text("said", "What was said"),
        text("coding", "Why these numbers"),
        text("is_joint", "Whether the statement speaks for several actors"),
        text("statement", "Id of the statement"),
        text("source", "Where it was read"),
        text("url", "Address of the source"),
        text("confidence", "Grade of the statement itself"),
        number("scale_from", _SCALE, "Lower end of the scale", 2),
        number("scale_to", _SCALE, "Upper end of the scale", 2),
        text("scale_unit", "Unit of the scale; empty for a scale that is ours"),
        text("from_means", "Meaning of the lower end"),
        text("to_means", "Meaning of the upper end"),
        _EVIDENCE,
    ),
)

MODELS = Table(
    "talks_models",
    "Models side by side",
    "Where each model puts the outcome of each issue, the weighted mean and median first. No forecast: the"
    " plain weighted mean did as well as most such models wherever they were put to the test. p10 to p90 are"
    " over draws of our codings.",
    (
        _ISSUE,
        text("model", "Key of the model"),
        text("label", "Model in words"),
        text("is_plain", "Whether it is one of the two plain ones"),
        number(
            "value", _SCALE, "On the scale of the issue; empty where the model gives a stretch or nothing", 4
        ),
        number("low", _SCALE, "Lower end of a stretch that the model leaves open", 4),
        number("high", _SCALE, "Upper end of it", 4),
        number("p10", _SCALE, "A tenth of the readings give less; for the core, of its lower end", 4),
        number("p50", _SCALE, "Half of the readings give less; empty for the core", 4),
        number("p90", _SCALE, "Nine tenths of the readings give less; for the core, of its upper end", 4),
        share("unsettled_share", "Readings in which it cycles, does not settle or finds nothing that stands"),
        text("notes", "Cycles, ties, what did not settle"),
        text("drivers", "Codings that carry most of the spread, with their parts of it"),
    ),
)

AGREEMENTS = Table(
    "talks_agreements",
    "Agreements by actors",
    "What each actor makes of each candidate agreement, read from its own statements. The first row of an"
    " agreement, with no actor, says whether it stands: nobody blocks and every quota is reached. Shares are"
    " of readings of the same words, not chances.",
    (
        text("agreement", "Key of the agreement"),
        text("label", "Agreement in words"),
        text("actor", "Key of the actor; empty for the agreement as a whole"),
        text("verdict", "stands or does not stand; accepts, leans to yes, leans to no, rejects or silent"),
        number("gain", "1", "Balance of what it settles against no agreement, -1 to 1, by our coding", 4),
        share("accepts_share", "Readings in which it accepts"),
        text("vetoes", "Issues that it settles on which the actor has a veto"),
        text("blocks_on", "Issues on which it would block by veto, at the coded values"),
        text("asked_by", "Terms that cannot be without its yes"),
        text("refuses", "Those of them to which it does not give it, at the coded values"),
        share("blocks_share", "Readings in which it would block"),
        share("stands_share", "Readings in which the agreement stands; only in its first row"),
        text("blocked_by", "Actors that would block; only in its first row"),
        text("short_of", "Issues whose quota is not reached; only in its first row"),
        _EVIDENCE,
    ),
)

FORCES = Table(
    "talks_forces",
    "The force behind each agreement",
    "Who comes on the conditions that an agreement brings. Votes of parliaments are taken as given and"
    " governments that were open stay out. What rests on a size nobody stated has the basis ours and its"
    " range: copy both with the number or neither.",
    (
        text("agreement", "Key of the agreement"),
        text("label", "Agreement in words"),
        text("posture", "Posture with its mission; empty where no force comes"),
        people("needed_people", "People of that posture"),
        people("people", "People who come"),
        people("low", "With every size at its low end"),
        people("high", "With every size at its high end"),
        text("basis", "ours as soon as any of it rests on a size nobody stated, else stated"),
        people("people_ours", "Part of the people that rests on sizes nobody stated"),
        people("supported_people", "People of them whom the enablers in hand can support"),
        text("binding", "Capability that limits them"),
        share("filled_share", "People who come, as a share of those needed"),
        share("detect_share", "Incidents detected by who comes; empty where not planned in full"),
        text("senders", "Codes of those who come, most people first"),
        text("waiting", "Those with an offer who do not come, each with what its nearest way in lacks"),
        text("notes", "Why there is no force, or what does not fit"),
    ),
)

VOTING = Table(
    "talks_voting",
    "Voting power",
    "How often each actor decides under the coded powers, the quota and the vetoes, whatever anybody wants."
    " All who take part count, silent or not.",
    (
        _ISSUE,
        _ACTOR,
        number("weight", _HUNDRED, "Coded power, 0 to 100", 2),
        text("veto", "Whether it has a veto"),
        number("banzhaf", "1", "Banzhaf index, normalised: share of all swings", 6),
        number("shapley_shubik", "1", "Shapley-Shubik index: share of all orders of joining", 6),
        number("quota", "weight", "Weight that wins", 2),
        text("n_winning", "Winning coalitions, as digits"),
        text("n_minimal", "Winning coalitions that lose whenever any one leaves, as digits"),
        text("method", "How it was made"),
        _EVIDENCE,
    ),
)

SEATS = Table(
    "talks_seats",
    "What a seat changes",
    "Mean and median of an issue for those who count, and with one actor's seat given or denied, the others"
    " as seated. Who is absent may still decide what it sends.",
    (
        _ISSUE,
        text("of", "table or actor"),
        text("key", "everybody, as-seated or parties; or key of the actor"),
        text("seat", "The seat the actor has; empty for a table"),
        number("mean", _SCALE, "Mean of the table; empty where fewer than two are left", 4),
        number("median", _SCALE, "Median of the table", 4),
        number("mean_denied", _SCALE, "Mean without the actor", 4),
        number("mean_given", _SCALE, "Mean with the actor as a party", 4),
        number("shift", _SCALE, "The second less the first", 4),
        number("median_denied", _SCALE, "Median without the actor", 4),
        number("median_given", _SCALE, "Median with the actor as a party", 4),
        text("actors", "Who counts at the table"),
        _EVIDENCE,
    ),
)


def _ends(one: CodedRecord) -> tuple[float, float, float]:
    return one.low, one.value, one.high


def _fill_positions(record: TalksRecord) -> Iterable[Sequence[Any]]:
    names = {one.key: one.name for one in record.actors}
    standings = {(one.actor, one.issue): one for one in record.standings}
    for issue in record.issues:
        scale = (issue.low_end, issue.high_end, issue.unit, issue.low_means, issue.high_means, "judgement")
        head = (issue.key, issue.label)
        for one in record.places:
            if one.issue != issue.key:
                continue
            yield (
                *(*head, one.actor, names[one.actor]),
                *(*_ends(one.position), *_ends(one.salience), *_ends(one.power)),
                *(one.seat, one.veto, one.speaker, one.role, one.date, one.text, one.coding, one.joint),
                *(one.statement, one.source, one.url, one.confidence, *scale),
            )
        for actor in record.silent.get(issue.key, []):
            standing = standings.get((actor, issue.key))
            power = (None, None, None) if standing is None else _ends(standing.power)
            seat = None if standing is None else standing.seat
            veto = None if standing is None else standing.veto
            said = f"nothing found by {record.day}"
            yield (
                *(*head, actor, names[actor], *[None] * 6, *power, seat, veto),
                *("", "", "", said, "", None, "", "", "", "", *scale),
            )


def _fill_models(record: TalksRecord) -> Iterable[Sequence[Any]]:
    cores = {one.issue: one for one in record.cores}
    for one in record.answers:
        spread: tuple[Any, ...] = (one.p10, one.p50, one.p90, one.unsettled_share)
        if one.model == "core" and one.issue in cores:
            core = cores[one.issue]
            spread = (core.low_p10, None, core.high_p90, core.empty_share)
        drivers = "; ".join(f"{driver.name} {driver.share:.2f}" for driver in one.drivers)
        yield (
            *(one.issue, one.model, one.label, one.plain, one.value, one.low, one.high),
            *(*spread, "; ".join(one.notes), drivers),
        )


def _fill_agreements(record: TalksRecord) -> Iterable[Sequence[Any]]:
    for one in record.agreements:
        short = "|".join(backing.issue for backing in one.backing if not backing.enough)
        word = "stands" if one.stands else "does not stand"
        head = (one.key, one.label)
        blocked = "|".join(one.blocking)
        yield (*head, "", word, *[None] * 7, one.stands_share, blocked, short, "judgement")
        for verdict in one.verdicts:
            yield (
                *(*head, verdict.actor, verdict.word, None if verdict.word == "silent" else verdict.gain),
                *(verdict.accepts_share, "|".join(verdict.vetoes), "|".join(verdict.blocks_on)),
                *("|".join(verdict.asked_by), "|".join(verdict.refuses)),
                *(verdict.blocks_share, None, "", "", "judgement"),
            )


def _fill_forces(record: TalksRecord) -> Iterable[Sequence[Any]]:
    labels = {one.key: one.label for one in record.agreements}
    for one in record.forces:
        waiting = "; ".join(f"{code}: {'|'.join(keys)}" for code, keys in one.waiting.items())
        yield (
            *(one.agreement, labels[one.agreement], one.posture, one.needed_people),
            *(one.people, one.people_low, one.people_high, one.basis, one.people_ours),
            *(one.supported_people, one.binding, one.filled_share, one.detect),
            *("|".join(sender.code for sender in one.senders), waiting, "; ".join(one.notes)),
        )


def _fill_voting(record: TalksRecord) -> Iterable[Sequence[Any]]:
    for one in record.voting:
        for player in one.players:
            yield (
                *(one.issue, player.actor, player.weight, player.veto, player.banzhaf),
                *(player.shapley_shubik, one.quota, one.n_winning, one.n_minimal, one.method, "judgement"),
            )


def _fill_seats(record: TalksRecord) -> Iterable[Sequence[Any]]:
    for table in record.seated:
        yield (
            *(table.issue, "table", table.table, "", table.mean, table.median, *[None] * 5),
            *("|".join(table.actors), "judgement"),
        )
    for one in record.seat_shifts:
        yield (
            *(one.issue, "actor", one.actor, one.seat, None, None),
            *(one.mean_denied, one.mean_given, one.shift, one.median_denied, one.median_given),
            *("", "judgement"),
        )


def _of_talks(
    table: Table, rows: Callable[[TalksRecord], Iterable[Sequence[Any]]]
) -> tuple[Table, Callable[[Plan], Table]]:
    """Return a table with the function that fills it; without talks no rows."""

    def fill(plan: Plan) -> Table:
        if plan.talks is None:
            return table
        return table.filled(rows(record_talks(plan.talks, plan.scenario.talks)))

    return table, fill


TABLES = (
    _of_talks(POSITIONS, _fill_positions),
    _of_talks(MODELS, _fill_models),
    _of_talks(AGREEMENTS, _fill_agreements),
    _of_talks(FORCES, _fill_forces),
    _of_talks(VOTING, _fill_voting),
    _of_talks(SEATS, _fill_seats),
)
