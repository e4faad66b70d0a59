"""What goes over the wire: the request's shape, and every answer's, as the OpenAI API has them.

Requests may hold fields that are not known here; they are ignored. It decides nothing about the text.
"""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.schema.session import REHEARSAL


class Refused(Exception):
    """A request that cannot be answered; becomes OpenAI's error envelope."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        """`param`: the field at fault, None if it is not one field. `code`: stable word, None if there is none."""
        self.status, self.message, self.param, self.code = status, message, param, code
        super().__init__(message)

    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def _flat(content: Any) -> Any:
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return "" if content is None else content


def _listed(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else stop or []


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Message(_Shape):
    """One message of the request."""

    role: str
    content: Annotated[str, BeforeValidator(_flat)] = ""
    """Text; of a list of parts, the text parts joined."""


class Known(_Shape):
    """The field `couplesim`: what a session of ours knows, so that nothing has to be read out of messages."""

    perspective: Perspective
    spoken: list[tuple[Label, str]] = []
    """The turns so far, each a label and a text."""

    @field_validator("perspective")
    @classmethod
    def _somebody_we_can_speak_for(cls, perspective: Perspective) -> Perspective:
        if perspective.label == "AI_Facilitator":
            raise ValueError("the rehearsal speaker speaks for Therapist, Patient A and Patient B")
        return perspective


class StreamOptions(_Shape):
    """How to stream."""

    include_usage: bool = False


Tokens = Annotated[int, Field(ge=1, strict=True)]


class Body(_Shape):
    """A chat completion request."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: Annotated[list[str], BeforeValidator(_listed)] = []
    """Strings before which the text ends; empty ones count for nothing."""
    seed: Annotated[int, Field(strict=True)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    couplesim: Known | None = None

    @property
    def limit(self) -> int | None:
        """Tokens the reply may take; None for no limit."""
        given = (self.max_tokens, self.max_completion_tokens)
        return min((limit for limit in given if limit is not None), default=None)


def read(body: bytes) -> Body:
    """The request in `body`. Raises Refused, naming the field at fault."""
    try:
        request = Body.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        raise Refused(400, f"{param or 'the request body'}: {first['msg']}", param) from exc
    if request.model != REHEARSAL:
        message = f"The model {request.model!r} does not exist here; this server has {REHEARSAL!r}, a scripted speaker"
        raise Refused(404, message, "model", "model_not_found")
    return request


class Answer(_Shape):
    """What was composed, before it is put into one body or many chunks."""

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int
    fingerprint: str
    """Changes when the phrase banks do."""

    def usage(self) -> dict[str, int]:
        """Tokens, as the API counts them."""
        total = self.prompt_tokens + self.completion_tokens
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens, "total_tokens": total}

    def completion(self) -> dict[str, Any]:
        """The answer in one body."""
        message = {"role": "assistant", "content": self.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return self._head("chat.completion") | {"choices": [choice], "usage": self.usage()}

    def chunks(self, pieces: list[str], include_usage: bool) -> list[dict[str, Any]]:
        """The answer as the chunks of a stream, its text in these pieces."""
        head = self._head("chat.completion.chunk") | ({"usage": None} if include_usage else {})
        deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
        deltas += [({"content": piece}, None) for piece in pieces]
        deltas.append(({}, self.finish_reason))
        common = {"index": 0, "logprobs": None}
        chunks = [head | {"choices": [common | {"delta": delta, "finish_reason": end}]} for delta, end in deltas]
        return [*chunks, head | {"choices": [], "usage": self.usage()}] if include_usage else chunks

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": REHEARSAL,
            "system_fingerprint": self.fingerprint,
        }


def models() -> dict[str, Any]:
    """The list of models: the rehearsal speaker alone, which is none."""
    return {"object": "list", "data": [{"id": REHEARSAL, "object": "model", "created": 0, "owned_by": "couplesim"}]}
