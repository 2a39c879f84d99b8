"""Load a scenario: packaged by name or a file, with a variant and overrides, or say all that is wrong.

Everything is checked before anything is returned: YAML, keys, quantities, units, files named, and the
whole-scenario checks. Geometry and rasters are read later, by the stages that use them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.provenance import Provenance, hash_text
from truceline.scenario.assumption import Assumption
from truceline.scenario.catalogue import check_override, load_catalogue
from truceline.scenario.checks import run_checks
from truceline.scenario.findings import explain_record, explain_validation, locate, suggest
from truceline.scenario.model import Scenario
from truceline.scenario.quantities import RecordError, assume
from truceline.scenario.variants import apply_differences, parse_override
from truceline.scenario.yaml_source import KeyPath, YamlSource, parse_yaml, read_yaml

PACKAGED_PLACES = "ukraine-2025-02-17"
"""Value of `line.places` that means the packaged table rather than a file."""
PACKAGED_PLEDGES: Literal["ukraine-2025"] = "ukraine-2025"
"""Value of `contributors.pledges` that means the packaged register, and of `talks.folder` likewise."""
FOLDER_KEYS = ("folder",)
"""Keys whose path is that of a folder."""


@dataclass(frozen=True)
class LoadedScenario:
    """A checked scenario with what is needed to make it again."""

    scenario: Scenario
    provenance: Provenance
    warnings: tuple[Problem, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the file says, with the variant and the overrides applied."""


def list_packaged() -> tuple[str, ...]:
    """Return the names of the packaged scenarios."""
    folder = files("truceline.scenario").joinpath("library")
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml")))


def read_packaged(name: str) -> str:
    """Return the text of a packaged scenario; ScenarioError for an unknown name, with the nearest ones."""
    packaged = list_packaged()
    if name not in packaged:
        hint = suggest(name, packaged, f"packaged are {', '.join(packaged)}")
        raise ScenarioError("scenario", [Problem(name, "is neither a packaged scenario nor a file", hint)])
    return files("truceline.scenario").joinpath("library", f"{name}.yaml").read_text(encoding="utf-8")


def load_scenario(
    name_or_path: str | Path, *, variant: str | None = None, overrides: Sequence[str] = ()
) -> Scenario:
    """Return a checked scenario; see `read_scenario`."""
    return read_scenario(name_or_path, variant=variant, overrides=overrides).scenario


def read_scenario(
    name_or_path: str | Path, *, variant: str | None = None, overrides: Sequence[str] = (), seed: int = 0
) -> LoadedScenario:
    """Load, vary and check a scenario.

    Parameters
    ----------
    name_or_path
        Name of a packaged scenario, or a path to a YAML file (anything with a separator or a suffix, or
        that is there).
    variant
        Name of one of the scenario's variants.
    overrides
        Single differences, each ``path=value``; applied after the variant.
    seed
        Recorded for provenance; a scenario draws nothing itself.

    Raises
    ------
    ScenarioError
        With every problem found: where, what, and what to try.
    """
    source, folder = _open_source(name_or_path)
    _vary(source, variant, overrides)
    problems = ProblemList()
    scenario = _find_files(_validate(source, problems), folder, source, problems)
    for check, (path, found, hint) in run_checks(scenario):
        note = problems.add if check.severity == "error" else problems.warn
        note(locate(source, path), f"{found} ({check.name})", hint)
    problems.raise_if_any(ScenarioError, source.name)
    provenance = Provenance(
        scenario=scenario.name,
        scenario_hash=hash_text(json.dumps(source.data, sort_keys=True, default=str)),
        variant=variant or "",
        overrides=tuple(overrides),
        seed=seed,
    )
    return LoadedScenario(scenario, provenance, problems.warnings, source.data)


def check_scenario(name_or_path: str | Path) -> tuple[Problem, ...]:
    """Return every problem and warning of a scenario and of each of its variants; none means it can be used.

    A variant is looked at only where the scenario itself is sound, and adds what the scenario has not.
    """
    try:
        loaded = read_scenario(name_or_path)
    except ScenarioError as error:
        return error.problems
    found = dict.fromkeys(loaded.warnings)
    for variant in loaded.scenario.variants:
        try:
            found |= dict.fromkeys(read_scenario(name_or_path, variant=variant).warnings)
        except ScenarioError as error:
            found |= dict.fromkeys(error.problems)
    return tuple(found)


def _open_source(name_or_path: str | Path) -> tuple[YamlSource, Path]:
    """Return the data of a file or packaged scenario, and the folder from which its paths start."""
    text = str(name_or_path)
    path = Path(text)
    looks_like_a_file = isinstance(name_or_path, Path) or path.suffix != "" or path.name != text
    if looks_like_a_file or (text not in list_packaged() and path.exists()):
        return read_yaml(path), path.resolve().parent
    return parse_yaml(read_packaged(text), f"{text}.yaml"), Path()


def _vary(source: YamlSource, variant: str | None, overrides: Sequence[str]) -> None:
    """Apply the variant, then the overrides, to the data of `source`."""
    problems = ProblemList()
    if variant is not None:
        variants = source.data.get("variants") or {}
        if not isinstance(variants, Mapping) or not isinstance(variants.get(variant), Mapping):
            known = ", ".join(variants) if isinstance(variants, Mapping) and variants else "none"
            problems.add(f"--variant {variant}", "is not a variant of this scenario", f"known: {known}")
        else:
            apply_differences(source, variants[variant].items(), f"variant {variant}:", problems)
    parsed: list[tuple[str, Any]] = []
    for text in overrides:
        try:
            parsed.append(parse_override(text))
        except ValueError as error:
            found, _, hint = str(error).partition("; ")
            problems.add("--set", found, hint)
    apply_differences(source, parsed, "--set", problems)
    problems.raise_if_any(ScenarioError, source.name)


def _validate(source: YamlSource, problems: ProblemList) -> Scenario:
    """Return the scenario that the data describe, or raise everything that is wrong with keys and values."""
    data = {**source.data, "assumptions": _read_overrides(source, problems)}
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        problems.extend(explain_validation(source, error))
        raise ScenarioError(source.name, problems.problems) from None
    problems.raise_if_any(ScenarioError, source.name)
    return scenario


def _read_overrides(source: YamlSource, problems: ProblemList) -> dict[str, Assumption]:
    """Turn the file's `assumptions` into records in the catalogue's units, keeping the catalogue's labels."""
    written = source.data.get("assumptions") or {}
    if not isinstance(written, Mapping):
        problems.add(locate(source, ("assumptions",)), "is not a group of keys", "write `name: value` lines")
        return {}
    catalogue = load_catalogue()
    records: dict[str, Assumption] = {}
    for name, value in written.items():
        path = ("assumptions", name)
        if name not in catalogue:
            hint = suggest(name, catalogue, "`truceline scenario show` lists them")
            problems.add(locate(source, path), "is not an assumption of the catalogue", hint)
            continue
        base = catalogue[name]
        try:
            record = check_override(name, assume(value, base.unit))
        except RecordError as error:
            problems.extend(explain_record(source, path, error))
            continue
        records[name] = record.model_copy(update={"label": record.label or base.label})
    return records


def _find_files(scenario: Scenario, folder: Path, source: YamlSource, problems: ProblemList) -> Scenario:
    """Return the scenario with every path made absolute from the file's folder; note missing files."""

    def find(value: Any, path: KeyPath) -> Any:
        if isinstance(value, Path):
            return find_file(value, path)
        if isinstance(value, BaseModel) and not isinstance(value, Assumption):
            return value.model_copy(update=find_in_fields(value, path))
        if isinstance(value, tuple) and any(isinstance(item, Path | BaseModel) for item in value):
            return tuple(find(item, (*path, index)) for index, item in enumerate(value))
        if isinstance(value, dict) and any(isinstance(item, BaseModel) for item in value.values()):
            return {key: find(item, (*path, key)) for key, item in value.items()}
        return value

    def find_in_fields(model: BaseModel, path: KeyPath) -> dict[str, Any]:
        # Fields nobody set stay unset, so that what is a default remains known.
        return {name: find(getattr(model, name), (*path, name)) for name in model.model_fields_set}

    def find_file(value: Path, path: KeyPath) -> Path:
        if str(value) in (PACKAGED_PLACES, PACKAGED_PLEDGES):
            return value
        try:
            absolute = (folder / value.expanduser()).resolve()
            if absolute.is_dir() if path[-1] in FOLDER_KEYS else absolute.is_file():
                return absolute
        except (OSError, RuntimeError, ValueError):  # an unknown home, a loop of links, a name too long
            pass
        hint = "paths start from the folder of the scenario file"
        what = "folder" if path[-1] in FOLDER_KEYS else "file"
        problems.add(locate(source, path), f"there is no {what} {value}", hint)
        return value

    return scenario.model_copy(update=find_in_fields(scenario, ()))
