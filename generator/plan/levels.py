"""What a plan may vary: each factor's levels, as they are written. What they come to is found out elsewhere.

A factor is called like the key of the plan or the option of the command line whose value it varies. A level
is one value; where it is a mapping it carries the name under which it stands in tables and ledgers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictInt,
    model_serializer,
)

from generator.schema.persona import Couple, Partner, Therapist
from generator.schema.record import Line, Record
from generator.schema.session import Budget, CutPolicy, Model

ALL = "all"
"""In a list of couples, therapists, topics or structures: every one there is."""

OWN = "own"
"""In a list of topics: those written for the couple in question."""


class _Partial(Record):
    """Something of which only what is written counts."""

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}

    def given(self) -> dict[str, Any]:
        """What is written, without the level's name."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "name"}


class RolePrompts(_Partial):
    """Prompt sets by role, each by its name or the path of its folder."""

    therapist: Line | None = None
    partners: Line | None = None
    """Both partners; `a` and `b` come before it."""
    a: Line | None = None
    """Patient A."""
    b: Line | None = None
    """Patient B."""

    def of(self, role: str) -> str | None:
        """The set written for the therapist, `a` or `b`; None if there is none."""
        written: str | None = getattr(self, role)
        return written if written is not None or role == "therapist" else self.partners

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        written = {name: value for name, value in handler(self).items() if name in self.model_fields_set}
        alike = set(written) == {"therapist", "partners"} and self.therapist == self.partners
        return self.therapist if alike else written


class PromptsLevel(RolePrompts):
    """Prompt sets by role; a role left out has the plan's."""

    name: Line

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        written = {name: value for name, value in handler(self).items() if name in self.model_fields_set}
        alike = set(written) == {"name", "therapist", "partners"} and self.name == self.therapist == self.partners
        return self.name if alike else written


class ModelChange(_Partial, Model):
    """What is different about a role's model; what is left out is the plan's."""


class ModelLevel(_Partial, Model):
    """A model, named by its own name; what is left out is the plan's."""

    name: Line
    """As the endpoint knows it; also the level's name."""


class CastLevel(_Partial):
    """Models by role; what is left out is the plan's."""

    name: Line
    all: ModelChange | None = None
    """Every role; the others come before it."""
    therapist: ModelChange | None = None
    partners: ModelChange | None = None
    """Both partners; `a` and `b` come before it."""
    a: ModelChange | None = None
    b: ModelChange | None = None


class BudgetLevel(_Partial, Budget):
    """Tokens a turn and a session may take; what is left out is the plan's."""

    name: Line


def _keys_of(record: type[Record]) -> Callable[[dict[str, Any]], None]:
    """Tells editors the keys of `record` and what may stand under the simple ones."""

    def tell(schema: dict[str, Any]) -> None:
        properties = record.model_json_schema()["properties"]
        schema["additionalProperties"] = False
        schema["properties"] = {
            name: {} if "$ref" in json.dumps(each) else each for name, each in properties.items() if name != "id"
        }

    return tell


class Overlay(_Partial):
    """What is different about the people: laid over their files, key by key. A list replaces the whole list."""

    name: Line
    partners: dict[str, Any] = Field(default={}, json_schema_extra=_keys_of(Partner))
    """Keys of a partner, laid over both; `a` and `b` come before it."""
    a: dict[str, Any] = Field(default={}, json_schema_extra=_keys_of(Partner))
    """Keys of a partner, laid over Patient A."""
    b: dict[str, Any] = Field(default={}, json_schema_extra=_keys_of(Partner))
    """Keys of a partner, laid over Patient B."""
    couple: dict[str, Any] = Field(default={}, json_schema_extra=_keys_of(Couple))
    """Other keys of a couple: shared, pattern, intake, topics, sensitive."""
    therapist: dict[str, Any] = Field(default={}, json_schema_extra=_keys_of(Therapist))
    """Keys of a therapist."""


def _named(*fields: str) -> Callable[[Any], Any]:
    """Makes a mapping of a level that is a word alone: the word is its name and the value of these fields."""
    return lambda value: dict.fromkeys(("name", *fields), value) if isinstance(value, str) else value


def _prompts(value: Any) -> Any:
    return {"therapist": value, "partners": value} if isinstance(value, str) else value


