"""Read untrusted YAML into plain data and remember on which line each key stands.

Safe tags only, no anchors or aliases (they can expand without bound), no duplicate keys, bounded size
and depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from truceline.errors import ProblemList, ScenarioError

MAX_BYTES = 300_000
"""Largest scenario file accepted: real ones have ten kilobytes, and this one takes some seconds to read."""
MAX_DEPTH = 20
"""Deepest nesting accepted."""

MAX_COLUMNS = 110
"""Width at which written YAML is folded."""

KeyPath = tuple[str | int, ...]

# What the YAML library lets through on odd input besides its own errors: '!!int' of nothing, '!!timestamp'
# of a word, an escape beyond the last character.
_READER_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_DATE_TAG = "tag:yaml.org,2002:timestamp"
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


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

    def replace(self, path: KeyPath, origin: str) -> None:
        """Note that what stands at `path` and below is no longer the file's but from `origin`."""
        for places in (self.lines, self.origins):
            for known in [known for known in places if known[: len(path)] == path]:
                del places[known]
        self.origins[path] = origin

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
        with path.open("rb") as handle:  # at most a little more than allowed: the file may be a device
            content = handle.read(MAX_BYTES + 1)
        if len(content) <= MAX_BYTES:
            return parse_yaml(content.decode("utf-8-sig"), path.name)
        problems.add(
            str(path), f"has more than {MAX_BYTES:,} bytes", "keep maps and tables in files of their own"
        )
    except FileNotFoundError:
        hint = "check the path; `truceline scenario list` shows the packaged ones"
        problems.add(str(path), "there is no such file", hint)
    except IsADirectoryError:
        problems.add(str(path), "is a folder", "name the YAML file in it")
    except OSError as error:
        problems.add(str(path), f"cannot be read: {error.strerror or error}", "check its rights")
    except UnicodeDecodeError as error:
        problems.add(str(path), f"is not UTF-8 text at byte {error.start:,}", "save it as UTF-8")
    raise ScenarioError(path.name, problems.problems)


def parse_yaml(text: str, name: str) -> YamlSource:
    """Parse the text of a scenario; see `read_yaml`."""
    problems = ProblemList()
    node = _compose(text, name, problems)
    source = YamlSource(name, {})
    if not isinstance(node, yaml.MappingNode):
        problems.add(name, "is not a mapping of keys to values", "start from `truceline scenario new`")
    else:
        source.data = _construct(node, source, problems)
    problems.raise_if_any(ScenarioError, name)
    return source


def parse_yaml_value(text: str, name: str) -> Any:
    """Return one value as plain data, under the rules of a whole file; empty text is None."""
    problems = ProblemList()
    node = _compose(text, name, problems)
    value = _construct(node, YamlSource(name, {}), problems) if node is not None else None
    problems.raise_if_any(ScenarioError, name)
    return value


def format_yaml(data: Mapping[str, Any]) -> str:
    """Return plain data as YAML in the order of its keys; reading it again gives the same data."""
    return str(yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=MAX_COLUMNS))


def _compose(text: str, name: str, problems: ProblemList) -> Any:
    """Return the tree of nodes of one document; ScenarioError where there is none to be had."""
    try:
        _refuse_what_could_explode(text, name, problems)
        problems.raise_if_any(ScenarioError, name)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, *_READER_FAILURES) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
        problems.add(where, f"is not valid YAML: {what}", "check indentation, colons and quotes")
        raise ScenarioError(name, problems.problems) from None


def _refuse_what_could_explode(text: str, name: str, problems: ProblemList) -> None:
    """Note anchors and aliases, which can expand without bound, and nesting that would exhaust the stack."""
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        where = f"{name}:{token.start_mark.line + 1}"
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            hint = "write the values out; a variant can hold differences"
            problems.add(where, "uses an anchor or alias", hint)
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > MAX_DEPTH:
            problems.add(where, f"is nested deeper than {MAX_DEPTH} levels", "flatten it")
            return


def _construct(node: Any, source: YamlSource, problems: ProblemList) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return _build(node, (), source, problems, loader)
    finally:
        loader.dispose()


def _build(node: Any, path: KeyPath, source: YamlSource, problems: ProblemList, loader: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                where = f"{source.name}:{key_node.start_mark.line + 1}"
                problems.add(where, "a key is not a word", "write `key: value`")
                continue
            key = str(key_node.value)
            child = (*path, key)
            if key in result:
                where = f"{source.name}:{key_node.start_mark.line + 1}"
                hint = f"first on line {source.lines[child]}; keep one"
                problems.add(where, f"the key '{key}' stands twice", hint)
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
    except (yaml.YAMLError, *_READER_FAILURES) as error:
        if node.tag == _DATE_TAG:
            return node.value  # looks like a date and is none: the field's own check says so, with all others
        what = getattr(error, "problem", None) or f"'{node.value}' with the tag {node.tag}"
        problems.add(source.place(path), f"cannot be read: {what}", "write a plain value, or quote it")
        return None
