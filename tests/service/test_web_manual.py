"""The page on the service tells the truth: its commands run against a real one and answer what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from service_app import make_store
from service_process import running_service

from truceline.events.kinds import Role
from truceline.web.app import create_app
from truceline.web.description import describe
from truceline.web.settings import MEBIBYTE, ServiceSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "service-reference.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8080"


def test_the_commands_of_the_page_run_and_answer_what_it_says(tmp_path: Path) -> None:
    """Each bash block, as it stands, and the JSON below it: what is shown is in the answer."""
    if shutil.which("curl") is None:
        pytest.skip("the package curl is not installed")
    keys = make_store(tmp_path / "mission.duckdb")
    shutil.copy(DOCS / "examples" / "service-reference" / "reports.csv", tmp_path)
    blocks = re.findall(r"(?ms)^```bash\n(.*?)\n```\n(?:\n```json\n(.*?)\n```)?", PAGE)
    commands = [(command, shown) for command, shown in blocks if command.startswith("curl")]
    (serve,) = (command for command, _ in blocks if not command.startswith("curl"))
    assert serve == "truceline serve mission.duckdb --api --port 8080"
    assert len(commands) == 4
    with running_service(tmp_path / "mission.duckdb") as service:
        for command, shown in commands:
            done = subprocess.run(
                ["bash", "-c", command.replace(HERE, service.url)],
                cwd=tmp_path,
                env={**os.environ, "KEY": keys[Role.observer]},
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            answer = json.loads(done.stdout)
            for name, value in json.loads(shown).items():
                assert answer[name] == value, (command, answer)


def test_the_limits_on_the_page_are_those_of_the_service() -> None:
    """So that a changed default changes the page."""
    settings = ServiceSettings()
    assert f"{settings.max_body_bytes // MEBIBYTE} MiB as CSV" in PAGE
    assert f"| headers complete within | {settings.header_timeout_s:g} s |" in PAGE
    assert f"| body | {settings.body_grace_s:g} s, then at least 1 KiB/s |" in PAGE
    assert settings.min_body_bytes_per_s == 1024
    assert f"| an answer | {settings.answer_timeout_s:g} s;" in PAGE
    assert f"| requests at once | {settings.max_in_flight}," in PAGE
    assert f"{settings.rate_per_s:g} a second, {settings.burst} at once" in PAGE
    assert f"| nesting of JSON | {settings.max_json_depth} |" in PAGE
    assert f"after {settings.key_cache_s:g} seconds at most" in PAGE
    assert f"within {settings.stop_s:g} seconds" in PAGE


def test_every_address_that_writes_is_on_the_page() -> None:
    """With the numbers in it as N."""
    for path, operations in describe(create_app("x"))["paths"].items():
        if "post" in operations:
            assert re.sub(r"\{\w+\}", "N", path).removeprefix("POST ") in PAGE, path
