"""An OpenAI-compatible endpoint: the only place with `openai` and `tenacity`.

The SDK's own retries are off; there is one retry loop, one gate for all sessions (`gate`), and a total
deadline around every attempt.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generator.chat import faults, replies
from generator.chat.fields import Fields
from generator.chat.gate import Gate, Pass
from generator.chat.protocol import Question, Request
from generator.errors import AttemptFailed, ProviderRefused, SessionFailed
from generator.schema.turn import Reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

DEFAULT_BASE_URL = "https://api.openai.com/v1"
MAX_TRIES = 6
"""Failed attempts of a turn, whatever their kinds; rate limits are not counted."""
MAX_TURN_SECONDS = 15 * 60.0
"""After this, a turn's retries end."""
DEADLINE_SECONDS = 30.0
SLOWEST_TOKENS_PER_SECOND = 5.0
"""The deadline of an attempt is DEADLINE_SECONDS and the time its tokens take at this pace."""
FIRST_CONTACT_TRIES, FIRST_CONTACT_WAIT_SECONDS = 3, 0.5
"""How often an endpoint that cannot be reached and has never answered is tried, by all sessions together."""
FIRST_REPLY_SECONDS = 3 * 60.0
"""An endpoint that only fails, from the first request on, is given up after this; one that has sent replies before,
after MAX_TURN_SECONDS. The run stops then; no session is failed for it."""
ALWAYS_BUSY_SECONDS = 1.1 * MAX_TURN_SECONDS
"""An endpoint that only asks for patience is given up after this: those that waited longest have failed by then."""
HELD_UP_SECONDS = 1.0
"""A deadline that passes unnoticed for so long is this machine's fault."""
MIN_KEY_BYTES = 8
"""A shorter "key" is a placeholder, and may well occur in what is said."""
_OPTIONS_OF_SDK: Any = {
    "headers": {},
    "params": {},
    "extra_json": None,
    "max_retries": 0,
    "timeout": None,
    "idempotency_key": "none",
    "follow_redirects": False,
    "security": {},
    "stream_mode": "legacy",
    "synthesize_event_and_data": None,
}
"""What the SDK would otherwise fill in anew for every request, by deep copies; nothing of it is sent."""


