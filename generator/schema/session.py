"""What determines a session: cast, structure, prompt set, models, budget, seed. Its hash is its identity."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StrictInt, field_validator, model_validator

from generator.schema.label import Label
from generator.schema.persona import Couple, Therapist, Topic
from generator.schema.record import Line, Record, Slug, hash_of

CutPolicy = Literal["server", "client", "sentence", "none"]

REHEARSAL = "rehearsal"
"""Name of the built-in scripted speaker. It is not a language model."""


class Model(Record):
    """A language model behind an endpoint."""

    name: Line = REHEARSAL
    """As the endpoint knows it: "gpt-4o". "rehearsal" is the built-in scripted speaker."""
    base_url: Line | None = None
    """Endpoint up to and including /v1. None: the OpenAI API, or the embedded speaker for "rehearsal"."""
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")] | None = None
    """Name of the environment variable that holds the key; the key itself stands in no file. None:
    OPENAI_API_KEY for the OpenAI API, and no key at all for any other endpoint."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Sampling temperature. None: the endpoint's default."""
    layout: Literal["chat", "script"] = "chat"
    """`chat`: own turns as assistant, the others' as named user text. `script`: one growing script."""
    token_parameter: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """Which request field carries the budget."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    """For models that think first. None: not sent."""
    reasoning_headroom: Annotated[StrictInt, Field(ge=0, le=100_000)] = 0
    """Tokens set apart for hidden reasoning, on top of the spoken budget."""
    context_tokens: Annotated[StrictInt, Field(ge=256)] | None = None
    """Size of the context window in tokens. None: unknown, the endpoint says when it is full."""

    @field_validator("base_url")
    @classmethod
    def _names_an_endpoint_and_no_secret(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a base URL looks like http://localhost:8000/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("a base URL holds no user, password or query; a key belongs in an environment variable")
        return url.rstrip("/")


class Cast(Record):
    """Which model speaks for whom."""

    therapist: Model = Model()
    a: Model = Model()
    """Patient A."""
    b: Model = Model()
    """Patient B."""
    facilitator: Model = Model()

    def of(self, label: Label) -> Model:
        """The model that speaks for `label`."""
        return {
            "Therapist": self.therapist,
            "Patient A": self.a,
            "Patient B": self.b,
            "AI_Facilitator": self.facilitator,
        }[label]

    @functools.cached_property
    def content(self) -> str:
        """Canonical JSON of what determines replies: without the names of the variables that hold keys and
        without roles that no structure has yet."""
        nameless = {"key_env"}
        unsaid: Any = {"therapist": nameless, "a": nameless, "b": nameless, "facilitator": True}
        return json.dumps(self.model_dump(mode="json", exclude=unsaid), sort_keys=True, ensure_ascii=False)


class Budget(Record):
    """Tokens a turn and a session may take."""

    turn_tokens: Annotated[StrictInt, Field(ge=8, le=8192)] = 150
    """Tokens a turn, for every role without a number of its own."""
    therapist_tokens: Annotated[StrictInt, Field(ge=8, le=8192)] | None = None
    partner_tokens: Annotated[StrictInt, Field(ge=8, le=8192)] | None = None
    facilitator_tokens: Annotated[StrictInt, Field(ge=8, le=8192)] | None = None
    cut: CutPolicy = "server"
    """`server`: the endpoint stops at the budget. `client`: twice as much is asked for and cut here with
    the model's tokenizer. `sentence`: as `server`, then back to the last whole sentence. `none`: no limit."""
    session_tokens: Annotated[StrictInt, Field(ge=100)] | None = None
    """Prompt and reply tokens of all requests of a session together; at a turn boundary the session ends
    when the next turn could pass it. None: no limit."""


class PromptRef(Record):
    """A prompt set by name and content."""

    name: Slug
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """First 16 hex digits of the SHA-256 over the set's files and the shared partials."""


