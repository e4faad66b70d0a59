"""The common base of all records: frozen, closed to unknown keys, self-describing."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Record(BaseModel):
    """A frozen value. Unknown keys are refused; the string under a field explains it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$")]
"""An id that is safe in a file name: 1 to 60 of a-z, 0-9 and inner hyphens."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\W\d_][^:\x00-\x1f\x7f-\x9f]*$")]
"""A person's name as printed: 1 to 40 printable characters, begins with a letter, no colon."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
"""Non-empty text of at most 4,000 characters."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\n\r]+$")]
"""One line of at most 400 characters."""
