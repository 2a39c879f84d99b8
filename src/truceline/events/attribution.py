"""Who did it and with what, apart from whether it happened.

Nothing is attributed unless it is observed: the default is no value, the basis "not investigated" and no
probability. By rule a side is named from the mission's own sight of where a round came from (it left, it
flew, a muzzle flashed) or of whose troops and weapons stand there, and only where a clause in force lets the
mission name sides. A weapon is named where the mission's own observations of it agree. Claims of parties, the
press and data sets attribute nothing, and no phase or side is made up: most explosions stay undetermined.
Each post counts once. A value by hand stands until the next by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.frames import make_frame
from truceline.events.kinds import GROUP_OF, OWN_MEANS, Flag, Kind, KindGroup, Observation, Phase, Weapon
from truceline.events.schema import ATTRIBUTIONS
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

ASPECTS = ("side", "weapon")
NOT_INVESTIGATED = "not investigated"
REPORT_COLUMNS = (
    "report_id", "kind", "phase", "weapon", "means", "observation", "post", "side_from", "claimed_by",
    "flags",
)  # fmt: skip
"""Columns of `REPORTS` the rules ask for."""
P_DECIMALS = 4
_SIDES = ("a", "b")
_WEAK = int(Flag.exact_repeat | Flag.weak_label)
_OWN = tuple(str(means) for means in OWN_MEANS)
_SIGHT = (Observation.seen.value, Observation.recorded.value)
_SENSES = (*_SIGHT, Observation.heard.value, Observation.detected.value)
_ORIGIN_KINDS = tuple(
    kind.value
    for kind, group in GROUP_OF.items()
    if group in (KindGroup.air, KindGroup.movement)
    or kind in (Kind.launch, Kind.muzzle_flash, Kind.tracer, Kind.projectile)
)
"""Kinds that show where something came from or whose it is."""
_ORIGIN_PHASES = (Phase.outgoing.value, Phase.in_flight.value)


@dataclass(frozen=True)
class AttributionRules:
    """How an observation becomes a probability; see the records `attribution.*`."""

    prior_weight: float
    p_min: float


def read_attribution_rules(assumptions: AssumptionSet | None = None) -> AttributionRules:
    """Return the numbers as the records say; the packaged ones by default."""
    known = load_watching_assumptions() if assumptions is None else assumptions
    return AttributionRules(
        prior_weight=known.value("attribution.prior_weight"), p_min=known.value("attribution.p_min")
    )


def attribute_incidents(
    incidents: pd.DataFrame,
    reports: pd.DataFrame,
    *,
    may_name_side: NDArray[np.bool_] | None = None,
    rules: AttributionRules | None = None,
) -> pd.DataFrame:
    """Return `ATTRIBUTIONS` by rule (no change_id): a row for each incident and aspect with a value.

    `incidents` needs `incident_id`; `reports` are the reports linked to them, newest version of each, with
    `incident_id` and REPORT_COLUMNS. `may_name_side` says for each incident whether a clause in force lets
    the mission name a side; by default none does. What has no row is not investigated.
    """
    import pandas as pd

    rules = read_attribution_rules() if rules is None else rules
    ids = incidents["incident_id"].to_numpy(dtype=np.int64)
    allowed = np.zeros(len(ids), dtype=bool) if may_name_side is None else may_name_side
    owners = pd.Index(ids).get_indexer(reports["incident_id"].to_numpy(dtype=np.int64))
    flags = reports["flags"].to_numpy(dtype="int64", na_value=0)
    is_own = (reports["means"].isin(_OWN) & (reports["claimed_by"] == "") & ((flags & _WEAK) == 0)).to_numpy(
        dtype=bool
    ) & (owners >= 0)
    shows_origin = (reports["kind"].isin(_ORIGIN_KINDS) | reports["phase"].isin(_ORIGIN_PHASES)) & reports[
        "observation"
    ].isin(_SIGHT)
    side = is_own & (shows_origin & reports["side_from"].isin(_SIDES)).to_numpy(dtype=bool) & allowed[owners]
    weapon = is_own & (
        reports["observation"].isin(_SENSES) & ~reports["weapon"].isin(["", Weapon.unknown.value])
    ).to_numpy(dtype=bool)
    parts = [
        _share_out(ids, owners, reports, side, "side", "side_from", "saw where it came from", rules),
        _share_out(ids, owners, reports, weapon, "weapon", "weapon", "told the weapon", rules),
    ]
    made = pd.concat(parts, ignore_index=True)
    return made.sort_values(["incident_id", "aspect"], kind="stable").reset_index(drop=True)


def smoothed_share(n_for: NDArray[np.int64], n_all: NDArray[np.int64], weight: float) -> NDArray[np.float64]:
    """Return (n_for + w) / (n_all + 2 w): Laplace's rule of succession for w = 1."""
    return np.asarray((n_for + weight) / (n_all + 2.0 * weight))