class CastPrompts(Record):
    """Which prompt set each speaker's prompts come from."""

    therapist: PromptRef
    a: PromptRef
    """Patient A."""
    b: PromptRef
    """Patient B."""

    @classmethod
    def all_from(cls, ref: PromptRef) -> CastPrompts:
        """Every speaker's prompts from one set."""
        return cls(therapist=ref, a=ref, b=ref)

    def of(self, label: Label) -> PromptRef:
        """The set that `label`, one of the three principals, speaks from."""
        return {"Therapist": self.therapist, "Patient A": self.a, "Patient B": self.b}[label]

    @property
    def name(self) -> str:
        """For people: the set's name, or each speaker's where they differ."""
        names = (self.therapist.name, self.a.name, self.b.name)
        return names[0] if len({self.therapist, self.a, self.b}) == 1 else "/".join(names)


class Temperament(Record):
    """How people in a prompt set's sessions tend to behave; each from 0 to 1. The rehearsal speaker acts
    by it and prompt authors state with it what their set is after."""

    guarded: Annotated[float, Field(ge=0, le=1)] = 0.3
    """How much partners hold back or deflect."""
    agreeable: Annotated[float, Field(ge=0, le=1)] = 0.7
    """How soon and how readily partners agree."""
    even_handed: Annotated[float, Field(ge=0, le=1)] = 0.6
    """How evenly the therapist turns to both partners."""


class Prefix(Record):
    """The turns with which a session begins that was forked from another one."""

    session: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """Id of the session in which they were spoken."""
    turns: Annotated[int, Field(ge=1, lt=400)]
    """How many they are: its first ones."""
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """Of what was said in them, and by whom (`spoken_hash`)."""
    tokens: Annotated[int, Field(ge=0)]
    """Prompt and reply tokens that they took there. The session's own budget counts them, its run's does not."""


def spoken_hash(spoken: Iterable[tuple[Label, str]]) -> str:
    """First 16 hex digits of the SHA-256 over speakers and texts."""
    return hash_of(json.dumps([[label, text] for label, text in spoken], ensure_ascii=False))


class Spec(Record):
    """Everything that determines one session. Equal specs with equal replies give equal sessions."""

    couple: Couple
    therapist: Therapist
    topic: Topic
    structure: Line
    """Name of the structure, as in the transcript's `Structure:` line."""
    first: Literal["A", "B"]
    """The partner who speaks first."""
    turns: Annotated[int, Field(ge=1, le=400)]
    """How many turns the session has when nothing ends it earlier."""
    prompts: CastPrompts
    models: Cast = Cast()
    budget: Budget = Budget()
    labels: Literal["strip", "keep"] = "strip"
    """Whether a speaker's own label at the start of a reply is stripped or kept, as in the seed."""
    rng_seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Seeds every random choice of the session, and each request."""
    prefix: Prefix | None = None
    """What it begins with, taken over from another session. None: it was spoken from its first turn on."""

    @model_validator(mode="after")
    def _names_can_be_told_apart(self) -> Self:
        taken = {self.therapist.name.casefold(), self.therapist.called.casefold()}
        for partner in (self.couple.a, self.couple.b):
            if taken & {partner.name.casefold(), partner.called.casefold()}:
                raise ValueError(f"{partner.name!r} has the therapist's name; choose another therapist")
        return self

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Why the session may distress a reader: the couple's reason and the topic's; empty if neither has one."""
        return tuple(reason for reason in (self.couple.sensitive, self.topic.sensitive) if reason)

    @property
    def id(self) -> str:
        """Identity: the hash of the canonical JSON of all fields, for the models of what determines replies; a
        prefix is one of them where there is one."""
        names = _FIELDS if self.prefix is not None else _FIELDS_WITHOUT_PREFIX
        return hash_of("{" + ", ".join(f'"{name}": {_canonical(getattr(self, name))}' for name in names) + "}")


_FIELDS = tuple(sorted(Spec.model_fields))
_FIELDS_WITHOUT_PREFIX = tuple(name for name in _FIELDS if name != "prefix")


def _canonical(value: Any) -> str:
    if isinstance(value, Cast):
        return value.content
    return value.canonical if isinstance(value, Record) else json.dumps(value, ensure_ascii=False)
