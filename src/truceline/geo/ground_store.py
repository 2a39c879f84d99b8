"""A ground folder: which elevation files belong to a place, as they were when somebody added them.

The folder holds `ground.json` and, under `corridors/`, what was cut out of the files (see `corridor`). The
files themselves stay where they are. Lengths in metres, places in degrees. It never reads a file whole except
to hash it, and it trusts `ground.json` no more than any file from somebody else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from truceline.errors import Problem, ProblemList, TerrainError
from truceline.files import write_atomically
from truceline.geo.terrain import HeightFile, Surface
from truceline.provenance import hash_file
from truceline.units import format_share

if TYPE_CHECKING:
    from truceline.geo._raster import Raster

INDEX_NAME = "ground.json"
CORRIDORS = "corridors"
TABLES = "tables"
INDEX_BYTES_MAX = 64_000_000
"""Largest index that is read: ten thousand files take about seven."""
FILES_MAX = 10_000
RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".hgt", ".dt0", ".dt1", ".dt2")
"""What is taken from a folder; a file named by itself may be anything GDAL reads."""
VOIDS_WORTH_SAYING = 0.05
"""Share of voids from which adding a file says so."""
IMPOSSIBLE_AT_MOST = 0.5
"""A file most of whose heights no ground can have is in another unit, or no elevation model."""
FAULTS_SHOWN = 5
"""How many faults of a damaged index are listed."""

LongText = Annotated[str, StringConstraints(max_length=4096)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Metres = Annotated[float, Field(gt=0, lt=1e7, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-361, le=361, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileStamp(_Record):
    """A file as it was when it was added."""

    path: LongText
    """From the ground folder where both lie in one project; absolute otherwise. Always with slashes."""
    size_bytes: Count
    modified_ns: Count
    sha256: Digest


class GroundFile(FileStamp):
    """One elevation raster of the ground folder."""

    parts: Annotated[tuple[FileStamp, ...], Field(max_length=100_000)] = ()
    """Files it is made of: the tiles of a VRT."""
    crs: LongText
    """Name of its coordinate system."""
    crs_given: LongText | None = None
    """Coordinate system named by the user for a file that carries none."""
    in_degrees: bool
    bounds_deg: tuple[Degrees, Degrees, Degrees, Degrees] | None
    """West, south, east, north."""
    rows: Count
    columns: Count
    cell_m: Metres
    """Side of a cell at the file's centre, geometric mean of both."""
    surface: Surface
    void_share: Share
    """Share without heights in a sample of its blocks."""
    error_m: Metres | None = None
    """Standard deviation of its heights as stated by whoever added it."""
    source: LongText = ""


class _Index(_Record):
    format: Literal[1]
    files: Annotated[tuple[GroundFile, ...], Field(max_length=FILES_MAX)]


@dataclass(frozen=True)
class GroundStore:
    """A ground folder that was read."""

    folder: Path
    files: tuple[GroundFile, ...]
    """In the order in which they were added."""

    @property
    def corridors(self) -> Path:
        """Folder of what was cut out of the files."""
        return self.folder / CORRIDORS

    @property
    def tables(self) -> Path:
        """Folder of what can be seen from places on this ground."""
        return self.folder / TABLES

    @property
    def finest_first(self) -> tuple[GroundFile, ...]:
        """The files in the order in which they win where they overlap: fine before coarse."""
        return tuple(sorted(self.files, key=lambda file: round(file.cell_m, 3)))

    @property
    def surface(self) -> Surface:
        """What the heights hold; `bare_earth` as soon as one file lacks trees and houses."""
        return "surface" if all(file.surface == "surface" for file in self.files) else "bare_earth"

    @property
    def error_m(self) -> float | None:
        """Largest error stated for any file; None where none is."""
        stated = [file.error_m for file in self.files if file.error_m is not None]
        return max(stated, default=None)

    def height_files(self) -> tuple[HeightFile, ...]:
        """Return the files to cut from, finest first."""
        return tuple(
            HeightFile(find_path(self.folder, file), _content_of(file), file.crs_given)
            for file in self.finest_first
        )

    def describe_mixtures(self) -> tuple[Problem, ...]:
        """Return warnings about files that do not fit together."""
        bare = sum(file.surface == "bare_earth" for file in self.files)
        if 0 < bare < len(self.files):
            found = (
                f"{len(self.files) - bare:,} file(s) hold roofs and tree tops, {bare:,} the bare earth: "
                "sight changes where they meet, and trees are not counted on anywhere"
            )
            where = str(self.folder / INDEX_NAME)
            return (Problem(where, found, "use files of one kind if you can", warning=True),)
        return ()


@dataclass(frozen=True)
class Added:
    """What adding files did."""

    store: GroundStore
    added: tuple[GroundFile, ...]
    updated: tuple[GroundFile, ...]
    """Files that were there with another content or other facts about them."""
    n_known: int
    """Files that were there already, just so."""
    warnings: tuple[Problem, ...]


