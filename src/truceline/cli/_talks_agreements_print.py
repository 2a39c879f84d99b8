"""Print candidate agreements: who accepts and who can stop them; one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._talks_forces_print import print_force
from truceline.cli._talks_item import FoundTalks
from truceline.cli._talks_words import (
    WIDTH,
    fold,
    join_sentences,
    print_wrapped,
    tell_actors,
    tell_coded,
    tell_name,
    tell_place,
    tell_readings,
)
from truceline.talks.acceptance import Reception, Verdict
from truceline.talks.model import Board
from truceline.talks.result import Talks
from truceline.units import format_share

SIGNS = {"accepts": "+", "leans to yes": "(+)", "leans to no": "(-)", "rejects": "-", "silent": "."}
"""Verdicts as signs in the table."""
BLOCKS = "!"
LEGEND = (
    "+ accepts, - rejects in nine of ten readings or more; (+) (-) leans to it; . has said nothing on what "
    "it settles; ! would block: by a veto, or by refusing a yes that a term asks for."
)
HEAD_COLUMNS = 9
"""Columns of an issue's head in the table of verdicts, folded."""
_STANDS, _STANDS_COLUMNS = "stands in", len("100 of 100")
_GAP = "  "


def print_agreements(talks: Talks) -> None:
    """Print agreements by actors, then for each how far it stands and who can stop it."""
    board = talks.board
    print_title("Agreements: who accepts, who would block")
    heard = {one.actor for reception in talks.receptions for one in reception.verdicts if not one.is_silent}
    asked = {actor for reception in talks.receptions for actor in reception.could_block}
    actors = sorted(heard | asked, key=lambda actor: (-_power(board, actor), actor))
    for part in _split(actors, max(len(one.agreement.key) for one in talks.receptions)):
        _print_matrix(talks.receptions, part)
    print_wrapped(LEGEND)
    quiet = [actor for actor in board.actors if actor not in actors]
    if quiet:
        print_wrapped(f"Had said nothing on any of it: {tell_actors(quiet, board)}.", hanging=_GAP)
    print_line()
    for reception in talks.receptions:
        print_wrapped(f"{reception.agreement.key}: {reception.agreement.label}.", hanging=_GAP)
        for line in (_say_stops(reception, board), _say_weights(reception, board)):
            print_wrapped(line, _GAP, _GAP)


def _power(board: Board, actor: str) -> float:
    return max((one.power.value for (of, _), one in board.standings.items() if of == actor), default=0.0)


def _split(actors: Sequence[str], label_columns: int) -> Iterator[Sequence[str]]:
    """Yield actors in runs that fit beside the names of agreements."""
    most = WIDTH - label_columns - _STANDS_COLUMNS - 2 * len(_GAP)
    run: list[str] = []
    used = 0
    for actor in actors:
        columns = max(len(actor), 4) + 1
        if run and used + columns > most:
            yield run
            run, used = [], 0
        run.append(actor)
        used += columns
    if run:
        yield run


def _print_matrix(receptions: Sequence[Reception], actors: Sequence[str]) -> None:
    first = max(len("agreement"), *(len(one.agreement.key) for one in receptions))
    columns = [max(len(actor), 4) for actor in actors]

    def line(label: str, stands: str, cells: Sequence[str]) -> str:
        told = " ".join(f"{cell:<{width}}" for cell, width in zip(cells, columns, strict=True))
        return f"{label:<{first}}{_GAP}{stands:<{_STANDS_COLUMNS}}{_GAP}{told}".rstrip()

    print_line(line("agreement", _STANDS, actors))
    for reception in receptions:
        verdicts = {one.actor: one for one in reception.verdicts}
        signs = [_sign(verdicts[actor]) for actor in actors]
        print_line(line(reception.agreement.key, _tell_stands(reception), signs))


def _sign(verdict: Verdict) -> str:
    return f"{SIGNS[verdict.word]}{BLOCKS if verdict.blocks_on or verdict.refuses else ''}"


def _tell_stands(reception: Reception) -> str:
    """Return in how many of a hundred readings it stands; whether it does where none were drawn."""
    if reception.stands_share is None:
        return "yes" if reception.stands else "no"
    return f"{tell_readings(reception.stands_share)} of 100"


def _say_stops(reception: Reception, board: Board) -> str:
    """Return who blocks and why, and who else could."""
    told = [
        f"{tell_name(one.actor, board)} ({_say_block(one, board)})"
        for one in reception.verdicts
        if one.blocks_on or one.refuses
    ]
    could = [one for one in reception.could_block if one not in reception.blocking]
    parts = [f"blocked by {', '.join(told)}" if told else "nobody blocks it"]
    if could:
        parts.append(f"could be stopped by {tell_actors(could, board)}")
    if reception.unheard:
        parts.append(f"unheard of these: {tell_actors(reception.unheard, board)}")
    return f"{join_sentences(parts)}."


def _say_weights(reception: Reception, board: Board) -> str:
    """Return the weight behind it, of what is needed, where that is closest or short."""
    if not reception.backing:
        return "nobody had spoken on what it settles."
    short = [one for one in reception.backing if not one.is_enough]
    least = min(reception.backing, key=lambda one: one.weight_share - one.quota_share)
    told = "; ".join(
        f"{board.issues[one.issue].label} {format_share(one.weight_share)}, "
        f"needs {format_share(one.quota_share)}"
        for one in short or (least,)
    )
    if short:
        return f"too little weight behind it: {told}."
    return f"enough weight behind it on each of {len(reception.backing)} issues; closest is {told}."


