"""Fixtures shared by all tests: where the data beside the repository is, and how to skip without it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "servers"))
from postgis_fixtures import postgis_address, postgis_server  # noqa: F401

# A test that is slow once, because a kernel is compiled or the machine is busy, has not failed.
settings.register_profile("truceline", deadline=None)
settings.load_profile("truceline")

REPOSITORY = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """Return the folder of design notes and data beside the repository (or where TRUCELINE_SHARED says)."""
    return Path(os.environ.get("TRUCELINE_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the shared data folder, or skip with a message that says how to provide it."""
    folder = shared_folder()
    if not (folder / "data").is_dir():
        pytest.skip(f"no data folder at {folder}; set TRUCELINE_SHARED to the folder that holds data/")
    return folder
