"""Text of a first scenario: a commented example with an invented line, or a packaged one under a new name.

Gives text only; whoever asks writes the files.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files

from truceline.errors import ScenarioError
from truceline.scenario.load import read_packaged
from truceline.scenario.yaml_source import parse_yaml_value

STARTER_NAME = "my-line"
"""Name used inside the example, and for a file whose own name cannot be one."""


def name_scenario(stem: str) -> str:
    """Return a scenario name made from a file name: lower-case letters, digits and hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60]
    return words if re.match("[a-z]", words) else STARTER_NAME


def make_starter(stem: str) -> dict[str, str]:
    """Return the commented example as text by file name: the scenario and the line it reads."""
    folder = files("truceline.scenario").joinpath("starter")
    scenario = folder.joinpath("starter.yaml").read_text(encoding="utf-8")
    line = folder.joinpath("line.json").read_text(encoding="utf-8")
    scenario = scenario.replace(f"{STARTER_NAME}.geojson", _as_yaml(f"{stem}.geojson"))
    scenario = scenario.replace(f"{STARTER_NAME}.yaml", f"{stem}.yaml")
    scenario = scenario.replace(f"name: {STARTER_NAME}\n", f"name: {_as_yaml(name_scenario(stem))}\n")
    return {f"{stem}.yaml": scenario, f"{stem}.geojson": line}


def copy_packaged(name: str, stem: str) -> dict[str, str]:
    """Return a packaged scenario under a new name as text by file name.

    Raises ScenarioError for an unknown name.
    """
    text = read_packaged(name)
    renamed = re.sub(r"(?m)^name: .*$", f"name: {_as_yaml(name_scenario(stem))}", text, count=1)
    return {
        f"{stem}.yaml": f"# Made from the packaged scenario {name}; change what you know better.\n{renamed}"
    }


def _as_yaml(text: str) -> str:
    """Return a text as YAML: plain where it reads back as itself, else in double quotes."""
    try:
        if re.fullmatch(r"[\w.-]+", text) and parse_yaml_value(text, "name") == text:
            return text
    except ScenarioError:
        pass
    return json.dumps(text, ensure_ascii=False)
