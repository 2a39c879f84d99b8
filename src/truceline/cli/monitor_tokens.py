"""`truceline monitor token`: keys to the service, given out, listed and revoked.

A key is printed once and kept nowhere. Parses and prints; what a token is, is decided by `monitor.tokens`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from truceline.cli._console import Row, print_line, print_table
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    StoreArgument,
    WaitOption,
    WhoOption,
    WhyOption,
    name_of_user,
    now_utc,
    open_for,
)
from truceline.events.kinds import Releasability, Role

app = typer.Typer(help="Give out, list and revoke keys to the service.", no_args_is_help=True)


@app.command("add")
def add(
    store: StoreArgument,
    role: Annotated[
        Role, typer.Option(help="What its holder may do; each role may do what those before it may.")
    ],
    holder: Annotated[
        str, typer.Option(metavar="NAME", help="Desk, post or system that holds it: never a person.")
    ],
    level: Annotated[
        Releasability | None,
        typer.Option(
            help="Incidents up to this level are shown in full; default parties for readers, else mission."
        ),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="30d|DAY", help="When it ends: days from now, or a day; at most a year.")
    ] = "90d",
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Give out a key, and print it this once."""
    from truceline.monitor.tokens import add_token, read_expiry

    now = now_utc()
    ends = read_expiry(expires, now)
    user = name_of_user(who)
    with open_for(store, writing=True, wait_s=wait) as opened:
        token, key = add_token(
            opened, holder=holder, role=role, level=level, expires=ends, now=now, who=user, why=why
        )
    print_line(f"Token {token.token_id} for {token.holder}: {token.role}, sees {token.level}")
    print_line(f"Ends {token.expires:%Y-%m-%d %H:%M} UTC. The key is shown this once and kept nowhere:")
    print_line(key)


@app.command("list")
def list_all(store: StoreArgument, wait: WaitOption = DEFAULT_WAIT_S) -> None:
    """List every key given out, with what it allows; not the keys themselves."""
    from truceline.monitor.tokens import list_tokens

    now = now_utc()
    with open_for(store, writing=False, wait_s=wait) as opened:
        tokens = list_tokens(opened)
    if not tokens:
        print_line("No key was given out yet; see truceline monitor token add --help")
        return
    rows = [
        Row(
            (
                str(each.token_id),
                each.holder,
                each.role.value,
                each.level.value,
                f"{each.expires:%Y-%m-%d %H:%M}",
                "revoked" if each.is_revoked else "expired" if each.expires <= now else "active",
            )
        )
        for each in tokens
    ]
    print_table(("token", "holder", "role", "level", "ends (UTC)", "state"), rows)


@app.command("revoke")
def revoke(
    store: StoreArgument,
    token: Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the token.", show_default=False)],
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Make a key worthless; a running service takes notice within seconds."""
    from truceline.monitor.tokens import revoke_token

    user = name_of_user(who)
    with open_for(store, writing=True, wait_s=wait) as opened:
        revoked = revoke_token(opened, token, who=user, why=why)
    print_line(f"Token {revoked.token_id} of {revoked.holder} is revoked")
