"""Invented submissions of the field form, as a server gives them, and a server that gives them."""

from __future__ import annotations

import copy
import csv
import io
import json
import tempfile
import threading
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openpyxl

from truceline.monitor.mission import load_mission, write_mission
from truceline.store.open import create_store

TOKEN = "a-token-of-the-test"  # noqa: S105
PATH = "/v1/projects/1/forms/truceline_field.svc"


@cache
def _empty_store() -> bytes:
    """Return a store with a mission and nothing else, as it lies on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mission.duckdb"
        with create_store(path) as store, store.change(who="test", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        return path.read_bytes()


def make_store(path: Path) -> Path:
    """Make a store with a mission; copied, for making one takes longer than most tests."""
    path.write_bytes(_empty_store())
    return path


def event(name: str, when: str = "2025-03-01T08:30:00.000+02:00", **more: Any) -> dict[str, Any]:
    """Return one observed event: five explosions heard to the south-east."""
    return {
        "event_id": name, "event_from": when, "event_to": None, "time_known": "minute", "kind": "explosion",
        "observation": "heard", "bearing": 157, "bearing_width": None, "range_min_m": 3000,
        "range_max_m": 5000, "count_best": 5, "count_low": 4, "count_high": 8, "exercise": "no",
        "words": "five in a row", "event_position": None, **more,
    }  # fmt: skip


def submission(name: str, record: str = "violation", **more: Any) -> dict[str, Any]:
    """Return a submission as the OData feed of ODK Central gives it; `more` replaces whole parts of it."""
    parts: dict[str, Any] = {
        "violation": {"event": [event(f"{name}-1")], "n_events": "1"},
        "patrol": {
            "patrol_from": "2025-03-01T06:00:00.000+02:00", "patrol_to": "2025-03-01T08:00:00.000+02:00",
            "patrol_state": "watched", "patrol_words": "all quiet",
        },
        "denial": {
            "denial_from": "2025-03-01T07:00:00.000+02:00", "denial_to": "2025-03-01T07:20:00.000+02:00",
            "denial_kind": "denied", "denial_by": "b", "denial_place": "Exampleville",
            "denial_words": "no passage today",
        },
        "camera": {
            "camera_from": "2025-03-01T00:00:00.000+02:00", "camera_to": "2025-03-01T05:30:00.000+02:00",
            "camera_state": "down", "camera_cause": "no power",
        },
    }  # fmt: skip
    made = {
        "__id": f"uuid:{name}",
        "__system": system(),
        "meta": {"instanceID": f"uuid:{name}", "instanceName": f"{record} Post 12"},
        "start": "2025-03-01T09:00:00.000+02:00",
        "end": "2025-03-01T09:30:00.000+02:00",
        "device": "collect:one",
        "record": record,
        "team": "Team North",
        "post": "Post 12",
        "means": None if record == "camera" else "post",
        "position": {
            "type": "Point", "coordinates": [37.8, 48.1, 120.5], "properties": {"accuracy": 4.5},
        },
        "region": "Donetsk",
        **dict.fromkeys(parts),
        record: parts[record],
    }  # fmt: skip
    return {**made, **more}


def system(**more: Any) -> dict[str, Any]:
    """Return what a server says of a submission; it names the person who sent it, whom nobody may keep."""
    return {
        "submissionDate": "2025-03-01T10:00:00.000Z", "updatedAt": None, "deletedAt": None, "edits": 0,
        "submitterId": "17", "submitterName": "Jane Doe", "deviceId": "collect:one", "reviewState": None,
        "formVersion": "1", **more,
    }  # fmt: skip


def edited(made: dict[str, Any], number: int, **more: Any) -> dict[str, Any]:
    """Return a later version of a submission, as Central gives it."""
    at = f"2025-03-01T{10 + number:02d}:30:00.000Z"
    changed = copy.deepcopy({**made, **more})
    name = made["__id"].removeprefix("uuid:")
    changed["meta"] = {"instanceID": f"uuid:{name}-v{number}", "deprecatedID": made["meta"]["instanceID"]}
    changed["end"] = f"2025-03-01T{12 + number:02d}:29:00.000+02:00"
    changed["__system"] = {**made["__system"], "edits": number, "updatedAt": at}
    return changed


def as_kobo(made: dict[str, Any], *, root: bool = True) -> dict[str, Any]:
    """Return the same submission as KoBo's API gives it; without `root` as older servers do."""
    record = made["record"]
    part = made[record]
    at = made["position"]["coordinates"]
    accuracy = made["position"]["properties"]["accuracy"]
    flat = {
        f"{record}/{name}": value for name, value in part.items() if name != "event" and value is not None
    }
    events = [
        {f"{record}/event/{name}": _kobo(value) for name, value in each.items() if value is not None}
        for each in part.get("event", [])
    ]
    own = made["meta"]["instanceID"]
    before = made["meta"].get("deprecatedID")
    return {
        "_id": 11,
        "formhub/uuid": "aaaabbbb",
        **{name: made[name] for name in ("start", "end", "device", "record", "team", "post", "region")},
        **({"means": made["means"]} if made["means"] else {}),
        "position": f"{at[1]} {at[0]} {at[2]} {accuracy}",
        **flat,
        **({f"{record}/event": events} if events else {}),
        "__version__": "vAbc",
        "meta/instanceID": own,
        **({"meta/deprecatedID": before} if before else {}),
        **({"meta/rootUuid": made["__id"]} if root else {}),
        "_uuid": own.removeprefix("uuid:"),
        "_submission_time": made["__system"]["submissionDate"].removesuffix(".000Z"),
        "_submitted_by": "jane.doe",
        "_validation_status": {},
        "_attachments": [],
        "_geolocation": [at[1], at[0]],
    }


