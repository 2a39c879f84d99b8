"""What changes when cameras take the place of staffed posts: fewer watchers, the same answer to alarms.

Units: people. A mast sees and does not act, so the reaction force is held at the strength it had
before; only the watchers, and the support of the whole, become fewer. Whether the masts see as much
as the posts did is asked in `detection`, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from truceline.errors import Problem, ScenarioError
from truceline.force.reaction import ShareReaction, SitedReaction
from truceline.force.sizing import Force, size_force
from truceline.force.tasks import WatchCounts
from truceline.scenario.assumption import AssumptionSet
from truceline.units import format_people


@dataclass(frozen=True)
class Substitution:
    """A watching force before and after posts give way to masts."""

    before: Force
    after: Force

    @property
    def people_saved(self) -> float:
        """People no longer needed; negative where the masts take more than the posts did."""
        return self.before.watching_people - self.after.watching_people

    @property
    def reaction_people(self) -> float:
        """People of the reaction force, which the change does not touch."""
        return self.after.table.people_in("reaction")

    def sentence(self) -> str:
        """Say the change in one sentence."""
        before, after = (format_people(force.watching_people) for force in (self.before, self.after))
        return (
            f"With masts in place of posts the watching force goes from {before} to {after} people; "
            f"{format_people(self.reaction_people)} of them stand ready to go where a mast gives an alarm."
        )


def replace_posts_by_masts(
    counts: WatchCounts, assumptions: AssumptionSet, *, n_posts: float, masts_per_post: float
) -> Substitution:
    """Return what happens when `n_posts` armed posts give way to `masts_per_post` masts each.

    Raises
    ------
    ScenarioError
        When there are not so many armed posts, or a number is negative.
    """
    if not (0 <= n_posts <= counts.armed_posts) or masts_per_post < 0:
        found = f"{n_posts:g} of {counts.armed_posts:g} armed posts by {masts_per_post:g} masts each"
        problem = Problem("substitution", found, "replace no more posts than there are")
        raise ScenarioError("force", [problem])
    before = size_force(counts, assumptions, reaction=ShareReaction())
    held = SitedReaction(n_bases=1, unit_people=before.table.people_in("reaction"))
    left = replace(
        counts,
        armed_posts=counts.armed_posts - n_posts,
        masts=counts.masts + n_posts * masts_per_post,
        origins=tuple(pair for pair in counts.origins if pair[0] not in ("armed_posts", "masts")),
    )
    return Substitution(before, size_force(left, assumptions, reaction=held))
