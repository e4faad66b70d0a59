"""Servers in small: what known OpenAI-compatible servers do differently, as scripts for the fault server.

Each profile answers what its original was seen or is documented to answer (docs/servers.md). What is said is
gibberish out of the shipped example transcripts, as long as chance will have it, now and then nothing at all or
characters that no file can hold; token limits are kept by real counts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from generator import tokens
from tests.faults.server import Behaviour, Seen, body, error, ok, status

MODEL = "tiny"
EXEMPLARS = Path(__file__).resolve().parents[2] / "seeds" / "exemplars"

Answer = Callable[[dict[str, Any]], Behaviour | None]
"""A rule: the answer to a request it objects to; None if it has nothing against it."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A server's ways. Is a script for `Server`."""

    name: str
    limits: tuple[str, ...] = ("max_tokens", "max_completion_tokens")
    """Request fields that limit the reply, the one that wins first."""
    rules: tuple[Answer, ...] = ()
    finish: str | None = None
    """The one finish reason it ever gives; None if it tells the true one."""
    usage: dict[str, int] | None = None
    """The figures it always gives; None if it tells the true ones."""
    served: str | None = None
    """What it calls its model; None: as it was asked for."""
    models: Behaviour | None = None
    """The answer to a request for the list of models; None for a list of one."""

    def __call__(self, number: int, seen: Seen) -> Behaviour:
        if seen.path == "/v1/models":
            return self.models or body({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if seen.path != "/v1/chat/completions":
            return error(404, "Not Found")
        asked = seen.json
        refusals = (answer for rule in self.rules if (answer := rule(asked)))
        return next(refusals, None) or self._reply(asked, number)

    def _reply(self, asked: dict[str, Any], number: int) -> Behaviour:
        limit = next((asked[name] for name in self.limits if name in asked), None)
        text, length, cut = tokens.stopped(gibberish(random.Random(f"{asked.get('seed', number)}")), limit)
        prompt = prompt_tokens(asked)
        true = {"prompt_tokens": prompt, "completion_tokens": max(1, length), "total_tokens": prompt + max(1, length)}
        return ok(
            text,
            self.finish or ("length" if cut else "stop"),
            model=self.served or asked["model"],
            usage=self.usage or true,
        )


def gibberish(rng: random.Random) -> str:
    """Up to 300 words of nobody's; nothing in one of twenty, and some with characters that must not reach a file."""
    if rng.random() < 0.05:
        return rng.choice(["", " \n\n", "\x00"])
    said = rng.choices(_words(), k=rng.randint(1, 300))
    for odd in rng.sample(["\x00", "\x1b[2J", "\n", "\n\n", "\x85", "\u2028", "Therapist:", "=" * 70, "…", "🙂."], 3):
        said.insert(rng.randrange(len(said) + 1), odd)
    return " ".join(said)


@cache
def _words() -> list[str]:
    text = " ".join(path.read_text("utf-8") for path in sorted(EXEMPLARS.glob("*.txt")))
    return re.findall(r"[\w’'-]+[.,?!]?", text)


def prompt_tokens(asked: dict[str, Any]) -> int:
    return sum(tokens.count(message["content"]) + 4 for message in asked["messages"])


# Rules


def knows_only(*names: str, answer: Callable[[str], Behaviour]) -> Answer:
    """Refuses every other model."""
    return lambda asked: None if asked["model"] in names else answer(asked["model"])


def window(size: int, *, with_reply: bool) -> Answer:
    """Refuses what is longer than its context: the prompt alone, or the prompt with the reply it may take."""

    def rule(asked: dict[str, Any]) -> Behaviour | None:
        prompt = prompt_tokens(asked)
        reply = asked.get("max_completion_tokens", asked.get("max_tokens", 0)) if with_reply else 0
        if prompt + reply <= size:
            return None
        return error(
            400,
            f"This model's maximum context length is {size} tokens. However, you requested {prompt + reply} tokens "
            f"({prompt} in the messages, {reply} in the completion). Please reduce the length of the messages.",
            type="invalid_request_error",
            code="context_length_exceeded",
        )

    return rule


def takes_no(field: str, answer: Behaviour) -> Answer:
    return lambda asked: answer if field in asked else None


def no_role(role: str, answer: Behaviour) -> Answer:
    return lambda asked: answer if any(message["role"] == role for message in asked["messages"]) else None


def no_schema(asked: dict[str, Any]) -> Behaviour | None:
    wanted = asked.get("response_format") or {}
    said = "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text'\"}]"
    return error(500, said, type="internal_server_error") if wanted.get("type") == "json_schema" else None


def known_fields(asked: dict[str, Any]) -> Behaviour | None:
    unexpected = asked.keys() - {
        "model", "messages", "seed", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "n",
        "response_format", "reasoning_effort", "stream", "stream_options", "user", "metadata", "logprobs",
    }  # fmt: skip
    return status(422, {"detail": f"Unexpected fields in the request: {unexpected}"}) if unexpected else None


def _unsupported(field: str, code: str, message: str) -> Behaviour:
    return error(400, message, type="invalid_request_error", param=field, code=code)


# Profiles

LLAMA_CPP = Profile(
    "llama.cpp",
    limits=("max_tokens",),
    rules=(
        no_role("developer", error(500, "'developer' is not a valid role", type="internal_server_error")),
        no_schema,
        window(4096, with_reply=False),
    ),
)
"""The server of llama-cpp-python: takes any name for its model, knows `max_tokens` alone."""

TRANSFORMERS = Profile(
    "transformers serve",
    limits=("max_completion_tokens", "max_tokens"),
    rules=(
        known_fields,
        knows_only(
            MODEL,
            answer=lambda name: status(400, {"detail": f"Server is pinned to '{MODEL}'; requested '{name}'."}),
        ),
    ),
    served=f"{MODEL}@main",
    models=status(500, b"Internal Server Error", kind="text/plain; charset=utf-8"),
)
"""Refuses fields it does not know; no list of models while the hub is offline; never says that a prompt is too long."""

VLLM = Profile(
    "vLLM",
    limits=("max_completion_tokens", "max_tokens"),
    rules=(
        knows_only(
            MODEL,
            answer=lambda name: error(
                404, f"The model `{name}` does not exist.", type="NotFoundError", param="model", code=404
            ),
        ),
        window(4096, with_reply=True),
    ),
)

LITELLM = Profile(
    "LiteLLM",
    limits=(),
    rules=(
        knows_only(
            MODEL,
            answer=lambda name: error(
                400,
                f"/chat/completions: Invalid model name passed in model={name}. Call `/v1/models` to view available "
                "models for your key.",
                type="invalid_request_error",
                param="model",
                code="400",
            ),
        ),
    ),
    finish="stop",
    usage={"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
)
"""The proxy with a mock behind it: no limit is kept, every reply "stops", and the figures are invented."""

OPENAI = Profile(
    "OpenAI, reasoning model",
    limits=("max_completion_tokens",),
    rules=(
        knows_only(
            MODEL,
            answer=lambda name: error(
                404,
                f"The model `{name}` does not exist or you do not have access to it.",
                type="invalid_request_error",
                code="model_not_found",
            ),
        ),
        takes_no(
            "max_tokens",
            _unsupported(
                "max_tokens",
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
            ),
        ),
        takes_no(
            "temperature",
            _unsupported(
                "temperature",
                "unsupported_value",
                "Unsupported value: 'temperature' does not support this value with this model. "
                "Only the default (1) value is supported.",
            ),
        ),
        window(4096, with_reply=True),
    ),
    served=f"{MODEL}-2026-08-07",
)
