"""A chat-completions endpoint for the benchmarks: a fixed latency, made-up replies, and a count of what it saw.

It is as lean as Python allows, so that what is measured is the client. It listens on 127.0.0.1 only.

Run: python -m benchmarks.endpoint --port 8000 [--latency-ms 200] [--slots 16]

POST .../chat/completions answers after the latency; with slots, so many at a time, the others wait in line.
GET /stats gives the counts as JSON, POST /reset begins them anew.

It takes each request to come on one connection after the other's reply (no pipelining) and its messages to come
before the token limit, as every client here sends them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
from collections import deque
from dataclasses import asdict, dataclass, field

from benchmarks.lines import LINES
from generator import tokens

TEXTS = 512
"""Replies are made beforehand; request numbers set them apart from each other."""
TOKENS = (112, 158)
"""Tokens of a reply, from and to, if nothing cuts it; a budget of 150 cuts about one in seven."""

USUAL_LIMIT = 150
"""Replies are cut to this beforehand; other limits are met when they come."""

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LIMIT = re.compile(rb'"max(?:_completion)?_tokens": ?(\d+)')
_MARK = b"Under note "
"""Every reply begins with the number of its session, by which the next request of the session is known."""
_OPENING = "Under note {session:06d} I keep line {request:06d}. "


@dataclass
class Stats:
    """What the endpoint has seen since the last reset. Times are of the monotonic clock, one for all processes."""

    requests: int = 0
    sessions: int = 0
    answered: int = 0
    in_flight_at_most: int = 0
    first_request_at: float = 0.0
    last_request_at: float = 0.0
    last_reply_at: float = 0.0
    slot_seconds: float = 0.0
    """Seconds that slots were busy up to the last request, added up; without slots, seconds of all replies."""
    prompt_bytes: int = 0
    seen_bytes: int = 0
    """Bytes of `prompt_bytes` that are a prefix of something sent in the same session before."""
    history_bytes: int = 0
    """Bytes of `prompt_bytes` behind the system prompt."""
    seen_history_bytes: int = 0


@dataclass
class Endpoint:
    """The one object behind all connections."""

    latency_seconds: float
    slots: int | None
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._texts = _texts()
        self._cut: dict[tuple[int, int], tuple[bytes, int, bytes]] = {}
        self._waiting: deque[tuple[Connection, bytes]] = deque()
        self._in_flight = self._busy = 0
        self._counted_at = time.monotonic()
        self._slot_seconds = 0.0
        self._sent: dict[int, dict[int, bytes]] = {}
        """The last prompt of each role, known by its system prompt, of each session."""
        for number in range(TEXTS):
            self._text(number, USUAL_LIMIT)

    def reset(self) -> None:
        """Begin the counts anew."""
        self.stats = Stats()
        self._slot_seconds = 0.0
        self._sent.clear()

    def asked(self, connection: Connection, body: bytes) -> None:
        """A request has come in whole."""
        stats, now = self.stats, time.monotonic()
        self._count_slots(now)
        stats.requests += 1
        stats.first_request_at = stats.first_request_at or now
        stats.last_request_at = now
        stats.slot_seconds = self._slot_seconds
        self._in_flight += 1
        stats.in_flight_at_most = max(stats.in_flight_at_most, self._in_flight)
        reply = self._reply(body)
        if self.slots is not None and self._busy >= self.slots:
            self._waiting.append((connection, reply))
        else:
            self._begin(connection, reply)

    def _begin(self, connection: Connection, reply: bytes) -> None:
        self._busy += 1
        if self.latency_seconds:
            self._loop.call_later(self.latency_seconds, self._answer, connection, reply)
        else:
            self._answer(connection, reply)

    def _answer(self, connection: Connection, reply: bytes) -> None:
        now = time.monotonic()
        self._count_slots(now)
        self._in_flight -= 1
        self._busy -= 1
        self.stats.answered += 1
        self.stats.last_reply_at = now
        connection.send(reply)
        if self._waiting:
            self._begin(*self._waiting.popleft())

    def _count_slots(self, now: float) -> None:
        self._slot_seconds += self._busy * (now - self._counted_at)
        self._counted_at = now

    def _reply(self, body: bytes) -> bytes:
        prompt = body[body.find(b'"messages"') + 11 : body.rfind(b'"}]')]
        session = self._session_of(prompt)
        self._count_prefix(session, prompt)
        limit = _LIMIT.search(body, len(prompt))
        number = self.stats.requests
        text, count, end = self._text(number % TEXTS, int(limit[1]) if limit else 0)
        opening = _OPENING.format(session=session, request=number % 1_000_000).encode()
        prompt_tokens = len(prompt) // 4
        return (
            b'{"id":"chatcmpl-%d","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,'
            b'"message":{"role":"assistant","content":"%b%b","refusal":null},"logprobs":null,"finish_reason":"%b"}],'
            b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
            % (number, opening, text, end, prompt_tokens, count, prompt_tokens + count)
        )

    def _session_of(self, prompt: bytes) -> int:
        """The session whose earlier replies the prompt holds; a new one if it holds none."""
        at = prompt.rfind(_MARK)
        if at >= 0:
            return int(prompt[at + len(_MARK) : at + len(_MARK) + 6])
        self.stats.sessions += 1
        return self.stats.sessions

    def _count_prefix(self, session: int, prompt: bytes) -> None:
        stats, system = self.stats, prompt.find(b'"},')
        sent = self._sent.setdefault(session, {})
        role = hash(prompt[:system])
        seen = max((_common_prefix(before, prompt) for before in sent.values()), default=0)
        sent[role] = prompt
        stats.prompt_bytes += len(prompt)
        stats.seen_bytes += seen
        stats.history_bytes += len(prompt) - system
        stats.seen_history_bytes += max(seen - system, 0)

    def _text(self, number: int, limit: int) -> tuple[bytes, int, bytes]:
        """A reply's text without its opening, its tokens with it, and its end reason."""
        if (number, limit) not in self._cut:
            opening = _OPENING.format(session=0, request=0)
            text, count, cut = tokens.stopped(opening + self._texts[number], limit or None)
            words = json.dumps(text[len(opening) :])[1:-1].encode()
            self._cut[number, limit] = words, count, b"length" if cut else b"stop"
        return self._cut[number, limit]


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; requests on it come one after the other."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        """Bytes of the request that have not come yet; 0 while its head is incomplete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        if self._missing:
            self._missing -= len(data)
            if self._missing > 0:
                return
        request = b"".join(self._parts) if len(self._parts) > 1 else data
        self._parts = [request]
        end = request.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        length = _LENGTH.search(request, 0, end)
        self._missing = end + (int(length[1]) if length else 0) - len(request)
        if self._missing <= 0:
            self._parts, self._missing = [], 0
            self._take(request, end)

    def _take(self, request: bytes, head: int) -> None:
        path = request[: request.find(b"\r\n")].split(b" ")[1]
        if path.endswith(b"/chat/completions"):
            self._endpoint.asked(self, request[head:])
        elif path == b"/stats":
            self.send(json.dumps(asdict(self._endpoint.stats)).encode())
        elif path == b"/reset":
            self._endpoint.reset()
            self.send(b"{}")
        else:
            self.send(b'{"error":{"message":"no such path"}}', b"404 Not Found")

    def send(self, body: bytes, status: bytes = b"200 OK") -> None:
        """Answer the request, if the client is still there."""
        if self._transport is not None:
            head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
            self._transport.write(head + body)


def _common_prefix(before: bytes, now: bytes) -> int:
    """Length of the longest common prefix."""
    low, high = 0, min(len(before), len(now))
    if now.startswith(before):
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == now[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _texts() -> list[str]:
    """Replies of TOKENS tokens out of LINES, opening included, the same ones every time."""
    rng = random.Random(20)
    opening = tokens.count(_OPENING.format(session=0, request=0))
    counted = [(line, tokens.count(" " + line)) for line in LINES]
    texts = []
    for _ in range(TEXTS):
        wanted, has, chosen = rng.randint(*TOKENS), opening, []
        for line, count in rng.sample(counted, len(counted)):
            if has >= wanted - 6:
                break
            if has + count <= wanted + 6:
                chosen.append(line)
                has += count
        texts.append(" ".join(chosen))
    return texts


async def _serve(port: int, latency_seconds: float, slots: int | None) -> None:
    endpoint = Endpoint(latency_seconds, slots)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(endpoint), "127.0.0.1", port, backlog=2048
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Listen until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--slots", type=int)
    given = parser.parse_args()
    asyncio.run(_serve(given.port, given.latency_ms / 1000, given.slots))


if __name__ == "__main__":
    main()
