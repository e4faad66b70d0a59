"""Folders of Jinja templates, sandboxed and strict: an unknown name is an error with its line, loops run over data
only, and values are data, never rendered as templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import jinja2.sandbox
from jinja2 import nodes
from pydantic import BaseModel

from generator import template_rules
from generator.errors import InputError

MAX_LOOPS = 2
"""How deep loops may be nested, includes counted; they run over lists of data, so two is plenty."""

FILTERS = ("capitalize", "first", "join", "last", "length", "lower", "trim", "upper")
"""What a template may apply to a value."""


class Templates:
    """Templates that may include one another."""

    def __init__(
        self,
        files: Mapping[str, str],
        places: Mapping[str, str],
        variables: Sequence[str],
        data: Sequence[type[BaseModel]],
    ) -> None:
        """`files`: name to text. `places`: where each came from, for messages. `variables`: the names that they may
        use; `data`: the records whose fields these may have."""
        self._files, self._places = files, places
        self._variables, self._data = variables, data
        self._environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            loader=jinja2.FunctionLoader(self._source),
            undefined=jinja2.StrictUndefined,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._environment.globals.clear()

    def render(
        self, name: str, values: Mapping[str, Any], unknown: Callable[[jinja2.UndefinedError], str] = str
    ) -> str:
        """The template with these values, which are plain data, so that it can call nothing. `unknown` puts into words
        what has no value. Raises InputError with file and line."""
        try:
            text = self._environment.get_template(name).render(values)
        except jinja2.UndefinedError as exc:
            raise InputError(f"{self._failed_at(name, exc)}: {unknown(exc)}") from exc
        except Exception as exc:  # a template is foreign code: whatever it raises is the template's mistake
            raise InputError(f"{self._failed_at(name, exc)}: {exc}") from exc
        lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
        return re.sub(r"\n{3,}", "\n\n", lines)

    def problems(self) -> Iterator[str]:
        """Everything that is wrong with them, each with its place."""
        trees: dict[str, nodes.Template] = {}
        for name, text in self._files.items():
            try:
                trees[name] = self._environment.parse(text)
            except jinja2.TemplateSyntaxError as exc:
                yield f"{self.place(name)}:{exc.lineno}: {exc.message}"
        for name, tree in trees.items():
            for line, problem in template_rules.problems(tree, self._variables, FILTERS, self._data):
                yield f"{self.place(name)}:{line}: {problem}"
        for name, line, problem in template_rules.nesting(trees, MAX_LOOPS) if len(trees) == len(self._files) else ():
            yield f"{self.place(name)}:{line}: {problem}"

    @cached_property
    def trees(self) -> dict[str, nodes.Template]:
        """Each template parsed; only where nothing is wrong with any."""
        return {name: self._environment.parse(text) for name, text in self._files.items()}

    def place(self, name: str) -> str:
        """Where a template came from."""
        return self._places.get(name, name)

    def _failed_at(self, template: str, exc: BaseException) -> str:
        line, name = 0, self.place(template)
        places = {self.place(file) for file in self._files}
        trace = exc.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in places:
                line, name = trace.tb_lineno, trace.tb_frame.f_code.co_filename
            trace = trace.tb_next
        return f"{name}:{line}" if line else name

    def _source(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (self._files[name], self.place(name), lambda: True) if name in self._files else None


def read_templates(*folders: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The templates of all folders, name to text, and where each came from; of one name the last folder's counts.
    Raises InputError for a file that cannot be read."""
    files: dict[str, str] = {}
    places: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.j2")):
            files[path.name], places[path.name] = _text(path), str(path)
    return files, places


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: is not UTF-8; save the file as UTF-8") from exc
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc
