"""What sessions are expected to take: the arithmetic of a growing history."""

import pytest

from generator.assets import Assets
from generator.estimate import CACHE_FROM_TOKENS, Estimator, expect
from generator.preflight import messages
from generator.prices import Prices
from generator.schema.label import PRINCIPALS
from generator.schema.session import Budget, Cast, Model
from tests.builders import prompt_set, spec

BASE = dict.fromkeys(PRINCIPALS, prompt_set())


@pytest.fixture
def prices(tmp_path):
    (tmp_path / "prices.yaml").write_text(
        "checked: today\nmodels: {m: {input: 2, cached: 0.5, output: 10}, n: {input: 1, output: 1}}\n",
        encoding="utf-8",
    )
    return Prices.load(Assets([tmp_path]))


def test_what_a_session_takes_is_summed_up_turn_by_turn():
    """T, A, B, A: each request holds its role's first prompt, and every turn so far with 6 tokens around it."""
    of = spec(turns=4, structure="LLM Only", budget=Budget(turn_tokens=120))
    t, a, b = (counted for _, counted in messages(of, BASE).values())
    expected = expect(of, BASE)
    assert expected.taken.requests == 4
    assert expected.taken.reply == 100 + 120 + 120 + 120
    assert expected.taken.prompt == t + (a + 106) + (b + 106 + 126) + (a + 106 + 126 + 126)
    assert min(a + 106, b) >= CACHE_FROM_TOKENS
    assert {label: taken.cached for label, taken in expected.by_label.items()} == {
        "Therapist": 0, "Patient A": a + 106, "Patient B": 0
    }  # fmt: skip


def test_without_a_limit_the_seeds_lengths_are_expected():
    assert expect(spec(turns=3, budget=Budget(cut="none")), BASE).taken.reply == 100 + 135 + 145


def test_what_is_cut_here_is_paid_for_all_the_same():
    """Asked for twice the budget, a turn of 135 tokens is billed and 80 of them go into the history."""
    server = expect(spec(turns=4, budget=Budget(turn_tokens=80)), BASE).taken
    client = expect(spec(turns=4, budget=Budget(turn_tokens=80, cut="client")), BASE).taken
    assert server.prompt == client.prompt
    assert (server.reply, client.reply) == (4 * 80, 100 + 135 + 145 + 135)


def test_the_cost_is_by_speaker_and_model(prices):
    of = spec(turns=4, models=Cast(therapist=Model(name="m"), a=Model(name="n")))
    by_label = expect(of, BASE).by_label
    therapist, a = by_label["Therapist"], by_label["Patient A"]
    nominal = (therapist.prompt * 2 + therapist.reply * 10 + a.prompt + a.reply) / 1e6
    assert expect(of, BASE).cost(of.models, prices) == pytest.approx(nominal)
    assert expect(of, BASE).cost(of.models, prices, caching=True) == pytest.approx(nominal)


def test_a_cache_saves_what_it_holds_where_it_has_a_price(prices):
    models = Cast(therapist=Model(name="m"), a=Model(name="m"), b=Model(name="m"))
    of = spec(turns=7, models=models)
    expected = expect(of, BASE)
    saved = (expected.cost(models, prices) or 0) - (expected.cost(models, prices, caching=True) or 0)
    assert saved == pytest.approx(expected.taken.cached * 1.5 / 1e6)
    assert saved > 0


def test_an_unknown_price_is_no_cost(prices):
    of = spec(turns=4, models=Cast(b=Model(name="x")))
    assert expect(of, BASE).cost(of.models, prices) is None


def test_an_estimator_gives_what_each_session_alone_would():
    estimator = Estimator()
    for of in (spec(), spec(couple="ruth-harold"), spec(turns=9), spec(first="B"), spec(budget=Budget(turn_tokens=60))):
        assert estimator.expect(of, BASE) == expect(of, BASE)
