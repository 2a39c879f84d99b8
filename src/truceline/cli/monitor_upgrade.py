"""`truceline monitor upgrade`: bring a store up to this version before anything else needs it."""

from __future__ import annotations

from truceline.cli._console import print_line
from truceline.cli._monitor_store import DEFAULT_WAIT_S, StoreArgument, WaitOption, open_for


def upgrade(store: StoreArgument, wait: WaitOption = DEFAULT_WAIT_S) -> None:
    """Bring the tables of a store up to this version; nothing happens where they are.

    Every command that writes does the same. On a server this one is for whoever owns the tables, where the
    service itself may only read and add rows.
    """
    with open_for(store, writing=True, wait_s=wait) as opened:
        place = opened.place
    print_line(f"{place}: its tables are those of this version")