def _word(value: Any) -> Any:
    return name_of(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Prompts = Annotated[RolePrompts, BeforeValidator(_prompts, json_schema_input_type=Line | RolePrompts)]
"""A prompt set for all, or one for each role."""

OnePrompts = Annotated[
    PromptsLevel, BeforeValidator(_named("therapist", "partners"), json_schema_input_type=Line | PromptsLevel)
]
OneModel = Annotated[ModelLevel, BeforeValidator(_named(), json_schema_input_type=Line | ModelLevel)]
First = Literal["A", "B", "random"]
Turns = Annotated[StrictInt, Field(ge=1, le=400)]
Temperature = Annotated[float, Field(ge=0, le=2)]
TurnTokens = Annotated[StrictInt, Field(ge=8, le=8192)]
Layout = Literal["chat", "script"]
Labels = Literal["strip", "keep"]
Swap = Literal["first", "labels", "names"]

_List = BeforeValidator(_listed)
Words = Annotated[list[Line], _List, Field(min_length=1)]


class Factors(_Partial):
    """What is varied, each as a list of levels; every combination is a cell."""

    couple: Words | None = None
    """Ids or files of couples; `all`: every one there is."""
    therapist: Words | None = None
    """Ids or files of therapists; `all`: every one there is."""
    topic: Words | None = None
    """Ids or files of topics; `own`: those written for the couple in question; `all`: every one there is."""
    structure: Words | None = None
    """Names of structures; `all`: every one there is."""
    prompts: Annotated[list[OnePrompts], _List, Field(min_length=1)] | None = None
    """Prompt sets, each a name or a mapping `{name: ..., therapist: ..., partners: ...}`."""
    models: Annotated[list[CastLevel], _List, Field(min_length=1)] | None = None
    """Models by role, each a mapping `{name: ..., therapist: {...}, partners: {...}}`."""
    model: Annotated[list[OneModel], _List, Field(min_length=1)] | None = None
    """Models for all roles, each a name or a mapping of a model's keys."""
    therapist_model: Annotated[list[OneModel], _List, Field(min_length=1)] | None = None
    """Models for the therapist."""
    partner_model: Annotated[list[OneModel], _List, Field(min_length=1)] | None = None
    """Models for both partners."""
    temperature: Annotated[list[Temperature], _List, Field(min_length=1)] | None = None
    """Sampling temperatures of all roles."""
    therapist_temperature: Annotated[list[Temperature], _List, Field(min_length=1)] | None = None
    partner_temperature: Annotated[list[Temperature], _List, Field(min_length=1)] | None = None
    layout: Annotated[list[Layout], _List, Field(min_length=1)] | None = None
    """How a role's messages are laid out."""
    budget: Annotated[list[BudgetLevel], _List, Field(min_length=1)] | None = None
    """Budgets, each a mapping `{name: ..., turn_tokens: ..., cut: ...}`."""
    turn_tokens: Annotated[list[TurnTokens], _List, Field(min_length=1)] | None = None
    """Tokens a turn, for every role without a number of its own."""
    therapist_tokens: Annotated[list[TurnTokens], _List, Field(min_length=1)] | None = None
    partner_tokens: Annotated[list[TurnTokens], _List, Field(min_length=1)] | None = None
    cut: Annotated[list[CutPolicy], _List, Field(min_length=1)] | None = None
    """Who cuts at the budget, and where."""
    turns: Annotated[list[Turns], _List, Field(min_length=1)] | None = None
    """Turns a session."""
    overlays: dict[Line, Annotated[list[Overlay], _List, Field(min_length=1)]] = Field(default={})
    """What is different about the people; each key is a factor of its own, named as you like: `bid style`."""
    first: Annotated[list[First], _List, Field(min_length=1)] | None = None
    """The partner who speaks first."""
    labels: Annotated[list[Labels], _List, Field(min_length=1)] | None = None
    """Whether a speaker's own label at the start of a reply is stripped."""

    def own(self) -> dict[str, list[Any]]:
        """Each factor that is varied and its levels, without the overlays."""
        return {name: levels for name in FACTORS if (levels := getattr(self, name)) is not None}


FACTORS = tuple(name for name in Factors.model_fields if name != "overlays")
"""The factors that have a name of their own, in the order in which cells are counted through."""

WordsOf = Annotated[
    list[Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int | float)]],
    _List,
    Field(min_length=1),
]
"""Names of levels; a number may be written as one."""


class IncludedCell(_Partial):
    """One cell more. Keys: every factor of the plan, and others besides; overlays by their factor's name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    couple: Line | None = None
    therapist: Line | None = None
    topic: Line | None = None
    structure: Line | None = None
    prompts: OnePrompts | None = None
    models: Line | None = None
    """Name of one of the factor's levels."""
    model: OneModel | None = None
    therapist_model: OneModel | None = None
    partner_model: OneModel | None = None
    temperature: Temperature | None = None
    therapist_temperature: Temperature | None = None
    partner_temperature: Temperature | None = None
    layout: Layout | None = None
    budget: Line | None = None
    """Name of one of the factor's levels."""
    turn_tokens: TurnTokens | None = None
    therapist_tokens: TurnTokens | None = None
    partner_tokens: TurnTokens | None = None
    cut: CutPolicy | None = None
    turns: Turns | None = None
    first: First | None = None
    labels: Labels | None = None

    def factors(self) -> dict[str, Any]:
        """What it says of each factor."""
        return {**self.given(), **(self.__pydantic_extra__ or {})}


class Sample(_Partial):
    """A balanced choice out of the cells: as many sessions as stay within every cap given."""

    sessions: Annotated[StrictInt, Field(ge=1)] | None = None
    tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    """Expected prompt and reply tokens."""
    cost: Annotated[float, Field(gt=0)] | None = None
    """Expected cost, in the currency of the price file (US dollars)."""


def name_of(level: Any) -> str:
    """The name of a level as written."""
    if isinstance(level, Record):
        return str(level.name)  # type: ignore[attr-defined]
    return f"{level:g}" if isinstance(level, float) else str(level)
