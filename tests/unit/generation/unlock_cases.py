"""Small commitments for tests: drawn at random, or read from the reference table beside the repository."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from hypothesis import strategies as st

from truceline.generation.model import Actor, Clause, Composite

CONDITIONS = ("c0", "c1", "c2", "c3", "c4", "c5")
GROUP = "group"


def wants(*requires: str, actors: Iterable[str] = (), others: float = 0.0) -> Clause:
    """Return a clause; `actors` are the codes it waits for (a text gives codes of one letter)."""
    return Clause(frozenset(requires), frozenset(actors), others)


@st.composite
def commitments(draw: st.DrawFn) -> tuple[list[Actor], list[Composite]]:
    """Draw up to six contributors with up to three clauses over six conditions and perhaps a composite."""
    composites = []
    if draw(st.booleans()):
        members = draw(st.sets(st.sampled_from(CONDITIONS), min_size=1, max_size=4))
        composites = [Composite(GROUP, frozenset(members), draw(st.integers(1, len(members))))]
    keys = [*CONDITIONS, *([GROUP] if composites else [])]
    codes = "ABCDEF"[: draw(st.integers(0, 6))]
    actors = []
    for code in codes:
        clause = st.builds(
            Clause,
            requires=st.frozensets(st.sampled_from(keys), max_size=3),
            actors=st.frozensets(st.sampled_from(codes.replace(code, "") or "-"), max_size=2).map(
                lambda names: names - {"-"}
            ),
            min_total_of_others=st.sampled_from([0.0, 0.0, 0.1, 0.3, 5.0, 12.0]),
        )
        size = draw(st.sampled_from([0.0, 0.1, 0.2, 2.0, 5.0, 7.0]))
        actors.append(Actor(code, size, tuple(draw(st.lists(clause, max_size=3)))))
    return actors, composites


subsets = st.frozensets(st.sampled_from(CONDITIONS))
pairs = st.frozensets(st.sampled_from(CONDITIONS), min_size=2, max_size=2).map(lambda two: tuple(sorted(two)))
exclusive = st.lists(pairs, max_size=3)
wanted = st.dictionaries(
    st.sampled_from(CONDITIONS), st.lists(st.sampled_from(CONDITIONS), max_size=2), max_size=3
)


def read_pledges(folder: Path) -> dict[str, list[Actor]]:
    """Return the contributors of each instance of the reference table; ``@X`` waits for X."""
    clauses: dict[tuple[str, str], list[Clause]] = defaultdict(list)
    size = {}
    with (folder / "commitments_pledges.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tokens = [token for token in row["requires"].split("|") if token]
            plain = frozenset(token for token in tokens if not token.startswith("@"))
            actors = frozenset(token[1:] for token in tokens if token.startswith("@"))
            key = row["instance"], row["actor"]
            clauses[key].append(Clause(plain, actors, float(row["min_total_of_others"])))
            size[key] = float(row["size"])
    instances: dict[str, list[Actor]] = defaultdict(list)
    for (instance, code), found in clauses.items():
        instances[instance].append(Actor(code, size[instance, code], tuple(found)))
    return dict(instances)
