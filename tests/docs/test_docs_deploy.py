"""What comes with the service fits the program: its unit, its containers, and every command on its page.

The containers are not started here: their files are read, and held against the package and the command line.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from truceline.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
PAGE = REPOSITORY / "docs" / "service.md"
UNIT = DEPLOY / "truceline.service"
PROGRAM = "/opt/truceline/bin/truceline"
LEAST_EXPOSURE = 25
"""Of 100, as `systemd-analyze security` counts it: below 2.5 of its 10 points."""


def check_command(words: list[str]) -> None:
    """Check that a command of `truceline` exists with every option that is given."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        name = rest.pop(0)
        assert name in command.commands, f"truceline {shlex.join(words)}: there is no {name}"
        command = command.commands[name]
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    for word in rest:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"truceline {shlex.join(words)}: there is no {word}"


def read_unit() -> dict[str, list[str]]:
    """Return the settings of the unit: every value each was given, in order."""
    settings: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def test_the_unit_starts_the_service_as_nobody_in_particular_and_stops_it_in_time() -> None:
    unit = read_unit()
    program, *words = unit["ExecStart"][0].split()
    assert program == PROGRAM
    check_command([word for word in words if not word.startswith("$")])
    assert unit["User"] == ["truceline"]
    assert unit["EnvironmentFile"] == ["/etc/truceline/service.env"]
    assert unit["Restart"] == ["on-failure"]
    assert unit["RestartPreventExitStatus"] == ["2"]
    from truceline.web.server import GRACE_AFTER_STOP_S
    from truceline.web.settings import ServiceSettings

    assert int(unit["TimeoutStopSec"][0]) > ServiceSettings().stop_s + GRACE_AFTER_STOP_S
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert unit[name] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_unit_and_finds_little_that_it_may(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")
    commands = (
        ["verify", "--man=no", str(unit)],
        ["security", "--offline=true", f"--threshold={LEAST_EXPOSURE}", "--no-pager", str(unit)],
    )
    for words in commands:
        done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert UNIT.name not in done.stderr


def test_the_containers_have_what_the_service_needs_and_no_secret() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    database, service = compose["services"]["database"], compose["services"]["service"]
    assert re.fullmatch(r"[a-z]+/[a-z]+:[\d.-]+", database["image"]), "a plain name with a version"
    assert "ports" not in database, "the database is for the service alone"
    assert compose["networks"]["inside"]["internal"]
    for each in (database, service):
        assert each["healthcheck"]["test"]
        assert each["restart"] == "unless-stopped"
        assert "privileged" not in each
    assert database["volumes"][0].partition(":")[0] in compose["volumes"]
    assert (DEPLOY / database["volumes"][1].partition(":")[0]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["depends_on"]["database"]["condition"] == "service_healthy"
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    check_command(service["command"])
    assert "PASSWORD" in text
    for name, value in {**database["environment"], **service["environment"]}.items():
        if "PASSWORD" in name:
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name} comes from outside, or nothing starts"
    names = set(re.findall(r"\$\{(\w+)", text))
    assert names == set(re.findall(r"([A-Z_]+)=(?:%s|https)", PAGE.read_text(encoding="utf-8")))


def test_the_image_installs_this_package_and_runs_it_as_nobody_in_particular() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    said = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.findall(r"/source\[(\w+)\]", dict(said[:4])["RUN"])
    assert extras == ["service"]
    assert extras[0] in project["optional-dependencies"]
    images = [rest.split()[0] for word, rest in said if word == "FROM"]
    assert images == ["python:3.11-slim", "python:3.11-slim"]
    for rest in (rest for word, rest in said if word == "COPY" and "--from" not in rest):
        *sources, _ = rest.split()
        assert all((REPOSITORY / source).exists() for source in sources), rest
    needed = {"pyproject.toml", project["readme"], *project["license-files"], "src"}
    assert needed <= {name for word, rest in said if word == "COPY" for name in rest.split()}
    words = dict(said)
    assert words["USER"] == "truceline"
    assert yaml.safe_load(words["ENTRYPOINT"]) == list(project["scripts"])
    check_command(yaml.safe_load(words["CMD"]))


def test_every_command_of_the_page_exists_with_its_options() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"(?ms)^```(?:sh|text)\n(.*?)^```$", text))
    inline = re.findall(r"`truceline ([^`]+)`", text)
    found = re.findall(r"(?:/bin/truceline|run --rm service) (.+)", blocks)
    assert len(found) >= 10
    for line in [*found, *inline]:
        words = shlex.split(line)
        ends = next((at for at, word in enumerate(words) if word in (">", "|", "&&")), len(words))
        if words[0] != "monitor" or len(words) > 1:
            check_command(words[:ends])


def test_every_option_the_page_names_alone_is_one_of_the_service_or_of_keys() -> None:
    text = PAGE.read_text(encoding="utf-8")
    command: Any = typer.main.get_command(app)
    known = [command.commands["serve"], command.commands["monitor"].commands["token"].commands["add"]]
    options = {name for each in known for parameter in each.params for name in parameter.opts}
    named = {
        word for span in re.findall(r"`(--[^`]+)`", text) for word in span.split() if word.startswith("--")
    }
    assert named
    assert named <= options


def test_the_metrics_that_the_page_would_watch_exist() -> None:
    pytest.importorskip(
        "prometheus_client", reason="no prometheus-client here: pip install 'truceline[service]'"
    )
    from truceline.web.metrics import Metrics

    told = Metrics().render().decode()
    for name in re.findall(r"`(truceline_\w+)`", PAGE.read_text(encoding="utf-8")):
        assert f"\n{name} " in told, name