def read_store(folder: Path) -> GroundStore:
    """Read a ground folder; its files are not looked at (see `check_files`).

    Raises TerrainError when there is no such folder or its index is damaged, and says how to make one.
    """
    path = folder / INDEX_NAME
    problems = ProblemList()
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "there is no such folder"
        problems.add(str(folder), found, f"make one with `truceline ground add FILE... --ground {folder}`")
    elif not path.is_file():
        hint = f"add files with `truceline ground add FILE... --ground {folder}`"
        problems.add(str(folder), f"holds no {INDEX_NAME}: no elevation model was added here", hint)
    problems.raise_if_any(TerrainError, "There is no ground")
    return GroundStore(folder, _read_index(path))


def add_files(
    folder: Path,
    paths: Sequence[Path],
    *,
    surface: Surface = "surface",
    source_crs: str | None = None,
    error_m: float | None = None,
    source: str = "",
    progress: Callable[[str, float], None] | None = None,
) -> Added:
    """Check elevation rasters and record them in the ground folder, making it where there is none.

    A folder among `paths` stands for all rasters below it. All files are added or none. `progress` is called
    with each file's name and the share done. Raises TerrainError with every problem of every file.
    """
    from truceline.geo import _raster  # late: brings in GDAL

    title = "Nothing was added"
    problems = ProblemList()
    index = folder / INDEX_NAME
    known = {}
    if index.is_file():
        known = {find_path(folder, file).resolve(): file for file in _read_index(index)}
    elif folder.exists() and not folder.is_dir():
        problems.add(str(folder), "is a file", "name a folder with --ground")
    listed = _expand(paths, folder, problems)
    fresh: dict[Path, GroundFile] = {}
    for number, path in enumerate(listed):
        if progress is not None:
            progress(path.name, number / len(listed))
        raster = _raster.open_raster(path, source_crs, problems)
        if raster is None:
            continue
        with raster.dataset:
            facts = _Facts(surface, source_crs, error_m, source)
            file = _describe(folder, path, raster, facts, problems)
            if file is not None:
                fresh[path.resolve()] = file
    if len(known | fresh) > FILES_MAX:
        hint = "join tiles in mosaics (VRT), or use several ground folders"
        problems.add(str(folder), f"{len(known | fresh):,} files", f"at most {FILES_MAX:,}; {hint}")
    problems.raise_if_any(TerrainError, title)
    added = [file for path, file in fresh.items() if path not in known]
    updated = [file for path, file in fresh.items() if path in known and known[path] != file]
    warnings = ProblemList()
    warnings.extend(problems.problems)
    by_content = {_content_of(file): path for path, file in known.items()}
    for path, file in fresh.items():
        twin = by_content.setdefault(_content_of(file), path)
        if twin != path:
            warnings.warn(str(path), f"holds the same bytes as {twin}", "remove one of the two")
    store = GroundStore(folder, tuple((known | fresh).values()))
    if added or updated:
        _write_index(store)
    warnings.extend(store.describe_mixtures())
    n_known = len(fresh) - len(added) - len(updated)
    return Added(store, tuple(added), tuple(updated), n_known, warnings.problems)


def check_files(store: GroundStore) -> tuple[Problem, ...]:
    """Return what is wrong with the files now: gone, or not what they were when they were added.

    A file with its old size and time is taken for unchanged; one with another time is hashed again.
    """
    problems = ProblemList()
    for file in store.files:
        for stamp in (file, *file.parts):
            path = find_path(store.folder, stamp)
            try:
                stat = path.stat()
                if not S_ISREG(stat.st_mode):  # reading a pipe would wait for ever
                    raise OSError("no regular file")
                same = stat.st_size == stamp.size_bytes and (
                    stat.st_mtime_ns == stamp.modified_ns or hash_file(path) == stamp.sha256
                )
            except (OSError, ValueError):  # ValueError: a path no system takes
                hint = "bring it back, or add the files anew in another ground folder"
                problems.add(str(path), "is missing; it was added to the ground", hint)
                continue
            if not same:
                hint = f"add it again with `truceline ground add {find_path(store.folder, file)}`"
                problems.add(str(path), "has changed since it was added", hint)
    return problems.problems


def find_path(folder: Path, stamp: FileStamp) -> Path:
    """Return where a recorded file is."""
    return Path(os.path.normpath(folder / stamp.path))


def _expand(paths: Iterable[Path], folder: Path, problems: ProblemList) -> list[Path]:
    """Return the files meant, each once; a folder gives the rasters below it, less our own cuts."""
    cuts = (folder / CORRIDORS).resolve()
    listed: list[Path] = []
    for path in paths:
        if not path.is_dir():
            listed.append(path)
            continue
        inside = [
            entry
            for entry in sorted(path.rglob("*"))
            if entry.suffix.lower() in RASTER_SUFFIXES
            and entry.is_file()
            and not entry.name.startswith(".")
            and cuts not in entry.resolve().parents
        ]
        if not inside:
            suffixes = ", ".join(RASTER_SUFFIXES)
            problems.add(str(path), "holds no elevation raster", f"it would end in {suffixes}")
        listed += inside
    return list(dict.fromkeys(listed))


