"""Who speaks next."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.structures import STRUCTURES, structure_named
from tests.builders import seed_text

SHORT = {"Therapist": "T", "Patient A": "A", "Patient B": "B", "AI_Facilitator": "F"}

histories = st.tuples(st.sampled_from(STRUCTURES), st.sampled_from("AB"), st.integers(1, 120))


def spoken(name: str, first: str, turns: int) -> str:
    structure, labels = structure_named(name)(first, turns), []
    while label := structure.next(labels):
        labels.append(label)
    return "".join(SHORT[label] for label in labels)


@pytest.mark.parametrize(
    ("name", "first", "period"),
    [
        ("LLM Only", "A", "TABABTA"),
        ("LLM Only", "B", "TBABATA"),
        ("Sequential", "A", "TAB"),
        ("Sequential", "B", "TBA"),
    ],
)
def test_sequence(name, first, period):
    assert spoken(name, first, 31) == (period * 31)[:31]


def test_llm_only_speaks_in_the_seeds_order():
    lines = seed_text().split("\n")
    labels = [line[:-1] for line in lines if line.endswith(":") and line[:-1] in SHORT]
    assert spoken("LLM Only", "A", 31) == "".join(SHORT[label] for label in labels)


@given(histories)
def test_every_session_has_its_turns_and_nobody_speaks_twice_in_a_row(history):
    structure, first, turns = history
    order = spoken(structure.name, first, turns)
    assert len(order) == turns
    assert order[0] == "T"
    assert order[1:2] in {"", first}
    assert all(one != other for one, other in itertools.pairwise(order))


@given(st.lists(st.sampled_from(["Therapist", "Patient A", "Patient B"]), max_size=20), histories)
def test_nobody_answers_themselves_after_any_history(labels, history):
    """Also after a history the structure would not have made, such as an imported one."""
    structure, first, _ = history
    if structure.name == "LLM Only" and len(labels) != 1:
        assert labels == [] or structure(first, 99).next(labels) != labels[-1]


@given(histories)
def test_the_same_history_gives_the_same_answer(history):
    structure, first, turns = history
    labels, one = [], structure(first, turns)
    while label := one.next(labels):
        assert structure(first, turns).next(list(labels)) == label == one.next(labels)
        labels.append(label)


@pytest.mark.parametrize("written", ["LLM Only", "llm-only", "llm_only", "LLMONLY"])
def test_names_are_read_forgivingly(written):
    assert structure_named(written).name == "LLM Only"


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"'Round Robin'.*'LLM Only'.*'Sequential'"):
        structure_named("Round Robin")
