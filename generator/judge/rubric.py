"""Rubrics: what a judge is asked, in which words. A folder each in `prompts/judges/`, named by content hash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from generator import strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.judge import answers, forms
from generator.judge.figures import Item
from generator.judge.forms import FORMS, Form
from generator.judge.material import Material, Scene
from generator.schema.record import Line, Record, Slug, Text, hash_of
from generator.templates import Templates, read_templates

JUDGES = "prompts/judges"
SHARED = "_shared"
"""Folder beside the rubrics, whose templates every rubric uses."""
SYSTEM, TRANSCRIPT, RUBRIC = "judge.j2", "transcript.j2", "rubric.j2"
"""The templates of a request: what the judge is; the session, which is the same for all rubrics and comes first, so
that an endpoint's cache serves them all; what is asked of it."""


class Wording(Record):
    """How one question is put."""

    asks: Line
    """What is to be judged."""
    anchors: tuple[Line, ...] = ()
    """What answers mean, one a line: "0: passes over it"."""


class RubricFile(Record):
    """`rubric.yaml`: what a rubric asks. What may be answered is fixed by the measures that are made of it."""

    name: Slug
    """Identity; equals the folder's name, one of those that are shipped."""
    asks: Text
    """What it is after, in one or two sentences; the judge is told so."""
    notes: Text
    """The author's notes: choices made, what is known of its weaknesses. The judge does not see them."""
    tokens: Annotated[int, Field(ge=64, le=32_000)]
    """Tokens an answer may take, hidden reasoning not counted."""
    coverage: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The least share of items that must be valid; with fewer the session does not count."""
    questions: dict[str, Wording]
    """By the question's key, which is fixed."""


class Choice(Record):
    """A question as templates see it."""

    key: str
    asks: str
    anchors: tuple[str, ...]


class Told(Record):
    """A rubric as templates see it."""

    name: str
    asks: str
    questions: tuple[Choice, ...]


class Rubric:
    """A rubric, compiled."""

    def __init__(self, settings: RubricFile, files: dict[str, str], places: dict[str, str]) -> None:
        """`files`: its templates and the shared ones. Raises InputError holding all problems found."""
        self.settings, self.files = settings, dict(sorted(files.items()))
        self._templates = Templates(self.files, places, ("session", "rubric"), [Scene, Told])
        problems = [
            f"rubric {settings.name}: {name} is missing" for name in (SYSTEM, TRANSCRIPT, RUBRIC) if name not in files
        ]
        problems += self._templates.problems()
        if problems:
            raise InputError(*problems)

    @property
    def name(self) -> str:
        """Which rubric it is."""
        return self.settings.name

    @property
    def form(self) -> Form:
        """What may be answered."""
        return FORMS[self.name]

    @property
    def content(self) -> str:
        """All that determines what is asked, as canonical JSON."""
        settings = self.settings.model_dump(mode="json", exclude={"notes", "tokens"})
        return json.dumps([forms.VERSION, settings, self.files], sort_keys=True, ensure_ascii=False)

    @property
    def hash(self) -> str:
        """Identity of what is asked; scores of other wordings are other scores."""
        return hash_of(self.content)

    def units(self, material: Material) -> tuple[str, ...]:
        """What is asked about; nothing where it needs personas and there are none."""
        if self.form.personas and not material.portraits:
            return ()
        return forms.units(self.form, material.therapist_turns)

    def messages(self, material: Material) -> list[dict[str, str]]:
        """The request's messages. Raises InputError with the template's place."""
        scene = material.scene if self.form.personas else material.scene.model_copy(update={"portraits": ()})
        questions = (
            Choice(key=key, asks=self.settings.questions[key].asks, anchors=self.settings.questions[key].anchors)
            for key in self.form.questions
        )
        told = Told(name=self.name, asks=self.settings.asks, questions=tuple(questions))
        values: dict[str, Any] = {"session": scene.model_dump(), "rubric": told.model_dump()}
        asked = (self._templates.render(name, values) for name in (TRANSCRIPT, RUBRIC))
        user = "\n\n".join([*asked, answers.in_words(self.form, self.units(material))])
        return [
            {"role": "system", "content": self._templates.render(SYSTEM, values)},
            {"role": "user", "content": user},
        ]

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the answer."""
        return answers.schema(self.form)

    def read(self, material: Material, text: str) -> tuple[Item, ...]:
        """The items of an answer."""
        return answers.read(self.form, self.units(material), material.transcript.turns, text)

    def missing(self, material: Material, why: str) -> tuple[Item, ...]:
        """The items where there is no answer."""
        return answers.missing(self.form, self.units(material), why)


def load_rubrics(names: Sequence[str] = (), assets: Assets | None = None) -> list[Rubric]:
    """The rubrics of these names (or in these folders), all where none is named. Raises InputError holding all problems
    found."""
    assets = assets or Assets()
    rubrics: list[Rubric] = []
    problems: list[str] = []
    for name in dict.fromkeys(names or FORMS):
        try:
            rubrics.append(_load(assets.find("rubric", name), assets))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return rubrics


def _load(folder: Path, assets: Assets) -> Rubric:
    path = folder / "rubric.yaml"
    document = strict_yaml.read(path)
    settings = strict_yaml.validate(document, RubricFile, str(path))
    line, column = document.values[("name",)]
    if settings.name != folder.resolve().name or settings.name not in FORMS:
        known = ", ".join(FORMS)
        raise InputError(
            f"{path}:{line}:{column}: name: must equal the folder's name, and be one of {known} (got {settings.name!r})"
        )
    wanted, given = FORMS[settings.name].questions.keys(), settings.questions.keys()
    if wanted != given:
        line, column = document.values[("questions",)]
        odd = [f"{key} is missing" for key in wanted if key not in given]
        odd += [f"{key} is not known" for key in given if key not in wanted]
        raise InputError(f"{path}:{line}:{column}: questions: {'; '.join(odd)}; there are {', '.join(wanted)}")
    shared = (root / JUDGES / SHARED for root in reversed(assets.roots))
    return Rubric(settings, *read_templates(*shared, folder.parent / SHARED, folder))
