"""Personas: the people and the subject of a session, as written in `personas/*.yaml`.

These records say who somebody is; how a prompt tells a model so is the prompt set's business.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from generator.schema.label import LABELS
from generator.schema.record import Line, Name, Record, Slug, Text

School = Literal["nondirective", "emotionally-focused", "gottman", "cognitive-behavioural", "integrative"]
Attachment = Literal["secure", "anxious", "avoidant", "fearful"]
BidStyle = Literal["direct", "hinting", "humorous", "practical", "protesting", "withdrawing"]


def _refuse_label(name: str) -> None:
    if name.casefold() in {label.casefold() for label in LABELS}:
        raise ValueError(f"{name!r} is a transcript label; give this person another name")


class Therapist(Record):
    """A therapist persona (`personas/therapists/*.yaml`)."""

    id: Slug
    """Identity; equals the file name without `.yaml`."""
    name: Name
    """Full name with title, as introduced: "Dr. Anya Forger"."""
    called: Name
    """How the partners address the therapist: "Dr. Forger"."""
    pronouns: Line
    """As written: "she/her"."""
    credentials: Line
    """Follows "I'm NAME, ": "a licensed couples therapist with 15 years of experience"."""
    school: School
    """The tradition the work comes from; the rehearsal speaker picks its technique lines by it."""
    approach: Text
    """How this therapist works, in prose, third person."""
    techniques: Annotated[list[Line], Field(min_length=3, max_length=12)]
    """What they do, each a gerund phrase: "reflecting the feeling under a complaint"."""
    phrases: Annotated[list[Line], Field(min_length=4, max_length=16)]
    """Lead-ins they favour, each the opening words of a sentence: "I'm curious"."""
    avoids: Annotated[list[Line], Field(min_length=2, max_length=12)]
    """What they do not do, each a gerund phrase: "taking sides"."""

    @model_validator(mode="after")
    def _is_not_named_like_a_label(self) -> Self:
        _refuse_label(self.name)
        _refuse_label(self.called)
        return self


class Stressor(Record):
    """Something that weighs on one partner."""

    what: Line
    """A noun phrase in the partner's own words, no final full stop: "the second round of layoffs"."""
    since: Line
    """Since when, as an adverbial that can end a sentence: "since last spring"."""
    shows: Annotated[list[Line], Field(min_length=2, max_length=5)]
    """How it shows, each a short utterance of one to three sentences in the first person."""


class Hidden(Record):
    """What a partner holds back; never shown to the other partner or the therapist."""

    intention: Line
    """What they secretly mean to do or get, third person: "wants to take the post in Leeds"."""
    fear: Line
    """What they are afraid of, third person: "that he is only tolerated"."""
    leaks: Annotated[list[Line], Field(min_length=2, max_length=5)]
    """How it leaks out: oblique first-person utterances that hint and never tell."""


class Voice(Record):
    """Sample lines, each an utterance of one to three sentences addressed to the partner as "you"."""

    complaint: Annotated[list[Line], Field(min_length=4, max_length=10)]
    """Hurt or angry, about something concrete."""
    defence: Annotated[list[Line], Field(min_length=3, max_length=10)]
    """Explaining, justifying, counting what one did do."""
    soft: Annotated[list[Line], Field(min_length=4, max_length=10)]
    """Longing, fear, shame, tenderness under the complaint."""
    repair: Annotated[list[Line], Field(min_length=3, max_length=10)]
    """Owning a part, thanking, reaching out."""


