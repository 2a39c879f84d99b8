"""Addresses of stores on a server: read, checked, and shown without what is secret in them.

`postgresql://user@host:port/database?schema=name`, with any other setting of the PostgreSQL client behind the
question mark (`host=/path/of/socket`, `sslmode=require`, ...). What is not given comes from the client's own
environment and password file. The address may hold a password: no message repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from truceline.errors import Problem
from truceline.store.base import StoreError

SCHEMES = ("postgresql", "postgres")
SCHEMA = "truceline"
"""Schema of the database in which a store lies, where the address names none."""
_SCHEMA_LONGEST = 63
"""Longest name PostgreSQL keeps; a longer one would be cut without a word."""


@dataclass(frozen=True)
class Address:
    """Where a store on a server is."""

    settings: Mapping[str, str]
    """Settings of the PostgreSQL client."""
    schema: str
    place: str
    """For messages: without password."""


def parse_address(address: str) -> Address:
    """Return an address in its parts; StoreError where it is none."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = urlsplit(address)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _refuse("cannot be read as an address", "write postgresql://user@host:port/database") from None
    schema = next((value for name, value in reversed(options) if name == "schema"), SCHEMA)
    if not schema or len(schema.encode()) > _SCHEMA_LONGEST or "\0" in schema:
        raise _refuse("names a schema that can be none", f"write schema={SCHEMA}, or leave it out")
    # libpq knows no %20 as +, and takes unknown options ill.
    rest = [(name, value) for name, value in options if name != "schema"]
    query = urlencode(rest).replace("+", "%20")
    try:
        given = conninfo_to_dict(f"{SCHEMES[0]}://{parts.netloc}{parts.path}{'?' if query else ''}{query}")
    except ProgrammingError:  # its words may repeat the password
        hint = "write postgresql://user@host:port/database, and odd letters of a password as %40 and the like"
        raise _refuse("cannot be read as an address", hint) from None
    settings = {name: str(value) for name, value in given.items() if value is not None}
    if "@" in settings.get("host", ""):  # the end of a password that holds one
        raise _refuse("has more than one @", "write an @ of the password as %40")
    return Address(settings, schema, _place(settings, schema))


def _place(settings: Mapping[str, str], schema: str) -> str:
    host = settings.get("host", "")
    port = f":{settings['port']}" if "port" in settings else ""
    user = f"{quote(settings['user'], safe='')}@" if "user" in settings else ""
    where = f"{user}{host}{port}" if not host.startswith("/") else f"{user}{port}"
    shown = [("host", host)] if host.startswith("/") else []
    if schema != SCHEMA:
        shown.append(("schema", schema))
    query = f"?{urlencode(shown, safe='/')}" if shown else ""
    return f"{SCHEMES[0]}://{where}/{settings.get('dbname', '')}{query}"


def _refuse(found: str, hint: str) -> StoreError:
    return StoreError("store", [Problem(f"{SCHEMES[0]}://...", found, hint)])
