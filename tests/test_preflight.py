"""What is looked over before anything is sent: planted oddities are found, shipped sets are clean."""

import pytest

from generator import tokens
from generator.assets import Assets, shipped_root
from generator.errors import InputError
from generator.plan import Expansion
from generator.preflight import lints, lints_of_all, messages, require, require_all
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.planned import Planned
from generator.schema.session import Budget, CastPrompts
from tests.builders import couple, prompt_set, spec


def for_all(prompts: PromptSet) -> dict[Label, PromptSet]:
    """Every speaker's prompts from one set."""
    return dict.fromkeys(PRINCIPALS, prompts)


SET = prompt_set()
BASE = for_all(SET)
SETS = list(Assets([shipped_root()]).all("prompt set"))


def changed(**templates: str) -> dict[Label, PromptSet]:
    """The baseline set with other templates; `+` at the start appends to the shipped one."""
    files = dict(SET.files)
    for role, text in templates.items():
        name = f"{role}.j2"
        files[name] = files[name] + text[1:] if text.startswith("+") else text
    return for_all(PromptSet(SET.settings, files))


def of_daniel(**fields: str):
    """A spec whose Daniel has other words in these fields."""
    daniel = couple("daniel-marcus")
    return spec(couple=daniel.model_copy(update={"a": daniel.a.model_copy(update=fields)}))


@pytest.mark.parametrize("name", SETS)
def test_shipped_sets_are_clean_for_the_default_couple(name):
    assert lints(spec(prompts=name), for_all(prompt_set(name))) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("+\nYou know Sarah well.", 2),
        ("+\n\nHello, Sarah", 3),
        ("+\n{% if practice %}\nTalk to Sarah now.\n{% endif %}", 3),
    ],
)
def test_a_name_of_nobody_in_the_cast_is_told_with_its_line(text, line):
    before = SET.files["therapist.j2"].count("\n")
    (lint,) = lints(spec(), changed(therapist=text))
    assert (lint.severity, lint.message) == ("warning", "'Sarah' is not in the cast")
    assert lint.where.endswith(f"therapist.j2:{before + line}")
    require(spec(), changed(therapist=text))


@pytest.mark.parametrize("text", ["+ You know Daniel and Dr. Forger.", "+ It is Monday.", "+ {# ask Sarah #}"])
def test_people_of_the_cast_and_comments_are_no_strangers(text):
    assert lints(spec(), changed(therapist=text)) == []


@pytest.mark.parametrize("left", ["[name]", "[Partner's job]", "{name}", "<name>", "TODO"])
def test_an_unfilled_placeholder_in_a_template_forbids_sending(left):
    before = SET.files["partner.j2"].count("\n")
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
    assert "persona.grievance" in str(SET.files)
    files = {name: text.replace("persona.grievance", "persona.background") for name, text in SET.files.items()}
    (lint,) = lints(spec(), for_all(PromptSet(SET.settings, files)))
    assert str(lint) == "warning: prompt set baseline: no template uses partner.grievance"


def test_messages_are_counted():
    for label, (sent, counted) in messages(spec(), BASE).items():
        assert [message["role"] for message in sent] == ["system", "user"]
        words = sum(tokens.count(message["content"]) for message in sent)
        assert words <= counted <= words + 10, label


def of_many(*sessions: tuple, **sets: PromptSet) -> Expansion:
    """What a plan with these specs would come to."""
    prompts = {each.ref.hash: each for each in (SET, *sets.values())}
    return Expansion([Planned(one) for one in sessions], prompts, warnings=("plan.yaml:3:1: matches no cell",))


def test_what_many_sessions_have_in_common_is_told_once():
    noor, ruth = spec(couple="noor-felix", topic="retirement"), spec(couple="yuki-ben", topic="retirement")
    expansion = of_many(noor, ruth, noor.model_copy(update={"first": "B"}))
    assert [str(lint) for lint in require_all(expansion)] == [
        "warning: plan.yaml:3:1: matches no cell",
        "warning: topic 'retirement' is not among those written for 2 couples: noor-felix, yuki-ben",
    ]


def test_each_cell_is_looked_at():
    """One couple of many has a brace in its file, one budget is too small, one set of one speaker is unfinished."""
    whole, braces = spec(), of_daniel(background="He {{ x")
    small = spec(budget=Budget(session_tokens=500))
    (unfinished,) = set(changed(partner="+\nYou are TODO.").values())
    refs = CastPrompts(therapist=SET.ref, a=SET.ref, b=unfinished.ref)
    expansion = of_many(whole, braces, small, spec(prompts=refs), more=unfinished)
    found = [
        (lint.where.rpartition("/")[2], lint.message) for lint in lints_of_all(expansion) if lint.severity == "error"
    ]
    assert [where for where, _ in found] == [
        f"partner.j2:{SET.files['partner.j2'].count(chr(10)) + 2}",
        "prompt set baseline, Patient A",
        "budget.session_tokens",
    ]
    with pytest.raises(InputError, match="unfilled placeholder 'TODO'"):
        require_all(expansion)


def test_names_are_looked_for_with_every_cast():
    """'Marcus' in a template is somebody for one couple and a stranger to the other."""
    (named,) = set(changed(partner="+\nYou know Marcus well.").values())
    refs = CastPrompts.all_from(named.ref)
    assert lints(spec(prompts=refs), for_all(named)) == []
    found = lints_of_all(of_many(spec(prompts=refs), spec(prompts=refs, couple="ruth-harold"), more=named))
    assert "'Marcus' is not in the cast" in [lint.message for lint in found]
