"""Hashtags of the Humanitarian Exchange Language for exported records: a second header row in a CSV.

Tags of the core dictionary of HXL 1.1 wherever it has one, extensions (`#x_...`) for what only a monitoring
mission records. A column without a tag is left blank, which the standard allows. Names of columns and rows
stay as they are, so that a reader who knows nothing of HXL loses nothing but a row.
"""

from __future__ import annotations

from collections.abc import Sequence

_WHEN = {
    "time_from": "#date+start",
    "time_to": "#date+end",
    "time_precision": "#date+precision",
    "received_at": "#x_received+time",
    "zone": "#x_zone+name",
}
_WHERE = {
    "lon": "#geo+lon",
    "lat": "#geo+lat",
    "sigma_m": "#geo+precision+m",
    "sigma_across_m": "#geo+precision+across+m",
    "axis_deg": "#geo+precision+azimuth",
    "place": "#loc+name",
    "region": "#adm1+name",
    "place_precision": "#geo+precision+type",
    "control_side": "#loc+control",
}
_WHAT = {
    "kind": "#event+type",
    "phase": "#event+phase",
    "weapon": "#cause+weapon",
    "target": "#impact+type",
    "count_low": "#indicator+acts+min+num",
    "count_best": "#indicator+acts+num",
    "count_high": "#indicator+acts+max+num",
    "count_unit": "#indicator+acts+unit",
    "killed_low": "#affected+killed+min",
    "killed_best": "#affected+killed",
    "killed_high": "#affected+killed+max",
    "hurt_low": "#affected+injured+min",
    "hurt_best": "#affected+injured",
    "hurt_high": "#affected+injured+max",
    "side_from": "#x_side+said",
    "flag_words": "#meta+flags",
}
_ESTABLISHED = {
    "verification": "#status+verification",
    "side": "#x_side+found",
    "side_p": "#x_side+found+probability",
    "side_basis": "#x_side+found+basis",
}
TAGS: dict[str, dict[str, str]] = {
    "incidents": {
        "incident_id": "#event+id",
        **_WHEN,
        **_WHERE,
        **_WHAT,
        "n_reports": "#indicator+reports+num",
        "n_sources": "#indicator+sources+num",
        "n_posts": "#indicator+posts+num",
        **_ESTABLISHED,
    },
    "judgements": {
        "incident_id": "#event+id",
        **_WHEN,
        **_WHERE,
        **_WHAT,
        "agreement": "#x_agreement+name",
        "clause": "#x_agreement+clause",
        "verdict": "#status+verdict",
        "unit": "#indicator+acts+unit",
        "p": "#x_agreement+probability",
        "acts_low": "#indicator+acts+min+num",
        "acts_best": "#indicator+acts+num",
        "acts_high": "#indicator+acts+max+num",
        "is_exercise": "#event+exercise",
        "reason": "#description+reason",
        "verification": "#status+verification",
    },
    "effort": {
        **_WHEN,
        **_WHERE,
        "means": "#channel+means",
        "post": "#x_post+name",
        "state": "#access+state",
        "cause": "#access+cause",
        "words": "#access+words",
        "p_detect": "#x_detection+probability",
        "p_detect_low": "#x_detection+probability+min",
        "p_detect_high": "#x_detection+probability+max",
        "group": "#event+group",
        "source": "#meta+source",
    },
    "reports": {
        "report_id": "#meta+id",
        **_WHEN,
        **_WHERE,
        **_WHAT,
        "feed": "#meta+feed",
        "source": "#meta+source",
        "source_ref": "#meta+source+ref",
        "means": "#channel+means",
        "observation": "#channel+observation",
        "post": "#x_post+name",
        "observer_lon": "#x_post+lon",
        "observer_lat": "#x_post+lat",
        "bearing_deg": "#x_post+bearing",
        "bearing_width_deg": "#x_post+bearing+width",
        "range_min_m": "#x_post+range+min",
        "range_max_m": "#x_post+range+max",
        "claimed_by": "#x_side+claimant",
    },
}
"""Hashtag of each column, by kind of record."""


def list_tags(kind: str, columns: Sequence[str]) -> list[str]:
    """Return the hashtags of some columns of a kind of record, in their order; empty where there is none."""
    known = TAGS[kind]
    return [known.get(name, "") for name in columns]


def add_tag_row(csv_text: str, tags: Sequence[str]) -> str:
    """Return comma-separated text with the hashtags as a row after its first line, which is its header.

    A tag is never quoted: it has no comma, and it starts like no formula.
    """
    head, end, rest = csv_text.partition("\n")
    return f"{head}{end}{','.join(tags)}\n{rest}"
