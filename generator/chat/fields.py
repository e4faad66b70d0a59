"""What stands in a request beside its messages, and what a model has shown that it does not take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.chat import faults
from generator.chat.protocol import Question, Request
from generator.errors import AttemptFailed
from generator.schema.session import REHEARSAL

_OTHER_TOKEN_PARAMETER = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_OPTIONS = {"temperature": "--temperature", "reasoning_effort": "--reasoning-effort"}
"""What a user can leave out when a model rejects the parameter."""


class Fields:
    """Of one endpoint; it learns from what is rejected."""

    def __init__(self) -> None:
        self._rejected: dict[str, set[str]] = {}
        """Parameters that are not sent again, by model."""

    def of(self, request: Question) -> dict[str, Any]:
        """What to send, as far as the model has not rejected it."""
        model, rejected = request.model, self._rejected.get(request.model.name, set())
        fields: dict[str, Any] = {"model": model.name, "seed": request.seed}
        if request.max_tokens is not None:
            own = model.token_parameter
            fields[_OTHER_TOKEN_PARAMETER[own] if own in rejected else own] = request.max_tokens
        for name in _OPTIONS:
            if getattr(model, name) is not None:
                fields[name] = getattr(model, name)
        if request.schema is not None and (form := _form(request.schema, rejected)):
            fields["response_format"] = form
        if isinstance(request, Request) and model.name == REHEARSAL:
            fields["couplesim"] = {
                "perspective": request.perspective.model_dump(mode="json"),
                "spoken": [list(turn) for turn in request.spoken],
            }
        return {name: value for name, value in fields.items() if name != "seed" or name not in rejected}

    def rejected(self, status: int, body: bytes, model: str, sent: Mapping[str, Any]) -> AttemptFailed | None:
        """What to make of an error answer to `sent` that rejects one of its fields; None if it does not."""
        form = sent.get("response_format", {}).get("type")
        if form and faults.rejects_format(status, body):
            self._rejected.setdefault(model, set()).add(form)
            return AttemptFailed("parameter", f"{model} rejects {form}; it is left out", counts=False, wait_seconds=0)
        parameter = faults.rejected_parameter(body) if status in {400, 422} else None
        if parameter is None:
            return None
        rejected = self._rejected.setdefault(model, set())
        other = _OTHER_TOKEN_PARAMETER.get(parameter)
        if parameter in sent and (parameter == "seed" or (other and other not in rejected)):
            rejected.add(parameter)
            remedy = f"{other} is sent" if other else "it is left out"
            message = f"{model} rejects {parameter}; {remedy} from now on"
            return AttemptFailed("parameter", message, counts=False, wait_seconds=0)
        remedy = f"; remove {_OPTIONS[parameter]}" if parameter in _OPTIONS else ""
        return AttemptFailed("parameter", f"model {model} rejects {parameter}{remedy}", 1, refusal=True)


def _form(schema: Mapping[str, Any], rejected: set[str]) -> dict[str, Any] | None:
    """How to ask for a reply of this form: the best way that the model has not rejected."""
    if "json_schema" not in rejected:
        named = {"name": "answer", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    return None if "json_object" in rejected else {"type": "json_object"}
