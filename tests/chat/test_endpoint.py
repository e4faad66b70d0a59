"""An endpoint against a server that does everything wrong: FAULTS rows 1 to 23 and 33, as one endpoint meets them."""

import asyncio
import random
import time
import tracemalloc

import pytest

from generator.chat import faults
from generator.chat.endpoint import Endpoint
from generator.errors import ProviderRefused, SessionFailed
from tests.chat.asking import KEY, Clock, Log, ask, assert_says, case, endpoint_at, outcome, request
from tests.faults.server import (
    MB,
    Server,
    body,
    drip,
    early_close,
    endless,
    error,
    gzip_bomb,
    hang,
    ok,
    raw_answer,
    redirect,
    reset,
    reset_mid_body,
    status,
)

HTML = b"<html><head><title>502 Bad Gateway</title></head>"
QUICK = {"deadline_seconds": 0.3, "max_tokens": 1}
"""A deadline of half a second."""
ALL_HIDDEN = {"prompt_tokens": 9, "completion_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 150}}


# One session fails, the run does not

FAILURES = [
    # row, behaviour (always), reason, requests, billed, words of the message
    case("1 openai", error(400, "This model's maximum context length is 128000", code="context_length_exceeded"),
         "context_full", 1, "no", "turn 1, Therapist 128000 tokens"),
    case("1 late", error(400, "'max_tokens' or 'max_completion_tokens' is too large: 150. "
                         "This model's maximum context length is 2048 tokens and your request has 1990 input tokens."),
         "context_full", 1, "no", "2048 1990"),
    case("1 vllm", error(400, "This model's maximum context length is 2048 tokens. However, you", code=400),
         "context_full", 1, "no", "2048"),
    case("1 llama.cpp", error(400, "the request exceeds the available context size (4096), try", code=400),
         "context_full", 1, "no", "4096"),
    case("1 other", error(422, "prompt is too long: 210000 tokens > 200000"), "context_full", 1, "no", "200000"),
    case("3 400", error(400, "messages: at least one is needed"), "rejected", 1, "no", "400 at least one is needed"),
    case("3 422", status(422, {"detail": [{"loc": ["body", "x"], "msg": "Field required"}]}),
         "rejected", 1, "no", "422 Field required"),
    *(case(f"6 {code}", error(code, "overloaded"), "unavailable", 6, "no", f"{code} overloaded (6 attempts)")
      for code in (408, 409, 500, 502, 503, 504, 520, 529)),
    case("6 html", status(502, HTML), "unavailable", 6, "no", "502 Bad Gateway"),
    case("7", status(413, b"Request Entity Too Large"), "context_full", 1, "no", "too long"),
    case("14 reset", reset(), "unavailable", 6, "unknown", "broke the connection off"),
    case("14 reset mid body", reset_mid_body(), "unavailable", 6, "unknown", "broke the connection off"),
    case("14 early close", early_close(), "unavailable", 6, "unknown", "broke the connection off"),
    case("14 no HTTP", raw_answer(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True), "unavailable", 6, "unknown", "broke"),
    case("17 endless", endless(), "reply_too_large", 2, "unknown", "larger than 8 MB"),
    case("17 bomb", gzip_bomb(), "reply_too_large", 2, "unknown", "larger than 8 MB"),
    case("17 not gzip", status(200, b"hello", {"Content-Encoding": "gzip"}), "bad_reply", 4, "unknown", "unpacked"),
    case("18 truncated", body(b'{"choices": [{"mess', kind="application/json"),
         "bad_reply", 4, "unknown", '200 application/json {"choices": [{"mess'),
    case("18 html", body(HTML, kind="text/html"), "bad_reply", 4, "unknown", "200 text/html <html><head>"),
    case("18 html as json", body(HTML), "bad_reply", 4, "unknown", "200 application/json <html><head>"),
    case("18 empty", body(b""), "bad_reply", 4, "unknown", "an empty body"),
    case("18 204", status(204), "bad_reply", 4, "unknown", "204 an empty body"),
    case("18 scalar", body(7), "bad_reply", 4, "unknown", ": 7"),
    case("18 controls", body(b"\x1b[2J\x07" + b"x" * 300), "bad_reply", 4, "unknown", "[2J" + "x" * 77),
    case("18 deep", body(b"[" * 100_000), "bad_reply", 4, "unknown", "[[["),
    case("19 502", body({"error": {"code": 502, "message": "upstream"}}), "unavailable", 6, "no", "502: upstream"),
    case("19 text", body({"error": "model runner has stopped"}), "unavailable", 6, "no", "runner has stopped"),
    case("19 context", body({"error": {"code": 400, "message": "maximum context length is 8192"}}),
         "context_full", 1, "no", "8192"),
    *(case(f"20 {name}", behaviour, "bad_reply", 3, "yes", "without a message") for name, behaviour in {
        "no choices": ok(choices=[]),
        "choices null": ok(choices=None),
        "choices missing": body({"usage": {}}),
        "choices object": ok(choices={}),
        "choice null": ok(choices=[None]),
        "message null": ok(message=None),
        "message text": ok(message="Good morning."),
    }.items()),
    case("20 content number", ok(7), "empty", 3, "yes", "empty reply"),
    case("20 content parts", ok([{"type": "image_url", "image_url": {}}, None, 7]), "empty", 3, "yes", "empty reply"),
    case("21 refusal", ok(None, refusal="I can't\nhelp with that."), "refused", 2, "yes", "I can't help with that."),
    case("21 filter", ok(None, "content_filter"), "refused", 2, "yes", "content_filter"),
    case("21 filter with text", ok("How I", "content_filter"), "refused", 2, "yes", "content_filter"),
    case("22 empty", ok(""), "empty", 3, "yes", "empty reply"),
    case("22 blank", ok("\n\n"), "empty", 3, "yes", "empty reply (3 attempts)"),
    case("22 null", ok(None), "empty", 3, "yes", "empty reply"),
    case("23", ok("", "length", usage=ALL_HIDDEN), "no_tokens_left", 1, "yes",
         "spent all 150 tokens on hidden reasoning --reasoning-effort none --reasoning-headroom"),
    case("25 tool_calls", ok(None, "tool_calls"), "empty", 3, "yes", "empty reply"),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "reason", "requests", "billed", "words"), FAILURES)
