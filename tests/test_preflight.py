"""What is looked over before anything is sent: planted oddities are found, shipped sets are clean."""

import pytest

from generator import tokens
from generator.assets import Assets, shipped_root
from generator.errors import InputError
from generator.preflight import expect, lints, messages, require
from generator.prompts import PromptSet
from generator.schema.session import Budget
from tests.builders import couple, prompt_set, spec

BASE = prompt_set()
SETS = list(Assets([shipped_root()]).all("prompt set"))


def changed(**templates: str) -> PromptSet:
    """The baseline set with other templates; `+` at the start appends to the shipped one."""
    files = dict(BASE.files)
    for role, text in templates.items():
        name = f"{role}.j2"
        files[name] = files[name] + text[1:] if text.startswith("+") else text
    return PromptSet(BASE.settings, files)


def of_daniel(**fields: str):
    """A spec whose Daniel has other words in these fields."""
    daniel = couple("daniel-marcus")
    return spec(couple=daniel.model_copy(update={"a": daniel.a.model_copy(update=fields)}))


@pytest.mark.parametrize("name", SETS)
def test_shipped_sets_are_clean_for_the_default_couple(name):
    assert lints(spec(prompts=name), prompt_set(name)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("+\nYou know Sarah well.", 2),
        ("+\n\nHello, Sarah", 3),
        ("+\n{% if practice %}\nTalk to Sarah now.\n{% endif %}", 3),
    ],
)
def test_a_name_of_nobody_in_the_cast_is_told_with_its_line(text, line):
    before = BASE.files["therapist.j2"].count("\n")
    (lint,) = lints(spec(), changed(therapist=text))
    assert (lint.severity, lint.message) == ("warning", "'Sarah' is not in the cast")
    assert lint.where.endswith(f"therapist.j2:{before + line}")
    require(spec(), changed(therapist=text))


@pytest.mark.parametrize("text", ["+ You know Daniel and Dr. Forger.", "+ It is Monday.", "+ {# ask Sarah #}"])
def test_people_of_the_cast_and_comments_are_no_strangers(text):
    assert lints(spec(), changed(therapist=text)) == []


@pytest.mark.parametrize("left", ["[name]", "[Partner's job]", "{name}", "<name>", "TODO"])
def test_an_unfilled_placeholder_in_a_template_forbids_sending(left):
    before = BASE.files["partner.j2"].count("\n")
    (lint,) = lints(spec(), changed(partner=f"+\nYou are {left}."))
    assert (lint.severity, lint.message) == ("error", f"unfilled placeholder {left!r}")
    assert lint.where.endswith(f"partner.j2:{before + 2}")
    with pytest.raises(InputError, match="unfilled placeholder"):
        require(spec(), changed(partner=f"+\nYou are {left}."))


@pytest.mark.parametrize(
    "value", ["He likes {{ other.name }}.", "He likes {% x %}.", "He likes {partner}.", "He {{ x", "{x_y}"]
)
def test_a_template_in_a_persona_value_forbids_sending_to_who_sees_it(value):
    found = lints(of_daniel(background=value), BASE)
    assert {(lint.severity, lint.where) for lint in found} == {("error", "prompt set baseline, Patient A")}


@pytest.mark.parametrize(
    "value",
    [
        "He keeps a todo list on the fridge.",
        "He says {and means} it.",
        "1 < 2 > 1",
        "He asks me to [name the thing].",
        "He wears XXX size. TODO: buy more.",
    ],
)
def test_plain_words_forbid_nothing(value):
    require(of_daniel(background=value), BASE)


def test_a_session_budget_that_cannot_hold_the_first_request_forbids_sending():
    small = spec(budget=Budget(session_tokens=500))
    (lint,) = lints(small, BASE)
    assert (lint.severity, lint.where) == ("error", "budget.session_tokens")
    assert "500 cannot hold the first request: the prompt of Therapist has about 1," in lint.message
    with pytest.raises(InputError, match="cannot hold"):
        require(small, BASE)
    require(spec(budget=Budget(session_tokens=2500)), BASE)


def test_a_topic_that_is_not_the_couples_own_is_told():
    (lint,) = lints(spec(couple="noor-felix", topic="retirement"), BASE)
    assert str(lint).startswith("warning: topic 'retirement' is not among those written for noor-felix: ")


def test_a_field_that_no_template_uses_is_told():
    assert "persona.grievance" in str(BASE.files)
    files = {name: text.replace("persona.grievance", "persona.background") for name, text in BASE.files.items()}
    (lint,) = lints(spec(), PromptSet(BASE.settings, files))
    assert str(lint) == "warning: prompt set baseline: no template uses partner.grievance"


def test_messages_are_counted():
    for label, (sent, counted) in messages(spec(), BASE).items():
        assert [message["role"] for message in sent] == ["system", "user"]
        words = sum(tokens.count(message["content"]) for message in sent)
        assert words <= counted <= words + 10, label


def test_what_a_session_takes_is_summed_up_turn_by_turn():
    """T, A, B, A: each request holds its role's first prompt, and every turn so far with 6 tokens around it."""
    of = spec(turns=4, structure="LLM Only", budget=Budget(turn_tokens=120))
    first = {label: counted for label, (_, counted) in messages(of, BASE).items()}
    t, a, b = first["Therapist"], first["Patient A"], first["Patient B"]
    expected = expect(of, BASE)
    assert (expected.requests, expected.reply_tokens) == (4, 100 + 120 + 120 + 120)
    assert expected.prompt_tokens == t + (a + 106) + (b + 106 + 126) + (a + 106 + 126 + 126)
    assert expected.cost(2.0, 10.0) == pytest.approx((expected.prompt_tokens * 2 + 460 * 10) / 1_000_000)


def test_without_a_limit_the_seeds_lengths_are_expected():
    assert expect(spec(turns=3, budget=Budget(cut="none")), BASE).reply_tokens == 100 + 135 + 145