def _kobo(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


Answer = Callable[["StandIn", "Handler", dict[str, str]], bool]


@dataclass
class StandIn:
    """A server in a thread, with the submissions it has and the faults it was told to have."""

    records: list[dict[str, Any]]
    answer: Answer | None = None
    """Answers instead, where it returns True."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Query of every request."""
    address: str = ""

    @property
    def url(self) -> str:
        return f"{self.address}{PATH}"


class Handler(BaseHTTPRequestHandler):
    """Answers as the OData feed does, page by page."""

    stand_in: StandIn

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
        self.stand_in.asked.append(query)
        if self.stand_in.answer is not None and self.stand_in.answer(self.stand_in, self, query):
            return
        if self.headers.get("Authorization") not in (f"Bearer {TOKEN}", f"Token {TOKEN}"):
            self.say({"message": "no"}, 401)
            return
        wants_deleted = "deletedAt" in query.get("$filter", "")
        records = [
            each
            for each in self.stand_in.records
            if bool(each.get("__system", {}).get("deletedAt")) == wants_deleted
        ]
        if "$filter" in query and not wants_deleted:
            since = query["$filter"].split()[2]
            records = [
                each
                for each in records
                if max(each["__system"]["submissionDate"], each["__system"]["updatedAt"] or "") >= since
            ]
        size, first = int(query.get("$top", query.get("limit", "100"))), int(query.get("$skiptoken", "0"))
        following = None
        if first + size < len(records):
            more = urllib.parse.urlencode({**query, "$skiptoken": str(first + size)})
            following = f"{self.stand_in.address}{parts.path}?{more}"
        if "limit" in query:
            self.say({"count": len(records), "next": following, "results": records[first : first + size]})
            return
        page: dict[str, Any] = {"value": records[first : first + size], "@odata.count": len(records)}
        self.say(page | ({"@odata.nextLink": following} if following else {}))

    def say(self, page: Any, status: int = 200) -> None:
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hung up is part of the tests."""


@contextmanager
def serve(records: list[dict[str, Any]], answer: Answer | None = None) -> Iterator[StandIn]:
    """Give a server on a free port for the length of a block."""
    stand_in = StandIn(records, answer)
    server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"stand_in": stand_in}))
    stand_in.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def central_tables(records: list[dict[str, Any]]) -> dict[str, str]:
    """Return the two tables of an export of ODK Central, by the name of the file."""
    main, events = [], []
    for each in records:
        key, at = each["__id"], (each["position"] or {}).get("coordinates", ["", "", ""])
        row = {"SubmissionDate": each["__system"]["submissionDate"]}
        row |= {name: each[name] for name in ("start", "end", "device", "record", "team", "post", "means")}
        row |= {"position-Latitude": at[1], "position-Longitude": at[0], "position-Altitude": at[2]}
        row |= {"position-Accuracy": each["position"]["properties"]["accuracy"] if each["position"] else ""}
        row["region"] = each["region"]
        for group in ("violation", "patrol", "denial", "camera"):
            names = [name for name in submission("x", group)[group] if name != "event"]
            row |= {f"{group}-{name}": (each[group] or {}).get(name, "") for name in names}
        row |= {"meta-instanceID": each["meta"]["instanceID"], "KEY": key}
        row |= {"SubmitterID": "17", "SubmitterName": "Jane Doe", "Status": "", "DeviceID": "collect:one"}
        row |= {"ReviewState": each["__system"]["reviewState"], "Edits": each["__system"]["edits"]}
        main.append(row)
        for number, one in enumerate((each["violation"] or {}).get("event", []), start=1):
            answers = {name: value for name, value in one.items() if name != "event_position"}
            point = one["event_position"] or {"coordinates": ["", "", ""]}
            answers |= {"event_position-Latitude": point["coordinates"][1]}
            answers |= {"event_position-Longitude": point["coordinates"][0]}
            events.append({**answers, "PARENT_KEY": key, "KEY": f"{key}/violation/event[{number}]"})
    return {"truceline_field.csv": _csv(main), "truceline_field-event.csv": _csv(events)}


def central_zip(records: list[dict[str, Any]]) -> bytes:
    """Return an export of ODK Central as it is downloaded, with a picture beside the tables."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in central_tables(records).items():
            archive.writestr(name, text)
        archive.writestr("media/1741.jpg", b"\xff\xd8")
    return out.getvalue()


def kobo_workbook(records: list[dict[str, Any]]) -> bytes:
    """Return an export of KoBoToolbox: a sheet of submissions, and one of events."""
    book = openpyxl.Workbook()
    main, events = [], []
    for index, each in enumerate(map(as_kobo, records), start=1):
        mine = each.pop("violation/event", [])
        plain = {name: value for name, value in each.items() if not isinstance(value, list | dict)}
        main.append({**plain, "_index": index})
        for one in mine:
            events.append(
                {**one, "_index": len(events) + 1, "_parent_table_name": "main", "_parent_index": index}
            )
    _fill(book.active, main)
    _fill(book.create_sheet("event"), events)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Any, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    sheet.append(names)
    for row in rows:
        sheet.append([row.get(name) for name in names])


def _csv(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
