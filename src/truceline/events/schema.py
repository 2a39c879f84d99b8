"""The tables of the watching: names, columns, units and types, once, for feeds, rules and every store.

A table is a history: rows are appended and never changed. Every row carries `change_id`, which leads to who
wrote it, when and why. Where a table says `subject`, its newest row for each subject is what holds now.
Times are UTC without zone, to the microsecond; the zone a source spoke in stands beside them. Angles are
degrees, azimuths clockwise from north, lengths metres. Missing numbers are NaN or NA, missing words empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class ColumnType(StrEnum):
    """What a column holds. Stores map these to their own types."""

    integer = "integer"
    """64 bits; may be missing."""
    number = "number"
    """Double precision; NaN is missing."""
    text = "text"
    """Unicode; empty is missing."""
    moment = "moment"
    """UTC, microseconds, no zone; NaT is missing."""
    truth = "truth"
    """True or false; never missing."""


@dataclass(frozen=True)
class Field:
    """One column of a table."""

    name: str
    type: ColumnType
    meaning: str
    """With the unit, where it has one."""


@dataclass(frozen=True)
class Table:
    """One table of the store."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    subject: tuple[str, ...] = ()
    """Columns that say what a row is about; the newest row for each subject holds. Empty: every row holds."""
    starts: str = ""
    """Column of moments by which rows are chosen for a period; with `ends` where rows are intervals."""
    ends: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return one column; KeyError where there is none of that name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def _fields(type_: ColumnType, /, **meanings: str) -> tuple[Field, ...]:
    return tuple(Field(name, type_, meaning) for name, meaning in meanings.items())


_text = partial(_fields, ColumnType.text)
_number = partial(_fields, ColumnType.number)
_integer = partial(_fields, ColumnType.integer)
_moment = partial(_fields, ColumnType.moment)
_truth = partial(_fields, ColumnType.truth)

_CHANGE = _integer(change_id="The change that wrote this row: who, when and why stand in `changes`")

_WHEN = (
    *_moment(time_from="Earliest time it can have happened", time_to="Latest time it can have happened"),
    *_text(time_precision="How well the source knows the time: see TimePrecision"),
)
_WHERE = (
    *_number(
        lon="Longitude of the best position, degrees; NaN where no place is known",
        lat="Latitude of the best position, degrees",
        sigma_m="Standard deviation of the position along `axis_deg`, metres (the radius where it is round)",
        sigma_across_m="Standard deviation across `axis_deg`, metres",
        axis_deg="Azimuth of the long axis of the position's ellipse, degrees; 0 where it is round",
    ),
    *_text(
        place="Name of the place, as the source has it",
        region="Region (oblast, or the area of a mission's team)",
        place_precision="How well the place is known: see PlacePrecision",
        control_side="Side that holds the place: a, b, contested or empty",
    ),
)
_WHAT = (
    *_text(
        kind="What happened: see Kind",
        phase="Which part of the flight was noticed: see Phase; empty where it does not apply",
        weapon="What was fired or found: see Weapon",
        target="What was hit or aimed at in a clause's words: energy, civilian, military, mission",
    ),
    *_number(
        count_low="Least number of acts (explosions, shots, ...)",
        count_best="Most likely number of acts",
        count_high="Greatest number of acts",
    ),
    *_text(
        count_unit="What is counted: explosions, shots, aircraft, ...; empty where it is the incident itself"
    ),
    *_number(
        killed_low="Fewest people killed",
        killed_best="Most likely number of people killed",
        killed_high="Most people killed",
        hurt_low="Fewest people injured",
        hurt_best="Most likely number of people injured",
        hurt_high="Most people injured",
    ),
    *_text(side_from="Side said to have acted: a, b or empty"),
    *_integer(flags="Sum of the values of Flag"),
)

