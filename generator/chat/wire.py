"""The HTTP client beneath the SDK: requests of one shape to one address, sent as they are through aiohttp.

The SDK asks for an httpx2 client; this one leaves out what a chat over JSON has no use for (cookies, redirects,
streamed bodies), stops reading a body at a limit, and costs a third of the processor time.
"""

from __future__ import annotations

import urllib.request
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import yarl

from generator.errors import AttemptFailed

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""Decompressed; a longer reply is not read to its end."""
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 60.0
_CHUNK_BYTES = 64 * 1024


class Wire(httpx2.AsyncClient):
    """Sends every request to one URL. How many at a time, and for how long, is the caller's business."""

    def __init__(self, url: str) -> None:
        super().__init__(transport=httpx2.MockTransport(_unused), trust_env=False)
        self.url = url
        """Where everything goes, whatever the SDK asks for."""
        parts = urlsplit(url)
        self._address, self._target = yarl.URL(url), httpx2.URL(url)
        self._proxy = None
        if not urllib.request.proxy_bypass(parts.hostname or ""):
            self._proxy = urllib.request.getproxies().get(parts.scheme)
        self._session: aiohttp.ClientSession | None = None

    def build_request(
        self, method: str, url: Any, *, content: Any = None, headers: Any = None, **_: Any
    ) -> httpx2.Request:
        """The request, with nothing added to it."""
        return httpx2.Request(
            method, self._target, headers=headers, stream=httpx2.ByteStream(b""), extensions={"parts": content}
        )

    async def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
        """The whole response. Raises aiohttp's errors, and AttemptFailed for a body that cannot be taken in."""
        if self._session is None:
            self._session = self._connect()
        async with self._session.post(
            self._address,
            data=_Joined(request.extensions["parts"]),
            headers=request.headers.multi_items(),
            proxy=self._proxy,
            allow_redirects=False,
        ) as response:
            content = await _body(response)
            headers = [(name, value) for name, value in response.raw_headers if name.lower() != b"content-encoding"]
            return httpx2.Response(response.status, headers=headers, content=content, request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
        await super().aclose()

    def _connect(self) -> aiohttp.ClientSession:
        secure = self.url.startswith("https:")
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=httpx2.create_ssl_context() if secure else True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )


class _Joined(aiohttp.Payload):
    """A body in parts. It is joined when it is written and not kept: while a reply is waited for, it takes no room."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        super().__init__(parts, content_type="application/json")
        self._size = sum(map(len, parts))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The whole body as text."""
        return b"".join(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it."""
        await writer.write(b"".join(self._value))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    packed = response.headers.get("Content-Encoding", "identity").casefold() in {"gzip", "deflate"}
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
    parts, size = [], 0
    while chunk := await response.content.read(_CHUNK_BYTES):
        try:
            part = decoder.decompress(chunk, MAX_REPLY_BYTES + 1) if decoder else chunk
        except zlib.error as exc:
            raise AttemptFailed("bad_reply", "the reply cannot be unpacked", 4, billed="unknown") from exc
        parts.append(part)
        size += len(part)
        if size > MAX_REPLY_BYTES:
            message = "the reply is larger than 8 MB; the rest was not read"
            raise AttemptFailed("reply_too_large", message, 2, billed="unknown")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unused(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError("everything is sent by `send`")