def _say_block(verdict: Verdict, board: Board) -> str:
    parts = []
    if verdict.blocks_on:
        parts.append(f"veto on {', '.join(board.issues[one].label for one in verdict.blocks_on)}")
    if verdict.refuses:
        parts.append(f"refuses {', '.join(verdict.refuses)}")
    return "; ".join(parts)


def print_agreement(found: FoundTalks, reception: Reception) -> None:
    """Print one agreement in full: terms, what each actor makes of it and why, and the force behind it."""
    agreement, board = reception.agreement, found.made.talks.board
    print_title(f"{agreement.key}: {agreement.label}")
    print_wrapped(agreement.sentence)
    if agreement.source:
        print_wrapped(f"Source: {agreement.source}. Nobody is said to have proposed it in this form.")
    print_line()
    rows = []
    for term in agreement.terms:
        settles = [
            f"{board.issues[issue].label} {tell_coded(agreement.points[issue], board.issues[issue])}"
            for issue in term.points
        ]
        rows.append(Row([term.key, ", ".join(settles), ", ".join(term.asks), ", ".join(term.meets)]))
    print_table(["term", "settles", "asks", "brings the conditions"], rows)
    print_line()
    _print_verdicts(reception, board)
    print_line()
    print_wrapped(f"Stands: {_say_stands(reception)}; {_say_stops(reception, board)}")
    rows = [
        Row(
            [
                board.issues[one.issue].label,
                format_share(one.weight_share),
                format_share(one.quota_share),
                "" if one.is_enough else "short",
            ]
        )
        for one in reception.backing
    ]
    if rows:
        print_table(["weight behind it", "accepts", "needed", ""], rows)
    print_line()
    print_force(found, agreement.key)


def _say_stands(reception: Reception) -> str:
    plain = "yes" if reception.stands else "no"
    if reception.stands_share is None:
        return f"{plain} at the coded values"
    return f"{plain} at the coded values, in {tell_readings(reception.stands_share)} of 100 readings"


def _print_verdicts(reception: Reception, board: Board) -> None:
    """Print what each actor makes of it, most to gain first, and what it gains on each issue."""
    settled = [issue for issue in board.issues if issue in reception.agreement.points]
    heard = sorted((one for one in reception.verdicts if not one.is_silent), key=_by_gain)
    if heard:
        points = [reception.agreement.points[issue].value for issue in settled]
        references = [board.issues[issue].reference.value for issue in settled]
        rows = [
            Row([label, "", "", *(tell_place(*one) for one in zip(values, scales, strict=True))], "dim")
            for scales in ([board.issues[issue] for issue in settled],)
            for label, values in (("it settles", points), ("if not agreed", references))
        ]
        rows += [_verdict_row(one, settled, board) for one in heard]
        says = "says" if heard[0].accepts_share is None else "says, of 100"
        heads = (fold(board.issues[issue].label, HEAD_COLUMNS) for issue in settled)
        print_table(["actor", says, "gain", *heads], rows)
        print_wrapped(
            "Cells: the gain in % of the scale, how much nearer the agreement lies than no agreement to what "
            "the actor wants (in brackets). Left of them the gain over all, weighted by how much it cares, "
            "and in how many of 100 readings of our codings it accepts."
        )
    for one in reception.verdicts:
        if one.vetoes or one.asked_by:
            print_wrapped(f"{tell_name(one.actor, board)} {_say_power_to_stop(one, board)}.", hanging=_GAP)
    silent = [one.actor for one in reception.verdicts if one.is_silent]
    if silent:
        print_wrapped(f"Had said nothing on what it settles: {tell_actors(silent, board)}.", hanging=_GAP)


def _by_gain(verdict: Verdict) -> tuple[float, str]:
    return -verdict.gain, verdict.actor


def _verdict_row(one: Verdict, settled: Sequence[str], board: Board) -> Row:
    share = "" if one.accepts_share is None else f" {tell_readings(one.accepts_share)}"
    blocks = BLOCKS if one.blocks_on or one.refuses else ""
    gains = [_tell_gain(one, issue, board) for issue in settled]
    return Row([tell_name(one.actor, board), f"{one.word}{share}{blocks}", f"{100 * one.gain:+.0f}", *gains])


def _tell_gain(verdict: Verdict, issue: str, board: Board) -> str:
    if issue not in verdict.gains:
        return ""
    wants = tell_place(board.places[verdict.actor, issue].position.value, board.issues[issue])
    return f"{100 * verdict.gains[issue]:+.0f} ({wants})"


def _say_power_to_stop(one: Verdict, board: Board) -> str:
    """Return by what an actor can stop an agreement, and whether it would."""
    parts = []
    if one.vetoes:
        parts.append(f"has a veto on {', '.join(board.issues[issue].label for issue in one.vetoes)}")
    if one.asked_by:
        parts.append(f"is asked for its yes by {', '.join(one.asked_by)}")
    would = f"{'would' if one.blocks_on or one.refuses else 'would not'} block at the coded values"
    if one.is_silent:
        would = "has said nothing on it"
    if one.blocks_share is not None and not one.is_silent:
        would += f", would in {tell_readings(one.blocks_share)} of 100 readings"
    return join_sentences([" and ".join(parts), would])
