#!/bin/bash
# Run once by the database's container, when its volume is empty: the role of the service, which owns the one
# database of the mission and may do nothing else.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username postgres --dbname mission --set "password=$STORE_PASSWORD" <<'SQL'
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE ROLE truceline LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
REVOKE ALL ON DATABASE mission FROM PUBLIC;
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE mission TO truceline;
SQL
