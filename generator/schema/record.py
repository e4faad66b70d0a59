"""The common base of all records: frozen, closed to unknown keys, self-describing."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Record(BaseModel):
    """A frozen value. Unknown keys are refused; the string under a field explains it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with some fields changed; what was computed from the fields is not copied."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    @functools.cached_property
    def canonical(self) -> str:
        """The record as JSON, the same text for equal records; made once."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)

    @functools.cached_property
    def content_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON."""
        return hash_of(self.canonical)


def hash_of(text: str) -> str:
    """First 16 hex digits of the SHA-256 of `text` in UTF-8: how everything here is named by its content."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_controls(text: str) -> str:
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text):
        raise ValueError("holds a control character")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a character that cannot be printed")
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$")]
"""An id that is safe in a file name: 1 to 60 of a-z, 0-9 and inner hyphens."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=r"^[^\W\d_][^:]*$"),
    AfterValidator(_printable),
]
"""A person's name as printed: 1 to 40 printable characters, begins with a letter, no colon."""

Text = Annotated[
    str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True), AfterValidator(_without_controls)
]
"""Non-empty text of at most 4,000 characters."""

Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400, strip_whitespace=True, pattern=r"^[^\n\r]+$"),
    AfterValidator(_without_controls),
]
"""One line of at most 400 characters."""
