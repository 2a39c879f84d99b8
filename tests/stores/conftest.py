"""Every test of the contract runs on every kind of store there is (see `store_kinds`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_kinds import KINDS, Place

from truceline.store.base import Store


@pytest.fixture(params=sorted(KINDS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give a place where a store can be made, of each kind in turn."""
    return KINDS[request.param](request, tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """Give an empty store, open for writing."""
    with place.create() as made:
        yield made
