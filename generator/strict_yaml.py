"""YAML without surprises: YAML 1.2 scalars, no duplicate keys, no aliases, no tags, and every value's place.

Only strings, numbers, true/false, null, lists and mappings come out; `no`, `012`, dates and times stay text.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from generator.errors import InputError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAY_HOLD_A_KEY = (("base_url",), ("key_env",))
"""Fields into which somebody may have written a key by mistake; what they hold is never shown."""
RENAMED = {"sessions": "repeats", "seed": "rng_seed"}
"""Keys by their names of before."""
MAX_NODES = 20_000
MAX_ERRORS = 50
"""More errors of one file than this are counted, not shown."""

_IN_PLAIN_WORDS = (
    (r"^Value error, ", ""),
    (r"^Input should be a valid dictionary.*", "should be a mapping of keys to values"),
    (r"^Input should be greater than or equal to ", "must be at least "),
    (r"^Input should be less than or equal to ", "must be at most "),
    (r"^Input should be greater than ", "must be more than "),
    (r"^Input should be less than ", "must be less than "),
    (r"^Input should ", "should "),
    (r"^(?:List|Tuple|Set|Dictionary|String|Value) should ", "should "),
    (r"( items?) after validation\b", r"\1"),
    (r", unable to (?:parse|interpret) .*", ""),
)
"""Patterns of pydantic's messages, and what is said instead."""

Place = tuple[int, int]
Loc = tuple[str | int, ...]
R = TypeVar("R", bound=BaseModel)


@dataclass(slots=True)
class Document:
    """A parsed file: its data and where each value and key stands (line and column, from 1)."""

    data: Any
    values: dict[Loc, Place] = field(default_factory=dict)
    keys: dict[Loc, Place] = field(default_factory=dict)


class _Loader(yaml.CSafeLoader):
    """The YAML 1.2 core schema."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    ("float", r"^[-+]?(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?$", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(path: Path) -> Document:
    """Parse one file. Raises InputError with file:line:column for every problem that can be told apart."""
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc
    return parse(raw, str(path))


def parse(raw: bytes, source: str) -> Document:
    """Parse YAML text given as bytes; `source` names it in messages."""
    if len(raw) > MAX_BYTES:
        raise InputError(f"{source}: larger than {MAX_BYTES // 1024} KB; a persona or plan is a page of text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise InputError(f"{source}:{line}: line {line} is not UTF-8; save the file as UTF-8") from exc
    try:
        _refuse_tricks(text, source)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            document = Document(data=None)
            if node is None:
                raise InputError(f"{source}:1:1: the file is empty")
            problems = _walk(node, (), document, source)
            if problems:
                raise InputError(*problems)
            document.data = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = " ".join(part for part in (exc.context, exc.problem) if part)
        if mark and text[mark.index : mark.index + 1] == "\t":
            problem = "a tab character; indent with spaces"
        raise InputError(f"{source}{where}: not valid YAML: {problem}") from exc
    except yaml.reader.ReaderError as exc:
        before = text[: exc.position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise InputError(f"{source}:{line}:{column}: not valid YAML: {exc.reason}") from exc
    except yaml.YAMLError as exc:
        raise InputError(f"{source}: not valid YAML: {str(exc).splitlines()[0]}") from exc
    except ValueError as exc:
        raise InputError(f"{source}: not valid YAML: {exc}") from exc
    return document


def load(path: Path, record: type[R]) -> R:
    """Read a file as a record. Raises InputError holding all of the file's problems."""
    document = read(path)
    return validate(document, record, str(path))


def validate(document: Document, record: type[R], source: str) -> R:
    """The document as a record. Raises InputError: one line a problem, with file:line:column, the key
    concerned and the nearest valid one."""
    try:
        return record.model_validate(document.data)
    except ValidationError as exc:
        errors = sorted(exc.errors(include_url=False), key=lambda error: _place(error, document))
        problems = [_explain(error, document, record, source) for error in errors[:MAX_ERRORS]]
        if len(errors) > MAX_ERRORS:
            problems.append(f"{source}: and {len(errors) - MAX_ERRORS} more")
        raise InputError(*problems) from exc


def plain(message: str) -> str:
    """A message of pydantic in plain words."""
    for pattern, words in _IN_PLAIN_WORDS:
        message = re.sub(pattern, words, message)
    return message


