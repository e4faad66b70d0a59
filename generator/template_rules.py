"""What a prompt template may contain: named values, a few filters, conditions, loops over persona lists, includes.

A template is text that a colleague may have sent; it can name data and nothing else.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from jinja2 import nodes
from pydantic import BaseModel

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.Filter, nodes.If,
    nodes.For, nodes.Include, nodes.Concat, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.CondExpr, nodes.Test, nodes.Keyword,
)  # fmt: skip
"""Nothing that calls, computes, assigns or defines."""

FIELDS_SHOWN = 12
"""How many fields an error names at most."""


def problems(
    tree: nodes.Template, variables: Sequence[str], filters: Sequence[str], data: Sequence[type[BaseModel]]
) -> Iterator[tuple[int, str]]:
    """Line and words of everything in one template that is not allowed, or that names what there is not. `data`: the
    records that values are of."""
    fields, lists = _fields(data)
    loop_names = {node.target.name for node in tree.find_all(nodes.For) if isinstance(node.target, nodes.Name)}
    known = {*variables, *loop_names, "loop"}
    for node in _all(tree):
        if not isinstance(node, _ALLOWED):
            yield node.lineno, f"{type(node).__name__} is not allowed in a prompt; name a value, or loop over a list"
        elif isinstance(node, nodes.Name) and node.name not in known:
            yield node.lineno, f"unknown name {node.name!r}{_nearest(node.name, sorted(known - {'loop'}))}"
        elif isinstance(node, nodes.Getattr) and node.attr not in fields | {"last", "first", "index", "index0"}:
            yield node.lineno, f"unknown field {node.attr!r}{_nearest(node.attr, sorted(fields), FIELDS_SHOWN)}"
        elif isinstance(node, nodes.Filter) and node.name not in filters:
            yield node.lineno, f"the filter {node.name!r} is not allowed; there are {', '.join(filters)}"
        elif isinstance(node, nodes.For) and (
            node.recursive or not (isinstance(node.iter, nodes.Getattr) and node.iter.attr in lists)
        ):
            yield node.lineno, "a loop runs over a list, such as persona.traits"
        elif isinstance(node, nodes.Include) and not isinstance(node.template, nodes.Const):
            yield node.lineno, "an include names its file in quotes"


def nesting(trees: Mapping[str, nodes.Template], deepest: int) -> Iterator[tuple[str, int, str]]:
    """File, line and words where includes go round in a circle or loops are nested too deep."""
    for name, tree in trees.items():
        yield from _descend(trees, name, tree, (name,), 0, deepest)


def _descend(
    trees: Mapping[str, nodes.Template], name: str, node: nodes.Node, path: tuple[str, ...], depth: int, deepest: int
) -> Iterator[tuple[str, int, str]]:
    for child in node.iter_child_nodes():
        deeper = depth + isinstance(child, nodes.For)
        if deeper > deepest:
            yield name, child.lineno, f"loops are nested more than {deepest} deep"
        elif isinstance(child, nodes.Include) and isinstance(child.template, nodes.Const):
            target = str(child.template.value)
            if target in path:
                yield name, child.lineno, f"includes itself, by way of {' and '.join(path)}"
            elif target not in trees:
                yield name, child.lineno, f"there is no template {target!r}{_nearest(target, sorted(trees))}"
            else:
                yield from _descend(trees, target, trees[target], (*path, target), depth, deepest)
        else:
            yield from _descend(trees, name, child, path, deeper, deepest)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    for child in node.iter_child_nodes():
        yield child
        yield from _all(child)


def _nearest(word: str, known: Sequence[str], shown: int | None = None) -> str:
    """The near match; only where there is none, all valid names, or the first `shown` of them."""
    if near := difflib.get_close_matches(word, known, n=1):
        return f"; did you mean {near[0]!r}?"
    more = f" and {len(known) - shown} more" if shown is not None and len(known) > shown else ""
    return f"; there are {', '.join(known[:shown])}{more}"


def _fields(data: Sequence[type[BaseModel]]) -> tuple[set[str], set[str]]:
    """Names of all fields a template can reach, and of those that hold a list."""
    fields: set[str] = set()
    lists: set[str] = set()
    waiting: list[Any] = list(data)
    seen: set[Any] = set()
    while waiting:
        record = waiting.pop()
        if record in seen:
            continue
        seen.add(record)
        for name, info in record.model_fields.items():
            fields.add(name)
            if get_origin(info.annotation) in {list, tuple}:
                lists.add(name)
            kinds = [kind for kind in _leaves(info.annotation) if isinstance(kind, type)]
            waiting += [kind for kind in kinds if issubclass(kind, BaseModel)]
    return fields, lists


def _leaves(annotation: Any) -> list[Any]:
    inner = get_args(annotation)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [annotation]
