"""What `truceline talks --json` prints: one document, made of the same record as plan.json.

Positions are on the scale of their issue, salience and power run from 0 to 100, shares are between 0 and 1.
What nobody knows is null. Keys of a version stay.
"""

from __future__ import annotations

import json
from typing import Any

from truceline.cli._talks_item import FoundTalks
from truceline.publish.talks_recording import record_talks
from truceline.talks.seat_power import SeatPower
from truceline.talks.seats import SeatedOutcome
from truceline.talks.voting import PowerIndices

DECIMALS = 6


def dump_talks(found: FoundTalks) -> str:
    """Return the document of the command as text; the same answer gives the same bytes."""
    record = record_talks(found.made, found.options).model_dump(
        mode="json",
        exclude={"bases", "headlines"},  # `truceline explain` unfolds numbers
    )
    if found.shown:
        record["agreements"] = [one for one in record["agreements"] if one["key"] in found.shown]
        record["forces"] = [one for one in record["forces"] if one["agreement"] in found.shown]
    data = {
        "schema": "truceline.talks/1",
        "scenario": found.scenario or None,
        "title": found.title,
        **record,
        "no_forces": found.no_forces or None,
        "seat_changes": [_describe_seats(one) for one in found.seats],
        "warnings": [str(problem) for problem in found.warnings],
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def _describe_seats(one: SeatPower) -> dict[str, Any]:
    return {
        "issue": one.issue,
        "changed": [{"actor": actor, "seat": now, "asked": then} for actor, now, then in one.changed],
        "as_seated": _describe_outcome(one.outcome),
        "asked": _describe_outcome(one.outcome_asked),
        "votes": _describe_power(one.power),
        "votes_asked": _describe_power(one.power_asked),
        "blocks_gained": list(one.blocks_gained),
        "blocks_lost": list(one.blocks_lost),
    }


def _describe_outcome(one: SeatedOutcome | None) -> dict[str, Any] | None:
    if one is None:
        return None
    mean, median = (None if value is None else round(value, DECIMALS) for value in (one.mean, one.median))
    return {"actors": list(one.actors), "mean": mean, "median": median}


def _describe_power(one: PowerIndices | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "quota": float(one.quota),
        "vetoes": list(one.veto),
        "blockers": list(one.blockers),
        "players": [
            {
                "actor": player,
                "weight": float(one.weights[n]),
                "banzhaf": round(float(one.banzhaf[n]), DECIMALS),
                "shapley_shubik": round(float(one.shapley_shubik[n]), DECIMALS),
            }
            for n, player in enumerate(one.players)
        ],
    }