def test_session_fails(behaviour, reason, requests, billed, words):
    asked = ask(behaviour)
    assert isinstance(asked.error, SessionFailed)
    assert asked.error.reason == reason
    assert asked.server.count == requests
    assert asked.log.events == [("begin",), ("fail", reason, billed)] * requests
    assert str(asked.error).startswith("turn 1, Therapist: ")
    assert_says(asked.error, words)


@pytest.mark.parametrize("behaviour", [status(503), reset(), body(b""), ok("")])
def test_waits_grow_between_attempts(behaviour):
    slept = [wait for wait in ask(behaviour).clock.slept if wait >= 1]
    assert slept, "shorter ones are the gate's"
    assert all(1 <= wait <= 2.0 ** (number + 1) for number, wait in enumerate(slept))


def test_many_waits_end_within_a_quarter_of_an_hour():
    asked = ask(error(429))
    assert asked.error.reason == "rate_limited"
    assert asked.server.count > 6
    assert max(asked.clock.slept) > 10
    assert 14 * 60 - 60 < asked.clock.seconds <= 15 * 60 + 15, "and a pause of the gate"


# The whole run is refused

REFUSALS = [
    # row, behaviour, words
    case("4 401", error(401, f"Incorrect API key: {KEY}"), "API key refused by 127.0.0.1: (401) Nothing was charged"),
    case("4 403", status(403, f"{KEY} is not allowed here".encode()), "API key refused (403)"),
    case("5 json", error(404, "The model does not exist", code="model_not_found"), "no model 'gpt-4o' /v1 (404)"),
    case("5 litellm", error(400, "Invalid model name passed in model=gpt-4o.", code="400"), "no model 'gpt-4o' (400)"),
    case("5 pinned", status(400, {"detail": "Server is pinned to 'a'; requested 'b'."}), "no model 'gpt-4o' pinned"),
    case("5 html", status(404, b"<h1>Not Found</h1>"), "no model 'gpt-4o' /v1"),
    case("10 an hour", error(429, headers={"Retry-After": "3600"}), "rate limited until (429) resume"),
    case("10 for ever", error(429, headers={"Retry-After": "1e300"}), "rate limited until (429) resume"),
    case("10 503", error(503, headers={"Retry-After": "3600"}), "rate limited until (503) resume"),
    case("11 code", error(429, code="insufficient_quota"), "no quota left"),
    case("11 type", error(429, type="insufficient_quota"), "no quota left"),
    case("11 402", error(402, "Insufficient credits"), "no quota left (402)"),
    case("19 401", body({"error": {"code": 401, "message": KEY}}), "API key refused (401)"),
    case("19 402", body({"error": {"code": "402", "message": "credits"}}), "no quota left"),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "words"), REFUSALS)
