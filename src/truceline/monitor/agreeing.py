"""Agreements kept in a store: added, read, withdrawn. Each change says who made it and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from truceline.errors import Problem, ScenarioError
from truceline.events.agreement_places import make_lines
from truceline.events.agreements import (
    Agreement,
    format_agreement,
    list_agreements,
    parse_agreement,
    read_agreement_text,
)
from truceline.events.frames import make_frame
from truceline.events.schema import AGREEMENTS
from truceline.store.base import Selection, Store

MAX_VERTICES = 5_000
"""Most vertices of a line kept with an agreement: the agreement is read as one small text."""
_KM = 1000.0
_DECIMALS = 6


def list_packaged_agreements() -> tuple[str, ...]:
    """Return the names of the packaged agreements."""
    return list_agreements()


def add_agreement(
    store: Store,
    name_or_file: str | Path,
    *,
    who: str,
    why: str = "",
    lines: Mapping[str, Path | str] | None = None,
    tolerance_m: float = 0.0,
) -> Agreement:
    """Keep a packaged agreement, or one from a YAML file, in the store; one of the same name is replaced.

    `lines` are vector files of the lines that bands are measured from, by the names the agreement gives them,
    side a on the left of the direction of travel; `tolerance_m` is how far they may lie from what they stand
    for. Raises ScenarioError or GeometryError with every problem; then nothing is written.
    """
    text = read_agreement_text(name_or_file)
    name = Path(str(name_or_file)).name
    if lines:
        text = format_agreement(
            text, name, {key: _read_line(path, tolerance_m) for key, path in lines.items()}
        )
    agreement = parse_agreement(text, name)
    unused = set(lines or {}) - {
        place.band.line for c in agreement.clauses for place in c.place if place.band
    }
    if unused:
        problem = Problem(name, f"measures from no line '{', '.join(sorted(unused))}'", _line_hint(agreement))
        raise ScenarioError("agreement", [problem])
    make_lines(agreement.lines)
    with store.change(who=who, what="agree", why=why) as change:
        change.append(AGREEMENTS, make_frame(AGREEMENTS, {"agreement": [agreement.name], "text": [text]}))
    return agreement


def withdraw_agreement(store: Store, name: str, *, who: str, why: str) -> None:
    """Take an agreement out of those judged against; what was judged stays in the history.

    Raises ScenarioError where the store has no such agreement.
    """
    known = read_agreements(store)
    if name not in known:
        hint = f"it has {', '.join(known)}" if known else "it has none"
        raise ScenarioError("agreement", [Problem(name, "is not in the store", hint)])
    with store.change(who=who, what="agree", why=why) as change:
        change.append(AGREEMENTS, make_frame(AGREEMENTS, {"agreement": [name], "text": [""]}))


def read_agreements(store: Store, *, as_of: int | None = None) -> dict[str, Agreement]:
    """Return the agreements in the store by name, without those withdrawn."""
    rows = store.read_current(AGREEMENTS, Selection(as_of=as_of))
    return {
        str(name): parse_agreement(str(text), str(name))
        for name, text in zip(rows["agreement"], rows["text"], strict=True)
        if text
    }


def _read_line(path: Path | str, tolerance_m: float) -> dict[str, object]:
    """Return a line from a vector file as an agreement keeps it; GeometryError where it cannot be used."""
    import shapely

    from truceline.geo.line_sources import read_line

    line = read_line(path, tolerance_m=tolerance_m)
    n_vertices = int(shapely.get_num_coordinates(line.lonlat))
    if n_vertices > MAX_VERTICES:
        problem = Problem(
            str(path),
            f"has {n_vertices:,} vertices",
            f"simplify it to {MAX_VERTICES:,} at most: distances here are kilometres",
        )
        raise ScenarioError("line", [problem])
    parts = [
        [[round(float(x), _DECIMALS), round(float(y), _DECIMALS)] for x, y in shapely.get_coordinates(part)]
        for part in shapely.get_parts(line.lonlat)
    ]
    return {"coordinates": parts, "tolerance_km": tolerance_m / _KM, "source": Path(path).name}


def _line_hint(agreement: Agreement) -> str:
    wanted = sorted({place.band.line for c in agreement.clauses for place in c.place if place.band})
    return f"its lines are {', '.join(wanted)}" if wanted else "it has no bands"