class Endpoint:
    """A chat over HTTP. One object an endpoint and key; the model comes with each request."""

    def __init__(
        self,
        base_url: str | None,
        key: str,
        *,
        most_requests: int = 64,
        deadline_seconds: float = DEADLINE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most_requests`: never more under way than this. `sleep` and `now` (monotonic seconds) can be replaced
        together, to try waits without waiting."""
        self.base_url = base_url or DEFAULT_BASE_URL
        self._url = f"{self.base_url}/chat/completions"
        self.host = urlsplit(self.base_url).netloc.rsplit("@", 1)[-1]
        self._key = key
        self._deadline_seconds = deadline_seconds
        self._sleep = sleep
        self._now = now
        self._client: AsyncOpenAI | None = None
        self._answered = False
        self._unreached = 0
        self.gate = Gate(most_requests, now, sleep)
        self._fields = Fields()

    async def speak(self, request: Request) -> Reply:
        """See `Chat.speak`."""
        return await self.ask(request)

    async def ask(self, request: Question) -> Reply:
        """Ask until there is a usable reply. Raises SessionFailed or ProviderRefused when there is none."""
        from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

        failing_since: list[float] = []
        failures: Counter[str] = Counter()
        wasted = 0
        backoff = wait_random_exponential(multiplier=1, max=59)

        def wait(state: RetryCallState) -> float:
            asked_to = _failure(state).wait_seconds
            return 1.0 + backoff(state) if asked_to is None else asked_to + random.uniform(0, 0.25)

        def give_up(state: RetryCallState) -> bool:
            nonlocal wasted
            failed = _failure(state)
            failing_since.append(self._now())
            failures[failed.kind] += failed.counts
            wasted += failed.usage.total if failed.usage else 0
            spent = failures[failed.kind] >= failed.tries or failures.total() >= MAX_TRIES
            return spent or self._now() + state.upcoming_sleep - failing_since[0] > MAX_TURN_SECONDS

        attempts = 0
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(AttemptFailed), wait=wait, stop=give_up, sleep=self._sleep, reraise=True
            ):
                with attempt:
                    attempts += 1
                    # an empty reply to the same seed would be empty again
                    again = replace(request, seed=request.seed + failures["empty"]) if failures["empty"] else request
                    reply = await self._attempt(again, attempts - 1)
        except AttemptFailed as failed:
            if failed.refusal:
                refused = ProviderRefused(failed.message)
                self.gate.shut(refused)
                raise refused from failed
            tried = f" ({attempts} attempts)" if attempts > 1 else ""
            raise SessionFailed(failed.kind, f"{request.what}: {failed.message}{tried}") from failed
        return reply if attempts == 1 else reply.model_copy(update={"attempts": attempts, "wasted_tokens": wasted})

    async def close(self) -> None:
        """Close the connections."""
        self.gate.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _attempt(self, request: Question, failed_before: int) -> Reply:
        log = request.attempts
        leave = await self.gate.enter(log.order, failed_before)
        try:
            await log.begin(request.model.name, request.most)
            reply = await self._post(request)
        except AttemptFailed as failed:
            self._tell_gate(leave, failed)
            await log.fail(failed.kind, failed.message, failed.billed, failed.usage)
            raise
        except BaseException as exc:
            self.gate.failed(leave, fault=False)
            await log.fail("dropped", type(exc).__name__, "unknown")
            raise
        self.gate.succeeded(leave)
        return reply

    def _tell_gate(self, leave: Pass, failed: AttemptFailed) -> None:
        if failed.refusal:
            if failed.tries == 1:
                self.gate.shut(ProviderRefused(failed.message))
            self.gate.failed(leave, failed.wait_seconds, fault=False)
        elif failed.congestion:
            self.gate.overloaded(leave, failed.wait_seconds, rate=failed.kind == "rate_limited")
        else:
            self.gate.failed(leave, failed.wait_seconds, fault=failed.kind in {"unavailable", "timeout"})
        if failed.kind == "rate_limited":
            patience = ALWAYS_BUSY_SECONDS
        else:
            patience = MAX_TURN_SECONDS if self.gate.answered else FIRST_REPLY_SECONDS
        silent = self.gate.silent_seconds
        if not failed.refusal and silent > patience:
            failed.refusal, failed.tries = True, 1
            failed.message = f"no reply from {self.host} for {silent / 60:.0f} minutes: {failed.message}"
            self.gate.shut(ProviderRefused(failed.message))

    async def _post(self, request: Question) -> Reply:
        import aiohttp
        import httpx2
        import openai

        client, fields = self._connected(), self._fields.of(request)
        budget = request.max_tokens or 1024
        started = self._now()
        try:
            async with asyncio.timeout(self._deadline_seconds + budget / SLOWEST_TOKENS_PER_SECOND) as deadline:
                response = await client.post(
                    self._url,
                    cast_to=httpx2.Response,
                    content=_body(request.parts, fields),
                    options=_OPTIONS_OF_SDK,
                )
        except openai.APIStatusError as exc:
            response = exc.response
        except TimeoutError as exc:
            if asyncio.get_running_loop().time() - (deadline.when() or math.inf) > HELD_UP_SECONDS:
                message = "this machine was too busy to read the reply in time"
                raise AttemptFailed("held_up", message, counts=False, billed="unknown") from exc
            raise AttemptFailed("timeout", f"{self.host} did not finish its reply in time", billed="unknown") from exc
        except (openai.APIConnectionError, aiohttp.ClientError) as exc:
            raise self._disconnected(exc) from exc
        first, self._answered = not self._answered, True
        body = self._without_key(response.content)
        headers = {name.lower(): value.replace(self._key or "\n", "***") for name, value in response.headers.items()}
        if response.status_code >= 300:
            if rejected := self._fields.rejected(response.status_code, body, request.model.name, fields):
                raise rejected
            raise faults.from_status(response.status_code, body, headers, self.host, request, first)
        return replies.read(body, response.status_code, headers, self.host, request, self._now() - started, first)

    def _without_key(self, body: bytes) -> bytes:
        """A body that sends the key back, plainly or escaped, is rewritten; every other one stays as it is."""
        if len(self._key) < MIN_KEY_BYTES:
            return body
        body = body.replace(self._key.encode(), b"***")
        try:
            plain = json.dumps(json.loads(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            return body
        escaped = json.dumps(self._key, ensure_ascii=False)[1:-1]
        return plain.replace(escaped, "***").encode("utf-8", "replace") if escaped in plain else body

    def _disconnected(self, exc: BaseException) -> AttemptFailed:
        import aiohttp

        cause: BaseException | None = exc
        while cause is not None and not isinstance(cause, aiohttp.ClientError):
            cause = cause.__cause__
        if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            if not self._answered:
                message = f"cannot reach {self.host}; is the server running, is --base-url right?"
                if isinstance(cause, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
                    message = f"no secure connection to {self.host}; is its certificate trusted, does it speak https?"
                self._unreached += 1
                tries = 1 if self._unreached >= FIRST_CONTACT_TRIES else FIRST_CONTACT_TRIES
                return AttemptFailed(
                    "unavailable", message, tries, refusal=True, wait_seconds=FIRST_CONTACT_WAIT_SECONDS
                )
            return AttemptFailed("unavailable", f"cannot reach {self.host}")
        return AttemptFailed("unavailable", f"{self.host} broke the connection off", billed="unknown")

    def _connected(self) -> AsyncOpenAI:
        if self._client is None:
            import openai

            from generator.chat.wire import Wire

            headers = {
                "Authorization": f"Bearer {self._key or 'none'}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "couplesim",
            }

            class Client(openai.AsyncOpenAI):
                """Without what the SDK adds from OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS."""

                @property
                def default_headers(self) -> dict[str, str | openai.Omit]:
                    return dict(headers)

            self._client = Client(
                api_key=self._key or "none", base_url=self.base_url, max_retries=0, http_client=Wire(self._url)
            )
        return self._client


def _body(messages: Sequence[bytes], fields: dict[str, Any]) -> Any:
    """The parts of a request's body. The SDK passes on whatever it is given as content; `Wire` joins it."""
    return (b'{"messages":', *messages, b",", json.dumps(fields, ensure_ascii=False).encode()[1:])


def _failure(state: RetryCallState) -> AttemptFailed:
    failed = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(failed, AttemptFailed)
    return failed
