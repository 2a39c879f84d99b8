-- The tables of the service: who may see an incident, posts and cells of the mission, keys, field forms.

-- Who may see an incident beyond its being counted
CREATE TABLE releases (
    "incident_id" BIGINT,
    "level" VARCHAR NOT NULL DEFAULT '',
    "method" VARCHAR NOT NULL DEFAULT '',
    "reason" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Posts, masts and cameras of the mission, as planned or as they stand
CREATE TABLE posts (
    "post" VARCHAR NOT NULL DEFAULT '',
    "means" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "lon" DOUBLE,
    "lat" DOUBLE,
    "range_m" DOUBLE,
    "state" VARCHAR NOT NULL DEFAULT '',
    "source" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Ground to be watched along the line, and how well the posture of the mission watches it
CREATE TABLE cells (
    "cell" VARCHAR NOT NULL DEFAULT '',
    "region" VARCHAR NOT NULL DEFAULT '',
    "lon" DOUBLE,
    "lat" DOUBLE,
    "demand" DOUBLE,
    "p_detect" DOUBLE,
    "outline" VARCHAR NOT NULL DEFAULT '',
    "source" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Keys to the service: what each allows; the key itself is never kept
CREATE TABLE tokens (
    "token_id" BIGINT,
    "holder" VARCHAR NOT NULL DEFAULT '',
    "role" VARCHAR NOT NULL DEFAULT '',
    "level" VARCHAR NOT NULL DEFAULT '',
    "digest" VARCHAR NOT NULL DEFAULT '',
    "state" VARCHAR NOT NULL DEFAULT '',
    "expires" TIMESTAMP,
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Every version of every field form received, and what became of it
CREATE TABLE submissions (
    "form" VARCHAR NOT NULL DEFAULT '',
    "key" VARCHAR NOT NULL DEFAULT '',
    "instance" VARCHAR NOT NULL DEFAULT '',
    "replaces" VARCHAR NOT NULL DEFAULT '',
    "device" VARCHAR NOT NULL DEFAULT '',
    "post" VARCHAR NOT NULL DEFAULT '',
    "edition" BIGINT,
    "started" TIMESTAMP,
    "ended" TIMESTAMP,
    "submitted" TIMESTAMP,
    "edited" TIMESTAMP,
    "state" VARCHAR NOT NULL DEFAULT '',
    "note" VARCHAR NOT NULL DEFAULT '',
    "change_id" BIGINT,
    "row_order" BIGINT NOT NULL
);

-- Internal, as in the first step.
CREATE TABLE replaced_releases ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_posts ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_cells ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_tokens ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
CREATE TABLE replaced_submissions ("row_order" BIGINT NOT NULL, "change_id" BIGINT NOT NULL);
