"""The addresses of pages, and what of them a request holds."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from starlette.requests import Request

PAGE = 50
"""Sessions, or cells, on a page."""

OWN = {"page", "beside", "with", "whole"}
"""What in a query does not choose sessions."""


def query_of(request: Request) -> dict[str, str]:
    """What a request chooses sessions by."""
    return {name: value for name, value in request.query_params.items() if value and name not in OWN}


def run_address(key: str, *parts: str | int, query: Mapping[str, str] | None = None, **more: str | int) -> str:
    """The address of a run's page, or of something in it; `query` chooses sessions, `more` is added to it."""
    address = "/".join(["/run", quote(key, safe=":"), *map(str, parts)])
    asked = {**(query or {}), **more}
    return f"{address}?{urlencode(asked)}" if asked else address


class Paging:
    """Which part of a list is shown."""

    def __init__(self, request: Request, count: int) -> None:
        self.count = count
        self.last = max(1, -(-count // PAGE))
        self.number = min(max(1, number_in(request.query_params.get("page", "")) or 1), self.last)
        self.start, self.end = (self.number - 1) * PAGE, min(self.number * PAGE, count)
        self._query = query_of(request)

    def address(self, number: int) -> str:
        """The address of another page of the same list."""
        return f"?{urlencode({**self._query, 'page': number})}"


def number_in(text: str) -> int | None:
    """A number of a session or a page; None if it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