@dataclass(frozen=True)
class _Facts:
    """What the user says about files when adding them."""

    surface: Surface
    source_crs: str | None
    error_m: float | None
    source: str


def _describe(
    folder: Path,
    path: Path,
    raster: Raster,
    facts: _Facts,
    problems: ProblemList,
) -> GroundFile | None:
    """Return the record of one opened raster, None when it cannot serve; what is wrong with it is noted."""
    from truceline.geo import _raster

    where = str(path)
    parts = _raster.list_parts(raster, problems)
    if parts is None:
        return None
    try:
        sample = _raster.sample_voids(raster)
    except TerrainError as error:
        problems.extend(error.problems)
        return None
    if sample.impossible_share > IMPOSSIBLE_AT_MOST:
        found = f"{format_share(sample.impossible_share)} of its heights are impossible on earth"
        problems.add(where, found, "check that it holds heights in metres, and declare its no-data value")
    elif sample.impossible_share > 0:
        found = f"{format_share(sample.impossible_share, 1)} of its heights are impossible on earth"
        problems.warn(where, f"{found} and count as unknown", "declare the file's no-data value")
    if sample.void_share >= 1 and not sample.impossible_share:
        problems.warn(where, "no height was found in a sample of it", "leave it out if it is all sea")
    elif sample.void_share - sample.impossible_share >= VOIDS_WORTH_SAYING:
        found = f"about {format_share(sample.void_share)} of it has no heights (sampled)"
        problems.warn(where, found, "see what that means for a line with `truceline ground status SCENARIO`")
    dataset = raster.dataset
    return GroundFile(
        **_stamp(folder, path).model_dump(),
        parts=tuple(_stamp(folder, part) for part in parts),
        crs=raster.crs.name,
        crs_given=facts.source_crs if dataset.crs is None else None,
        in_degrees=raster.in_degrees,
        bounds_deg=raster.bounds_deg,
        rows=dataset.height,
        columns=dataset.width,
        cell_m=raster.finest_m,
        surface=facts.surface,
        void_share=sample.void_share,
        error_m=facts.error_m,
        source=facts.source,
    )


def _stamp(folder: Path, path: Path) -> FileStamp:
    stat = path.stat()
    return FileStamp(
        path=_recorded_path(folder, path),
        size_bytes=stat.st_size,
        modified_ns=stat.st_mtime_ns,
        sha256=hash_file(path),
    )


def _recorded_path(folder: Path, path: Path) -> str:
    """Return a path from the folder where the file lies in the same project: beside the folder or below."""
    here, there = folder.resolve(), path.resolve()
    if here.parent in there.parents and here.parent != Path(here.anchor):
        return Path(os.path.relpath(there, here)).as_posix()
    return there.as_posix()


def _content_of(file: GroundFile) -> str:
    """Return one hash of a file, all it is made of, and its place: some formats keep that in their name."""
    digests = [stamp.sha256 for stamp in (file, *file.parts)]
    return hashlib.sha256(json.dumps([digests, file.bounds_deg]).encode()).hexdigest()


def _write_index(store: GroundStore) -> None:
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problem = Problem(str(store.folder), f"cannot be made: {reason}", "name another folder with --ground")
        raise TerrainError("Nothing was added", [problem]) from None
    index = _Index(format=1, files=store.files)
    write_atomically(store.folder / INDEX_NAME, index.model_dump_json(indent=1) + "\n")


def _read_index(path: Path) -> tuple[GroundFile, ...]:
    """Return the files of an index; TerrainError says what is damaged."""
    title = "The ground folder cannot be used"
    hint = f"move {path} away and add the files again"
    try:
        size = path.stat().st_size
        if size > INDEX_BYTES_MAX:
            problem = Problem(str(path), f"has {size:,} bytes, too many for an index", hint)
            raise TerrainError(title, [problem])
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = "it is no JSON" if isinstance(error, ValueError | RecursionError) else str(error.strerror)
        raise TerrainError(title, [Problem(str(path), f"cannot be read: {reason.lower()}", hint)]) from None
    if isinstance(data, dict) and "format" in data and data["format"] != 1:
        found = f"has format {str(data['format'])[:20]!r}; this program reads format 1"
        raise TerrainError(title, [Problem(str(path), found, "use the program that wrote it")])
    try:
        return _Index.model_validate(data).files
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        problems = [
            Problem(f"{path}  {'.'.join(map(str, fault['loc']))}", fault["msg"].lower(), "")
            for fault in faults[:FAULTS_SHOWN]
        ]
        rest = f" ({len(faults)} faults)" if len(faults) > FAULTS_SHOWN else ""
        problems.append(Problem(str(path), f"is no index of a ground folder, or damaged{rest}", hint))
        raise TerrainError(title, problems) from None
