"""What is read from a reply: FAULTS rows 20, 24 to 26, 30 and 31."""

import pytest

from generator.schema.turn import Usage
from tests.chat.asking import ask, case, request
from tests.faults.server import body, error, ok, reset

READ = [
    # row, behaviour, fields of the reply
    case("20 parts", ok([{"type": "text", "text": "Good "}, {"type": "text", "text": "day."}]), {"text": "Good day."}),
    case("20 thoughts", ok([{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Hi."}]), {"text": "Hi."}),
    case("24", ok("I just feel like, you", "length"), {"text": "I just feel like, you", "end": "length"}),
    case("25 tool_calls", ok("Well.", "tool_calls"), {"text": "Well.", "end": "tool_calls"}),
    case("25 unknown", ok("Well.", "eos"), {"text": "Well.", "end": "eos"}),
    case("25 missing", ok("Well.", None), {"text": "Well.", "end": "unknown"}),
    case("25 number", ok("Well.", 7), {"text": "Well.", "end": "unknown"}),
    case("30 pair", ok("a \ud83d\ude42 b"), {"text": "a 🙂 b"}),
    case("30 lone", ok("a \ud800 b", model="m\udfff"), {"text": "a \ufffd b", "model": "m\ufffd"}),
    case("31 scripts", ok("שלום \u202e e\u0301 \u2028 🙂"), {"text": "שלום \u202e e\u0301 \u2028 🙂"}),
    case("- model", ok(model="gpt-4o-2024"), {"model": "gpt-4o-2024", "fingerprint": None}),
    case("- no model", ok(model=None, system_fingerprint="fp_1"), {"model": "gpt-4o", "fingerprint": "fp_1"}),
    case("- odd model", ok(model=["a"], system_fingerprint={"b": 1}), {"model": "['a']", "fingerprint": "{'b': 1}"}),
    case("- no error", ok(error=None), {"text": "Good morning."}),
]


@pytest.mark.parametrize(("behaviour", "fields"), READ)
def test_reply_is_read(behaviour, fields):
    asked = ask(behaviour)
    assert {name: getattr(asked.reply, name) for name in fields} == fields
    assert asked.server.count == asked.reply.attempts == 1
    assert asked.log.events == [("begin",)]


def test_raw_body_is_kept():
    """Row 30."""
    raw = b'{ "choices": [{"message": {"content": "a\\ud800"}}] }'
    assert ask(body(raw)).reply.raw == raw


ESTIMATED = {"prompt": request().prompt_tokens, "completion": 150, "estimated": True}
USAGES = [
    ("missing", None, ESTIMATED),
    ("empty", {}, ESTIMATED),
    ("a list", [1, 2], ESTIMATED),
    ("zero", {"prompt_tokens": 0, "completion_tokens": 0}, ESTIMATED),
    ("half", {"prompt_tokens": 100}, ESTIMATED),
    ("negative", {"prompt_tokens": 100, "completion_tokens": -1}, ESTIMATED),
    ("strings", {"prompt_tokens": "100", "completion_tokens": "20"}, ESTIMATED),
    ("true", {"prompt_tokens": True, "completion_tokens": True}, ESTIMATED),
    ("absurd", {"prompt_tokens": 10**30, "completion_tokens": 20}, ESTIMATED),
    ("over budget", {"prompt_tokens": 100, "completion_tokens": 309}, {"prompt": 100, "completion": 309}),
    ("fewer tokens than words", {"prompt_tokens": 10, "completion_tokens": 1}, ESTIMATED),
    (
        "details",
        {
            "prompt_tokens": 100,
            "completion_tokens": 90,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 70},
        },
        {"prompt": 100, "cached": 64, "completion": 90, "reasoning": 70},
    ),
    (
        "odd details",
        {"prompt_tokens": 9, "completion_tokens": 9, "prompt_tokens_details": 7, "completion_tokens_details": {}},
        {"prompt": 9, "completion": 9},
    ),
]


@pytest.mark.parametrize(("usage", "expected"), [pytest.param(*case[1:], id=f"row 26 {case[0]}") for case in USAGES])
def test_usage(usage, expected):
    """Row 26: what is not told is reserved at its upper bound."""
    assert ask(ok(usage=usage)).reply.usage == Usage(**expected)


SPENT = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 64}}
HIDDEN = {"prompt_tokens": 10, "completion_tokens": 8, "completion_tokens_details": {"reasoning_tokens": 7}}


@pytest.mark.parametrize(
    "failed",
    [
        ok("", usage=HIDDEN),
        ok("Daniel: No.", usage=HIDDEN),
        ok(None, refusal="No.", usage=HIDDEN),
        ok(message=None, usage=HIDDEN),
    ],
    ids=["empty", "unusable", "refused", "no message"],
)
def test_usage_has_billed_failures_in_it(failed):
    """Row 22: a turn costs what all its attempts cost."""
    reply = ask(failed, ok("Yes.", usage=SPENT), usable=lambda text: text == "Yes.").reply
    assert (reply.usage, reply.wasted_tokens) == (Usage(prompt=100, cached=64, completion=20), 10 + 8)


def test_usage_has_no_part_of_what_was_not_billed():
    usage = {"prompt_tokens": 9, "completion_tokens": 9}
    faults = error(503, usage=usage), body({"error": {"code": 502}, "usage": usage}), reset()
    assert ask(*faults, ok(usage=SPENT)).reply.usage == Usage(prompt=100, cached=64, completion=20)


def test_a_failed_attempt_without_figures_is_wasted_at_its_estimate():
    reply = ask(ok("", usage=None), ok(usage=SPENT)).reply
    assert (reply.usage, reply.wasted_tokens) == (
        Usage(prompt=100, cached=64, completion=20),
        request().prompt_tokens + 150,
    )


def test_usage_without_a_limit_is_counted():
    """Row 26."""
    usage = ask(ok("word " * 700, usage=None), max_tokens=None).reply.usage
    assert 690 <= usage.completion <= 710
    assert usage.estimated
