"""The levels format and conduct: the seed's facts, no false alarms, what is told all the same, and any bytes."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import tokens
from generator.check import RULES, check
from generator.check.rule import Known
from generator.people import People
from generator.reading import MAX_BYTES, RULE
from generator.schema.contract import Contract
from tests.builders import seed_text, within
from tests.check import EXEMPLARS, Base, checked, exemplar, findings, grave, rehearsed

# The seed

ORDER = {"T": "Therapist", "A": "Patient A", "B": "Patient B"}
CUT_OFF = [2, 3, 5, 11, 18, 21, 24, 26, 31]


@pytest.fixture(scope="module")
def seed():
    return checked(seed_text())


def by_turn(seed, code):
    """Number and speaker of the turns that a code is told of."""
    told = []
    for found in seed.findings:
        if found.code == code:
            turn = next(turn for turn in seed.reading.turns if found.line in {part.line for part in turn.paragraphs})
            told.append((turn.n, turn.label))
    return told


def test_the_seed_has_31_turns_in_its_own_order(seed):
    expected = [ORDER["TABABTA"[n % 7]] for n in range(31)]
    assert [turn.label for turn in seed.reading.turns] == expected


def test_the_people_of_the_seed_are_inferred(seed):
    assert (seed.people.a, seed.people.b) == (("Daniel",), ("Marcus",))
    assert "Anya Forger" in seed.people.therapist


def test_the_seeds_nine_cut_offs_are_told_and_are_at_the_budget(seed):
    told = by_turn(seed, "cut-off")
    assert [n for n, _ in told] == CUT_OFF
    assert Counter(label for _, label in told) == {"Patient A": 4, "Patient B": 5}
    messages = [found.message for found in seed.findings if found.code == "cut-off"]
    assert all(message.endswith("at the budget of 150 tokens") for message in messages)


def test_the_seed_ends_cut(seed):
    assert by_turn(seed, "ends-cut") == [(31, "Patient B")]


def test_the_seeds_two_stray_labels_are_its_only_warnings_and_it_has_no_error(seed):
    assert by_turn(seed, "stray-label-own") == [(22, "Therapist")]
    assert by_turn(seed, "stray-label-nobody") == [(24, "Patient B")]
    severe = [found for found in seed.findings if found.severity != "note"]
    assert [(found.severity, found.code) for found in severe] == [
        ("warning", "stray-label-own"),
        ("warning", "stray-label-nobody"),
    ]
    assert "'Marcus Wright'" in severe[1].message


# No false alarm

COUPLES = [
    ("aisha-omar", "Sequential", "A"),
    ("dwayne-keisha", "LLM Only", "B"),
    ("hannah-jules", "LLM Only", "A"),
    ("patrick-siobhan", "Sequential", "B"),
    ("tomasz-agnieszka", "LLM Only", "A"),
    ("yuki-ben", "LLM Only", "B"),
]


@pytest.mark.parametrize("number", range(1, len(EXEMPLARS) + 1))
def test_the_exemplars_raise_no_alarm(number):
    assert grave(exemplar(number)) == []


@pytest.mark.parametrize(("couple", "structure", "first"), COUPLES)
def test_rehearsal_sessions_raise_no_alarm(couple, structure, first):
    assert grave(rehearsed(couple, structure=structure, first=first, seed=11, turns=31)) == []


BASE = Base(exemplar(3), "Noor", "Felix", "Folake Adeyemi")
PEOPLE = People(("Dr. Folake Adeyemi", "Folake Adeyemi"), ("Noor",), ("Felix",), certain=True)
KNOWN = Known(PEOPLE, 31, True, {})
PLACES = ("{}", "{} That is all of it.", "It was late.\n\nLet me begin somewhere. {}")


def told_of(sentence):
    """The codes of warnings and errors about a sentence of Patient A in three places, with names inferred or known."""
    told = []
    for place, known in ((PLACES[0], None), (PLACES[1], KNOWN), (PLACES[2], None)):
        draft = BASE.draft()
        draft.turns[draft.a_turn_of("Patient A") - 1][1] = place.format(sentence)
        told.append({found.code for found in grave(draft.text, known=known)})
    return told


INNOCENT = {
    "abbreviations": [
        "We met at St. Mary's at 7 p.m. on a Friday.",
        "Mr. and Mrs. Pell came for the soup, e.g. and i.e. and all that.",
        "It was Dr. Okafor, my old boss, who rang you.",
        "I work at the U.S. Embassy, and you know it.",
    ],
    "third persons": [
        "My sister, Dina, was there, and you were not.",
        "I told Grace, my friend, about you.",
        "Our dog, Biscuit, was asleep on you.",
        "Then my brother Karim, whom you know, came by.",
        "It was Dina, not you, who rang.",
        "You know Gordon, Annette's brother.",
        "You rang Will, and then Dawn, and then me.",
        "Did you see Desmond, our driver?",
        "You were with Grace, Felix, and not with me.",
        "You sound like your mother, Annette.",
        "I know that you and Dina, Karim, Grace, and Will were all there.",
    ],
    "days and places": [
        "On Tuesday, Felix, you were late.",
        "In Paris, you held my hand.",
        "You drove to Leeds, York, Whitby.",
        "Last March, you said yes.",
        "You were in Leeds, weren't you?",
        "You said Friday, and then it was Sunday, you know.",
        "You grew up in Portland, Oregon.",
        "You can come on Sunday, Monday, whenever you like.",
        "You never liked Mother's Day, Easter, Christmas.",
        "Do you remember Whitby, Felix?",
    ],
    "quoted speech": [
        'He said, "Sarah, do you love me?"',
        "She said, ‘Thank you, Sarah.’",
        "Dad used to say, “Marcus, sit up and look at me.”",
        'She goes, "I am Sarah, and I am here for you."',
        "You said, 'What do you want, Noor?'",
    ],
    "thanks and greetings": [
        "Thank you, Dr. Adeyemi.",
        "Thank you, love.",
        "Thanks, Felix, for asking me.",
        "Thank God, you came.",
        "Thank you, Doctor, you are kind.",
        "Jesus, Felix, you scared me.",
        "Honestly, Felix, you know that.",
        "Thank you both, you and Felix.",
    ],
    "words before a colon": [
        "Question: when did we last laugh?",
        "Note: I was not there.",
        "The truth: I was jealous.",
        "Monday: nothing. Tuesday: nothing.",
        "One thing: I was there.",
        "First: I'm sorry.",
        "Confession: I read it.",
        "Honest answer: I was afraid.",
        "Exhibit A: the label maker.",
        "Rule number one: no phones.",
        "Bedtime at 8: that was the plan.",
        "So: Wednesday.",
    ],
    "numbers and errors": [
        "The number is 503.",
        "We live at 404 Mill Street.",
        "That was an error on my part, and I'm sorry.",
        "It was a trial-and-error sort of week.",
        "My limit is two parties a month, and it was reached.",
        "The connection was bad and you hung up.",
        "I read the error log at work until ten.",
        "I ran 500 metres and my patience timed out.",
        "Our service was unavailable all night, and I was on call.",
    ],
    "refusals of people": [
        "I'm sorry, but I can't continue this conversation tonight.",
        "I’m sorry, but I can’t do this any more.",
        "I'm sorry, but I can't help it.",
        "I'm sorry, but I cannot help you with the boxes tonight.",
        "I'm not able to talk about it.",
        "I'm unable to sleep when you are angry.",
        "I can't continue with this marriage as it is.",
        "I can't help with that, I was at work.",
        "I can't create that feeling for you.",
        "Your request goes against everything we said in May.",
    ],
    "machines": [
        "You talk to me as if I were an AI.",
        "I am not an AI, I have feelings.",
        "It was like living with a chatbot.",
        "As an aide on the ward, I see it daily.",
        "As an AI researcher, I work nights.",
        "I'm an AI engineer, and I bring it home.",
        "That app was developed by Google, and you read it all day.",
    ],
    "brackets and capitals": [
        "[laughs] You know that's not fair.",
        "(sighs) Yes.",
        "[pause]",
        "[He takes her hand.]",
        "*looks away* No.",
        "I said (and I meant it) that you were right.",
        "It was YOUR MOTHER at the door, not mine.",
        "[laughs] It was YOUR MOTHER at the door, not mine.",
        "We are *so* tired.",
    ],
    "signs": [
        "I love you <3",
        "It took < 5 minutes & you were gone.",
        "He had a #1 badge on.",
        "It's 50/50, you & me.",
        "I gave it 2 * 3 tries.",
        "It was about £20, or €25, or 50%.",
        "We went to the café with Zoë and Łukasz, and it was naïve of me.",
        "I love you 🙂",
        "You said “oui” and I said «non».",
    ],
    "other languages": [
        "Kocham cię.",
        "Non, je ne regrette rien, she sang, and you laughed at me all night long.",
        "My grandmother said, “Was lange währt, wird endlich gut,” and I think she was right about us.",
    ],
    "who I am": [
        "I'm Felix's wife, not his mother.",
        "I am Noor, and I will say it plainly.",
        "My name is mud in that house.",
        "I'm Welsh, and we talk.",
        "I told myself, hold on, Noor, it passes.",
    ],
}


@pytest.mark.parametrize("sentence", [pytest.param(one, id=one) for group in INNOCENT.values() for one in group])
def test_innocent_sentences_raise_no_alarm(sentence):
    assert told_of(sentence) == [set()] * 3


GUILTY = [
    ("placeholder", "And then [partner's name] came home."),
    ("placeholder", "I told {partner} about it."),
    ("placeholder", "We met in [your city]."),
    ("error-text", "It was late, Error code: 429, and I was gone."),
    ("refusal", "I'm sorry, but I can't assist with that request."),
    ("refusal", "I can't continue this role-play."),
    ("as-an-ai", "As an AI, I cannot say."),
    ("as-an-ai", "I'm an AI, and I was not there."),
    ("markup", "I was **so** late."),
    ("stranger", "Thank you, Sarah."),
    ("stranger", "What would you say to that, Michael?"),
    ("wrong-speaker", "I'm Felix, and I will say it plainly."),
    ("wrong-speaker", "What do you want from me, Noor?"),
    ("broken-characters", "I donâ€™t know."),
]


@pytest.mark.parametrize(("code", "sentence"), GUILTY)
def test_guilty_sentences_are_told_wherever_they_stand(code, sentence):
    assert told_of(sentence) == [{code}] * 3


@pytest.mark.parametrize(
    "sentence",
    ["I wrote the content policy at work, and nobody reads it.", "I can't assist with the twins every night.",
     "I'm sorry, but I can't continue with this tonight.", "He said [time] was the thing, and meant it.",
     "Felix: I know what you are going to say.", "Sarah: that is the name she gave."],
)  # fmt: skip
def test_what_a_person_may_say_too_is_no_error(sentence):
    assert {code for codes in told_of(sentence) for code in codes if RULES[code].severity == "error"} == set()


@pytest.mark.parametrize("sentence", ["Thank you, Sarah.", "Hello, Emily.", "What do you make of it, Mark?"])
def test_one_strange_name_does_not_make_strangers_of_those_in_the_room(sentence):
    """The people are inferred from the speech; one slip of it must not outweigh the rest."""
    for base in (BASE, Base(rehearsed("daniel-marcus", seed=5, turns=31), "Daniel", "Marcus", "Anya Forger")):
        for label in ("Patient A", "Patient B"):
            draft = base.draft()
            draft.turns[draft.a_turn_of(label) - 1][1] = sentence
            people = checked(draft.text).people
            assert (people.a, people.b) == ((base.a,), (base.b,))


def test_the_facilitator_of_one_structure_may_say_that_it_is_an_ai():
    said = "As an AI, I only listen. What do the two of you need?"
    text = f"SESSION: Trust\nStructure: LLM with Triggers\n{RULE}\n\nTherapist:\nHello.\n\nAI_Facilitator:\n{said}\n\n"
    assert "as-an-ai" not in {found.code for found in findings(text)}
    assert "as-an-ai" in {found.code for found in findings(text.replace("AI_Facilitator:", "Patient A:"))}


# Levels and the contract

BROKEN = exemplar(3).replace(RULE, "=" * 9).replace("Patient A:\nFrom my chair", "Patient A:\n[Name], from my chair")


@pytest.mark.parametrize("level", ["format", "conduct"])
def test_a_level_that_is_switched_off_says_nothing(level):
    told = check("it.txt", BROKEN.encode(), {level}, Contract(), None, tokens.count).findings
    assert {found.level for found in told} == {level}


def test_the_contract_has_the_last_word_on_severities():
    contract = Contract(severities={"header-rule": "note", "placeholder": "off", "cut-off": "error"})
    told = {found.code: found.severity for found in findings(BROKEN, contract=contract)}
    assert told == {"header-rule": "note", "cut-off": "error"}


def test_the_contract_says_how_many_turns_which_budget_and_which_language():
    contract = Contract(turns={"least": 32, "most": 35}, turn_tokens=200)
    told = findings(BASE.text, contract=contract)
    assert [found.code for found in told if found.severity != "note"] == ["turn-count"]
    messages = [found.message for found in told if found.code == "cut-off"]
    assert len(messages) == 9
    assert all(re.search(r", after \d+ tokens of 200$", message) for message in messages)
    draft = BASE.draft()
    draft.turns[7][1] = (
        "Ich weiß nicht mehr, was ich dir noch sagen soll, seit wir im Sommer aus dem Haus gezogen sind."
    )
    assert [found.code for found in grave(draft.text)] == ["wrong-language"]
    assert grave(draft.text, contract=Contract(language="any")) == []


def test_a_run_says_how_many_turns_there_should_be_and_with_which_budget():
    assert [found.code for found in grave(BASE.text, known=Known(PEOPLE, 33, True, {}))] == ["turn-count"]
    assert grave(BASE.text, known=Known(PEOPLE, 33, False, {})) == []
    told = findings(BASE.text, known=Known(PEOPLE, 31, True, {"Patient A": 90, "Patient B": None}))
    messages = {found.message.split(", ", 2)[1]: found.message for found in told if found.code == "cut-off"}
    assert messages["Patient A"].endswith("at the budget of 90 tokens")
    assert re.search(r", after \d+ tokens$", messages["Patient B"])


# Any bytes

pieces = st.one_of(
    st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=10),
    st.sampled_from(
        [b"\n", b"\n\n", b"\r\n", b"\r", b" ", b"Therapist:\n", b"\n\nPatient A:\n", b"**Patient B:** ", b"[Name] ",
         b"Marcus Wright: ", b"Thank you, Sarah. ", b"I'm Daniel. ", b"...", b"(pause)", "—".encode(), b"Error: ",
         b"{{", b"# ", b"As an AI, ", b"{'error': '", b"SESSION: Trust\nStructure: Sequential\n", RULE.encode(),
         b"\n\n", b"I was late again last night, and I am sorry. "]
    ),
)  # fmt: skip


@st.composite
def damaged(draw) -> bytes:
    """A good transcript in which a few places were cut out or written over."""
    raw = BASE.text.encode()[:4000]
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(raw)))
        end = min(len(raw), at + draw(st.integers(0, 200)))
        raw = raw[:at] + draw(pieces) + raw[end:]
    return raw


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=30).map(b"".join), damaged()))
@example(b"")
@example(b"\n")
@example(b"\xef\xbb\xbf")
@example(BASE.text.encode("utf-16"))
@example(BASE.text.encode().replace(b"\n", b"\r"))
def test_any_bytes_are_checked_and_every_finding_has_a_line_of_the_file(raw):
    lines = len(re.findall(rb"\r\n|\r|\n", raw)) + 1
    for found in findings(raw):
        assert found.code in RULES
        assert found.line is not None
        assert 1 <= found.line <= lines
        assert found.remedy
        assert "\n" not in found.message
        json.dumps(found.model_dump(), ensure_ascii=False).encode("utf-8")


def test_findings_come_by_line():
    lines = [found.line for found in findings(BROKEN)]
    assert lines == sorted(lines)


def test_a_file_too_large_is_told_and_not_read():
    with within(2):
        told = findings(b"\xff" * (MAX_BYTES + 1))
    assert [(found.code, found.line) for found in told] == [("too-large", 1)]
