"""Reads a chat completion's body. Trusts nothing: every odd shape becomes an AttemptFailed, never a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from generator import tokens
from generator.chat import faults
from generator.chat.protocol import Question
from generator.errors import AttemptFailed
from generator.schema.turn import Reply, Usage, without_surrogates


def read(
    body: bytes, status: int, headers: Mapping[str, str], host: str, request: Question, latency: float, first: bool
) -> Reply:
    """The reply in `body`. Raises AttemptFailed; `attempts` of the reply is left for the caller to set.

    `first`: the endpoint has answered no request before.
    """
    name = request.model.name
    data = _json(body, status, headers, host)
    if error := data.get("error"):
        raise faults.from_status(_inner_status(error), body, headers, host, request, first)
    choice = _first_choice(data, host, request)
    message = choice["message"]
    end = choice.get("finish_reason")
    text = _text(message.get("content"))
    usage = _usage(data.get("usage"), text, request)
    if message.get("refusal") or end == "content_filter":
        said = faults.safe(str(message.get("refusal") or end))
        raise AttemptFailed("refused", f"{name} refused: {said}", 2, billed="yes", usage=usage)
    if not text.strip():
        raise _nothing_said(name, end, usage, request)
    if not request.usable(text):
        raise AttemptFailed("empty", f"{name} sent no {request.wanted}", 3, billed="yes", usage=usage)
    return Reply(
        text=text,
        end=without_surrogates(end) if isinstance(end, str) and end else "unknown",
        usage=usage,
        model=without_surrogates(str(data.get("model") or name))[:200],
        fingerprint=without_surrogates(str(data["system_fingerprint"]))[:200]
        if data.get("system_fingerprint")
        else None,
        latency_seconds=latency,
        raw=body,
    )


def _json(body: bytes, status: int, headers: Mapping[str, str], host: str) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return data
    shown = faults.safe(body[:400].decode("utf-8", "replace")) or "an empty body"
    kind = faults.safe(headers.get("content-type", "no content type"))
    message = f"{host} sent {status} {kind}, not a chat completion: {shown}"
    raise AttemptFailed("bad_reply", message, 4, billed="unknown")


def _inner_status(error: Any) -> int:
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return int(code) if re.fullmatch("[345][0-9][0-9]", code) else 500


def _first_choice(data: dict[str, Any], host: str, request: Question) -> dict[str, Any]:
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
        return choice
    usage = _usage(data.get("usage"), "", request)
    raise AttemptFailed("bad_reply", f"{host} sent a completion without a message", 3, billed="yes", usage=usage)


def _text(content: Any) -> str:
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        content = "".join(text for text in texts if isinstance(text, str))
    return without_surrogates(content) if isinstance(content, str) else ""


def _nothing_said(name: str, end: Any, usage: Usage, request: Question) -> AttemptFailed:
    if end == "length" and usage.reasoning > 0:
        return AttemptFailed(
            "no_tokens_left",
            f"{name} spent all {request.max_tokens or usage.completion} tokens on hidden reasoning; "
            "set --reasoning-effort none or --reasoning-headroom N",
            tries=1,
            billed="yes",
            usage=usage,
        )
    return AttemptFailed("empty", f"{name} sent an empty reply", 3, billed="yes", usage=usage)


def _usage(given: Any, text: str, request: Question) -> Usage:
    given = given if isinstance(given, dict) else {}
    prompt, completion = given.get("prompt_tokens"), given.get("completion_tokens")
    details, prompt_details = given.get("completion_tokens_details"), given.get("prompt_tokens_details")
    reasoning = _count(details.get("reasoning_tokens")) if isinstance(details, dict) else 0
    cached = _count(prompt_details.get("cached_tokens")) if isinstance(prompt_details, dict) else 0
    invented = len(text.split()) > _count(completion)  # there is no word without a token of its own
    if _count(prompt) and _count(completion) and not invented:
        return Usage(
            prompt=_count(prompt),
            cached=min(cached, _count(prompt)),
            completion=_count(completion),
            reasoning=min(reasoning, _count(completion)),
        )
    counted = tokens.count(text, request.model.name)
    most = max(counted, request.max_tokens or 0)
    return Usage(
        prompt=request.prompt_tokens,
        cached=min(cached, request.prompt_tokens),
        completion=most,
        reasoning=min(reasoning, most),
        estimated=True,
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40 else 0
