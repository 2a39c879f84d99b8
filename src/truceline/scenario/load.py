"""Load a scenario: packaged by name or the user's file, with a variant and overrides, or say all that is wrong.

Everything is checked before anything is returned: YAML, keys, quantities, units, files named, and the
whole-scenario checks. Geometry and rasters are read later, by the stages that use them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.provenance import Provenance, hash_text
from truceline.scenario.assumption import Assumption
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.checks import run_checks
from truceline.scenario.model import Scenario
from truceline.scenario.quantities import assume
from truceline.scenario.variants import apply_differences, parse_override
from truceline.scenario.yaml_source import KeyPath, YamlSource, parse_yaml, read_yaml

PACKAGED_PLACES = "ukraine-2025-02-17"
"""Value of `line.places` that means the packaged table rather than a file."""


@dataclass(frozen=True)
class LoadedScenario:
    """A checked scenario with what is needed to make it again."""

    scenario: Scenario
    provenance: Provenance
    warnings: tuple[Problem, ...]


def list_packaged() -> tuple[str, ...]:
    """Return the names of the packaged scenarios."""
    folder = files("truceline.scenario").joinpath("library")
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml")))


def read_packaged(name: str) -> str:
    """Return the text of a packaged scenario; ScenarioError for an unknown name, with the nearest ones."""
    if name not in list_packaged():
        near = difflib.get_close_matches(name, list_packaged(), n=3) or list(list_packaged())
        problem = Problem(name, "is neither a packaged scenario nor a file", f"did you mean {', '.join(near)}?")
        raise ScenarioError("scenario", [problem])
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
        Name of a packaged scenario, or a path to a YAML file (anything with a separator or a suffix).
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
    text = str(name_or_path)
    is_file = Path(text).suffix != "" or "/" in text or isinstance(name_or_path, Path)
    if is_file:
        source, folder = read_yaml(Path(text)), Path(text).resolve().parent
    else:
        source, folder = parse_yaml(read_packaged(text), f"{text}.yaml"), Path()
    _vary(source, variant, overrides)
    scenario, warnings = _validate(source, folder)
    provenance = Provenance(
        scenario=scenario.name,
        scenario_hash=hash_text(json.dumps(source.data, sort_keys=True, default=str)),
        variant=variant or "",
        overrides=tuple(overrides),
        seed=seed,
    )
    return LoadedScenario(scenario, provenance, warnings)


def _vary(source: YamlSource, variant: str | None, overrides: Sequence[str]) -> None:
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
            problems.add("--set", str(error))
    apply_differences(source, parsed, "--set", problems)
    problems.raise_if_any(ScenarioError, source.name)


def _validate(source: YamlSource, folder: Path) -> tuple[Scenario, tuple[Problem, ...]]:
    problems = ProblemList()
    data = dict(source.data)
    data["assumptions"] = _read_overrides(source, problems)
    scenario = None
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        problems.extend(_explain(source, error))
    problems.raise_if_any(ScenarioError, source.name)
    assert scenario is not None  # noqa: S101  (for the type checker: errors were raised above)
    scenario = _resolve_paths(scenario, (), folder, source, problems)
    for check, (path, found, hint) in run_checks(scenario):
        note = problems.add if check.severity == "error" else problems.warn
        note(_where(source, path), f"{found} ({check.name})", hint)
    problems.raise_if_any(ScenarioError, source.name)
    return scenario, problems.warnings


def _where(source: YamlSource, path: KeyPath) -> str:
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    place = source.place(path)
    return place if place.startswith(("--set", "variant ")) else f"{place}  {dotted}"


def _read_overrides(source: YamlSource, problems: ProblemList) -> dict[str, Assumption]:
    """Turn the file's `assumptions` into records in the catalogue's units, keeping the catalogue's labels."""
    written = source.data.get("assumptions") or {}
    if not isinstance(written, Mapping):
        problems.add(_where(source, ("assumptions",)), "is not a mapping", "write `name: value` lines")
        return {}
    catalogue = load_catalogue()
    records: dict[str, Assumption] = {}
    for name, value in written.items():
        where = _where(source, ("assumptions", name))
        if name not in catalogue:
            near = difflib.get_close_matches(name, list(catalogue), n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "`truceline scenario show` lists them"
            problems.add(where, "is not an assumption of the catalogue", hint)
            continue
        base = catalogue[name]
        try:
            record = assume(value, base.unit)
        except ValueError as error:
            problems.add(where, _plain(str(error)))
            continue
        records[name] = record.model_copy(update={"label": record.label or base.label})
    return records


def _explain(source: YamlSource, error: ValidationError) -> Iterable[Problem]:
    """Turn pydantic's findings into problems in our words."""
    for item in error.errors():
        path: KeyPath = tuple(part for part in item["loc"] if part != "[key]")
        where = _where(source, path)
        kind = item["type"]
        if kind == "extra_forbidden":
            known = _known_keys(path[:-1])
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
            yield Problem(where, "is not a known key", hint)
        elif kind == "missing":
            yield Problem(where, "is missing", "every scenario needs it; see `truceline scenario new`")
        elif kind == "literal_error":
            yield Problem(where, f"'{item['input']}' is not possible", f"write {item['ctx']['expected']}")
        elif kind == "string_pattern_mismatch":
            yield Problem(where, f"'{item['input']}' is not a name", "use lower-case letters, digits and hyphens")
        else:
            message = str(item.get("ctx", {}).get("error", "")) or item["msg"]
            found, _, hint = _plain(message).partition("; ")
            yield Problem(where, found, hint)


def _plain(message: str) -> str:
    first = message.strip().splitlines()[0]
    return first.removeprefix("Value error, ")


def _known_keys(path: KeyPath) -> list[str]:
    """Return the keys the model knows at a path."""
    model: Any = Scenario
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            model = field.annotation if field is not None else None
        model = _inner_model(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items()]
    return []


def _inner_model(annotation: Any) -> Any:
    """Return the model inside an optional, tuple or mapping annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _inner_model(inner)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return None


def _resolve_paths(
    model: Scenario, path: KeyPath, folder: Path, source: YamlSource, problems: ProblemList
) -> Scenario:
    """Return the scenario with every path made absolute from the file's folder; note files that are not there."""
    resolved = _resolve(model, path, folder, source, problems)
    assert isinstance(resolved, Scenario)  # noqa: S101  (for the type checker)
    return resolved


def _resolve(value: Any, path: KeyPath, folder: Path, source: YamlSource, problems: ProblemList) -> Any:
    if isinstance(value, Path):
        if str(value) == PACKAGED_PLACES:
            return value
        absolute = (folder / value.expanduser()).resolve()
        if not absolute.is_file():
            hint = "paths start from the folder of the scenario file"
            problems.add(_where(source, path), f"there is no file {value}", hint)
        return absolute
    if isinstance(value, Assumption):
        return value
    if isinstance(value, BaseModel):
        changes = {}
        for name in type(value).model_fields:
            old = getattr(value, name)
            new = _resolve(old, (*path, name), folder, source, problems)
            if new is not old:
                changes[name] = new
        return value.model_copy(update=changes) if changes else value
    if isinstance(value, tuple) and any(isinstance(item, Path | BaseModel) for item in value):
        return tuple(_resolve(item, (*path, i), folder, source, problems) for i, item in enumerate(value))
    if isinstance(value, dict) and any(isinstance(item, BaseModel) for item in value.values()):
        return {key: _resolve(item, (*path, key), folder, source, problems) for key, item in value.items()}
    return value