CHANGES = Table(
    "changes",
    "Every change to the store: who, when, why",
    (
        *_integer(change_id="Number of the change, from 1"),
        *_moment(at="When it was made, by the clock of the machine"),
        *_text(
            who="Who made it",
            what="The verb: import, link, review, judge, issue, ...",
            why="Why, in the words of whoever made it",
            program="Version of the program",
            details="Further facts as JSON: seed, settings, files",
        ),
    ),
    starts="at",
)
SETTINGS = Table(
    "settings",
    "What holds for the whole mission: names of the sides, time zone, cut-off",
    (*_text(name="Name of the setting", value="Its value as JSON"), *_CHANGE),
    subject=("name",),
)
BATCHES = Table(
    "batches",
    "Every file imported, and what became of its rows",
    (
        *_integer(batch_id="Number of the import, from 1"),
        *_text(
            feed="Format it was read as",
            file_name="Name of the file, without its folder",
            file_hash="SHA-256 of its bytes, short",
            notice="Licence or credit the source asks for",
        ),
        *_integer(
            n_read="Rows read",
            n_new="Rows that became new reports",
            n_repeated="Rows that were there already, word for word",
            n_corrected="Rows that supersede an earlier report of the same key",
            n_rejected="Rows that could not be used",
        ),
        *_CHANGE,
    ),
)
REJECTS = Table(
    "rejects",
    "Every row that could not be used, with the reason",
    (
        *_integer(batch_id="The import", line="Line of the file, or row where it has no lines, from 1"),
        *_text(where="Column", found="What was found there", hint="What to write instead"),
        *_CHANGE,
    ),
)
REPORTS = Table(
    "reports",
    "One source's statement, as received; never changed, only superseded",
    (
        *_integer(report_id="Number of the report, from 1, in the order received"),
        *_text(
            key="Identity within the feed: its own number, or a digest of its content",
            digest="Digest of everything the feed said, to tell a repetition from a correction",
        ),
        *_integer(supersedes="Number of the report this one corrects; missing where it is the first"),
        *_text(
            feed="Format it came by",
            source="Who says so: outlet, team, party, data set",
            source_ref="Where it can be found at the source: number or address",
            means="Who or what watched: see Means",
            observation="How it was noticed: see Observation",
            post="Name of the post, camera or team that noticed it; empty where none is named",
        ),
        *_number(
            observer_lon="Longitude of the observer, degrees; NaN where it is not known",
            observer_lat="Latitude of the observer, degrees",
            bearing_deg="Azimuth from the observer, degrees",
            bearing_width_deg="Full width of the sector that the bearing stands for, degrees",
            range_min_m="Least distance from the observer, metres",
            range_max_m="Greatest distance from the observer, metres",
        ),
        *_WHEN,
        *_text(zone="Time zone the source speaks in"),
        *_WHERE,
        *_WHAT,
        *_text(
            claimed_by="Party that says so: a, b or empty",
            text="The source's words; never leaves the store in a product",
            original="The row as received, as JSON",
            truth="Number of the true event, for simulated reports alone; no rule may read it",
        ),
        *_moment(received_at="When it was published or reached us; missing where the source does not say"),
        *_CHANGE,
    ),
    subject=("key", "feed"),
    starts="time_from",
    ends="time_to",
)
LINKS = Table(
    "links",
    "Which report describes which incident, with score and reason; undone by a later row",
    (
        *_integer(report_id="The report", incident_id="The incident; missing where the report was taken out"),
        *_number(score="Logarithm of the odds that the report belongs there; NaN for a decision by hand"),
        *_text(evidence="The terms of the score, or the reason given, as JSON", method="rule or hand"),
        *_CHANGE,
    ),
    subject=("report_id",),
)
INCIDENTS = Table(
    "incidents",
    "What we think happened: the summary of the reports linked",
    (
        *_integer(
            incident_id="Number of the incident, from 1; never used twice",
            merged_into="The incident this one became part of; missing while it stands",
        ),
        *_WHEN,
        *_WHERE,
        *_WHAT,
        *_integer(
            n_reports="Reports linked, exact repeats collapsed",
            n_sources="Independent sources among them",
            n_posts="Different posts or teams of the mission among them",
        ),
        *_CHANGE,
    ),
    subject=("incident_id",),
    starts="time_from",
    ends="time_to",
)
VERIFICATIONS = Table(
    "verifications",
    "Whether it is established that an incident happened",
    (
        *_integer(incident_id="The incident"),
        *_text(
            status="reported, corroborated, verified or refuted",
            method="rule or hand; a decision by hand stands until the next by hand",
            reason="The rule met, or the reason given",
        ),
        *_CHANGE,
    ),
    subject=("incident_id",),
)
ATTRIBUTIONS = Table(
    "attributions",
    "Who did it and with what, apart from whether it happened",
    (
        *_integer(incident_id="The incident"),
        *_text(aspect="side or weapon", value="a, b or a Weapon; empty: not investigated"),
        *_number(p="Probability that the value is right; NaN where not investigated"),
        *_text(basis="What it rests on", method="rule or hand"),
        *_CHANGE,
    ),
    subject=("incident_id", "aspect"),
)
AGREEMENTS = Table(
    "agreements",
    "The agreements and truces that incidents are judged against",
    (*_text(agreement="Short name", text="The agreement as YAML"), *_CHANGE),
    subject=("agreement",),
)
JUDGEMENTS = Table(
    "judgements",
    "An incident against a clause: verdict and reason",
    (
        *_integer(incident_id="The incident"),
        *_moment(time_from="Start of the incident, to choose judgements of a period"),
        *_text(
            agreement="Short name of the agreement",
            clause="Name of the clause within it",
            verdict="violation, allowed, outside, not_bound, unclear or refuted",
            region="Region of the incident",
            kind="Kind of the incident",
            phase="Phase of the incident",
            unit="What `acts` counts",
        ),
        *_number(
            p="Probability that the incident is within the clause's place and time",
            acts_low="Least number of acts",
            acts_best="Most likely number of acts",
            acts_high="Greatest number of acts",
        ),
        *_truth(is_exercise="Assessed as a live-fire exercise"),
        *_text(reason="Why, in a sentence", method="rule or hand"),
        *_CHANGE,
    ),
    subject=("incident_id", "agreement", "clause"),
    starts="time_from",
)
EFFORTS = Table(
    "efforts",
    "Who watched what, when, and where watching was denied",
    (
        *_text(
            key="Identity: a digest of means, post and start",
            means="Who or what watched: see Means",
            post="Name of the post, camera, aircraft or team",
            region="Region",
        ),
        *_number(lon="Longitude, degrees", lat="Latitude, degrees"),
        *_moment(time_from="Start", time_to="End"),
        *_text(
            state="watched, denied, delayed, jammed, down, confined or weather",
            cause="Who or what prevented the watching",
            words="Words given to the monitors",
        ),
        *_number(
            p_detect="Probability that an incident in its area is noticed while it watches",
            p_detect_low="Least such probability",
            p_detect_high="Greatest such probability",
        ),
        *_text(group="Group of kinds that `p_detect` is about; empty: all", source="Who recorded it"),
        *_CHANGE,
    ),
    subject=("key",),
    starts="time_from",
    ends="time_to",
)
ISSUES = Table(
    "issues",
    "Every daily report issued, with its figures, so that corrections can be told",
    (
        *_integer(number="Number within the year", year="Year"),
        *_moment(period_from="Start of the period reported", period_to="Cut-off"),
        *_text(digest="Digest of the figures", figures="The figures as JSON"),
        *_CHANGE,
    ),
    subject=("year", "number"),
    starts="period_to",
)

