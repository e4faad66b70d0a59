"""What one speaker may know. Prompts are rendered from this and nothing else."""

from __future__ import annotations

from generator.schema.label import Label
from generator.schema.persona import Partner, Shared, Therapist
from generator.schema.record import Record
from generator.schema.session import Temperament


class Person(Record):
    """Somebody as the others in the room know them."""

    label: Label
    name: str
    called: str
    pronouns: str
    age: int | None = None
    """Years; None for the therapist."""
    role: str
    """Occupation of a partner, credentials of the therapist."""


class Subject(Record):
    """The topic as one speaker knows it."""

    title: str
    about: str
    concern: str
    sensitive: bool = False
    """Whether it calls for care; no joking it away."""
    angles: tuple[str, ...]
    lines: tuple[str, ...] = ()
    """Things partners with this concern say; empty for the therapist."""
    first_steps: tuple[str, ...]
    goals: tuple[str, ...] = ()
    """Empty for partners."""
    objectives: tuple[str, ...] = ()
    """Empty for partners."""
    questions: tuple[str, ...] = ()
    """Empty for partners; names filled in."""


class Perspective(Record):
    """Everything one role may know before the first word is said."""

    label: Label
    structure: str
    topic: Subject
    therapist: Person
    a: Person
    b: Person
    persona: Partner | None = None
    """Own persona, for a partner; None for the therapist."""
    practice: Therapist | None = None
    """Own persona, for the therapist; None for a partner."""
    shared: Shared | None = None
    """What the partners share; None for the therapist."""
    pattern: str | None = None
    """The couple's cycle, for partners; None for the therapist, who has to find it."""
    pursues: bool | None = None
    """For a partner: whether they are the one who pursues."""
    intake: str | None = None
    """Intake notes, for the therapist; None for partners."""
    temperament: Temperament

    @property
    def me(self) -> Person:
        """The speaker as the others know them."""
        return {"Therapist": self.therapist, "Patient A": self.a, "Patient B": self.b}[self.label]

    @property
    def other(self) -> Person:
        """For a partner, the other partner."""
        return self.b if self.label == "Patient A" else self.a
