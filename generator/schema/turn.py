"""What a session is made of once it has been spoken: replies, turns, transcripts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from generator.schema.label import Label
from generator.schema.record import Record

TrimKind = Literal["label", "speaker", "controls", "layout", "budget"]


class Usage(Record):
    """Tokens of one request and its reply."""

    prompt: Annotated[int, Field(ge=0)] = 0
    cached: Annotated[int, Field(ge=0)] = 0
    """Part of `prompt` that the endpoint had cached."""
    completion: Annotated[int, Field(ge=0)] = 0
    """Reply tokens, hidden reasoning included."""
    reasoning: Annotated[int, Field(ge=0)] = 0
    """Part of `completion` that was hidden reasoning."""
    estimated: bool = False
    """True if the endpoint gave no usable figures and these were counted here."""

    @property
    def total(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt + self.completion


def without_surrogates(text: str) -> str:
    """Lone surrogates can stand in no file; U+FFFD takes their place."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


class Reply(Record):
    """What a chat brought back for one request, as it came."""

    text: str
    """As it came, but for lone surrogates, which are U+FFFD here; cleaned in the session."""
    end: str
    """The endpoint's end reason: stop, length, ...; "unknown" if it gave none."""
    usage: Usage
    model: str
    """The model that the endpoint says has answered."""
    fingerprint: str | None = None
    """The endpoint's system fingerprint; None if it gave none."""
    latency_seconds: float = 0.0
    """From sending the successful attempt to its last byte."""
    attempts: int = 1
    """Requests sent for this turn, the successful one included; 0 if it was taken over from another session."""
    wasted_tokens: int = 0
    """Prompt and reply tokens of this turn's attempts that were billed and brought no words."""
    raw: bytes = b""
    """The reply's body as received; the text in UTF-8 where there was no HTTP."""

    @field_validator("text", mode="before")
    @classmethod
    def _can_be_stored(cls, text: Any) -> Any:
        return without_surrogates(text) if isinstance(text, str) else text


class Trim(Record):
    """Something taken away from a reply, and why."""

    kind: TrimKind
    """`label`: own label at the start. `speaker`: another speaker's lines. `controls`: characters that
    cannot stand in a file. `layout`: line breaks
    put in order; `removed` lists the kinds of break that became one empty line. `budget`: beyond the budget."""
    removed: str
    """The text that was taken away."""


class Turn(Record):
    """One speaker's contribution as it stands in history, ledger and transcript."""

    n: Annotated[int, Field(ge=1)]
    """Position in the session, from 1."""
    speaker: Label
    text: str
    """Clean text, never empty."""
    end: str
    """End reason: the endpoint's, or "length" if the budget was applied here."""
    cut: bool
    """A cut-off: the turn ended because its token budget ran out."""
    mid_sentence: bool
    """The text stops in mid-sentence."""
    tokens: Annotated[int, Field(ge=0)]
    """Tokens of `text`, counted here."""
    over_budget: bool = False
    """The endpoint gave more tokens than it was asked for; the text is kept."""
    trims: tuple[Trim, ...] = ()
    repeat: bool = False
    """The text equals an earlier turn's of this session."""
    reply: Reply
    """What it was made from, uncut and uncleaned."""

    def taken_over(self) -> Turn:
        """The same turn for a session that takes it over: nothing was asked and nothing spent there for it."""
        unasked = {"usage": Usage(), "attempts": 0, "wasted_tokens": 0, "latency_seconds": 0.0}
        return self.model_copy(update={"reply": self.reply.model_copy(update=unasked)})


class Transcript(Record):
    """A session as the seed format holds it: a title, a structure and labelled texts."""

    title: str
    structure: str
    turns: tuple[tuple[Label, str], ...]
