"""Write products whole or not at all: a file by a rename, a folder by a swap.

Everything is written beside its target first, so that an error, an interrupt or a full disk never
leaves half a product, and the old one stays until the new one is complete. No format is known here,
and nothing is read but the names in a folder about to be replaced.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from truceline.errors import OutputError, Problem

FOLDER_MARKER = "plan.json"
"""File that every folder of products holds: a folder without it is somebody's own and is never replaced."""


def write_atomically(path: Path, data: str | bytes, *, overwrite: bool = True) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Text is written as UTF-8 with Unix line ends on every machine. The folder must exist. With `overwrite`
    False an existing file is refused.

    Raises OutputError when the file cannot be written; nothing is left behind then.
    """
    if not overwrite and path.exists():
        raise _refused(path, "is there already", "choose another name")
    content = data.encode("utf-8") if isinstance(data, str) else data
    temporary = _sibling(path, "new")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _refused(
            path, f"cannot be written: {_reason(error)}", "check the folder and its rights"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def replace_folder(path: Path, *, marker: str = FOLDER_MARKER) -> Iterator[Path]:
    """Give an empty temporary folder; when the block ends well, put it in the place of `path`.

    Folders on the way to `path` are made. An existing folder is replaced as a whole, and only if it is
    empty or holds a file named `marker`: a slip in an option must not delete somebody's work. If the block
    raises, or is interrupted, the temporary folder is removed and the old one stays as it was.

    Raises OutputError before the block when `path` may not be replaced, and after it when it cannot be.
    """
    target = path.absolute()
    _refuse_foreign(target, marker)
    temporary = _sibling(target, "new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)  # left by a killed process that had the same number
        temporary.mkdir()
    except OSError as error:
        hint = "check the folder above it and its rights"
        raise _refused(path, f"cannot be made: {_reason(error)}", hint) from None
    try:
        yield temporary
        _swap(temporary, target)
    except OSError as error:
        raise _refused(path, f"cannot be written: {_reason(error)}", "the old folder was kept") from error
    finally:
        _remove(temporary)


def _swap(new: Path, target: Path) -> None:
    """Move `new` to `target`; the old folder is back in its place if that fails."""
    old = _sibling(target, "old")
    _remove(old)
    had_one = target.exists()
    if had_one:
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if had_one:
            old.rename(target)
        raise
    _remove(old)


def _refuse_foreign(target: Path, marker: str) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise _refused(target, "is not a folder", "choose another name")
    try:
        names = {entry.name for entry in target.iterdir()} if target.exists() else set()
    except OSError as error:
        raise _refused(target, f"cannot be read: {_reason(error)}", "choose another folder") from None
    if names and marker not in names:
        found = f"holds {len(names)} things and no {marker}: it was not made by this program"
        raise _refused(target, found, "choose an empty or a new folder")


def _sibling(path: Path, word: str) -> Path:
    """Return a hidden name beside `path`, so that the last step is a rename within one file system."""
    return path.with_name(f".{path.name}.{os.getpid()}.{word}")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _refused(path: Path, found: str, hint: str) -> OutputError:
    return OutputError("output", [Problem(str(path), found, hint)])
