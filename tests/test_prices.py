"""The price file: found, read, refused; costs and bounds; no limit in money without prices (FAULTS 50)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.assets import Assets, shipped_root
from generator.errors import InputError
from generator.prices import Price, PriceFile, Prices
from generator.schema.turn import Usage

FILE = """\
checked: today
models:
  m: {input: 2, cached: 0.5, output: 10}
  own: {input: 0, output: 0}
  half: {input: 1, output: 0}
"""


def read(folder, text=FILE) -> Prices:
    (folder / "prices.yaml").write_text(text, encoding="utf-8")
    return Prices.load(Assets([folder, shipped_root()]))


def test_the_shipped_file_is_valid_and_dated():
    shipped = Prices.load(Assets([shipped_root()]))
    assert shipped.path == shipped_root() / "prices.yaml"
    assert shipped.checked.startswith("20")
    price = shipped.of("gpt-4o")
    assert price is not None
    assert 0 < (price.cached or 0) < price.input < price.output


def test_a_file_of_ones_own_comes_first_and_whole(tmp_path):
    prices = read(tmp_path)
    assert prices.path == tmp_path / "prices.yaml"
    assert prices.of("gpt-4o") is None


def test_cost_counts_cached_tokens_apart(tmp_path):
    prices = read(tmp_path)
    usage = Usage(prompt=1_000_000, cached=400_000, completion=100_000)
    assert prices.cost("m", usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 1)
    assert prices.bound("m", usage) == pytest.approx(3)
    assert prices.cost("half", usage) == pytest.approx(1)
    assert prices.cost("x", usage) is None


def test_the_rehearsal_costs_nothing_and_needs_no_price(tmp_path):
    prices = read(tmp_path)
    assert prices.cost("rehearsal", Usage(prompt=10**9, completion=10**9)) == 0
    prices.require(["rehearsal", "m"], "--run-cost")


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**5), *[st.floats(0, 1000)] * 3)
def test_no_request_costs_more_than_its_bound(prompt, cached, reply, price_in, price_cached, price_out):
    price = Price(input=price_in, cached=price_cached, output=price_out)
    prices = Prices(PriceFile(checked="today", models={"m": price}), shipped_root())
    usage = Usage(prompt=prompt, cached=min(cached, prompt), completion=reply)
    assert prices.cost("m", usage) <= prices.bound("m", usage) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["x"], "--run-cost: no price for model 'x' in FOLDER/prices.yaml; enter what it costs there"),
        (["x", "m", "y"], "--run-cost: no price for models 'x', 'y' in FOLDER"),
        (["own"], "--run-cost: a price of 0 for model 'own' in FOLDER"),
        (["half", "x"], "--run-cost: no price for model 'x' and a price of 0 for model 'half' in FOLDER"),
    ],
)
def test_a_limit_in_money_needs_prices(tmp_path, names, told):
    with pytest.raises(InputError) as refused:
        read(tmp_path).require(names, "--run-cost")
    (problem,) = refused.value.problems
    assert problem.replace(str(tmp_path), "FOLDER").startswith(told)
    assert "--run-tokens N" in problem


@pytest.mark.parametrize(
    ("price", "place"),
    [
        ("{input: .nan, output: 1}", "3:14: models.m.input: should be a valid number"),
        ("{input: -1, output: 1}", "3:14: models.m.input: must be at least 0 (got -1)"),
        ("{input: 1}", "3:6: models.m.output: this key is missing"),
        ("{input: 1, ouput: 1, output: 2}", "3:17: models.m.ouput: unknown key; did you mean 'output'?"),
    ],
)
def test_a_wrong_price_is_told_with_its_place(tmp_path, price, place):
    with pytest.raises(InputError) as refused:
        read(tmp_path, f"checked: today\nmodels:\n  m: {price}\n")
    assert str(refused.value).startswith(f"{tmp_path}/prices.yaml:{place}")


def test_without_a_file_every_place_looked_in_is_named(tmp_path):
    with pytest.raises(InputError, match=f"there is no prices.yaml; looked in {tmp_path}"):
        Prices.load(Assets([tmp_path]))
