"""Prompt sets: folders of Jinja templates, one for each role, named by content hash.

Templates are sandboxed and strict: an unknown name is an error with its line, loops run over data only,
and values from personas are data, never rendered as templates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import jinja2
import jinja2.sandbox
from jinja2 import meta, nodes
from pydantic import Field

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.perspective import Perspective
from generator.schema.record import Record, Slug, Text
from generator.schema.session import ROLE_OF, PromptRef, Temperament

PARTIALS = "_shared"
"""Folder beside the sets whose templates every set may include."""

MAX_LOOPS = 2
"""How deep loops may be nested; they run over persona lists, so two is plenty."""

ROLES = ("therapist", "partner")


class SetFile(Record):
    """`set.yaml`: what a prompt set is and what it is after."""

    name: Slug
    """Identity; equals the folder's name."""
    tries: Text
    """What the set tries to bring about, in one or two sentences."""
    notes: Text
    """The author's notes: choices made, what to look for in the sessions."""
    temperament: Temperament
    """How people tend to behave in these sessions."""
    words: Annotated[dict[str, tuple[int, int]], Field(min_length=1)]
    """Rough length of a turn in words, from and to, by role (therapist, partner)."""


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """No arithmetic that can blow up a string."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise jinja2.exceptions.SecurityError(f"the operator {operator} is not allowed in prompts")


class PromptSet:
    """A prompt set, compiled. `files` maps names as templates see them to their texts."""

    def __init__(self, settings: SetFile, files: dict[str, str], folder: str) -> None:
        self.settings = settings
        self.files = dict(sorted(files.items()))
        self.folder = folder
        canonical = json.dumps([settings.model_dump(mode="json"), self.files], sort_keys=True, ensure_ascii=False)
        self.ref = PromptRef(name=settings.name, hash=hashlib.sha256(canonical.encode()).hexdigest()[:16])
        self._environment = _Sandbox(
            loader=jinja2.DictLoader(self.files),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        self._environment.globals.clear()
        problems = [*self._missing(), *self._problems()]
        if problems:
            raise InputError(*problems)

    def system(self, perspective: Perspective) -> str:
        """The system prompt for the speaker of `perspective`. Raises InputError with file and line."""
        return self._render(f"{ROLE_OF[perspective.label]}.j2", perspective)

    def opening(self, perspective: Perspective) -> str:
        """What the therapist is told before the first word."""
        return self._render("opening.j2", perspective)

    def fields_used(self) -> set[str]:
        """Names of all attributes that any template of the set reads."""
        return {node.attr for _, tree in self._trees() for node in tree.find_all(nodes.Getattr)} | {
            node.name for _, tree in self._trees() for node in tree.find_all(nodes.Name)
        }

    def literal_text(self) -> Iterator[tuple[str, int, str]]:
        """The templates' own words: file, line and text of each piece."""
        for name, tree in self._trees():
            for node in tree.find_all(nodes.TemplateData):
                yield name, node.lineno, node.data

    def _render(self, template: str, perspective: Perspective) -> str:
        variables = _variables(perspective, self.settings)
        try:
            text = self._environment.get_template(template).render(variables)
        except jinja2.TemplateError as exc:
            raise InputError(f"{self._where(template, exc)}: {exc}") from exc
        return "\n".join(line.rstrip() for line in text.strip().split("\n"))

    def _where(self, template: str, exc: BaseException) -> str:
        line, name = 0, template
        trace = exc.__traceback__
        while trace is not None:
            filename = trace.tb_frame.f_code.co_filename
            if filename == "<template>" or filename in self.files:
                line, name = trace.tb_lineno, trace.tb_frame.f_globals.get("name", name)
            trace = trace.tb_next
        return f"{self.folder}/{name}:{line}" if line else f"{self.folder}/{name}"

    def _trees(self) -> Iterator[tuple[str, nodes.Template]]:
        for name, text in self.files.items():
            yield name, self._environment.parse(text)

    def _missing(self) -> Iterator[str]:
        for name in (*(f"{role}.j2" for role in ROLES), "opening.j2"):
            if name not in self.files:
                yield f"{self.folder}: {name} is missing; a prompt set has a template for each role"

    def _problems(self) -> Iterator[str]:
        known = set(_variable_names())
        for name, text in self.files.items():
            try:
                tree = self._environment.parse(text)
            except jinja2.TemplateSyntaxError as exc:
                yield f"{self.folder}/{name}:{exc.lineno}: {exc.message}"
                continue
            unknown = meta.find_undeclared_variables(tree) - known
            for node in tree.find_all(nodes.Name):
                if node.name in unknown:
                    valid = ", ".join(sorted(known))
                    yield f"{self.folder}/{name}:{node.lineno}: unknown name {node.name!r}; there are {valid}"
                    unknown.discard(node.name)
            for line in _too_deep(tree, 0):
                yield f"{self.folder}/{name}:{line}: loops are nested more than {MAX_LOOPS} deep"


def load_prompt_set(name: str, assets: Assets | None = None) -> PromptSet:
    """The prompt set with this name, or in this folder. Raises InputError holding all problems found."""
    assets = assets or Assets()
    folder = assets.find("prompt set", name)
    settings = strict_yaml.load(folder / "set.yaml", SetFile)
    if settings.name != folder.resolve().name:
        raise InputError(f"{folder / 'set.yaml'}: name: must equal the folder's name, {folder.name!r}")
    files: dict[str, str] = {}
    for base in (*(root / "prompts" / PARTIALS for root in reversed(assets.roots)), folder.parent / PARTIALS, folder):
        for path in sorted(base.glob("*.j2")):
            files[path.name] = _text(path)
    return PromptSet(settings, files, str(folder))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: is not UTF-8; save the file as UTF-8") from exc
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc


def _variables(perspective: Perspective, settings: SetFile) -> dict[str, Any]:
    low, high = settings.words.get(ROLE_OF[perspective.label], (60, 150))
    fields = {name: getattr(perspective, name) for name in _perspective_names()}
    return {**fields, "me": perspective.me, "other": perspective.other, "words_from": low, "words_to": high}


def _variable_names() -> tuple[str, ...]:
    return (*_perspective_names(), "me", "other", "words_from", "words_to")


def _perspective_names() -> tuple[str, ...]:
    return tuple(name for name in Perspective.model_fields if name not in {"label", "temperament"})


def _too_deep(node: nodes.Node, depth: int) -> Iterator[int]:
    for child in node.iter_child_nodes():
        deeper = depth + isinstance(child, nodes.For)
        if deeper > MAX_LOOPS:
            yield child.lineno
        else:
            yield from _too_deep(child, deeper)
