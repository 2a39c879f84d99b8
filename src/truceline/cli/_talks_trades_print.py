"""Print the deals of the exchange model, and what they do to those who take no part in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.cli._console import print_line, print_title
from truceline.cli._talks_words import print_wrapped, tell_name, tell_place

if TYPE_CHECKING:
    from truceline.talks.model import Board
    from truceline.talks.trades import Trading

NAMED = 3
"""Actors named as better or worse off by the deals of others."""


def print_trades(trading: Trading, board: Board) -> None:
    """Print the largest deals, what each of the two gains, and who gains and loses by the deals of others."""
    print_line()
    shown = len(trading.trades)
    of = "all" if shown == trading.n_trades else f"the {shown} largest of"
    print_title(f"Deals of the exchange model: {of} {trading.n_trades:,}, which nobody offered")

    def tell_move(actor: str, key: str, start: float, end: float) -> str:
        issue = board.issues[key]
        moved = f"{tell_place(start, issue)} to {tell_place(end, issue)}"
        return f"{tell_name(actor, board)} {moved} on {issue.label}"

    for one in trading.trades:
        print_wrapped(
            f"{tell_move(one.actor_a, one.issue_q, one.from_q, one.to_q)}, for "
            f"{tell_move(one.actor_b, one.issue_p, one.from_p, one.to_p)}: each gains {one.gain:.1f}; "
            f"others gain {one.others_gain:.1f} and lose {abs(one.others_loss):.1f}.",
            hanging="  ",
        )

    def tell_actors(actors: tuple[str, ...]) -> str:
        return ", ".join(f"{tell_name(one, board)} {trading.others[one]:+.1f}" for one in actors[:NAMED])

    print_wrapped(
        f"By deals of others better off: {tell_actors(trading.winners) or 'nobody'}; worse off: "
        f"{tell_actors(trading.losers) or 'nobody'}. In hundredths of a scale at full salience."
    )
