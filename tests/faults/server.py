"""A chat-completions server on 127.0.0.1 that answers as scripted, wrongly where asked to.

Raw asyncio, because an HTTP library cannot reset, drip, hang or end a body early.

    async with Server([status(500), ok("Good morning.")]) as server:
        Endpoint(server.url, "key") ...
    assert server.count == 2
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

MB = 1024 * 1024


@dataclass(slots=True)
class Seen:
    """One request as it arrived, and how much of the answer went out."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    sent_bytes: int = 0

    @property
    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)
        return data


@dataclass(slots=True)
class Line:
    """The connection, as a behaviour uses it."""

    seen: Seen
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
        self.seen.sent_bytes += len(data)

    def reset(self) -> None:
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()


Behaviour = Callable[[Line], Awaitable[None]]
Script = Sequence[Behaviour] | Callable[[int, Seen], Behaviour]
"""A list, whose last behaviour repeats, or a function of the request's number (from 1) and the request."""


@dataclass
class Server:
    """Listens while entered. `requests` keeps every request in order of arrival."""

    script: Script
    requests: list[Seen] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.requests)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop listening and drop every connection; the address refuses from then on."""
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while not writer.is_closing():
                seen = await _request(reader)
                self.requests.append(seen)
                await self._behaviour(seen)(Line(seen, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    def _behaviour(self, seen: Seen) -> Behaviour:
        if callable(self.script):
            return self.script(self.count, seen)
        return self.script[min(self.count, len(self.script)) - 1]


async def _request(reader: asyncio.StreamReader) -> Seen:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(first.split(" ")[1], headers, body)


# What an endpoint may answer


def ok(text: Any = "Good morning.", finish: Any = "stop", **changes: Any) -> Behaviour:
    """A completion. `changes` replace its fields; `message` and `refusal` go into the choice."""
    message = changes.pop("message", {"role": "assistant", "content": text})
    if "refusal" in changes:
        message["refusal"] = changes.pop("refusal")
    choice = {"index": 0, "message": message, "finish_reason": finish}
    completion: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "served-model",
        "choices": [choice],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        **changes,
    }
    return body(completion)


def status(code: int, content: Any = b"", headers: Mapping[str, str] | None = None, kind: str = "") -> Behaviour:
    """Any status. `content`: JSON data, or bytes sent as they are; `kind` is the content type."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    given = {"Content-Type": kind or ("text/html" if isinstance(content, bytes) else "application/json")}
    given |= {} if code == 204 else {"Content-Length": str(len(raw))}
    return raw_answer(_head(code, given | dict(headers or {})) + raw)


def body(content: Any, kind: str = "application/json") -> Behaviour:
    """Status 200 with this body."""
    return status(200, content, kind=kind)


def error(code: int, message: str = "", /, headers: Mapping[str, str] | None = None, **fields: Any) -> Behaviour:
    """An OpenAI-style error."""
    return status(code, {"error": {"message": message, "type": None, "param": None, "code": None, **fields}}, headers)


def redirect(target: str, code: int = 307) -> Behaviour:
    return status(code, b"", {"Location": target})


def raw_answer(data: bytes, close: bool = False) -> Behaviour:
    """These bytes and nothing else."""

    async def behave(line: Line) -> None:
        await line.send(data)
        if close:
            line.close()

    return behave


def reset(after: bytes = b"") -> Behaviour:
    """The connection is reset: at once, or after these bytes."""

    async def behave(line: Line) -> None:
        if after:
            await line.send(after)
            await asyncio.sleep(0.02)  # else the reset overtakes the bytes
        line.reset()

    return behave


def reset_mid_body() -> Behaviour:
    return reset(_head(200, {"Content-Length": "1000"}) + b'{"choices"')


def early_close() -> Behaviour:
    """The connection ends in order, the body before its announced length."""
    return raw_answer(_head(200, {"Content-Length": "1000"}) + b'{"choices"', close=True)


def drip(interval_seconds: float) -> Behaviour:
    """One byte of body at a time, for ever."""

    async def behave(line: Line) -> None:
        await line.send(_head(200, {"Content-Length": "1000000"}))
        while True:
            await line.send(b" ")
            await asyncio.sleep(interval_seconds)

    return behave


def hang() -> Behaviour:
    """Never answers."""

    async def behave(line: Line) -> None:
        await asyncio.Event().wait()

    return behave


def endless(code: int = 200) -> Behaviour:
    """A chunked body without an end."""
    chunk = b" " * 64 * 1024

    async def behave(line: Line) -> None:
        await line.send(_head(code, {"Transfer-Encoding": "chunked"}))
        while True:
            await line.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    return behave


def gzip_bomb() -> Behaviour:
    """A body that unpacks to 16 MB of zeros for every 16 kB sent, without an end."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    head = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    megabyte = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)

    async def behave(line: Line) -> None:
        await line.send(_head(200, {"Content-Encoding": "gzip"}) + head)
        while True:
            await line.send(megabyte * 16)

    return behave


def _head(code: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