def test_run_is_refused_at_the_first_request(behaviour, words):
    asked = ask(behaviour)
    assert isinstance(asked.error, ProviderRefused)
    assert asked.server.count == 1
    assert asked.log.events[0] == ("begin",)
    assert [event[2] for event in asked.log.events[1:]] == ["no"]
    assert_says(asked.error, words)


@pytest.mark.parametrize("refusal", [error(401), body({"error": {"code": 401}})], ids=["status", "in 200"])
@pytest.mark.parametrize("before", [ok(), status(500)], ids=["reply", "fault"])
def test_key_refused_later_may_have_cost_something(before, refusal):
    """Row 4: only the very first answer proves that nothing was charged."""
    asked = ask(before, refusal, asks=2)
    assert isinstance(asked.error, ProviderRefused)
    assert str(asked.error) == f"API key refused by {asked.server.host} (401)"


@pytest.mark.parametrize(("seconds", "form"), [(3600, "until %H:%MZ"), (86400, "until %Y-%m-%d %H:%MZ")])
def test_rate_limit_says_until_when(seconds, form):
    """Row 10."""
    before = time.time()
    said = str(ask(error(429, headers={"Retry-After": str(seconds)})).error)
    assert any(time.strftime(form, time.gmtime(at + seconds)) in said for at in (before, time.time()))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(code):
    """Row 33: the conversation goes to nobody the user has not named."""

    async def go():
        async with Server([ok()]) as other:
            elsewhere = redirect(f"{other.url}/chat/completions?token=secret", code)
            async with Server([elsewhere]) as server, endpoint_at(server.url, Clock()) as endpoint:
                result = await outcome(endpoint, request())
        assert isinstance(result, ProviderRefused)
        assert (server.count, other.count) == (1, 0)
        assert_says(result, f"base URL redirects to {other.url}/chat/completions;")
        assert "secret" not in str(result)

    asyncio.run(go())


# Nobody there


@pytest.mark.parametrize("host", [None, "nowhere.invalid"], ids=["closed port", "no such host"])
def test_unreachable_at_first(host):
    """Row 13: three quick tries."""
    clock, log = Clock(), Log()

    async def go():
        async with Server([ok()]) as gone:
            address = host or gone.host
        async with endpoint_at(f"http://{address}/v1", clock) as endpoint:
            result = await outcome(endpoint, request(attempts=log))
        assert isinstance(result, ProviderRefused)
        assert_says(result, f"cannot reach {address};")

    asyncio.run(go())
    assert log.events == [("begin",), ("fail", "unavailable", "no")] * 3
    assert clock.seconds < 2


def test_unreachable_later():
    """Row 13: once it has answered, it is only away."""
    clock, log = Clock(), Log()

    async def go():
        async with Server([ok()]) as server, endpoint_at(server.url, clock) as endpoint:
            await endpoint.speak(request())
            await server.stop()
            result = await outcome(endpoint, request(attempts=log))
        assert isinstance(result, SessionFailed)
        assert result.reason == "unavailable"
        assert_says(result, f"cannot reach {server.host}")

    asyncio.run(go())
    assert log.events.count(("begin",)) == 6
    assert log.events[-1] == ("fail", "unavailable", "no")


# Too slow, too large


@pytest.mark.parametrize("behaviour", [hang(), drip(0.02)])
def test_deadline(behaviour):
    """Rows 15 and 16: a reply that drips is as late as none. The second attempt brings it."""
    started = time.perf_counter()
    asked = ask(ok(), behaviour, ok("At last."), asks=2, **QUICK)
    assert 0.5 < time.perf_counter() - started < 5
    assert asked.reply.text == "At last."
    assert asked.reply.attempts == 2
    assert asked.log.events == [("begin",), ("begin",), ("fail", "timeout", "unknown"), ("begin",)]


def test_hanging_for_ever_ends():
    """Row 16."""
    asked = ask(hang(), deadline_seconds=0.0, max_tokens=1)
    assert asked.error.reason == "timeout"
    assert asked.server.count == 6
    assert_says(asked.error, "127.0.0.1 did not finish its reply in time")


