-- The tables of the watching, column for column those of truceline.events.schema; rows are only ever appended.
-- Words compare by code point (COLLATE "C"), whatever the language of the database. row_order numbers the rows
-- of a table from 1 in the order of writing; in reports it is report_id. geom is made of lon and lat where both
-- are on the globe, for maps and for questions about a box. Names are looked up in the schema of the store.

-- Every change to the store: who, when, why
CREATE TABLE changes (
    "change_id" bigint,
    "at" timestamp,
    "who" text COLLATE "C" NOT NULL DEFAULT '',
    "what" text COLLATE "C" NOT NULL DEFAULT '',
    "why" text COLLATE "C" NOT NULL DEFAULT '',
    "program" text COLLATE "C" NOT NULL DEFAULT '',
    "details" text COLLATE "C" NOT NULL DEFAULT '',
    "row_order" bigint PRIMARY KEY
);

-- What holds for the whole mission: names of the sides, time zone, cut-off
CREATE TABLE settings (
    "name" text COLLATE "C" NOT NULL DEFAULT '',
    "value" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Every file imported, and what became of its rows
CREATE TABLE batches (
    "batch_id" bigint,
    "feed" text COLLATE "C" NOT NULL DEFAULT '',
    "file_name" text COLLATE "C" NOT NULL DEFAULT '',
    "file_hash" text COLLATE "C" NOT NULL DEFAULT '',
    "notice" text COLLATE "C" NOT NULL DEFAULT '',
    "n_read" bigint,
    "n_new" bigint,
    "n_repeated" bigint,
    "n_corrected" bigint,
    "n_rejected" bigint,
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Every row that could not be used, with the reason
CREATE TABLE rejects (
    "batch_id" bigint,
    "line" bigint,
    "where" text COLLATE "C" NOT NULL DEFAULT '',
    "found" text COLLATE "C" NOT NULL DEFAULT '',
    "hint" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- One source's statement, as received; never changed, only superseded
CREATE TABLE reports (
    "report_id" bigint,
    "key" text COLLATE "C" NOT NULL DEFAULT '',
    "digest" text COLLATE "C" NOT NULL DEFAULT '',
    "supersedes" bigint,
    "feed" text COLLATE "C" NOT NULL DEFAULT '',
    "source" text COLLATE "C" NOT NULL DEFAULT '',
    "source_ref" text COLLATE "C" NOT NULL DEFAULT '',
    "means" text COLLATE "C" NOT NULL DEFAULT '',
    "observation" text COLLATE "C" NOT NULL DEFAULT '',
    "post" text COLLATE "C" NOT NULL DEFAULT '',
    "observer_lon" double precision,
    "observer_lat" double precision,
    "bearing_deg" double precision,
    "bearing_width_deg" double precision,
    "range_min_m" double precision,
    "range_max_m" double precision,
    "time_from" timestamp,
    "time_to" timestamp,
    "time_precision" text COLLATE "C" NOT NULL DEFAULT '',
    "zone" text COLLATE "C" NOT NULL DEFAULT '',
    "lon" double precision,
    "lat" double precision,
    "sigma_m" double precision,
    "sigma_across_m" double precision,
    "axis_deg" double precision,
    "place" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "place_precision" text COLLATE "C" NOT NULL DEFAULT '',
    "control_side" text COLLATE "C" NOT NULL DEFAULT '',
    "kind" text COLLATE "C" NOT NULL DEFAULT '',
    "phase" text COLLATE "C" NOT NULL DEFAULT '',
    "weapon" text COLLATE "C" NOT NULL DEFAULT '',
    "target" text COLLATE "C" NOT NULL DEFAULT '',
    "count_low" double precision,
    "count_best" double precision,
    "count_high" double precision,
    "count_unit" text COLLATE "C" NOT NULL DEFAULT '',
    "killed_low" double precision,
    "killed_best" double precision,
    "killed_high" double precision,
    "hurt_low" double precision,
    "hurt_best" double precision,
    "hurt_high" double precision,
    "side_from" text COLLATE "C" NOT NULL DEFAULT '',
    "flags" bigint,
    "claimed_by" text COLLATE "C" NOT NULL DEFAULT '',
    "text" text COLLATE "C" NOT NULL DEFAULT '',
    "original" text COLLATE "C" NOT NULL DEFAULT '',
    "truth" text COLLATE "C" NOT NULL DEFAULT '',
    "received_at" timestamp,
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY,
    "geom" geometry(Point, 4326) GENERATED ALWAYS AS (
        CASE WHEN "lon" BETWEEN -180 AND 180 AND "lat" BETWEEN -90 AND 90
        THEN ST_SetSRID(ST_MakePoint("lon", "lat"), 4326) END
    ) STORED
);

-- Which report describes which incident, with score and reason; undone by a later row
CREATE TABLE links (
    "report_id" bigint,
    "incident_id" bigint,
    "score" double precision,
    "evidence" text COLLATE "C" NOT NULL DEFAULT '',
    "method" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- What we think happened: the summary of the reports linked
CREATE TABLE incidents (
    "incident_id" bigint,
    "merged_into" bigint,
    "time_from" timestamp,
    "time_to" timestamp,
    "time_precision" text COLLATE "C" NOT NULL DEFAULT '',
    "lon" double precision,
    "lat" double precision,
    "sigma_m" double precision,
    "sigma_across_m" double precision,
    "axis_deg" double precision,
    "place" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "place_precision" text COLLATE "C" NOT NULL DEFAULT '',
    "control_side" text COLLATE "C" NOT NULL DEFAULT '',
    "kind" text COLLATE "C" NOT NULL DEFAULT '',
    "phase" text COLLATE "C" NOT NULL DEFAULT '',
    "weapon" text COLLATE "C" NOT NULL DEFAULT '',
    "target" text COLLATE "C" NOT NULL DEFAULT '',
    "count_low" double precision,
    "count_best" double precision,
    "count_high" double precision,
    "count_unit" text COLLATE "C" NOT NULL DEFAULT '',
    "killed_low" double precision,
    "killed_best" double precision,
    "killed_high" double precision,
    "hurt_low" double precision,
    "hurt_best" double precision,
    "hurt_high" double precision,
    "side_from" text COLLATE "C" NOT NULL DEFAULT '',
    "flags" bigint,
    "n_reports" bigint,
    "n_sources" bigint,
    "n_posts" bigint,
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY,
    "geom" geometry(Point, 4326) GENERATED ALWAYS AS (
        CASE WHEN "lon" BETWEEN -180 AND 180 AND "lat" BETWEEN -90 AND 90
        THEN ST_SetSRID(ST_MakePoint("lon", "lat"), 4326) END
    ) STORED
);

-- Whether it is established that an incident happened
CREATE TABLE verifications (
    "incident_id" bigint,
    "status" text COLLATE "C" NOT NULL DEFAULT '',
    "method" text COLLATE "C" NOT NULL DEFAULT '',
    "reason" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Who did it and with what, apart from whether it happened
CREATE TABLE attributions (
    "incident_id" bigint,
    "aspect" text COLLATE "C" NOT NULL DEFAULT '',
    "value" text COLLATE "C" NOT NULL DEFAULT '',
    "p" double precision,
    "basis" text COLLATE "C" NOT NULL DEFAULT '',
    "method" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- The agreements and truces that incidents are judged against
CREATE TABLE agreements (
    "agreement" text COLLATE "C" NOT NULL DEFAULT '',
    "text" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- An incident against a clause: verdict and reason
CREATE TABLE judgements (
    "incident_id" bigint,
    "time_from" timestamp,
    "agreement" text COLLATE "C" NOT NULL DEFAULT '',
    "clause" text COLLATE "C" NOT NULL DEFAULT '',
    "verdict" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "kind" text COLLATE "C" NOT NULL DEFAULT '',
    "phase" text COLLATE "C" NOT NULL DEFAULT '',
    "unit" text COLLATE "C" NOT NULL DEFAULT '',
    "p" double precision,
    "acts_low" double precision,
    "acts_best" double precision,
    "acts_high" double precision,
    "is_exercise" boolean NOT NULL DEFAULT FALSE,
    "reason" text COLLATE "C" NOT NULL DEFAULT '',
    "method" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Who watched what, when, and where watching was denied
CREATE TABLE efforts (
    "key" text COLLATE "C" NOT NULL DEFAULT '',
    "means" text COLLATE "C" NOT NULL DEFAULT '',
    "post" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "lon" double precision,
    "lat" double precision,
    "time_from" timestamp,
    "time_to" timestamp,
    "state" text COLLATE "C" NOT NULL DEFAULT '',
    "cause" text COLLATE "C" NOT NULL DEFAULT '',
    "words" text COLLATE "C" NOT NULL DEFAULT '',
    "p_detect" double precision,
    "p_detect_low" double precision,
    "p_detect_high" double precision,
    "group" text COLLATE "C" NOT NULL DEFAULT '',
    "source" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY,
    "geom" geometry(Point, 4326) GENERATED ALWAYS AS (
        CASE WHEN "lon" BETWEEN -180 AND 180 AND "lat" BETWEEN -90 AND 90
        THEN ST_SetSRID(ST_MakePoint("lon", "lat"), 4326) END
    ) STORED
);

-- Every daily report issued, with its figures, so that corrections can be told
CREATE TABLE issues (
    "number" bigint,
    "year" bigint,
    "period_from" timestamp,
    "period_to" timestamp,
    "digest" text COLLATE "C" NOT NULL DEFAULT '',
    "figures" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Who may see an incident beyond its being counted
CREATE TABLE releases (
    "incident_id" bigint,
    "level" text COLLATE "C" NOT NULL DEFAULT '',
    "method" text COLLATE "C" NOT NULL DEFAULT '',
    "reason" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Posts, masts and cameras of the mission, as planned or as they stand
CREATE TABLE posts (
    "post" text COLLATE "C" NOT NULL DEFAULT '',
    "means" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "lon" double precision,
    "lat" double precision,
    "range_m" double precision,
    "state" text COLLATE "C" NOT NULL DEFAULT '',
    "source" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY,
    "geom" geometry(Point, 4326) GENERATED ALWAYS AS (
        CASE WHEN "lon" BETWEEN -180 AND 180 AND "lat" BETWEEN -90 AND 90
        THEN ST_SetSRID(ST_MakePoint("lon", "lat"), 4326) END
    ) STORED
);

-- Ground to be watched along the line, and how well the posture of the mission watches it
CREATE TABLE cells (
    "cell" text COLLATE "C" NOT NULL DEFAULT '',
    "region" text COLLATE "C" NOT NULL DEFAULT '',
    "lon" double precision,
    "lat" double precision,
    "demand" double precision,
    "p_detect" double precision,
    "outline" text COLLATE "C" NOT NULL DEFAULT '',
    "source" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY,
    "geom" geometry(Point, 4326) GENERATED ALWAYS AS (
        CASE WHEN "lon" BETWEEN -180 AND 180 AND "lat" BETWEEN -90 AND 90
        THEN ST_SetSRID(ST_MakePoint("lon", "lat"), 4326) END
    ) STORED
);

-- Keys to the service: what each allows; the key itself is never kept
CREATE TABLE tokens (
    "token_id" bigint,
    "holder" text COLLATE "C" NOT NULL DEFAULT '',
    "role" text COLLATE "C" NOT NULL DEFAULT '',
    "level" text COLLATE "C" NOT NULL DEFAULT '',
    "digest" text COLLATE "C" NOT NULL DEFAULT '',
    "state" text COLLATE "C" NOT NULL DEFAULT '',
    "expires" timestamp,
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Every version of every field form received, and what became of it
CREATE TABLE submissions (
    "form" text COLLATE "C" NOT NULL DEFAULT '',
    "key" text COLLATE "C" NOT NULL DEFAULT '',
    "instance" text COLLATE "C" NOT NULL DEFAULT '',
    "replaces" text COLLATE "C" NOT NULL DEFAULT '',
    "device" text COLLATE "C" NOT NULL DEFAULT '',
    "post" text COLLATE "C" NOT NULL DEFAULT '',
    "edition" bigint,
    "started" timestamp,
    "ended" timestamp,
    "submitted" timestamp,
    "edited" timestamp,
    "state" text COLLATE "C" NOT NULL DEFAULT '',
    "note" text COLLATE "C" NOT NULL DEFAULT '',
    "change_id" bigint,
    "row_order" bigint PRIMARY KEY
);

-- Internal: the last number given out under each name; the newest row of a name counts.
CREATE TABLE numbers (
    "name" text COLLATE "C" NOT NULL,
    "last" bigint NOT NULL,
    "change_id" bigint NOT NULL
);

-- Internal: rows that a newer row about the same subject replaces, and the change that did. What holds is the
-- rows that are not here. Can be made again from the tables themselves.
CREATE TABLE replaced_settings ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_reports ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_links ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_incidents ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_verifications ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_attributions ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_agreements ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_judgements ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_efforts ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_issues ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_releases ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_posts ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_cells ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_tokens ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);
CREATE TABLE replaced_submissions ("row_order" bigint PRIMARY KEY, "change_id" bigint NOT NULL);

-- Internal: how many newest judgements of a stretch of time are alike (see _postgis_totals.py). The identity is a
-- digest of the columns up to acts_high, in which NaN stands for a missing number. Can be made again.
CREATE TABLE judgement_totals (
    "stretch" integer NOT NULL,
    "identity" bytea NOT NULL,
    "agreement" text COLLATE "C" NOT NULL,
    "clause" text COLLATE "C" NOT NULL,
    "verdict" text COLLATE "C" NOT NULL,
    "region" text COLLATE "C" NOT NULL,
    "kind" text COLLATE "C" NOT NULL,
    "phase" text COLLATE "C" NOT NULL,
    "unit" text COLLATE "C" NOT NULL,
    "is_exercise" boolean NOT NULL,
    "acts_low" double precision NOT NULL,
    "acts_best" double precision NOT NULL,
    "acts_high" double precision NOT NULL,
    "n" bigint NOT NULL,
    PRIMARY KEY ("stretch", "identity")
) WITH (fillfactor = 80);
CREATE INDEX replaced_judgements_by_change ON replaced_judgements ("change_id");

-- What rows are about. Words are indexed by their beginning: an index has no room for a long one.
CREATE INDEX settings_by_subject ON settings (left("name", 200));
CREATE UNIQUE INDEX reports_by_id ON reports ("report_id");
CREATE INDEX reports_by_subject ON reports (left("key", 200));
CREATE INDEX links_by_subject ON links ("report_id");
CREATE INDEX incidents_by_subject ON incidents ("incident_id");
CREATE INDEX verifications_by_subject ON verifications ("incident_id");
CREATE INDEX attributions_by_subject ON attributions ("incident_id");
CREATE INDEX agreements_by_subject ON agreements (left("agreement", 200));
CREATE INDEX judgements_by_subject ON judgements ("incident_id");
CREATE INDEX efforts_by_subject ON efforts (left("key", 200));
CREATE INDEX issues_by_subject ON issues ("year", "number");
CREATE INDEX releases_by_subject ON releases ("incident_id");
CREATE INDEX posts_by_subject ON posts (left("post", 200));
CREATE INDEX cells_by_subject ON cells (left("cell", 200));
CREATE INDEX tokens_by_subject ON tokens ("token_id");
CREATE INDEX submissions_by_subject ON submissions (left("key", 200));
CREATE INDEX links_by_incident ON links ("incident_id");
CREATE INDEX incidents_by_merger ON incidents ("merged_into") WHERE "merged_into" IS NOT NULL;
CREATE INDEX verifications_by_status ON verifications ("status");
CREATE INDEX rejects_by_batch ON rejects ("batch_id");

-- When. A period is asked for by the start, of rows that last two days at most; the few others have an index of
-- their own, by the end (see _postgis_reads.py).
CREATE INDEX reports_by_start ON reports ("time_from");
CREATE INDEX reports_long ON reports ("time_to")
    WHERE "time_from" IS NULL OR "time_to" > "time_from" + INTERVAL '2 days';
CREATE INDEX incidents_by_start ON incidents ("time_from");
CREATE INDEX incidents_long ON incidents ("time_to")
    WHERE "time_from" IS NULL OR "time_to" > "time_from" + INTERVAL '2 days';
CREATE INDEX judgements_by_start ON judgements ("time_from");
CREATE INDEX efforts_by_start ON efforts ("time_from");
CREATE INDEX efforts_long ON efforts ("time_to")
    WHERE "time_from" IS NULL OR "time_to" > "time_from" + INTERVAL '2 days';
CREATE INDEX submissions_by_start ON submissions ("submitted");

-- Where.
CREATE INDEX reports_by_place ON reports USING gist ("geom");
CREATE INDEX incidents_by_place ON incidents USING gist ("geom");
CREATE INDEX efforts_by_place ON efforts USING gist ("geom");

-- By which change: changes lie one behind the other in the table, so that ranges of blocks will do.
CREATE INDEX reports_by_change ON reports USING brin ("change_id");
CREATE INDEX links_by_change ON links USING brin ("change_id");
CREATE INDEX incidents_by_change ON incidents USING brin ("change_id");
CREATE INDEX verifications_by_change ON verifications USING brin ("change_id");
CREATE INDEX judgements_by_change ON judgements USING brin ("change_id");
CREATE INDEX efforts_by_change ON efforts USING brin ("change_id");

-- A history is written and never rewritten, whoever is connected.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or erased', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rejects
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incidents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verifications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attributions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agreements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON judgements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON efforts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issues
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON releases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cells
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tokens
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON submissions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What holds now, for those who connect a map to the database. The words of sources stay in their table.
CREATE VIEW reports_now AS
SELECT
    t."report_id", t."key", t."supersedes", t."feed", t."source", t."source_ref", t."means",
    t."observation", t."post", t."observer_lon", t."observer_lat", t."bearing_deg", t."bearing_width_deg",
    t."range_min_m", t."range_max_m", t."time_from", t."time_to", t."time_precision", t."zone", t."lon",
    t."lat", t."sigma_m", t."sigma_across_m", t."axis_deg", t."place", t."region", t."place_precision",
    t."control_side", t."kind", t."phase", t."weapon", t."target", t."count_low", t."count_best",
    t."count_high", t."count_unit", t."killed_low", t."killed_best", t."killed_high", t."hurt_low",
    t."hurt_best", t."hurt_high", t."side_from", t."flags", t."claimed_by", t."received_at",
    t."change_id", t."row_order", t."geom"
FROM reports AS t
WHERE NOT EXISTS (SELECT FROM replaced_reports AS r WHERE r."row_order" = t."row_order");
CREATE VIEW incidents_now AS
SELECT
    t."incident_id", t."time_from", t."time_to", t."time_precision", t."lon", t."lat", t."sigma_m",
    t."sigma_across_m", t."axis_deg", t."place", t."region", t."place_precision", t."control_side",
    t."kind", t."phase", t."weapon", t."target", t."count_low", t."count_best", t."count_high",
    t."count_unit", t."killed_low", t."killed_best", t."killed_high", t."hurt_low", t."hurt_best",
    t."hurt_high", t."side_from", t."flags", t."n_reports", t."n_sources", t."n_posts", t."change_id",
    t."row_order", t."geom", v."status" AS "verification", l."level" AS "releasability"
FROM incidents AS t
LEFT JOIN verifications AS v ON v."incident_id" = t."incident_id"
    AND NOT EXISTS (SELECT FROM replaced_verifications AS r WHERE r."row_order" = v."row_order")
LEFT JOIN releases AS l ON l."incident_id" = t."incident_id"
    AND NOT EXISTS (SELECT FROM replaced_releases AS r WHERE r."row_order" = l."row_order")
WHERE t."merged_into" IS NULL
    AND NOT EXISTS (SELECT FROM replaced_incidents AS r WHERE r."row_order" = t."row_order");
CREATE VIEW efforts_now AS
SELECT
    t."key", t."means", t."post", t."region", t."lon", t."lat", t."time_from", t."time_to", t."state",
    t."cause", t."p_detect", t."p_detect_low", t."p_detect_high", t."group", t."source", t."change_id",
    t."row_order", t."geom"
FROM efforts AS t
WHERE NOT EXISTS (SELECT FROM replaced_efforts AS r WHERE r."row_order" = t."row_order");
CREATE VIEW posts_now AS
SELECT
    t."post", t."means", t."region", t."lon", t."lat", t."range_m", t."state", t."source", t."change_id",
    t."row_order", t."geom"
FROM posts AS t
WHERE NOT EXISTS (SELECT FROM replaced_posts AS r WHERE r."row_order" = t."row_order");
CREATE VIEW cells_now AS
SELECT
    t."cell", t."region", t."lon", t."lat", t."demand", t."p_detect", t."outline", t."source",
    t."change_id", t."row_order", t."geom"
FROM cells AS t
WHERE NOT EXISTS (SELECT FROM replaced_cells AS r WHERE r."row_order" = t."row_order");
