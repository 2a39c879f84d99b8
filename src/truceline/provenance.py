"""What made a result: program version, hashes of the inputs, seed, siting method.

No clock: the same inputs give the same bytes, so times of day and run times are printed on
the terminal and never written into a product.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from truceline import __version__

DIGEST_CHARACTERS = 16
"""Length of the hashes printed: 64 bits, enough to tell inputs apart, short enough to read out."""


@dataclass(frozen=True)
class Provenance:
    """Everything needed to make the same result again."""

    scenario: str
    scenario_hash: str
    variant: str = ""
    overrides: tuple[str, ...] = ()
    seed: int = 0
    version: str = __version__
    inputs: dict[str, str] = field(default_factory=dict)
    """Hash of every file read, by the name the scenario gives it."""
    method: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return a plain structure for JSON."""
        return asdict(self)


def hash_text(text: str) -> str:
    """Return a short hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]


def hash_files(paths: Iterable[Path]) -> dict[str, str]:
    """Return a short hash of each file's bytes, by its short name (see `name_shortly`)."""
    unique = list(dict.fromkeys(paths))
    hashes = (hash_file(path)[:DIGEST_CHARACTERS] for path in unique)
    return dict(zip(name_shortly(unique), hashes, strict=True))


def name_shortly(paths: Sequence[Path]) -> list[str]:
    """Return a name for each path, all different where the paths are.

    Files that share a name are told apart by as many of the folders above them as it takes; no more of
    a path is written, because it would differ from one machine to the next.
    """
    names = [""] * len(paths)
    left = list(range(len(paths)))
    n_parts = 0
    while left:
        n_parts += 1
        tails = {i: "/".join(paths[i].parts[-n_parts:]) for i in left}
        counts = Counter(tails.values())
        for i in left:
            if counts[tails[i]] == 1 or n_parts >= len(paths[i].parts):
                names[i] = tails[i] if counts[tails[i]] == 1 else paths[i].as_posix()
        left = [i for i in left if not names[i]]
    return names


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in full, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