def test_deadline_grows_with_the_tokens_asked_for():
    """Row 15: what is slower than the base deadline but in time for its tokens is not dropped."""

    async def slow(line):
        await asyncio.sleep(0.15)
        await ok("Slow.")(line)

    assert ask(slow, deadline_seconds=0.05, max_tokens=10).reply.attempts == 1


@pytest.mark.parametrize("behaviour", [endless(), endless(500), gzip_bomb()], ids=["endless", "endless 500", "bomb"])
def test_memory_stays_bounded(behaviour):
    """Row 17: 8 MB and what it takes to hold them, whatever is sent."""
    ask(ok())
    tracemalloc.start()
    try:
        asked = ask(behaviour)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert asked.error.reason == "reply_too_large"
    assert peak < 50 * MB


def test_large_reply_below_the_cap():
    text = "word " * (MB // 4)
    assert ask(ok(text)).reply.text == text


# Replies that cannot be used


def test_unusable_reply_is_asked_for_again_with_another_seed():
    """Rows 22 and 27: a deterministic endpoint would only repeat itself."""
    asked = ask(ok("Daniel: No."), status(503), ok(""), ok("Yes."), seed=11, usable=lambda text: text == "Yes.")
    assert asked.reply.text == "Yes."
    assert asked.reply.attempts == 4
    assert [seen.json["seed"] for seen in asked.server.requests] == [11, 12, 12, 13]
    kinds = [("fail", "empty", "yes"), ("fail", "unavailable", "no"), ("fail", "empty", "yes")]
    assert asked.log.events == [event for kind in kinds for event in (("begin",), kind)] + [("begin",)]


def test_unusable_replies_fail_the_session():
    asked = ask(ok("Daniel: No."), usable=lambda _: False)
    assert asked.error.reason == "empty"
    assert asked.server.count == 3
    assert_says(asked.error, "turn 1, Therapist: gpt-4o no words of the speaker's own (3 attempts)")


# Rate limits

WAITS = [
    # headers, seconds
    ({"retry-after": "7"}, 7),
    ({"retry-after": " 1.5 "}, 1.5),
    ({"retry-after-ms": "250"}, 0.25),
    ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
    ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
    ({"retry-after-ms": "nan", "retry-after": "7"}, 7),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30),
    ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT"}, 200),
    ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT", "date": "today"}, 200),
    ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, None),
    ({"retry-after": "86400"}, 86400),
    *(({"retry-after": nonsense}, None) for nonsense in ("0", "-1", "nan", "inf", "-inf", "", "soon", "1, 1", "٣ Oct")),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_retry_after(headers, seconds):
    """Row 9. It is 1970-01-01 00:16:40 by the local clock."""
    assert faults.retry_after(headers, now=1000.0) == seconds


@pytest.mark.parametrize("code", [429, 503])
def test_waits_as_long_as_asked(code):
    """Row 9."""
    asked = ask(error(code, headers={"Retry-After": "20"}), ok())
    assert asked.reply.attempts == 2
    assert 20 <= asked.clock.seconds < 21


