"""What `--json` prints: one document for each command, made of the same records as plan.json.

Units stand in the names of keys or beside the value; every number that rests on a size nobody stated carries
`basis: ours` with its range. What nobody knows, or never ends, is null. Keys of a version stay.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

from truceline.generation.backstop import SweepPoint
from truceline.generation.register_diff import StanceChange
from truceline.generation.result import Generation
from truceline.generation.unlock import UnlockingChange, UnlockingSet
from truceline.publish.generation_record import record_generation

Kind = Literal["generate", "backstop", "unlock"]
Data = dict[str, Any]

_SHARED = ("as_of", "mission", "posture", "burden", "case")
_PARTS: dict[Kind, tuple[str, ...]] = {
    "generate": ("requirements", "cases", "contributors", "pledges", "conditions", "warnings"),
    "backstop": ("backstop", "worth", "warnings"),
    "unlock": ("unlocking", "conditions", "warnings"),
}
"""Parts of the record of a generation that each command is about."""


def describe_sweep(points: Sequence[SweepPoint]) -> list[dict[str, Any]]:
    """Return the guarantee's worth in people on offer by the number of tasks nations mean by a backstop."""
    return [
        {
            "tasks_wanted": point.at,
            "guarantee_offered_people": point.shapley,
            "alone_people": point.alone,
            "last_people": point.last,
            "basis": "ours",
        }
        for point in points
    ]


def dump(
    kind: Kind,
    title: str,
    generation: Generation,
    more: Data | None = None,
    *,
    signatures: Collection[bool] = (False, True),
) -> str:
    """Return the document of a command as text; the same answer gives the same bytes.

    more: further parts by key, after those of the record. signatures: answers of `unlock` that are wanted, by
    whether they are joint.
    """
    generation = replace(
        generation, unlocking=tuple(one for one in generation.unlocking if one.joint in signatures)
    )
    wanted = {*_SHARED, *_PARTS[kind]} | ({"claims"} if more and "claims" in more else set())
    record = record_generation(generation).model_dump(mode="json", include=wanted)
    for requirement in record.get("requirements", ()):
        requirement["need"].pop("parts", None)  # `truceline explain` unfolds them
    data = {
        "schema": f"truceline.{kind}/1",
        "scenario": generation.basis.scenario,
        "title": title,
        **{key: record[key] for key in (*_SHARED, *_PARTS[kind])},
        **{key: record.get(key, value) for key, value in (more or {}).items()},
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def describe_changes(before: Generation, changes: Sequence[StanceChange]) -> Data:
    """Return what nations said since an earlier day, and the people of every case on that day."""
    record = record_generation(before).model_dump(mode="json", include={"cases"})
    return {
        "day": before.as_of.isoformat(),
        "changes": [
            {
                "code": change.nation,
                "name": change.name,
                "kind": change.kind,
                "sentence": change.sentence,
                "pledge_id": change.pledge.pledge_id,
                "fields": [
                    {"field": one.field, "before": one.before, "after": one.after} for one in change.changes
                ],
            }
            for change in changes
        ],
        "cases": [
            {key: case[key] for key in ("key", "codes", "people", "people_ours")} for case in record["cases"]
        ],
    }


def describe_unlocking_change(change: UnlockingChange, signature: str) -> Data:
    """Return what a later day did to the unlocking sets."""
    return {
        "signature": signature,
        "gained": [_set(one) for one in change.gained],
        "lost": [_set(one) for one in change.lost],
        "partly_met": [{"before": _set(one), "left": _set(left)} for one, left in change.advanced],
        "n_kept": len(change.kept),
        "newly_fragile": list(change.newly_fragile),
        "no_longer_fragile": list(change.no_longer_fragile),
    }


def _set(one: UnlockingSet) -> Data:
    return {
        "conditions": list(one.conditions),
        "codes": list(one.codes),
        "value": one.value,
        "lead_days": one.lead_days,
    }
