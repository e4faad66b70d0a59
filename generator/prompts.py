"""Prompt sets: folders of Jinja templates, one for each role, named by content hash.

Templates are sandboxed and strict: an unknown name is an error with its line, loops run over data only,
and values from personas are data, never rendered as templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import jinja2
import jinja2.sandbox
from jinja2 import nodes
from pydantic import AfterValidator

from generator import strict_yaml, template_rules
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.label import ROLE_OF, Label
from generator.schema.perspective import Perspective
from generator.schema.record import Record, Slug, Text, hash_of
from generator.schema.session import PromptRef, Temperament

MAX_RENDERED = 4096
"""Prompts that a set remembers; sessions of the same people share them."""

PARTIALS = "_shared"
"""Folder beside the sets whose templates every set may include."""

MAX_LOOPS = 2
"""How deep loops may be nested, includes counted; they run over persona lists, so two is plenty."""

FILTERS = ("capitalize", "first", "join", "last", "length", "lower", "trim", "upper")
"""What a template may apply to a value."""

ROLES = ("therapist", "partner")


def _from_comes_before_to(words: tuple[int, int]) -> tuple[int, int]:
    if not 0 < words[0] <= words[1]:
        raise ValueError(f"{list(words)} is no range; write the smaller number first")
    return words


Range = Annotated[tuple[int, int], AfterValidator(_from_comes_before_to)]


class Words(Record):
    """Rough length of a turn in words, from and to, by role."""

    therapist: Range
    partner: Range


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
    words: Words
    """Rough length of a turn in words."""


class PromptSet:
    """A prompt set, compiled. `files` maps names as templates see them to their texts."""

    def __init__(self, settings: SetFile, files: dict[str, str], places: dict[str, str] | None = None) -> None:
        """`places` says where each file came from, for messages; None: under its name."""
        self.settings = settings
        self.files = dict(sorted(files.items()))
        self._places = places or {}
        self._rendered: dict[tuple[str, str], str] = {}
        canonical = json.dumps([settings.model_dump(mode="json"), self.files], sort_keys=True, ensure_ascii=False)
        self.ref = PromptRef(name=settings.name, hash=hash_of(canonical))
        self._environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            loader=jinja2.FunctionLoader(self._source),
            undefined=jinja2.StrictUndefined,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._environment.globals.clear()
        problems = list(self._problems())
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
        return {node.attr for tree in self._trees().values() for node in tree.find_all(nodes.Getattr)} | {
            node.name for tree in self._trees().values() for node in tree.find_all(nodes.Name)
        }

    def literal_text(self) -> Iterator[tuple[str, int, str]]:
        """The templates' own words: place, line and text of each piece."""
        for name, tree in self._trees().items():
            for node in tree.find_all(nodes.TemplateData):
                yield self._place(name), node.lineno, node.data

    def _render(self, template: str, perspective: Perspective) -> str:
        known = (template, perspective.content_hash)
        if known not in self._rendered:
            if len(self._rendered) >= MAX_RENDERED:
                self._rendered.clear()
            self._rendered[known] = self._rendered_anew(template, perspective)
        return self._rendered[known]

    def _rendered_anew(self, template: str, perspective: Perspective) -> str:
        try:
            text = self._environment.get_template(template).render(_variables(perspective, self.settings))
        except jinja2.UndefinedError as exc:
            raise InputError(f"{self._failed_at(template, exc)}: {_unknown_to(perspective.label, exc)}") from exc
        except Exception as exc:  # a template is foreign code: whatever it raises is the template's mistake
            raise InputError(f"{self._failed_at(template, exc)}: {exc}") from exc
        lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
        return re.sub(r"\n{3,}", "\n\n", lines)

    def _failed_at(self, template: str, exc: BaseException) -> str:
        line, name = 0, self._place(template)
        places = {self._place(file) for file in self.files}
        trace = exc.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in places:
                line, name = trace.tb_lineno, trace.tb_frame.f_code.co_filename
            trace = trace.tb_next
        return f"{name}:{line}" if line else name

    def _source(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (self.files[name], self._place(name), lambda: True) if name in self.files else None

    def _place(self, name: str) -> str:
        return self._places.get(name, name)

    def _trees(self) -> dict[str, nodes.Template]:
        return {name: self._environment.parse(text) for name, text in self.files.items()}

    def _problems(self) -> Iterator[str]:
        for name in (*(f"{role}.j2" for role in ROLES), "opening.j2"):
            if name not in self.files:
                yield f"prompt set {self.settings.name}: {name} is missing; a prompt set has a template for each role"
        trees: dict[str, nodes.Template] = {}
        for name, text in self.files.items():
            try:
                trees[name] = self._environment.parse(text)
            except jinja2.TemplateSyntaxError as exc:
                yield f"{self._place(name)}:{exc.lineno}: {exc.message}"
        for name, tree in trees.items():
            for line, problem in template_rules.problems(tree, _variable_names(), FILTERS):
                yield f"{self._place(name)}:{line}: {problem}"
        for name, line, problem in template_rules.nesting(trees, MAX_LOOPS) if len(trees) == len(self.files) else ():
            yield f"{self._place(name)}:{line}: {problem}"


def load_prompt_set(name: str, assets: Assets | None = None) -> PromptSet:
    """The prompt set with this name, or in this folder. Raises InputError holding all problems found."""
    assets = assets or Assets()
    folder = assets.find("prompt set", name)
    document = strict_yaml.read(folder / "set.yaml")
    settings = strict_yaml.validate(document, SetFile, str(folder / "set.yaml"))
    if settings.name != (expected := folder.resolve().name):
        line, column = document.values[("name",)]
        raise InputError(
            f"{folder / 'set.yaml'}:{line}:{column}: name: must equal the folder's name, {expected!r} "
            f"(got {settings.name!r})"
        )
    files: dict[str, str] = {}
    places: dict[str, str] = {}
    for base in (*(root / "prompts" / PARTIALS for root in reversed(assets.roots)), folder.parent / PARTIALS, folder):
        for path in sorted(base.glob("*.j2")):
            files[path.name], places[path.name] = _text(path), str(path)
    return PromptSet(settings, files, places)


def _unknown_to(label: Label, exc: jinja2.UndefinedError) -> str:
    """A field that is not in the speaker's perspective, in plain words."""
    field = re.search(r"has no (?:attribute|element) '?(\w+)", str(exc))
    if field is None:
        return str(exc)
    return f"{label} does not know {field[1]!r} here: it is another person's private field, or not known to this role"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: is not UTF-8; save the file as UTF-8") from exc
    except OSError as exc:
        raise InputError(f"{path}: cannot be read ({exc.strerror})") from exc


def _variables(perspective: Perspective, settings: SetFile) -> dict[str, Any]:
    """Plain data: strings, numbers, lists and dicts, so that a template can call nothing."""
    low, high = getattr(settings.words, ROLE_OF[perspective.label])
    known = perspective.model_dump()
    extra = {"me": perspective.me.model_dump(), "other": perspective.other.model_dump()}
    return {name: known[name] for name in _perspective_names()} | extra | {"words_from": low, "words_to": high}


def _variable_names() -> tuple[str, ...]:
    return (*_perspective_names(), "me", "other", "words_from", "words_to")


def _perspective_names() -> tuple[str, ...]:
    return tuple(name for name in Perspective.model_fields if name not in {"label", "temperament"})