class Partner(Record):
    """One partner of a couple."""

    name: Name
    """Full name: "Marcus Wright"."""
    called: Name
    """What the other partner and the therapist call them: "Marcus"."""
    age: Annotated[StrictInt, Field(ge=18, le=99)]
    """Years."""
    pronouns: Line
    """As written: "he/him"."""
    occupation: Line
    """Noun phrase with article: "a night-shift nurse at a county hospital"."""
    background: Text
    """Where they come from and what formed them; prose, third person."""
    traits: Annotated[list[Line], Field(min_length=3, max_length=8)]
    """Adjectives or short phrases."""
    attachment: Attachment
    """Attachment style under strain."""
    speaking_style: Text
    """How they talk: rhythm, pet words, what they do when pressed; third person."""
    bids: BidStyle
    """How they ask for closeness."""
    stressors: Annotated[list[Stressor], Field(min_length=2, max_length=4)]
    """What weighs on them; private until said."""
    grievance: Text
    """Their plausible case against the other, third person."""
    particulars: Annotated[list[Line], Field(min_length=6, max_length=12)]
    """Concrete things of their life as noun phrases that read well after "about" in the partner's own
    speech: "the Thursday call with Portland". Used to see whether a session is about this person."""
    hides: Hidden
    voice: Voice


class Pattern(Record):
    """The couple's cycle."""

    pursuer: Literal["A", "B"]
    """Who pursues; the other withdraws."""
    description: Text
    """The cycle in prose, third person, fair to both."""


class Shared(Record):
    """What both partners know and either may mention."""

    relationship: Line
    """"married for six years"."""
    met: Line
    """How they met, one sentence."""
    home: Line
    """Where and how they live, one sentence."""
    children: Line
    """Children or none, one sentence."""
    parents: StrictBool
    """True if there are children in their lives or one is on the way."""
    facts: Annotated[list[Line], Field(min_length=3, max_length=10)]
    """Dates and events both know, one sentence each, third person."""
    good_moments: Annotated[list[Line], Field(min_length=4, max_length=10)]
    """Noun phrases that read well after "I think about": "the winter we painted the kitchen yellow"."""


class Couple(Record):
    """Two partners and what they share (`personas/couples/*.yaml`). `a` is Patient A, `b` Patient B."""

    id: Slug
    """Identity; equals the file name without `.yaml`."""
    intake: Text
    """What both said on the intake form: all the therapist knows at the start. Third person."""
    shared: Shared
    pattern: Pattern
    topics: Annotated[list[Slug], Field(min_length=2, max_length=8)]
    """Topic ids that suit this couple; the first is the default."""
    sensitive: Line | None = None
    """Why this couple's material may distress a reader; None if nothing out of the ordinary."""
    a: Partner
    b: Partner

    @model_validator(mode="after")
    def _names_can_be_told_apart(self) -> Self:
        for mine in (self.a.called, self.a.name):
            if mine.casefold() in {self.b.called.casefold(), self.b.name.casefold()}:
                raise ValueError(f"both partners are called {mine!r}; give them different names")
        for name in (self.a.called, self.a.name, self.b.called, self.b.name):
            _refuse_label(name)
        return self


class Topic(Record):
    """What a session is about (`personas/topics/*.yaml`)."""

    id: Slug
    """Identity; equals the file name without `.yaml`."""
    title: Annotated[Line, Field(max_length=80)]
    """The transcript's SESSION line: "Work/Home Role Strain"."""
    about: Text
    """What couples with this concern bring, in prose."""
    concern: Line
    """A noun phrase that reads well after "you're here because of", lower case, no full stop."""
    goals: Annotated[list[Line], Field(min_length=2, max_length=6)]
    """Where therapy is heading; each begins with a verb."""
    objectives: Annotated[list[Line], Field(min_length=3, max_length=8)]
    """What this session can reach; each begins with a verb."""
    questions: Annotated[list[Line], Field(min_length=4, max_length=10)]
    """Questions a therapist might ask, addressed to both or to a {name}; each ends with "?"."""
    angles: Annotated[list[Line], Field(min_length=6, max_length=14)]
    """Concrete sides of the concern as noun phrases that read well after "talk about"."""
    lines: Annotated[list[Line], Field(min_length=8, max_length=16)]
    """Utterances either partner of any couple with this concern could say to the other, one to three
    sentences; no invented children, jobs or places."""
    first_steps: Annotated[list[Line], Field(min_length=6, max_length=12)]
    """Small, concrete things to try, as gerund phrases: "putting both phones in the drawer at nine"."""
    sensitive: Line | None = None
    """Why the topic is sensitive and what to watch for; None if it is not."""
    needs_children: StrictBool = False
    """True if the topic makes no sense for a couple without children."""
