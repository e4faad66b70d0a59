"""An OpenAI-compatible endpoint: the only place with `openai` and `tenacity`.

The SDK's own retries are off; there is one retry loop, one gate for what the endpoint asks us to wait,
and a total deadline around every attempt.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generator.chat import faults, replies
from generator.chat.protocol import Request
from generator.errors import AttemptFailed, ProviderRefused, SessionFailed
from generator.schema.session import REHEARSAL
from generator.schema.turn import Reply

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

DEFAULT_BASE_URL = "https://api.openai.com/v1"
MAX_REPLY_BYTES = 8 * 1024 * 1024
"""Decoded; a longer reply is not read to its end."""
MAX_TURN_SECONDS = 15 * 60.0
"""After this, a turn's retries end."""
DEADLINE_SECONDS = 30.0
SLOWEST_TOKENS_PER_SECOND = 5.0
"""The deadline of an attempt is DEADLINE_SECONDS and the time its tokens take at this pace."""
FIRST_CONTACT_TRIES = 3
"""How often an endpoint that has never answered is tried."""


class Endpoint:
    """A chat over HTTP. One object an endpoint and key; the model comes with each request."""

    def __init__(
        self,
        base_url: str | None,
        key: str,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sleep` and `now` (monotonic seconds) can be replaced, so that waits can be tried without waiting."""
        self.base_url = base_url or DEFAULT_BASE_URL
        self.host = urlsplit(self.base_url).netloc.rsplit("@", 1)[-1]
        self._key = key
        self._deadline_seconds = deadline_seconds
        self._sleep = sleep
        self._now = now
        self._client: AsyncOpenAI | None = None
        self._answered = False
        self._gate_opens = float("-inf")
        self._token_parameter: dict[str, str] = {}
        self._dropped: dict[str, set[str]] = {}

    async def speak(self, request: Request) -> Reply:
        """Ask until there is a usable reply. Raises SessionFailed or ProviderRefused when there is none."""
        from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

        started, failures = self._now(), [0]
        backoff = wait_random_exponential(multiplier=1, max=60)

        def wait(state: RetryCallState) -> float:
            failed = _failure(state)
            if failed.wait_seconds is not None:
                self._gate_opens = max(self._gate_opens, self._now() + failed.wait_seconds)
                return failed.wait_seconds + random.uniform(0, 0.25)
            return 0.5 if not self._answered else 1.0 + backoff(state)

        def give_up(state: RetryCallState) -> bool:
            failed = _failure(state)
            failures[0] += failed.counts
            return failures[0] >= failed.tries or self._now() - started > MAX_TURN_SECONDS

        attempts = 0
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(AttemptFailed), wait=wait, stop=give_up, sleep=self._sleep, reraise=True
            ):
                with attempt:
                    attempts += 1
                    reply = await self._attempt(request)
        except AttemptFailed as failed:
            if failed.refusal:
                raise ProviderRefused(failed.message) from failed
            where = f"turn {len(request.spoken) + 1}, {request.perspective.label}"
            tried = f" ({attempts} attempts)" if attempts > 1 else ""
            raise SessionFailed(failed.kind, f"{where}: {failed.message}{tried}") from failed
        return reply.model_copy(update={"attempts": attempts})

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _attempt(self, request: Request) -> Reply:
        held = self._gate_opens - self._now()
        if held > 0:
            await self._sleep(held)
        request.attempts.begin()
        try:
            reply = await self._post(request)
        except AttemptFailed as failed:
            failed.message = failed.message.replace(self._key, "***") if self._key else failed.message
            request.attempts.fail(failed.kind, failed.message, failed.billed)
            raise
        except BaseException as exc:
            request.attempts.fail("dropped", type(exc).__name__, "unknown")
            raise
        self._answered = True
        return reply

    async def _post(self, request: Request) -> Reply:
        import httpx2
        import openai

        budget = request.max_tokens or 1024
        started = self._now()
        try:
            async with asyncio.timeout(self._deadline_seconds + budget / SLOWEST_TOKENS_PER_SECOND):
                response = await self._connected().post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=self._body(request),
                    options={"headers": {"Content-Type": "application/json", "Accept-Encoding": "identity"}},
                )
        except openai.APIStatusError as exc:
            self._answered = True
            raise self._refusal(exc.response, request) from exc
        except (TimeoutError, openai.APITimeoutError) as exc:
            raise AttemptFailed("timeout", f"{self.host} did not finish its reply in time", billed="unknown") from exc
        except openai.APIConnectionError as exc:
            raise self._unreachable(exc) from exc
        headers = {name.lower(): value for name, value in response.headers.items()}
        return replies.read(
            response.content, response.status_code, headers, self.host, request, self._now() - started
        )

    def _body(self, request: Request) -> bytes:
        model, dropped = request.model, self._dropped.get(request.model.name, set())
        fields: dict[str, Any] = {"model": model.name, "seed": request.seed}
        if request.max_tokens is not None:
            fields[self._token_parameter.get(model.name, model.token_parameter)] = request.max_tokens
        for name in ("temperature", "top_p", "reasoning_effort"):
            if getattr(model, name) is not None:
                fields[name] = getattr(model, name)
        if model.name == REHEARSAL:
            fields["couplesim"] = {
                "perspective": request.perspective.model_dump(mode="json"),
                "spoken": [list(turn) for turn in request.spoken],
            }
        kept = {name: value for name, value in fields.items() if name not in dropped}
        return b'{"messages":' + request.messages + b"," + json.dumps(kept, ensure_ascii=False).encode()[1:]

    def _refusal(self, response: httpx2.Response, request: Request) -> AttemptFailed:
        body = response.content
        headers = {name.lower(): value for name, value in response.headers.items()}
        name = request.model.name
        parameter = faults.rejected_parameter(body) if response.status_code in {400, 422} else None
        if parameter is None:
            context = f"(turn {len(request.spoken) + 1}, about {request.prompt_tokens} tokens and {request.max_tokens or 0} for the reply)"
            return faults.from_status(response.status_code, body, headers, self.host, name, context)
        if parameter == "max_tokens" and self._token_parameter.get(name, request.model.token_parameter) == "max_tokens":
            self._token_parameter[name] = "max_completion_tokens"
            return AttemptFailed("parameter", f"{name} rejects max_tokens; max_completion_tokens is sent from now on", 3, wait_seconds=0)
        if parameter == "seed" and "seed" not in self._dropped.get(name, set()):
            self._dropped.setdefault(name, set()).add("seed")
            return AttemptFailed("parameter", f"{name} rejects seed; it is left out from now on", 3, wait_seconds=0)
        option = "--" + parameter.replace("_", "-")
        return AttemptFailed("parameter", f"model {name} rejects {parameter}; remove {option}", 1, refusal=True)

    def _unreachable(self, exc: BaseException) -> AttemptFailed:
        import httpx2

        cause = exc.__cause__
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
            if not self._answered:
                message = f"cannot reach {self.host}; is the server running, is --base-url right?"
                return AttemptFailed("unreachable", message, FIRST_CONTACT_TRIES, refusal=True)
            return AttemptFailed("unreachable", f"cannot reach {self.host}")
        return AttemptFailed("connection_lost", f"{self.host} broke the connection off", billed="unknown")

    def _connected(self) -> AsyncOpenAI:
        if self._client is None:
            import httpx2
            import openai

            http = openai.DefaultAioHttpClient(
                timeout=httpx2.Timeout(None, connect=10.0),
                limits=httpx2.Limits(max_connections=1024, max_keepalive_connections=1024),
                follow_redirects=False,
                event_hooks={"response": [_cap_body]},
            )
            self._client = openai.AsyncOpenAI(
                api_key=self._key or "none", base_url=self.base_url, max_retries=0, http_client=http
            )
        return self._client


async def _cap_body(response: httpx2.Response) -> None:
    """Stop reading a body at MAX_REPLY_BYTES, decompressed; the library itself would read it to its end."""
    import httpx2

    compressed = response.headers.pop("content-encoding", "identity").casefold() in {"gzip", "deflate"}
    source = response.stream
    assert isinstance(source, httpx2.AsyncByteStream)

    class Capped(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if compressed else None
            size = 0
            async for chunk in source:
                part = decoder.decompress(chunk, MAX_REPLY_BYTES + 1) if decoder else chunk
                size += len(part)
                if size > MAX_REPLY_BYTES:
                    raise AttemptFailed("reply_too_large", "the reply is larger than 8 MB; the rest was not read", 2, billed="unknown")
                yield part

        async def aclose(self) -> None:
            await source.aclose()

    response.stream = Capped()


def _failure(state: RetryCallState) -> AttemptFailed:
    failed = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(failed, AttemptFailed)
    return failed
