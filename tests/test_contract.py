"""The contract file: what it may say, and where its mistakes are."""

import pytest

from generator.assets import Assets, shipped_root
from generator.check import RULES
from generator.contract import load_contract
from generator.errors import InputError
from generator.schema.contract import Contract, DriftTerms, TurnRange
from tests.builders import SHIPPED


@pytest.fixture
def written(tmp_path):
    """Reads a contract of this text."""

    def read(text):
        path = tmp_path / "contract.yaml"
        path.write_text(text, encoding="utf-8")
        return load_contract(path, SHIPPED)

    return read


def problems(read, text):
    with pytest.raises(InputError) as caught:
        read(text)
    return [problem.split("contract.yaml:", 1)[1] for problem in caught.value.problems]


def test_the_shipped_contract_is_the_default():
    assert load_contract(None, SHIPPED) == Contract()


def test_everything_can_be_said(written):
    text = """
turns: {least: 3, most: 9}
turn_tokens: 90
language: any
severities: {cut-off: error, turn-count: off}
drift:
  confidence: 0.9
  tolerance: {words.a: 6, cut_off_rate.b: 0}
"""
    assert written(text) == Contract(
        turns=TurnRange(least=3, most=9),
        turn_tokens=90,
        language="any",
        severities={"cut-off": "error", "turn-count": "off"},
        drift=DriftTerms(confidence=0.9, tolerance={"words.a": 6, "cut_off_rate.b": 0}),
    )


def test_every_code_may_be_named(written):
    codes = "".join(f"  {code}: note\n" for code in RULES)
    assert set(written(f"severities:\n{codes}").severities) == set(RULES)


def test_an_unknown_code_is_told_with_its_place_and_the_nearest(written):
    text = "severities:\n  cut-off: error\n  cut-of: error\n  zzz: off\n"
    assert problems(written, text) == [
        "3:3: severities: there is no 'cut-of'; did you mean 'cut-off'?",
        "4:3: severities: there is no 'zzz'; `couplesim check --help` tells where they are listed",
    ]


def test_an_unknown_figure_is_told_with_its_place_and_the_nearest(written):
    text = "drift:\n  tolerance: {words.a: 2, cut_off_rate.c: 1}\n"
    (problem,) = problems(written, text)
    assert problem.startswith("2:27: drift.tolerance: there is no 'cut_off_rate.c'; did you mean 'cut_off_rate.")


def test_unknown_codes_and_figures_are_told_at_once(written):
    found = problems(written, "severities: {nope: off}\ndrift: {tolerance: {nope: 1}}\n")
    assert [problem.split(" ")[0] for problem in found] == ["1:14:", "2:21:"]


def test_an_unknown_code_is_told_beside_other_mistakes(written):
    assert problems(written, "turns: {leest: 3}\nseverities: {cut-of: error}\n") == [
        "1:9: turns.leest: unknown key; did you mean 'least'?",
        "2:14: severities: there is no 'cut-of'; did you mean 'cut-off'?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("severites: {}\n", "1:1: severites: unknown key; did you mean 'severities'?"),
        ("turns:\n  least: 9\n  most: 3\n", "2:3: turns: least (9) is more than most (3)"),
        ("turns: {least: 0}\n", "1:16: turns.least: must be at least 1 (got 0)"),
        ("drift: {confidence: 1}\n", "1:21: drift.confidence: must be less than 1 (got 1)"),
        ("drift: {tolerance: {words.a: -1}}\n", "1:30: drift.tolerance.words.a: must be at least 0 (got -1)"),
        ("turn_tokens: many\n", "1:14: turn_tokens: should be a valid integer (got 'many')"),
        ("language: de\n", "1:11: language: should be 'en' or 'any' (got 'de')"),
        ("- 1\n", "1:1: file: should be a mapping of keys to values"),
        ("", "1:1: the file is empty"),
    ],
)
def test_a_mistake_is_told_with_its_place(written, text, problem):
    assert problems(written, text) == [problem]


def test_an_unknown_severity_is_one_problem_in_plain_words(written):
    found = problems(written, "severities: {order: bad}\n")
    assert len(found) == 1
    assert found[0].startswith("1:21: severities.order: ")
    assert "literal" not in found[0]


def test_a_contract_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            load_contract(path, SHIPPED)


def test_a_contract_of_one_s_own_comes_first(tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "contract.yaml").write_text("turn_tokens: 64\n", encoding="utf-8")
    assert load_contract(None, Assets([tmp_path, shipped_root()])).turn_tokens == 64
    with pytest.raises(InputError, match=r"there is no seeds/contract\.yaml; looked in"):
        load_contract(None, Assets([tmp_path / "elsewhere"]))