def _refuse_tricks(text: str, source: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark = event.start_mark
        at = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark is not None else source
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError(f"{at}: anchors and aliases (& and *) are not allowed; write the value out, or quote it")
        if tag := getattr(event, "tag", None):
            raise InputError(f"{at}: tags ({tag}) are not allowed; quote the value if it is text")
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > MAX_NODES:
            raise InputError(f"{at}: more than {MAX_NODES} values; a persona or plan is a page of text")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(f"{at}: nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _walk(node: yaml.Node, loc: Loc, document: Document, source: str) -> list[str]:
    document.values[loc] = (node.start_mark.line + 1, node.start_mark.column + 1)
    problems: list[str] = []
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            problems += _walk(item, (*loc, number), document, source)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if not isinstance(key, yaml.ScalarNode):
                problems.append(f"{source}:{line}:{column}: a key must be plain text")
                continue
            place = (*loc, str(key.value))
            if place in document.keys:
                first = document.keys[place][0]
                problems.append(f"{source}:{line}:{column}: key {key.value!r} stands twice (lines {first} and {line})")
            document.keys[place] = (line, column)
            problems += _walk(value, place, document, source)
    return problems


def as_written(loc: Loc, document: Document) -> Loc:
    """The same place without the index 0 of a list that was written as its only value."""
    written: Loc = ()
    for part in loc:
        if part != 0 or isinstance(part, str) or (*written, part) in document.values:
            written = (*written, part)
    return written


def _explain(error: Any, document: Document, record: type[BaseModel], source: str) -> str:
    loc = as_written(tuple(error["loc"]), document)
    line, column = _place(error, document)
    if error["type"] == "extra_forbidden":
        known = _fields_at(record, loc[:-1])
        near = [name for name in known if name == RENAMED.get(str(loc[-1]))]
        near = near or difflib.get_close_matches(str(loc[-1]), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"
        return f"{source}:{line}:{column}: {_dotted(loc)}: unknown key{hint}"
    if error["type"] == "missing":
        what = "value" if isinstance(loc[-1], int) else "key"
        return f"{source}:{line}:{column}: {_dotted(loc)}: this {what} is missing"
    given = error.get("input")
    shown = isinstance(given, str | int | float | bool) and len(repr(given)) < 60 and loc[-1:] not in MAY_HOLD_A_KEY
    got = f" (got {given!r})" if shown else ""
    hint = _nearest_choice(error) if shown else ""
    return f"{source}:{line}:{column}: {_dotted(loc) or 'file'}: {plain(str(error['msg']))}{got}{hint}"


def _place(error: Any, document: Document) -> Place:
    loc = as_written(tuple(error["loc"]), document)
    if error["type"] == "extra_forbidden":
        return document.keys.get(loc, (1, 1))
    at = loc[:-1] if error["type"] == "missing" else loc
    while at and at not in document.values:
        at = at[:-1]
    return document.values.get(at, (1, 1))


def _nearest_choice(error: Any) -> str:
    if error["type"] != "literal_error":
        return ""
    choices = {choice.casefold(): choice for choice in re.findall(r"'([^']*)'", error["ctx"]["expected"])}
    near = difflib.get_close_matches(str(error["input"]).casefold(), choices, n=1)
    return f"; did you mean {choices[near[0]]!r}?" if near else ""


def _dotted(loc: Loc) -> str:
    return ".".join(str(part) for part in loc)


def _fields_at(record: type[BaseModel], loc: Loc) -> list[str]:
    current: Any = record
    for part in loc:
        if isinstance(part, int):
            continue
        if get_origin(current) is dict:
            current = _inside(get_args(current)[1])
            continue
        info = current.model_fields.get(part) if hasattr(current, "model_fields") else None
        if info is None:
            return []
        current = _inside(info.annotation)
    return list(current.model_fields) if hasattr(current, "model_fields") else []


def _inside(annotation: Any) -> Any:
    """The record or mapping that a list, a union or an annotation holds."""
    while not hasattr(annotation, "model_fields") and get_origin(annotation) is not dict:
        inner = [argument for argument in get_args(annotation) if argument is not type(None)]
        if not inner:
            return None
        annotation = inner[0]
    return annotation