@pytest.mark.parametrize("wait", ["0", "-1", "nan", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_nonsense_waits_are_ordinary_waits(wait):
    """Row 9."""
    asked = ask(error(429, headers={"Retry-After": wait}), ok())
    assert asked.reply.attempts == 2
    assert 1 <= asked.clock.seconds <= 2


def test_rate_limits_do_not_use_up_the_attempts():
    """Rows 6 and 8."""
    limited = [error(429)] * 4
    asked = ask(*limited, *[status(500)] * 5, *limited, ok())
    assert asked.reply.attempts == 14


def test_each_kind_of_failure_has_its_own_tries():
    """Rows 6 and 22: two overloads before it do not make the first empty reply the last; six failures do."""
    assert ask(status(503), status(503), ok(""), ok("Here.")).reply.attempts == 4
    assert ask(*[status(503), ok(""), body(b"")] * 2, ok("Too late.")).error.reason == "bad_reply"


def test_the_gate_holds_everybody():
    """Row 9, in real time: the third request waits for what the first was told, then for what the second was told."""
    arrived, told = [], []

    def script(number, _):
        arrived.append(time.monotonic())
        return [error(429, headers={"Retry-After-ms": "300"}), later, ok()][min(number, 3) - 1]

    async def later(line):
        await asyncio.sleep(0.1)
        told.append(time.monotonic())
        await error(429, headers={"Retry-After-ms": "400"})(line)

    async def go():
        async with Server(script) as server:
            endpoint = Endpoint(server.url, KEY)
            early = [asyncio.create_task(endpoint.speak(request())) for _ in range(2)]
            while len(arrived) < 2:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.03)
            await asyncio.gather(endpoint.speak(request()), *early)
            await endpoint.close()

    asyncio.run(go())
    assert len(arrived) == 5
    assert min(arrived[2:]) >= told[0] + 0.4


# The record


@pytest.mark.parametrize(
    ("behaviour", "events"),
    [
        (ok(None, refusal="No."), [("begin",), ("fail", "refused", "yes"), ("begin",)]),
        (ok("\n\n"), [("begin",), ("fail", "empty", "yes"), ("begin",)]),
        (body(b""), [("begin",), ("fail", "bad_reply", "unknown"), ("begin",)]),
        (endless(), [("begin",), ("fail", "reply_too_large", "unknown"), ("begin",)]),
        (reset(), [("begin",), ("fail", "unavailable", "unknown"), ("begin",)]),
    ],
)
def test_the_next_attempt_may_succeed(behaviour, events):
    """Rows 14, 17, 18, 21 and 22."""
    asked = ask(behaviour, ok("Here I am."))
    assert asked.reply.text == "Here I am."
    assert asked.reply.attempts == 2
    assert asked.log.events == events


def test_attempt_is_on_record_before_it_is_sent():
    """Row 34 builds on it."""
    log, on_arrival = Log(), []

    def script(number, _):
        on_arrival.append(list(log.events))
        return [status(500), ok()][number - 1]

    async def go():
        async with Server(script) as server, endpoint_at(server.url, Clock()) as endpoint:
            await endpoint.speak(request(attempts=log))

    asyncio.run(go())
    failed = ("fail", "unavailable", "no")
    assert on_arrival == [[("begin",)], [("begin",), failed, ("begin",)]]


def test_dropped_request_is_on_record():
    """Row 36 builds on it: a request that was cancelled may have been billed."""
    log = Log()

    async def go():
        async with Server([hang()]) as server, endpoint_at(server.url, Clock()) as endpoint:
            asking = asyncio.create_task(endpoint.speak(request(attempts=log)))
            while not server.count:
                await asyncio.sleep(0.001)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(go())
    assert log.events == [("begin",), ("fail", "dropped", "unknown")]


# This machine, and requests that are given up


def test_a_busy_machine_is_not_the_endpoints_fault():
    """Row 64: the reply came in time, and nobody here had the time to read it."""
    log = Log()

    def script(number, _):
        async def behave(line):
            await ok("In time.")(line)
            await asyncio.sleep(0)
            time.sleep(2.0)  # the server is in this process: nobody reads anything meanwhile

        return behave if number == 2 else ok()

    async def go():
        async with Server(script) as server, endpoint_at(server.url, Clock(), deadline_seconds=0.5) as endpoint:
            await endpoint.speak(request(attempts=log, max_tokens=1))
            return await endpoint.speak(request(attempts=log, max_tokens=1)), endpoint.gate

    reply, gate = asyncio.run(go())
    assert ("fail", "timeout", "unknown") not in log.events
    assert reply.attempts == 1 or ("fail", "held_up", "unknown") in log.events
    assert gate.silent_seconds == 0


def test_a_storm_of_requests_given_up_leaks_nothing():
    """Row 65: places at the gate and connections are given back, whenever a request is given up."""
    rng = random.Random(1)
    storm = 300

    async def slow(line):
        await asyncio.sleep(rng.uniform(0, 0.02))
        await ok("Here I am.")(line)

    async def go():
        async with Server([slow]) as server:
            endpoint = Endpoint(server.url, KEY, most_requests=8)
            await endpoint.speak(request())
            asking = []
            for _ in range(storm):
                asking.append(asyncio.create_task(endpoint.speak(request())))
                await asyncio.sleep(rng.uniform(0, 0.003))
                rng.choice(asking).cancel()
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            assert endpoint.gate.in_flight == 0
            server.script = [ok("Still there.")]
            replies = await asyncio.gather(*(endpoint.speak(request()) for _ in range(8)))
            connections = len(server._tasks)
            await endpoint.close()
            return replies, connections

    replies, connections = asyncio.run(go())
    assert [(reply.text, reply.attempts) for reply in replies] == [("Still there.", 1)] * 8
    assert connections <= 2 * 8
