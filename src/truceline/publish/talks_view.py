"""What could be agreed, as the report shows it: the answer, positions, models side by side, seats, drivers.

Strings as readers see them; the template lays them out. Coded numbers carry their mark or their range, and a
share of readings is never put as a chance. Agreements and forces are in `talks_agreements_view`. Nothing is
computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from truceline.publish.generation_words import list_words
from truceline.publish.sizes import ABOUT
from truceline.publish.talks_agreements_view import (
    Sentence,
    answer_agreements,
    view_agreements,
    view_forces,
)
from truceline.publish.talks_words import (
    ABSENT,
    NONE,
    OUR_CODING,
    SEAT_SIGNS,
    WHAT_STANDS,
    say_answer,
    say_band,
    say_between,
    say_coded,
    say_readings,
    say_scale,
    say_span,
    say_value,
)
from truceline.talks.answers import MODELS
from truceline.talks.model import SEAT_WORDS
from truceline.talks.result import MODESTY
from truceline.talks.seats import TABLE_WORDS
from truceline.units import format_chance, format_share

if TYPE_CHECKING:
    from truceline.generation.result import Generation
    from truceline.plan.talks import PlanTalks
    from truceline.talks.answers import Answer, Model
    from truceline.talks.model import Board, Issue
    from truceline.talks.result import Talks

Row = dict[str, Any]
_MOST_SHIFTS = 3
"""Actors named for whom a seat matters most, an issue."""
_LEAST_INDEX = 0.05
"""Actors below this on every issue are in the table, not on the page."""
_WHAT = {"position": "position", "salience": "salience", "power": "power"}


def view_talks(plan_talks: PlanTalks | None, generation: Generation | None = None) -> Row | None:
    """Return everything the template shows about talks, or None where they were not asked for.

    generation: gives the names of nations and the labels of conditions; keys stand in without it.
    """
    if plan_talks is None:
        return None
    talks = plan_talks.talks
    board, sampled = talks.board, talks.sampled
    actors = order_actors(board)
    issues = list(board.issues.values())
    return {
        "day": board.day.isoformat(),
        "answer": _answer(plan_talks),
        "modesty": MODESTY,
        "our_coding": OUR_CODING,
        "absent": ABSENT,
        "what_stands": WHAT_STANDS,
        "n_samples": "" if sampled is None else f"{sampled.n_samples:,}",
        "n_ranges": "" if sampled is None else f"{sampled.n_ranges:,}",
        "seed": "" if sampled is None else str(sampled.seed),
        "issues": [_view_issue(talks, one) for one in issues],
        "statements": [
            {"label": one.label, "rows": _view_statements(talks, one, actors)}
            for one in issues
            if board.speakers(one.key)
        ],
        "models": [_view_model(talks, model) for model in MODELS],
        "scales": [_short_scale(one) for one in issues],
        "notes": _list_notes(talks),
        "joint": list_words([board.actors[actor].name for actor in talks.joint_actors]),
        "agreements": view_agreements(talks, actors),
        "forces": view_forces(plan_talks, generation),
        "seats": _view_seats(talks),
        "voting": _view_voting(talks, actors),
        "trading": _view_trading(talks),
        "drivers": _view_drivers(talks),
    }


def order_actors(board: Board) -> list[str]:
    """Return the keys of all actors, those with most power on any issue first."""
    most = dict.fromkeys(board.actors, 0.0)
    for (actor, _), one in board.standings.items():
        most[actor] = max(most[actor], one.power.value)
    return sorted(board.actors, key=lambda actor: (-most[actor], actor))


def _answer(plan_talks: PlanTalks) -> list[Sentence]:
    """Return the answer in a few sentences: what stands, what it brings, where the models put the outcome."""
    talks = plan_talks.talks
    return [*answer_agreements(plan_talks), *_answer_models(talks)]


def _answer_models(talks: Talks) -> list[Sentence]:
    """Return where the plain mean of the first issue lies, and how far the models disagree."""
    for issue in talks.board.issues.values():
        answers = talks.answers_on(issue.key)
        mean = next((one.value for one in answers if one.model == "mean"), None)
        if mean is None:
            continue
        values = [one.value for one in answers if one.value is not None]
        unit = f" {issue.unit}" if issue.unit else f" on a scale to {issue.high_end:g}"
        where = say_between(issue, mean)
        lies = f"{ABOUT}{say_value(issue, mean)}{unit}{f', {where}' if where else ''}"
        ends = f"{ABOUT}{say_value(issue, min(values))} to {ABOUT}{say_value(issue, max(values))}"
        said = f"{issue.label}: the plain weighted mean lies at {lies}; the models run from {ends}."
        return [[said]]
    return [["Too few have spoken for any model to be asked."]]


def _view_issue(talks: Talks, issue: Issue) -> Row:
    board = talks.board
    silent = [board.actors[actor].name for actor in board.silent.get(issue.key, ())]
    vetoes = [
        board.actors[actor].name
        for (actor, on), one in sorted(board.standings.items())
        if on == issue.key and one.veto
    ]
    quota_low, quota_high = issue.quota.bounds
    return {
        "label": issue.label,
        "question": issue.question,
        "scale": say_scale(issue),
        "marks": [
            {"value": f"{value:g}", "means": means}
            for value, means in issue.marks
            if issue.low_end < value < issue.high_end
        ],
        "quota": f"{ABOUT}{format_share(issue.quota.value)}",
        "quota_span": f"{format_share(quota_low)} to {format_share(quota_high)}",
        "reference": f"{ABOUT}{say_value(issue, issue.reference.value)}",
        "reference_span": say_span(issue, *issue.reference.bounds),
        "reference_why": issue.reference.note,
        "n_speakers": str(len(board.speakers(issue.key))),
        "silent": list_words(silent),
        "vetoes": list_words(vetoes),
    }


def _view_statements(talks: Talks, issue: Issue, actors: list[str]) -> list[Row]:
    board = talks.board
    rows = []
    for actor in actors:
        if (actor, issue.key) not in board.places:
            continue
        place, standing = board.places[actor, issue.key], board.standings[actor, issue.key]
        said = place.statement
        who = f"{said.speaker} ({said.role})" if said.role else said.speaker
        rows.append(
            {
                "name": board.actors[actor].name,
                "position": say_coded(issue, place),
                "salience": f"{ABOUT}{place.salience.value:.0f}",
                "power": f"{ABOUT}{standing.power.value:.0f}",
                "seat": f"{SEAT_SIGNS[standing.seat]} {SEAT_WORDS[standing.seat]}",
                "veto": "can stop it" if standing.veto else "",
                "who": who or "joint statement",
                "date": said.date,
                "text": said.text,
                "coding": said.coding,
                "joint": said.is_joint,
                "id": said.statement_id,
                "source": said.source,
                "url": said.source_url if said.source_url.startswith(("https://", "http://")) else "",
                "confidence": said.confidence,
            }
        )
    return rows


def _short_scale(issue: Issue) -> Row:
    unit = f" {issue.unit}" if issue.unit else ""
    return {"label": issue.label, "span": f"{issue.low_end:g} to {issue.high_end:g}{unit}"}


def _view_model(talks: Talks, model: Model) -> Row:
    board, sampled = talks.board, talks.sampled
    cells = []
    for issue in board.issues.values():
        found = next((one for one in talks.answers_on(issue.key) if one.model == model.key), None)
        spread = None if sampled is None else sampled.spreads.get((issue.key, model.key))
        core = sampled.cores.get(issue.key) if sampled is not None and model.key == "core" else None
        band = say_band(issue, spread)
        if core is not None and core.low is not None and core.high is not None:
            band = say_span(issue, core.low.low, core.high.high)
        unsettled = (
            core.empty_share if core is not None else (0.0 if spread is None else spread.unsettled_share)
        )
        cells.append(
            {
                "value": NONE if found is None else say_answer(issue, found),
                "open": _say_open(issue, found),
                "band": band,
                "marks": [] if found is None else list(found.marks),
                "unsettled": say_readings(unsettled) if unsettled > 0 else "",
            }
        )
    return {
        "label": model.label,
        "plain": model.kind == "plain",
        "sentence": model.sentence,
        "source": model.source,
        "joint": model.joint,
        "unsettled_word": model.unsettled_word,
        "cells": cells,
    }


def _say_open(issue: Issue, answer: Answer | None) -> str:
    """Return the stretch that a model leaves open around a single value; nothing where it has none."""
    if answer is None or answer.value is None or not answer.has_spread:
        return ""
    return say_span(issue, answer.low, answer.high)


def _list_notes(talks: Talks) -> list[Row]:
    """Return every note of every answer, by issue, models that say the same together."""
    labels = {model.key: model.label for model in MODELS}
    found = []
    for issue in talks.board.issues.values():
        by_note: dict[tuple[str, ...], list[str]] = {}
        for answer in talks.answers_on(issue.key):
            if answer.notes:
                by_note.setdefault(answer.notes, []).append(labels[answer.model])
        if by_note:
            lines = [f"{list_words(models)}: {'; '.join(notes)}." for notes, models in by_note.items()]
            found.append({"label": issue.label, "lines": lines})
    return found


def _view_trading(talks: Talks) -> Row | None:
    """Return the largest deals of the exchange model and their externalities; None where there are none."""
    trading, board = talks.trading, talks.board
    if trading is None or not trading.trades:
        return None

    def say_move(actor: str, key: str, start: float, end: float) -> str:
        issue = board.issues[key]
        moved = f"from {say_value(issue, start)} to {say_value(issue, end)}"
        return f"{board.actors[actor].name} on {issue.label}, {moved}"

    def say_actors(actors: tuple[str, ...]) -> str:
        named = actors[:_MOST_SHIFTS]
        return list_words([f"{board.actors[one].name} ({trading.others[one]:+.1f})" for one in named])

    rows = [
        {
            "one": say_move(one.actor_a, one.issue_q, one.from_q, one.to_q),
            "other": say_move(one.actor_b, one.issue_p, one.from_p, one.to_p),
            "gain": f"{one.gain:.1f}",
            "others_gain": f"{one.others_gain:.1f}",
            "others_loss": f"{abs(one.others_loss):.1f}",
        }
        for one in trading.trades
    ]
    shown = "All of" if len(rows) == trading.n_trades else f"The {len(rows)} largest of"
    return {
        "rows": rows,
        "count": f"{shown} {trading.n_trades:,} deals.",
        "winners": say_actors(trading.winners),
        "losers": say_actors(trading.losers),
    }


def _view_seats(talks: Talks) -> Row:
    board = talks.board
    rows = []
    for issue in board.issues.values():
        tables = {one.table: one for one in talks.seated if one.issue == issue.key}
        if not tables:
            continue
        shifts = [one for one in talks.seat_shifts if one.issue == issue.key and one.shift is not None]
        shifts.sort(key=lambda one: (-abs(one.shift or 0.0), one.actor))
        cells = []
        for name in TABLE_WORDS:
            cells += [say_value(issue, tables[name].mean), say_value(issue, tables[name].median)]
        named = [
            f"{board.actors[one.actor].name} ({SEAT_WORDS[one.seat]}):"
            f" {say_value(issue, one.mean_denied)} without, {say_value(issue, one.mean_given)} with"
            for one in shifts[:_MOST_SHIFTS]
        ]
        rows.append({"label": issue.label, "cells": cells, "shifts": named})
    return {"tables": [words.partition(":")[0] for words in TABLE_WORDS.values()], "rows": rows}


def _view_voting(talks: Talks, actors: list[str]) -> Row:
    """Return both indices of those who decide anything much, issues beside each other."""
    board, voting = talks.board, talks.voting
    issues = [issue for issue in board.issues.values() if issue.key in voting]
    index = {key: {player: n for n, player in enumerate(one.players)} for key, one in voting.items()}
    rows: list[Row] = []
    left_out = []
    for actor in actors:
        at = {issue.key: index[issue.key].get(actor) for issue in issues}
        shares = [float(voting[key].banzhaf[n]) for key, n in at.items() if n is not None]
        if not shares:
            continue
        if max(shares) < _LEAST_INDEX and not any(actor in voting[issue.key].veto for issue in issues):
            left_out.append(board.actors[actor].name)
            continue
        cells: list[Row] = []
        for key, n in at.items():
            one = voting[key]
            cells.append(
                {
                    "banzhaf": "" if n is None else format_chance(float(one.banzhaf[n])),
                    "shapley": "" if n is None else format_chance(float(one.shapley_shubik[n])),
                    "veto": actor in one.veto,
                    "blocks": actor in one.blockers and actor not in one.veto,
                }
            )
        rows.append({"name": board.actors[actor].name, "cells": cells})
    return {
        "issues": [
            {"label": issue.label, "quota": f"{ABOUT}{format_share(issue.quota.value)}"} for issue in issues
        ],
        "rows": rows,
        "least": format_share(_LEAST_INDEX),
        "left_out": list_words(left_out),
    }


def _view_drivers(talks: Talks) -> list[Row]:
    """Return the codings that carry most of the spread of both plain averages, by issue."""
    sampled = talks.sampled
    if sampled is None:
        return []
    rows = []
    for issue in talks.board.issues.values():
        cells = []
        for model in ("mean", "median"):
            spread = sampled.spreads.get((issue.key, model))
            drivers = () if spread is None else spread.drivers
            cells.append(
                {
                    "band": say_band(issue, spread),
                    "drivers": [
                        f"{name_coding(driver.name, talks.board)} {format_share(driver.share)}"
                        for driver in drivers
                    ],
                }
            )
        if any(cell["band"] for cell in cells):
            rows.append({"label": issue.label, "cells": cells})
    return rows


def name_coding(name: str, board: Board) -> str:
    """Return a coded number by its name in few words: whose, and what."""
    parts = name.split(".")
    names: Mapping[str, str] = {key: one.name for key, one in board.actors.items()}
    if len(parts) == 4 and parts[1] in _WHAT:
        _, what, issue, actor = parts
        n_others = 0 if what == "power" else len(board.together(actor, issue)) - 1
        others = f" and {n_others} more in one statement" if n_others else ""
        return f"{names.get(actor, actor)}{others}, {_WHAT[what]}"
    return parts[1] if len(parts) > 1 else name
