"""What a run has come to: tokens counted apart, and costs with and without what a cache saves (FAULTS 26, 49)."""

import pytest

from generator.cli.running import money_lines, say_how_it_went
from generator.ledger import changes
from generator.schema.turn import Reply, Turn, Usage
from generator.summary import summary
from tests.builders import spec
from tests.runs import begin

FIELDS = {"speaker": "Therapist", "end": "stop", "cut": False, "mid_sentence": False, "tokens": 3}


def price(model: str, usage: Usage) -> float | None:
    """One dollar a prompt token, half of it if cached, two a reply token; nobody knows the price of "unknown"."""
    if model == "unknown":
        return None
    return usage.prompt - usage.cached / 2 + 2 * usage.completion


@pytest.fixture
def ledger(tmp_path):
    of = spec(turns=3)
    ledger = begin(tmp_path / "run", of)
    for n, usage in enumerate(
        (
            Usage(prompt=100, cached=60, completion=20, reasoning=5),
            Usage(prompt=200, completion=10),
            Usage(prompt=7, completion=7, estimated=True),
        ),
        start=1,
    ):
        attempt = ledger.write(changes.Attempt(of.id, n, "m", Usage(prompt=1000, completion=150)).begin)
        turn = Turn(n=n, text="Yes.", reply=Reply(text="Yes.", end="stop", usage=usage, model="m"), **FIELDS)
        ledger.write(changes.commit_turn, of.id, turn, "m", attempt)
    yield ledger
    ledger.close()


def test_what_is_known_exactly_and_what_at_most(ledger):
    (spent,) = summary(ledger, price).spent
    assert (spent.prompt, spent.cached, spent.completion, spent.reasoning) == (300, 60, 30, 5)
    assert (spent.at_most_prompt, spent.at_most_completion) == (1000, 150), "the turn without figures"
    assert (spent.estimated_prompt, spent.estimated_completion) == (7, 7), "the same"


def test_tokens_and_costs(ledger):
    counts = summary(ledger, price)
    assert (counts.tokens, counts.exact) == (330 + 1150, False)
    assert counts.counted_apart == "60 cached prompt, 5 hidden reasoning"
    assert counts.nominal_cost == 307 + 2 * 37
    assert counts.cost == 1300 - 30 + 2 * 180


def test_the_full_price_says_whether_it_is_an_estimate(ledger):
    assert money_lines(summary(ledger, price)) == [
        "cost:        <= $1630.00 (turns kept, at full price: about $381.00)"
    ]


def test_turns_over_their_budget_are_counted(ledger, capsys):
    of = ledger.session(1)
    attempt = ledger.write(changes.Attempt(of.id, 4, "m", Usage(prompt=10, completion=15)).begin)
    reply = Reply(text="No.", end="stop", usage=Usage(prompt=9, completion=90), model="m")
    turn = Turn(n=4, text="No.", reply=reply, over_budget=True, **FIELDS)
    ledger.write(changes.commit_turn, of.id, turn, "m", attempt)
    counts = summary(ledger, price)
    assert counts.over_budget == 1
    say_how_it_went(ledger, counts, 0)
    turns = "turns:       4 turns, 0 cut off by the budget, 1 longer than the endpoint was asked for\n"
    assert turns in capsys.readouterr().out


def test_what_was_lost_counts_unless_it_was_not_billed(ledger):
    of = ledger.session(1)
    for billed, usage in (("no", None), ("yes", Usage(prompt=5, completion=1)), ("unknown", None)):
        attempt = ledger.write(changes.Attempt(of.id, 4, "m", Usage(prompt=1000, completion=150)).begin)
        ledger.write(changes.fail_attempt, attempt, "empty", "nothing", billed, usage)
    counts = summary(ledger, price)
    assert counts.tokens == 330 + 1150 + 6 + 1150
    assert (counts.failures, counts.possibly_paid_twice) == ({"empty": 3}, 2)


def test_without_a_price_there_is_no_cost(ledger):
    counts = summary(ledger, lambda model, usage: None)
    assert (counts.cost, counts.nominal_cost) == (None, None)