RELEASES = Table(
    "releases",
    "Who may see an incident beyond its being counted",
    (
        *_integer(incident_id="The incident"),
        *_text(
            level="public, parties or mission: see Releasability; without a row: mission",
            method="rule or hand",
            reason="Why, in the words of whoever decided",
        ),
        *_CHANGE,
    ),
    subject=("incident_id",),
)
POSTS = Table(
    "posts",
    "Posts, masts and cameras of the mission, as planned or as they stand",
    (
        *_text(
            post="Name of the post, as in reports and effort",
            means="What watches there: see Means",
            region="Region, or sector of the line",
        ),
        *_number(
            lon="Longitude, degrees; NaN where no place is known",
            lat="Latitude, degrees",
            range_m="Distance to which it watches, metres; NaN where not known",
        ),
        *_text(
            state="planned, open or closed",
            source="Plan and posture, or file, it comes from",
        ),
        *_CHANGE,
    ),
    subject=("post",),
)
CELLS = Table(
    "cells",
    "Ground to be watched along the line, and how well the posture of the mission watches it",
    (
        *_text(cell="Name of the cell: sector and number in it", region="Sector of the line"),
        *_number(
            lon="Longitude of its middle, degrees",
            lat="Latitude of its middle, degrees",
            demand="Share of what is to be watched that lies in the cell",
            p_detect="Probability that an incident there is noticed, all light and weather together",
        ),
        *_text(
            outline="Its outline as WKT, longitude before latitude",
            source="Plan and posture it comes from",
        ),
        *_CHANGE,
    ),
    subject=("cell",),
)
TOKENS = Table(
    "tokens",
    "Keys to the service: what each allows; the key itself is never kept",
    (
        *_integer(token_id="Number of the token, from 1"),  # noqa: S106
        *_text(
            holder="Desk, post or system that holds it",
            role="reader, observer, verifier, editor or admin: see Role",
            level="Releasability up to which its holder sees: public, parties or mission",
            digest="SHA-256 of the key",
            state="active or revoked",
        ),
        *_moment(expires="When it ends"),
        *_CHANGE,
    ),
    subject=("token_id",),
)
SUBMISSIONS = Table(
    "submissions",
    "Every version of every field form received, and what became of it",
    (
        *_text(
            form="Name of the form",
            key="Identity of the submission: its first instance ID",
            instance="Instance ID of this version",
            replaces="Instance ID of the version it edits; empty for the first",
            device="Device that filled it in, as a digest",
            post="Post, camera or team it speaks for",
        ),
        *_integer(edition="Number of the version at the source, from 0"),
        *_moment(
            started="When filling in began, by the clock of the device",
            ended="When it was finished, by the clock of the device",
            submitted="When the server received it, by the clock of the server",
            edited="When the server received this version",
        ),
        *_text(
            state="taken, edited, late_edit, awaits_first, deleted or refused",
            note="What a reader must know: came late, a device clock that is off, an edit out of order",
        ),
        *_CHANGE,
    ),
    subject=("form", "key", "instance"),
    starts="submitted",
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        CHANGES, SETTINGS, BATCHES, REJECTS, REPORTS, LINKS, INCIDENTS, VERIFICATIONS, ATTRIBUTIONS,
        AGREEMENTS, JUDGEMENTS, EFFORTS, ISSUES, RELEASES, POSTS, CELLS, TOKENS, SUBMISSIONS,
    )
}  # fmt: skip
"""Every table, in the order in which rows refer to each other."""
