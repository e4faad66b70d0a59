"""What an endpoint's refusals mean: status, body and headers into AttemptFailed. Pure; no HTTP library here."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from generator.chat.protocol import Question
from generator.errors import AttemptFailed

MAX_WAIT_SECONDS = 600.0
"""A Retry-After beyond this stops the run instead of holding it."""

_CONTEXT_WORDS = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "context size",
    "prompt is too long",
    "too many tokens",
    "reduce the length",
)
_MODEL_WORDS = ("model_not_found", "invalid model name", "not a valid model", "server is pinned to")
"""How servers say with a 400 that they have no such model."""
_QUOTA_WORDS = ("insufficient_quota", "billing_hard_limit", "exceeded your current quota", "insufficient credits")
_FIELDS = ("max_tokens", "max_completion_tokens", "temperature", "seed", "reasoning_effort")
"""What a request may carry beside model and messages."""
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "response schema", "structured output", "guided_json")


def from_status(
    status: int, body: bytes, headers: Mapping[str, str], host: str, request: Question, first: bool
) -> AttemptFailed:
    """The failure behind an HTTP status of 300 and more, or behind an error object in a 200's body.

    `headers` has lower-case names; `first`: the endpoint has answered no request before.
    """
    error, model = _error_object(body), request.model.name
    words = f"{error.get('code')} {error.get('type')} {_message(error)}".casefold()
    said = safe(_message(error) or body.decode("utf-8", "replace"), 200)
    if status in {401, 403}:
        uncharged = ". Nothing was charged" if first else ""
        return _refused("key_refused", f"API key refused by {host} ({status}){uncharged}")
    if status == 402 or (status == 429 and any(word in words for word in _QUOTA_WORDS)):
        return _refused("no_quota", f"the account at {host} has no quota left ({status}); add credit, then resume")
    if status == 404:
        return _refused("no_model", f"{host} has no model {model!r}, or the base URL needs /v1 at its end (404)")
    if status == 400 and any(word in words for word in _MODEL_WORDS):
        return _refused("no_model", f"{host} has no model {model!r} (400): {said}")
    if 300 <= status < 400:
        target = safe(headers.get("location", "elsewhere").split("?")[0])
        return _refused("redirect", f"the base URL redirects to {target}; nothing was sent there. Set --base-url to it")
    if status == 413 or (status in {400, 422} and any(word in words for word in _CONTEXT_WORDS)):
        size = f"about {request.prompt_tokens} tokens and {request.max_tokens or 0} for the reply"
        return AttemptFailed("context_full", f"the request ({size}) is too long for {model}: {said}", tries=1)
    if status in {408, 409, 429} or status >= 500:
        return _later(status, said, retry_after(headers), host)
    return AttemptFailed("rejected", f"{host} rejected the request ({status}): {said}", tries=1)


def rejected_parameter(body: bytes) -> str | None:
    """The request field that a 400 objects to, if it objects to one."""
    error = _error_object(body)
    words = f"{error.get('code')} {_message(error)}".casefold()
    if not any(word in words for word in ("unsupported", "unknown", "unrecognized", "not supported", "extra inputs")):
        return None
    if isinstance(parameter := error.get("param"), str):
        return parameter if parameter in _FIELDS else None
    named = [name for name in _FIELDS if name in words]
    return min(named, key=words.index, default=None)


def rejects_format(status: int, body: bytes) -> bool:
    """Whether an error objects to the form that the reply was to have; some servers call that a fault of theirs."""
    error = _error_object(body)
    words = f"{error.get('param')} {_message(error)}".casefold()
    named = any(word in words for word in _FORMAT_WORDS)
    return status in {400, 422, 500, 501} and named


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that the endpoint asks us to wait, in any of its forms; None if it does not say or says nonsense.

    A date is measured against the reply's own `Date`, so a wrong local clock does no harm.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if name in headers:
            try:
                seconds = float(headers[name]) * unit
            except ValueError:
                continue
            if math.isfinite(seconds) and seconds > 0:
                return seconds
    until = _timestamp(headers.get("retry-after"))
    if until is None:
        return None
    since = _timestamp(headers.get("date"))
    seconds = until - (since if since is not None else time.time() if now is None else now)
    return seconds if seconds > 0 else None


def safe(text: str, length: int = 80) -> str:
    """The first characters of foreign text, fit for a terminal and one line."""
    plain = " ".join(text.split())
    return "".join(character for character in plain if character.isprintable())[:length]


def _later(status: int, said: str, wait: float | None, host: str) -> AttemptFailed:
    if wait is not None and wait > MAX_WAIT_SECONDS:
        day_seconds = 24 * 3600
        form = "%H:%MZ" if wait < day_seconds else "%Y-%m-%d %H:%MZ"
        until = time.strftime(form, time.gmtime(time.time() + min(wait, 3650 * day_seconds)))
        return _refused("rate_limited", f"{host}: rate limited until {until} ({status}); resume then")
    if status == 429:
        message = f"{host} asks for a slower pace (429)"
        return AttemptFailed("rate_limited", message, counts=False, wait_seconds=wait, congestion=True)
    message, congested = f"{host} answered {status}: {said}", status in {503, 529}
    return AttemptFailed("unavailable", message, wait_seconds=wait, congestion=congested)


def _refused(kind: str, message: str) -> AttemptFailed:
    return AttemptFailed(kind, message, tries=1, refusal=True)


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = data.get("error", data) if isinstance(data, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _message(error: dict[str, Any]) -> str:
    return str(error.get("message") or error.get("detail") or "")


def _timestamp(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
