"""Whatever a judge sends becomes valid items or missing ones, never a guess."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.judge import answers
from generator.judge.answers import read, stands_in
from generator.judge.forms import FORMS, units
from tests.judge.stand_in import answer, plain
from tests.judge.trying import session

TURNS = session(2).turns
THERAPIST = (1, 4, 7)
FRAMING = FORMS["framing"]
QUOTE = "question number 2, for the two"


def framing(*entries):
    return read(FRAMING, ("1", "4", "7"), TURNS, json.dumps({"turns": list(entries)}))


def entry(turn, value, evidence=QUOTE):
    return {"turn": turn, "adopts": {"evidence": evidence, "answer": value}}


@pytest.mark.parametrize("name", FORMS)
def test_a_whole_answer_is_read_whole(name):
    told = json.dumps(answer(name, TURNS, plain))
    found = read(FORMS[name], units(FORMS[name], THERAPIST), TURNS, told)
    assert [item.problem for item in found] == [None] * len(found)
    assert len(found) == len(units(FORMS[name], THERAPIST)) * len(FORMS[name].questions)


@pytest.mark.parametrize("wrapped", ["```json\n{}\n```", "Here is my rating:\n{}\nI hope it helps.", "\n\n {} "])
def test_an_object_is_found_among_other_words(wrapped):
    told = json.dumps(answer("realism", TURNS, plain))
    found = read(FORMS["realism"], ("session",), TURNS, wrapped.replace("{}", told))
    assert [item.value for item in found] == [5, 5, 5]


@pytest.mark.parametrize(
    "text",
    ["", "I cannot rate this.", "[1, 2]", "{", '{"turns": 3}', '{"turns": [[]]}', "{}", "[" * 9999, '{"a": NaN}'],
)
def test_what_is_no_answer_is_all_missing(text):
    for name, form in FORMS.items():
        found = read(form, units(form, THERAPIST), TURNS, text)
        assert {item.value for item in found} == {None}, name
        assert all(item.problem for item in found)


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([entry(1, "neither", ""), entry(7, "neither", "")], "not answered"),
        ([entry(4, "A"), entry(4, "B")], "the turn stands twice in the answer"),
        ([entry(4, "C")], "C is not among the answers"),
        ([entry(4, 5)], "5 is not among the answers"),
        ([entry(4, None)], "None is not among the answers"),
        ([{"turn": 4, "adopts": "A"}], "answered without evidence"),
        ([{"turn": 4, "adopts": {"answer": "A"}}], "the evidence does not stand there: None"),
        ([entry(4, "A", "")], "the evidence does not stand there: "),
        ([entry(4, "A", "you are right about him")], "the evidence does not stand there: you are right about him"),
        ([entry(4, "A", "That is all we have time for today.")], "the evidence does not stand there: That is all"),
        ([entry(4, "A", "Anna1 says says says")], "the evidence does not stand there: Anna1"),
        ([entry("4.0", "A")], "not answered"),
    ],
)
def test_a_faulty_item_is_missing_and_says_why(entries, problem):
    found = {item.unit: item for item in framing(*entries)}
    assert found["4"].value is None
    assert found["4"].problem.startswith(problem)


@pytest.mark.parametrize("score", [11, -1, 7.5, "7", True, None, [7], {"answer": 7}])
def test_a_score_out_of_its_scale_is_no_score(score):
    told = {key: {"evidence": QUOTE, "answer": score if key == "speech" else 7} for key in FORMS["realism"].questions}
    found = {item.key: item for item in read(FORMS["realism"], ("session",), TURNS, json.dumps(told))}
    assert (found["speech"].value, found["course"].value) == (None, 7)


def test_a_bid_is_quoted_from_between_the_therapists_turns():
    def bid(evidence):
        depth = {"depth_a": {"evidence": evidence, "answer": 3}, "depth_b": {"evidence": "", "answer": None}}
        told = json.dumps({"turns": [{"turn": 4, **depth}]})
        return read(FORMS["bids"], ("4",), TURNS, told)[0]

    assert bid("Anna1 says says says").value == 3
    assert bid("Anna2 says says says").value is None, "that is said later"
    assert bid("question number 1, for").value is None, "that is the therapist"


@pytest.mark.parametrize(
    ("evidence", "stands"),
    [
        ("I can't hear you", True),
        ("I can’t   hear\nyou", True),
        ("“i CAN'T hear you...”", True),
        ("I can't ... in the morning", True),
        ("in the morning ... I can't hear", False),
        ("[4] Patient A: I can't hear you", True),
        ("[4] I can't hear you", True),
        ("Patient A said I can't hear you", False),
        ("can't hear yo", False),
        ("I can hear you", False),
        ("hear you", False),
        ("No", False),
        ("Fine.", True),
        ("", False),
        ("...", False),
    ],
)
def test_evidence(evidence, stands):
    assert stands_in(evidence, ["Look, I can’t hear you — not in the morning.", "Fine."]) is stands


def test_an_answer_that_breaks_off_says_what_to_do():
    told = json.dumps(answer("framing", TURNS, plain))[:-20]
    (why,) = {item.problem for item in read(FRAMING, ("1", "4"), TURNS, told)}
    assert why == "the answer breaks off; raise `tokens` in rubric.yaml"


@given(st.text(), st.lists(st.text(), max_size=3))
def test_evidence_of_any_words_is_judged(evidence, texts):
    assert stands_in(evidence, texts) in (True, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["turns", "turn", "a", "b", "before", "after", "adopts", "answer", "evidence", "bond"]), inner
    ),
)  # fmt: skip


@given(st.sampled_from(sorted(FORMS)), JSON)
def test_any_json_becomes_items_that_are_allowed_or_missing(name, told):
    form = FORMS[name]
    found = read(form, units(form, THERAPIST), TURNS, json.dumps(told))
    assert len(found) == len(units(form, THERAPIST)) * len(form.questions)
    for item in found:
        assert item.problem or item.value in form.questions[item.key].values


@pytest.mark.parametrize("name", FORMS)
def test_the_schema_is_strict_and_what_is_told_in_words_is_the_same(name):
    def objects(schema):
        if schema.get("type") == "object":
            yield schema
        for inner in [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]:
            yield from objects(inner)

    for found in objects(answers.schema(FORMS[name])):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])
    words = answers.in_words(FORMS[name], units(FORMS[name], THERAPIST))
    assert all(f'"{key}": ' in words for key in FORMS[name].questions)
