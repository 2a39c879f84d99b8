"""The OpenAPI description is true: schemathesis finds nothing, with a key and without, open and closed.

All its checks run: statuses and media types that are not described, bodies unlike their schema, what is valid
and refused, what is not valid and taken, keys that are declared and not asked for, methods, crashes.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from service_app import REPORT, bearer, make_store, now, serving

from truceline.events.kinds import Role
from truceline.monitor.importing import import_file
from truceline.monitor.judging import judge_store
from truceline.monitor.linking import link_reports
from truceline.store.open import open_store
from truceline.web.app import create_app
from truceline.web.settings import ServiceSettings

EXAMPLES = 2
"""Examples for each operation and way of making them: CI has two cores."""
SAID = {
    "filter": "kind = 'explosion'",
    "datetime": "2025-02-17T00:00:00Z/..",
    "bbox": "37.0,47.5,39.0,49.0",
}
"""Questions as a client asks them: CQL2, moments and boxes have grammars that no schema of a text has."""
UNLIMITED = {"rate_per_s": 1e9, "burst": 10**9}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Role | str, str]:
    """Give a key for each role, and the path of a store with an incident as `store`."""
    folder = tmp_path_factory.mktemp("described")
    keys = make_store(folder / "m.duckdb")
    rows = [REPORT, {**REPORT, "id": "2", "time": "2025-02-19T11:00"}]
    lines = [",".join(REPORT), *(",".join(map(str, row.values())) for row in rows)]
    (folder / "reports.csv").write_text("\n".join(lines))
    with open_store(folder / "m.duckdb", writing=True) as store:
        import_file(store, folder / "reports.csv", who="tester", now=now() + timedelta(seconds=1))
        link_reports(store, who="tester")
        judge_store(store, who="tester")
    return {**keys, "store": str(folder / "m.duckdb")}


def find_failures(
    app: Any, headers: dict[str, str], *, examples: int, skip: tuple[str, ...] = ()
) -> list[str]:
    """Return everything schemathesis has to say about an app, as a caller with these headers."""
    found: list[str] = []
    for result in schemathesis.openapi.from_asgi("/api", app).get_all_operations():
        operation = result.ok()
        if operation.label in skip:
            continue
        modes = [GenerationMode.POSITIVE]
        if operation.definition.raw.get("parameters") or operation.definition.raw.get("requestBody"):
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            found += _try_out(operation, mode, headers, examples)
    return found


def _say_what_no_schema_can(case: Any) -> None:
    """Put an incident that is there, and questions in their own languages, for what was made up."""
    if "incident" in case.path_parameters:
        case.path_parameters["incident"] = 1
    case.query.pop("cursor", None)
    for name, said in SAID.items():
        if name in case.query:
            case.query[name] = said


def _try_out(operation: Any, mode: GenerationMode, headers: dict[str, str], examples: int) -> list[str]:
    found = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _say_what_no_schema_can(case)
        try:
            answer = case.call(headers=headers)
            case.validate_response(answer, headers=headers)
        except BaseExceptionGroup as group:
            found.extend(f"{operation.label}: {each}\n{answer.text[:300]}" for each in group.exceptions)

    run()
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore:.*httpx.*")
def test_schemathesis_finds_nothing_as_an_admin(keys: dict[Role | str, str]) -> None:
    """Every operation, with what its description allows and with what it does not."""
    app = create_app(keys["store"], ServiceSettings(**UNLIMITED))
    failures = find_failures(app, bearer(keys[Role.admin]), examples=EXAMPLES)
    assert not failures, "\n\n".join(failures)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore:.*httpx.*")
@pytest.mark.parametrize("is_open", [False, True])
def test_schemathesis_finds_nothing_without_a_key(keys: dict[Role | str, str], is_open: bool) -> None:
    """Closed and open: the description says which."""
    app = create_app(keys["store"], ServiceSettings(open=is_open, **UNLIMITED))
    assert find_failures(app, {}, examples=1) == []


def test_the_command_of_schemathesis_finds_nothing_over_a_real_socket(
    keys: dict[Role | str, str], tmp_path: Path
) -> None:
    """As a user would run it, with its own cases for every bound of every parameter; the small routes."""
    app = create_app(keys["store"], ServiceSettings(**UNLIMITED))
    with serving(app) as client:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{client.base_url.port}/api",
            "-H", f"Authorization: Bearer {keys[Role.admin]}", "--phases", "coverage",
            "--include-path-regex", "health|ready|metrics|audit|revocation|v1/link",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "No issues found" in done.stdout


def test_the_description_says_what_needs_a_key(keys: dict[Role | str, str]) -> None:
    """Everything but health; reading needs none where the service is open."""
    for is_open in (False, True):
        paths = create_app(keys["store"], ServiceSettings(open=is_open)).openapi()["paths"]
        for path, operations in paths.items():
            for method, operation in operations.items():
                if path in ("/healthz", "/readyz"):
                    assert "security" not in operation
                    continue
                is_free = {} in operation["security"]
                assert is_free == (
                    path == "/metrics" or (is_open and path != "/audit" and "/v1/" not in path)
                ), path
                assert "default" in operation["responses"], (method, path)
