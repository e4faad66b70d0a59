"""Prompt sets: folders of Jinja templates, one for each role, named by content hash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import jinja2
from jinja2 import nodes
from pydantic import AfterValidator

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.label import ROLE_OF, Label
from generator.schema.perspective import Perspective
from generator.schema.record import Record, Slug, Text, hash_of
from generator.schema.session import PromptRef, Temperament
from generator.templates import Templates, read_templates

MAX_RENDERED = 4096
"""Prompts that a set remembers; sessions of the same people share them."""

PARTIALS = "_shared"
"""Folder beside the sets whose templates every set may include."""

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
        self._rendered: dict[tuple[str, str], str] = {}
        canonical = json.dumps([settings.model_dump(mode="json"), self.files], sort_keys=True, ensure_ascii=False)
        self.ref = PromptRef(name=settings.name, hash=hash_of(canonical))
        self._templates = Templates(self.files, places or {}, _variable_names(), [Perspective])
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
        return {node.attr for tree in self._templates.trees.values() for node in tree.find_all(nodes.Getattr)} | {
            node.name for tree in self._templates.trees.values() for node in tree.find_all(nodes.Name)
        }

    def literal_text(self) -> Iterator[tuple[str, int, str]]:
        """The templates' own words: place, line and text of each piece."""
        for name, tree in self._templates.trees.items():
            for node in tree.find_all(nodes.TemplateData):
                yield self._templates.place(name), node.lineno, node.data

    def _render(self, template: str, perspective: Perspective) -> str:
        known = (template, perspective.content_hash)
        if known not in self._rendered:
            if len(self._rendered) >= MAX_RENDERED:
                self._rendered.clear()
            self._rendered[known] = self._templates.render(
                template, _variables(perspective, self.settings), partial(_unknown_to, perspective.label)
            )
        return self._rendered[known]

    def _problems(self) -> Iterator[str]:
        for name in (*(f"{role}.j2" for role in ROLES), "opening.j2"):
            if name not in self.files:
                yield f"prompt set {self.settings.name}: {name} is missing; a prompt set has a template for each role"
        yield from self._templates.problems()


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
    shared = (root / "prompts" / PARTIALS for root in reversed(assets.roots))
    files, places = read_templates(*shared, folder.parent / PARTIALS, folder)
    return PromptSet(settings, files, places)


def _unknown_to(label: Label, exc: jinja2.UndefinedError) -> str:
    """A field that is not in the speaker's perspective, in plain words."""
    field = re.search(r"has no (?:attribute|element) '?(\w+)", str(exc))
    if field is None:
        return str(exc)
    return f"{label} does not know {field[1]!r} here: it is another person's private field, or not known to this role"


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
