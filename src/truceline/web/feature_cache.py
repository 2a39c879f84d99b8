"""What answers about features share for a while: extents, credits, whether simulated features stay out.

Each is a question over a whole table, so it is asked once in some minutes and not with every request.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from truceline.events.schema import BATCHES, CELLS, INCIDENTS, JUDGEMENTS, POSTS
from truceline.monitor.exporting import has_real_reports
from truceline.monitor.mission import Mission
from truceline.monitor.releasing import visible_to
from truceline.store.base import Selection, Store
from truceline.store.filters import AllOf, Filter, Missing
from truceline.web.collections import Collection
from truceline.web.cql import Box
from truceline.web.feature_selection import Reader

KEEP_S = 300.0
"""Time for which an extent is not measured again."""
WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Extent:
    """Where, when and how many the features of a collection are, roughly."""

    box: Box
    first: datetime | None = None
    """Start of the first day, UTC without zone; None where nothing is known of times."""
    last: datetime | None = None
    """End of the last day."""
    n_features: int | None = None
    """None until it was counted."""


class FeatureCache:
    """Keeps answers about whole tables for some minutes."""

    def __init__(
        self, *, secret: bytes, keep_s: float = KEEP_S, mission_delay: timedelta | None = None
    ) -> None:
        self.mission_delay = mission_delay
        """Time for which the mission's own desks are not shown an incident; None: as in exports."""
        self.secret = secret
        """By which names of effort are hidden outside the mission, while the service runs."""
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._measuring = threading.Lock()
        self._extents: dict[tuple[str, str], tuple[float, Extent]] = {}
        self._notices: tuple[float, str] | None = None
        self._has_real = False
        self._all_simulated_at = -1

    def hides_simulated(self, store: Store, as_of: int) -> bool:
        """Tell whether simulated features stay out: there are reports that no simulation made."""
        if self._has_real or as_of == self._all_simulated_at:
            return self._has_real
        self._has_real = has_real_reports(store)
        self._all_simulated_at = as_of
        return self._has_real

    def extent(self, store: Store, collection: Collection, reader: Reader, mission: Mission) -> Extent:
        """Return the extent of what a reader sees of a collection; some minutes old as a rule.

        One request measures at a time. Others get what was known before meanwhile, or wait for the first.
        """
        known = self.known_extent(collection, reader)
        if known is not None:
            return known
        with self._lock:
            _, old = self._extents.get((collection.name, reader.level), (0.0, None))
        if not self._measuring.acquire(blocking=old is None):
            assert old is not None  # noqa: S101
            return old
        try:
            known = self.known_extent(collection, reader)
            if known is None:
                known = _measure(store, collection, reader, mission)
                with self._lock:
                    self._extents[collection.name, reader.level] = (time.monotonic(), known)
            return known
        finally:
            self._measuring.release()

    def known_extent(self, collection: Collection, reader: Reader) -> Extent | None:
        """Return an extent that was measured not long ago."""
        with self._lock:
            known = self._extents.get((collection.name, reader.level))
        if known is None or time.monotonic() - known[0] > self._keep_s:
            return None
        return known[1]

    def notices(self, store: Store) -> str:
        """Return the licences and credits that the sources ask for."""
        known = self._notices
        if known is None or time.monotonic() - known[0] > self._keep_s:
            words = store.read(BATCHES, columns=("notice",))["notice"].unique().tolist()
            known = self._notices = (time.monotonic(), "; ".join(sorted(word for word in words if word)))
        return known[1]


def _measure(store: Store, collection: Collection, reader: Reader, mission: Mission) -> Extent:
    table = collection.table
    box = WORLD if mission.box is None else mission.box
    if table in (POSTS, CELLS):
        rows = store.read_current(table, Selection(as_of=reader.as_of), columns=("lon", "lat"))
        places = rows.dropna()
        if len(places):
            decimals = reader.rule.decimals
            low, high = places.min().round(decimals), places.max().round(decimals)
            box = (float(low["lon"]), float(low["lat"]), float(high["lon"]), float(high["lat"]))
        return Extent(box, n_features=len(rows))
    where: list[Filter] = [reader.ended(table)]
    if table is INCIDENTS:
        where.append(Missing("merged_into"))
    among = visible_to(reader.level) if table in (INCIDENTS, JUDGEMENTS) else ()
    select = Selection(where=AllOf(tuple(where)), among=among, as_of=reader.as_of)
    days = store.tally(table, select, day_shift_h=0.0)
    known = replace(Extent(box), n_features=int(days["n"].sum()))
    dated = days["day"].dropna()
    if dated.empty:
        return known
    end = timedelta(days=1) - timedelta(seconds=1)
    return replace(known, first=dated.min().to_pydatetime(), last=dated.max().to_pydatetime() + end)
