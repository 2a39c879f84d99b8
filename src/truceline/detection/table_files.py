"""Keep detection tables on disk, so that a second plan on the same ground need not look again.

A file is numpy's own archive without pickled objects: the arrays of a `DetectionTable`, the key of everything
the table was made from, and a line for people. A file that is damaged, of another version or of another key
is not used; it is never an error to have none. What the key must hold is `describe_inputs`' business alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from truceline.errors import OutputError
from truceline.files import write_atomically

from .coverage import DetectionTable
from .means import Means
from .parameters import DetectionParameters
from .sensors import Sensor

TABLE_VERSION = 1
"""Grows when the same inputs make other tables, so that older files are left alone."""
TABLES_KEPT = 12
"""Tables kept in one folder; the ones longest unused make room (a line's table has some 100 MB)."""
FILE_BYTES_MAX = 8_000_000_000
"""Largest file that is opened."""
KEY_CHARACTERS = 24
_ARRAYS = {"indptr": np.int64, "indices": np.int32, "log_miss": np.float32}


def describe_inputs(
    means: Means,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    arrays: Sequence[ArrayLike],
    sight: str,
) -> str:
    """Return the key of a table: a hash of everything that its numbers depend on.

    arrays: places of the cells, sectors, areas, events asked for. sight: a text that changes whenever what is
    seen does (hash of the heights, way of looking, draws), see `geo.sight`.
    """
    digest = hashlib.blake2b(digest_size=KEY_CHARACTERS // 2)
    used = {name: dataclasses.asdict(sensors[name]) for name in sorted(set(means.sensor_id))}
    texts = [TABLE_VERSION, sight, means.sensor_id, means.kind, used, dataclasses.asdict(parameters)]
    digest.update(json.dumps(texts, sort_keys=True, default=str).encode())
    own = [getattr(means, field.name) for field in dataclasses.fields(means)][2:]
    for given in (*own, *arrays):
        plain = np.ascontiguousarray(given)
        digest.update(f"{plain.dtype}{plain.shape}".encode())
        digest.update(plain.tobytes())
    return digest.hexdigest()


def table_path(folder: Path, key: str) -> Path:
    """Return where the table of a key lies, or would."""
    return folder / f"detection-{key}.npz"


def write_table(table: DetectionTable, folder: Path, key: str, note: str = "") -> Path:
    """Write a table under its key, whole or not at all, and return its path; the oldest files make room.

    note: a line for people about what it was made from. Raises OutputError when it cannot be written.
    """
    about = json.dumps({"version": TABLE_VERSION, "key": key, "n_events": table.n_events, "note": note})
    buffer = io.BytesIO()
    np.savez(
        buffer,
        about=np.frombuffer(about.encode(), dtype=np.uint8),
        **{name: getattr(table, name) for name in _ARRAYS},
    )
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    path = table_path(folder, key)
    write_atomically(path, buffer.getvalue())
    _make_room(folder, path)
    return path


def read_table(folder: Path, key: str) -> DetectionTable | None:
    """Return the table of a key, or None when there is none that can be believed."""
    path = table_path(folder, key)
    try:
        if not 0 < path.stat().st_size <= FILE_BYTES_MAX:
            return None
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            about = json.loads(bytes(archive["about"]).decode())
            arrays = {name: archive[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not isinstance(about, dict) or about.get("version") != TABLE_VERSION or about.get("key") != key:
        return None
    n_events = about.get("n_events")
    if not isinstance(n_events, int) or not _is_whole(arrays, n_events):
        return None
    with suppress(OSError):
        os.utime(path)
    return DetectionTable(arrays["indptr"], arrays["indices"], arrays["log_miss"], n_events)


def _is_whole(arrays: Mapping[str, np.ndarray], n_events: int) -> bool:
    """Tell whether the arrays are those of a table: compiled loops do not look where they step."""
    indptr, indices, log_miss = (arrays[name] for name in _ARRAYS)
    if any(arrays[name].dtype != dtype or arrays[name].ndim != 1 for name, dtype in _ARRAYS.items()):
        return False
    rises = indptr.size > 0 and indptr[0] == 0 and bool((np.diff(indptr) >= 0).all())
    if not rises or indptr[-1] != indices.size or indices.size != log_miss.size:
        return False
    inside = indices.size == 0 or (int(indices.min()) >= 0 and int(indices.max()) < n_events)
    return inside and bool((np.isfinite(log_miss) & (log_miss >= 0)).all())


def _make_room(folder: Path, newest: Path) -> None:
    """Remove the tables longest unused beyond TABLES_KEPT."""
    with suppress(OSError):
        others = [path for path in folder.glob("detection-*.npz") if path != newest]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[TABLES_KEPT - 1 :]:
            path.unlink()


def keep_quietly(table: DetectionTable, folder: Path, key: str, note: str) -> None:
    """Write a table where that is possible: not being able to keep one is no reason to lose a plan."""
    with suppress(OutputError):
        write_table(table, folder, key, note)
