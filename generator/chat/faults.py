"""What an endpoint's refusals mean: status, body and headers into AttemptFailed. Pure; no HTTP library here."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from typing import Any

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
_QUOTA_WORDS = ("insufficient_quota", "billing_hard_limit", "exceeded your current quota", "insufficient credits")
_RETRYABLE = frozenset({408, 409, 500, 502, 503, 504, 520, 529})


def from_status(
    status: int, body: bytes, headers: Mapping[str, str], host: str, model: str, context: str = ""
) -> AttemptFailed:
    """The failure behind an HTTP status of 300 and more, or behind an error object in a 200's body.

    `headers` has lower-case names. `context` says how large the request was.
    """
    error = _error_object(body)
    words = f"{error.get('code')} {error.get('type')} {error.get('message')}".casefold()
    said = safe(str(error.get("message") or body.decode("utf-8", "replace")))
    if status in {401, 403}:
        return _refused("key_refused", f"API key refused by {host} ({status}). Nothing was charged")
    if status == 402 or (status == 429 and any(word in words for word in _QUOTA_WORDS)):
        return _refused("no_quota", f"the account at {host} has no quota left ({status}); add credit, then resume")
    if status == 404:
        return _refused("no_model", f"{host} has no model {model!r}, or the base URL needs /v1 at its end (404)")
    if 300 <= status < 400:
        target = safe(headers.get("location", "elsewhere").split("?")[0])
        return _refused("redirect", f"the base URL redirects to {target}; nothing was sent there. Set --base-url to it")
    if status == 413 or (status in {400, 422} and any(word in words for word in _CONTEXT_WORDS)):
        return AttemptFailed("context_full", f"the request {context} is too long for {model}: {said}", tries=1)
    if status == 429:
        return _rate_limited(headers, host)
    if status in _RETRYABLE:
        return AttemptFailed(
            "unavailable", f"{host} answered {status}: {said}", wait_seconds=retry_after(headers), billed="no"
        )
    return AttemptFailed("rejected", f"{host} rejected the request ({status}): {said}", tries=1)


def rejected_parameter(body: bytes) -> str | None:
    """The request field that a 400 objects to, if it objects to one."""
    error = _error_object(body)
    words = f"{error.get('code')} {error.get('message')}".casefold()
    if not any(word in words for word in ("unsupported", "unknown", "unrecognized", "not supported", "extra inputs")):
        return None
    parameter = error.get("param")
    if isinstance(parameter, str):
        return parameter.rsplit(".", 1)[-1]
    known = ("max_completion_tokens", "max_tokens", "temperature", "top_p", "seed", "reasoning_effort")
    return next((name for name in known if name in words), None)


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
            return seconds if math.isfinite(seconds) and seconds > 0 else None
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


def _rate_limited(headers: Mapping[str, str], host: str) -> AttemptFailed:
    wait = retry_after(headers)
    if wait is not None and wait > MAX_WAIT_SECONDS:
        until = time.strftime("%H:%MZ", time.gmtime(time.time() + wait))
        return _refused("rate_limited", f"{host}: rate limited until {until}; resume then")
    return AttemptFailed("rate_limited", f"{host} asks for a slower pace (429)", counts=False, wait_seconds=wait)


def _refused(kind: str, message: str) -> AttemptFailed:
    return AttemptFailed(kind, message, tries=1, refusal=True)


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = data.get("error", data) if isinstance(data, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _timestamp(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
