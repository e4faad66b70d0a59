"""Transcripts with known answers, by which a judge is tried: `prompts/judges/canaries/`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Self

from pydantic import field_validator, model_validator

from generator import personas, strict_yaml
from generator.assets import Assets
from generator.errors import InputError
from generator.format import parse
from generator.judge.material import Material, portraits_of
from generator.judge.measures import JUDGED, RULES
from generator.schema.record import Line, Record, Slug, Text

FILE = "answers.yaml"
FOLDER = "prompts/judges/canaries"


class Expected(Record):
    """Between which limits a measure has to be."""

    measure: Line
    at_least: float | None = None
    at_most: float | None = None

    @field_validator("measure")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in JUDGED:
            raise ValueError(f"there is no measure {name!r}; docs/judge.md lists them")
        return name

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def in_words(self) -> str:
        """The limits: "at least 0.4"."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)


class Canary(Record):
    """One transcript and what is known of it."""

    transcript: Line
    """Its file, beside this one."""
    tries: Text
    """What it was written to show."""
    couple: Slug | None = None
    """Whose personas its partners are meant to be. None: nobody's that are on record."""
    expect: tuple[Expected, ...]

    def about(self, rubrics: Collection[str]) -> Canary:
        """The same, with what these rubrics can find."""
        found = tuple(each for each in self.expect if RULES[each.measure].rubric in rubrics)
        return self.model_copy(update={"expect": found})


class CanaryFile(Record):
    """`answers.yaml`: the canaries."""

    canaries: tuple[Canary, ...]


def load_canaries(assets: Assets | None = None) -> list[tuple[Canary, Material]]:
    """The canaries, a user's own before the shipped ones. Raises InputError with the place of each mistake."""
    assets = assets or Assets()
    path = assets.top(f"{FOLDER}/{FILE}")
    return [(canary, _material(canary, path.parent, assets)) for canary in strict_yaml.load(path, CanaryFile).canaries]


def _material(canary: Canary, folder: Path, assets: Assets) -> Material:
    path = folder / canary.transcript
    try:
        transcript = parse(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError, InputError) as exc:
        raise InputError(f"{path}: cannot be read as a transcript ({exc})") from exc
    portraits = portraits_of(personas.load_couple(canary.couple, assets)) if canary.couple else ()
    return Material(canary.transcript, folder, transcript, portraits)
