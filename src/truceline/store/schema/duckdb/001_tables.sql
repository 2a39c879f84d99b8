-- The tables of the watching, column for column those of truceline.events.schema; rows are only ever appended.
-- No keys or indexes: the one writer keeps the rules, and an index over texts costs more than it saves here.
-- Internal: row_order numbers the rows of a table from 1 in the order of writing. In reports it is report_id.

-- Every change to the store: who, when, why
CREATE TABLE changes (
    "change_id" BIGINT,
    "at" TIMESTAMP,
    "who" VARCHAR NOT NULL DEFAULT '',
    "what" VARCHAR NOT NULL DEFAULT '',
    "why" VARCHAR NOT NULL DEFAULT '',
    "program" VARCHAR NOT NULL DEFAULT '',
    "details" VARCHAR NOT NULL DEFAULT '',
    "row_order" BIGINT NOT NULL
);

-- What holds for the whole mission: names of the sides, time zone, cut-off
CREATE TABLE settings (
    "name" VARCHAR NOT NULL DEFAULT '',
    "value" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Every file imported, and what became of its rows
CREATE TABLE batches (
    "batch_id" BIGINT,
    "feed" VARCHAR NOT NULL DEFAULT '',
    "file_name" VARCHAR NOT NULL DEFAULT '',
    "file_hash" VARCHAR NOT NULL DEFAULT '',
    "notice" VARCHAR NOT NULL DEFAULT '',
    "n_read" BIGINT,
    "n_new" BIGINT,
    "n_repeated" BIGINT,
    "n_corrected" BIGINT,
    "n_rejected" BIGINT,
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Every row that could not be used, with the reason
CREATE TABLE rejects (
    "batch_id" BIGINT,
    "line" BIGINT,
    "where" VARCHAR NOT NULL DEFAULT '',
    "found" VARCHAR NOT NULL DEFAULT '',
    "hint" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- One source's statement, as received; never changed, only superseded
CREATE TABLE reports (
    "report_id" BIGINT,
    "key" VARCHAR NOT NULL DEFAULT '',
    "digest" VARCHAR NOT NULL DEFAULT '',
    "supersedes" BIGINT,
    "feed" VARCHAR NOT NULL DEFAULT '',
    "source" VARCHAR NOT NULL DEFAULT '',
    "source_ref" VARCHAR NOT NULL DEFAULT '',
    "means" VARCHAR NOT NULL DEFAULT '',
    "observation" VARCHAR NOT NULL DEFAULT '',
    "post" VARCHAR NOT NULL DEFAULT '',
    "observer_lon" DOUBLE,
    "observer_lat" DOUBLE,
    "bearing_deg" DOUBLE,
    "bearing_width_deg" DOUBLE,
    "range_min_m" DOUBLE,
    "range_max_m" DOUBLE,
    "time_from" TIMESTAMP,
    "time_to" TIMESTAMP,
    "time_precision" VARCHAR NOT NULL DEFAULT '',
    "zone" VARCHAR NOT NULL DEFAULT '',
    "lon" DOUBLE,
    "lat" DOUBLE,
    "sigma_m" DOUBLE,
    "sigma_across_m" DOUBLE,
    "axis_deg" DOUBLE,
    "place" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "place_precision" VARCHAR NOT NULL DEFAULT '',
    "control_side" VARCHAR NOT NULL DEFAULT '',
    "kind" VARCHAR NOT NULL DEFAULT '',
    "phase" VARCHAR NOT NULL DEFAULT '',
    "weapon" VARCHAR NOT NULL DEFAULT '',
    "target" VARCHAR NOT NULL DEFAULT '',
    "count_low" DOUBLE,
    "count_best" DOUBLE,
    "count_high" DOUBLE,
    "count_unit" VARCHAR NOT NULL DEFAULT '',
    "killed_low" DOUBLE,
    "killed_best" DOUBLE,
    "killed_high" DOUBLE,
    "hurt_low" DOUBLE,
    "hurt_best" DOUBLE,
    "hurt_high" DOUBLE,
    "side_from" VARCHAR NOT NULL DEFAULT '',
    "flags" BIGINT,
    "claimed_by" VARCHAR NOT NULL DEFAULT '',
    "text" VARCHAR NOT NULL DEFAULT '',
    "original" VARCHAR NOT NULL DEFAULT '',
    "truth" VARCHAR NOT NULL DEFAULT '',
    "received_at" TIMESTAMP,
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Which report describes which incident, with score and reason; undone by a later row
CREATE TABLE links (
    "report_id" BIGINT,
    "incident_id" BIGINT,
    "score" DOUBLE,
    "evidence" VARCHAR NOT NULL DEFAULT '',
    "method" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- What we think happened: the summary of the reports linked
CREATE TABLE incidents (
    "incident_id" BIGINT,
    "merged_into" BIGINT,
    "time_from" TIMESTAMP,
    "time_to" TIMESTAMP,
    "time_precision" VARCHAR NOT NULL DEFAULT '',
    "lon" DOUBLE,
    "lat" DOUBLE,
    "sigma_m" DOUBLE,
    "sigma_across_m" DOUBLE,
    "axis_deg" DOUBLE,
    "place" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "place_precision" VARCHAR NOT NULL DEFAULT '',
    "control_side" VARCHAR NOT NULL DEFAULT '',
    "kind" VARCHAR NOT NULL DEFAULT '',
    "phase" VARCHAR NOT NULL DEFAULT '',
    "weapon" VARCHAR NOT NULL DEFAULT '',
    "target" VARCHAR NOT NULL DEFAULT '',
    "count_low" DOUBLE,
    "count_best" DOUBLE,
    "count_high" DOUBLE,
    "count_unit" VARCHAR NOT NULL DEFAULT '',
    "killed_low" DOUBLE,
    "killed_best" DOUBLE,
    "killed_high" DOUBLE,
    "hurt_low" DOUBLE,
    "hurt_best" DOUBLE,
    "hurt_high" DOUBLE,
    "side_from" VARCHAR NOT NULL DEFAULT '',
    "flags" BIGINT,
    "n_reports" BIGINT,
    "n_sources" BIGINT,
    "n_posts" BIGINT,
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Whether it is established that an incident happened
CREATE TABLE verifications (
    "incident_id" BIGINT,
    "status" VARCHAR NOT NULL DEFAULT '',
    "method" VARCHAR NOT NULL DEFAULT '',
    "reason" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Who did it and with what, apart from whether it happened
CREATE TABLE attributions (
    "incident_id" BIGINT,
    "aspect" VARCHAR NOT NULL DEFAULT '',
    "value" VARCHAR NOT NULL DEFAULT '',
    "p" DOUBLE,
    "basis" VARCHAR NOT NULL DEFAULT '',
    "method" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- The agreements and truces that incidents are judged against
CREATE TABLE agreements (
    "agreement" VARCHAR NOT NULL DEFAULT '',
    "text" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- An incident against a clause: verdict and reason
CREATE TABLE judgements (
    "incident_id" BIGINT,
    "time_from" TIMESTAMP,
    "agreement" VARCHAR NOT NULL DEFAULT '',
    "clause" VARCHAR NOT NULL DEFAULT '',
    "verdict" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "kind" VARCHAR NOT NULL DEFAULT '',
    "phase" VARCHAR NOT NULL DEFAULT '',
    "unit" VARCHAR NOT NULL DEFAULT '',
    "p" DOUBLE,
    "acts_low" DOUBLE,
    "acts_best" DOUBLE,
    "acts_high" DOUBLE,
    "is_exercise" BOOLEAN NOT NULL DEFAULT FALSE,
    "reason" VARCHAR NOT NULL DEFAULT '',
    "method" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Who watched what, when, and where watching was denied
CREATE TABLE efforts (
    "key" VARCHAR NOT NULL DEFAULT '',
    "means" VARCHAR NOT NULL DEFAULT '',
    "post" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "lon" DOUBLE,
    "lat" DOUBLE,
    "time_from" TIMESTAMP,
    "time_to" TIMESTAMP,
    "state" VARCHAR NOT NULL DEFAULT '',
    "cause" VARCHAR NOT NULL DEFAULT '',
    "words" VARCHAR NOT NULL DEFAULT '',
    "p_detect" DOUBLE,
    "p_detect_low" DOUBLE,
    "p_detect_high" DOUBLE,
    "group" VARCHAR NOT NULL DEFAULT '',
    "source" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Every daily report issued, with its figures, so that corrections can be told
CREATE TABLE issues (
    "number" BIGINT,
    "year" BIGINT,
    "period_from" TIMESTAMP,
    "period_to" TIMESTAMP,
    "digest" VARCHAR NOT NULL DEFAULT '',
    "figures" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Internal: the last number given out under each name; the newest row of a name counts.
CREATE TABLE numbers (
    "name" VARCHAR NOT NULL,
    "last" BIGINT NOT NULL,
    "change_id" BIGINT NOT NULL
);

-- Internal: reports by a hash of feed and key (see _report_keys.py). Can be made again from reports.
CREATE TABLE report_keys (
    "key_hash" UBIGINT NOT NULL,
    "report_id" BIGINT NOT NULL
);

-- Internal: rows that a newer row about the same subject replaces, and the change that did (see _replaced.py).
-- What holds is the rows that are not here. Can be made again from the tables themselves.
CREATE TABLE replaced_settings ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_reports ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_links ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_incidents ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_verifications ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_attributions ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_agreements ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_judgements ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_efforts ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_issues ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
