"""The HTTP side of the rehearsal speaker: chat completions, the list of models, a page that says what it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from generator.serve import wire
from generator.serve.answer import answer

HEADERS = {"x-couplesim": "rehearsal; scripted text, no language model"}
MAX_BODY_BYTES = 4 * 1024 * 1024
WORDS_A_CHUNK = 3
ABOUT = """\
couplesim: the rehearsal speaker.

This is scripted text out of phrase banks and personas. It is not a language model.

POST /v1/chat/completions   model: rehearsal
GET  /v1/models
"""


def build_app(latency_seconds: float = 0.0) -> Starlette:
    """The ASGI application. `latency_seconds`: how long it waits before each reply, for benchmarks."""

    async def complete(request: Request) -> Response:
        body = wire.read(await _body_of(request))
        reply = answer(body)
        await asyncio.sleep(latency_seconds)
        if not body.stream:
            return _json(reply.completion())
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        return EventSourceResponse(_events(reply.chunks(_pieces(reply.text), include_usage)), headers=HEADERS, sep="\n")

    async def models(request: Request) -> Response:
        return _json(wire.models())

    async def about(request: Request) -> Response:
        return PlainTextResponse(ABOUT, headers=HEADERS)

    return Starlette(
        routes=[
            Route("/v1/chat/completions", complete, methods=["POST"]),
            Route("/v1/models", models),
            Route("/", about),
        ],
        exception_handlers={wire.Refused: _refused, HTTPException: _no_such_route, Exception: _broken},
    )


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            message = f"the request body is larger than {MAX_BODY_BYTES} bytes"
            raise wire.Refused(413, message, code="request_too_large")
    return bytes(body)


async def _events(chunks: list[dict[str, Any]]) -> AsyncIterator[dict[str, str]]:
    for chunk in chunks:
        yield {"data": json.dumps(chunk)}
    yield {"data": "[DONE]"}


def _pieces(text: str) -> list[str]:
    words = re.findall(r"\s*\S+|\s+", text)
    return ["".join(words[start : start + WORDS_A_CHUNK]) for start in range(0, len(words), WORDS_A_CHUNK)]


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, headers=HEADERS)


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, wire.Refused)
    return _json(exc.envelope(), exc.status)


async def _no_such_route(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    message = f"{request.method} {request.url.path}: there are POST /v1/chat/completions and GET /v1/models"
    return _json(wire.Refused(exc.status_code, message).envelope(), exc.status_code)


async def _broken(request: Request, exc: Exception) -> Response:
    return _json(wire.Refused(500, f"this server has made a mistake: {type(exc).__name__}").envelope(), 500)
