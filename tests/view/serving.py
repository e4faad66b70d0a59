"""The viewer on a real port, in a thread of its own, and its pages as text."""

from __future__ import annotations

import html
import http.client
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from generator.prices import Prices
from generator.view.app import build_app
from generator.view.shelf import Shelf
from tests.serve.conftest import listening


@contextmanager
def viewer(path: Path) -> Iterator[str]:
    """The viewer over `path`; its address, without a slash at the end."""
    server, thread, url = listening(build_app(Shelf(path), Prices.load().cost))
    try:
        yield url.removesuffix("/v1")
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def cells(self) -> list[list[str]]:
        """The rows of the page's table, as texts."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.text.partition("<tbody>")[2], re.DOTALL)
        return [[_plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]

    def blocks(self) -> list[str]:
        """The preformatted texts of the page."""
        return [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", self.text, re.DOTALL)]

    def options(self, name: str) -> dict[str, int]:
        """What the page offers to choose by, and how many sessions have it."""
        select = re.search(rf'<select[^>]* name="{name}">(.*?)</select>', self.text, re.DOTALL)
        found = re.findall(r'<option value="([^"]+)"[^>]*>[^<]*\(([\d,]+)\)</option>', select[1] if select else "")
        return {html.unescape(value): int(count.replace(",", "")) for value, count in found}

    @property
    def numbers(self) -> list[int]:
        """The sessions in the page's table."""
        return [int(row[0]) for row in self.cells()]

    @property
    def words(self) -> str:
        """All text of the page."""
        return _plain(self.text)


def ask(base: str, address: str, method: str = "GET", **headers: str) -> Answer:
    """One request, exactly as it is given: addresses are not put in order. A header of None is left out."""
    parts = urlsplit(base)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
        connection.putrequest(method, address, skip_host="host" in headers)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _plain(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    return " ".join("".join(parser.parts).split())
