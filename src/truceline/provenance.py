"""What made a result: program version, hashes of the inputs, seed, siting method.

No clock: the same inputs give the same bytes, so times of day and run times are printed on
the terminal and never written into a product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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
    """Return a short hash of each file's bytes, by file name.

    Files that share a name are told apart by as many of the folders above them as it takes; no more of
    a path is written, because it would differ from one machine to the next.
    """
    unique = list(dict.fromkeys(paths))
    return {_short_name(path, unique): _hash_file(path) for path in unique}


def _short_name(path: Path, among: list[Path]) -> str:
    for n_parts in range(1, len(path.parts) + 1):
        tail = path.parts[-n_parts:]
        if sum(other.parts[-n_parts:] == tail for other in among) == 1:
            return "/".join(tail)
    return path.as_posix()


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:DIGEST_CHARACTERS]
