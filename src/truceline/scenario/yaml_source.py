"""Read untrusted YAML into plain data and remember on which line each key stands.

Safe tags only, no anchors or aliases (they can expand without bound), no duplicate keys, bounded size
and depth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from truceline.errors import ProblemList, ScenarioError

MAX_BYTES = 1_000_000
"""Largest scenario file accepted; real ones have a few kilobytes."""
MAX_DEPTH = 20
"""Deepest nesting accepted."""

KeyPath = tuple[str | int, ...]


@dataclass
class YamlSource:
    """Plain data with the place each value was written."""

    name: str
    """File name, for messages."""
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """Line (from 1) of each key or list item, by its path."""
    origins: dict[KeyPath, str] = field(default_factory=dict)
    """Where values that are not from the file came from: a variant or ``--set``."""

    def place(self, path: KeyPath) -> str:
        """Return where `path`, or its nearest known ancestor, was written."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
            if path[:end] in self.lines:
                return f"{self.name}:{self.lines[path[:end]]}"
        return self.name


def read_yaml(path: Path) -> YamlSource:
    """Read a file; ScenarioError names the line of a syntax error, a duplicate key or an alias."""
    problems = ProblemList()
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            problems.add(path.name, f"has {size:,} bytes", f"a scenario may have {MAX_BYTES:,}")
        else:
            return parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        problems.add(str(path), "there is no such file", "check the path; `truceline scenario list` shows the packaged ones")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(str(path), f"cannot be read as text: {error}", "give a UTF-8 text file")
    raise ScenarioError(path.name, problems.problems)


def parse_yaml(text: str, name: str) -> YamlSource:
    """Parse text as YAML; see `read_yaml`."""
    problems = ProblemList()
    try:
        _refuse_aliases(text, name, problems)
        problems.raise_if_any(ScenarioError, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        what = getattr(error, "problem", None) or "cannot be parsed"
        problems.add(where, f"is not valid YAML: {what}", "check indentation, colons and quotes")
        raise ScenarioError(name, problems.problems) from None
    source = YamlSource(name, {})
    if not isinstance(node, yaml.MappingNode):
        problems.add(name, "is not a mapping of keys to values", "start from `truceline scenario new`")
    else:
        loader = yaml.SafeLoader("")
        try:
            source.data = _build(node, (), source, problems, loader)
        finally:
            loader.dispose()
    problems.raise_if_any(ScenarioError, name)
    return source


def _refuse_aliases(text: str, name: str, problems: ProblemList) -> None:
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            where = f"{name}:{token.start_mark.line + 1}"
            problems.add(where, "uses an anchor or alias", "write the values out; a variant can hold differences")


def _build(node: Any, path: KeyPath, source: YamlSource, problems: ProblemList, loader: Any) -> Any:
    if len(path) > MAX_DEPTH:
        problems.add(source.place(path), f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
        return None
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            child = (*path, key)
            if key in result:
                where = f"{source.name}:{key_node.start_mark.line + 1}"
                problems.add(where, f"the key '{key}' stands twice", f"first on line {source.lines[child]}; keep one")
                continue
            source.lines[child] = key_node.start_mark.line + 1
            result[key] = _build(value_node, child, source, problems, loader)
        return result
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            source.lines[(*path, index)] = item.start_mark.line + 1
            items.append(_build(item, (*path, index), source, problems, loader))
        return items
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        what = getattr(error, "problem", None) or str(error)
        problems.add(source.place(path), f"cannot be read: {what}", "write a plain value")
        return None