def find_changed_attributions(
    made: pd.DataFrame, current: pd.DataFrame, *, incident_ids: Sequence[int] | NDArray[np.int64]
) -> pd.DataFrame:
    """Return the rows of `made` that differ from the newest ones kept, and empty ones for lost values.

    `current` are the newest `ATTRIBUTIONS` of the incidents looked at; decisions by hand stand.
    """
    import pandas as pd

    keys = ["incident_id", "aspect"]
    current = current[current["incident_id"].isin(np.asarray(incident_ids))]
    both = made[keys].merge(current[[*keys, "value", "p", "basis", "method"]], on=keys, how="left")
    same = (both["value"] == made["value"]) & (both["basis"] == made["basis"]) & (both["p"] == made["p"])
    kept = made[~same.to_numpy(dtype=bool) & ~(both["method"] == "hand").to_numpy(dtype=bool)]
    lost = current[(current["method"] != "hand") & (current["value"] != "")]
    again = pd.MultiIndex.from_frame(made[keys].astype({"incident_id": "int64"}))
    lost = lost[~pd.MultiIndex.from_frame(lost[keys].astype({"incident_id": "int64"})).isin(again)]
    emptied = make_frame(
        ATTRIBUTIONS,
        {
            "incident_id": lost["incident_id"],
            "aspect": lost["aspect"],
            "value": "",
            "basis": NOT_INVESTIGATED,
            "method": "rule",
        },
        n_rows=len(lost),
    )
    return pd.concat([kept, emptied], ignore_index=True) if len(emptied) else kept.reset_index(drop=True)


def _share_out(
    ids: NDArray[np.int64],
    owners: NDArray[np.intp],
    reports: pd.DataFrame,
    chosen: NDArray[np.bool_],
    aspect: str,
    column: str,
    verb: str,
    rules: AttributionRules,
) -> pd.DataFrame:
    """Return a row for each incident whose chosen reports agree well enough on a value."""
    import pandas as pd

    said = pd.DataFrame(
        {
            "owner": owners[chosen],
            "post": reports["post"].to_numpy(dtype=object)[chosen],
            "value": reports[column].to_numpy(dtype=object)[chosen],
        }
    ).drop_duplicates()
    counts = said.groupby(["owner", "value"], sort=True).size().rename("n_for").reset_index()
    counts["n_all"] = counts.groupby("owner")["n_for"].transform("sum")
    # The value most posts name; of equals the first by name, which the threshold then leaves out.
    best = counts.sort_values(["owner", "n_for", "value"], ascending=[True, False, True], kind="stable")
    best = best.drop_duplicates("owner")
    p = smoothed_share(best["n_for"].to_numpy(), best["n_all"].to_numpy(), rules.prior_weight)
    best = best.assign(p=np.round(p, P_DECIMALS))
    best = best[best["p"] >= rules.p_min]
    bases = [
        f"{n_for} of {n_all} of the mission's posts {verb}"
        for n_for, n_all in zip(best["n_for"], best["n_all"], strict=True)
    ]
    return make_frame(
        ATTRIBUTIONS,
        {
            "incident_id": ids[best["owner"].to_numpy(dtype=np.int64)],
            "aspect": aspect,
            "value": best["value"],
            "p": best["p"],
            "basis": np.array(bases, dtype=object),
            "method": "rule",
        },
        n_rows=len(best),
    )
