"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.format import parse
from generator.sentences import back_to_sentence_end, ending, ends_mid_sentence, sentences
from tests.builders import seed_text, within

CUT_IN_THE_SEED = [2, 3, 5, 11, 18, 21, 24, 26, 31]

ENDINGS = {
    "sentence": ["", "I was late.", "Why?", "No!", "Really?!", "I said “no.”", 'I said "no."', "(I know.)", "*Fine.*",
                 "It is 7.", "It is 7:30.", "He left. ", "He left.\n", "你好。", "Is it?)", "‘Yes.’", "It cost $3.50."],
    "ellipsis": ["I thought...", "I thought…", "I thought ..", "“I thought…”", "I thought… "],
    "dash": ["I was going to—", "I was going to –", "I was going to -", "“But I—”"],
    "aside": ["I know. *sighs*", "I know (pause)", "I know. [silence]", "I love you 🙂", "Yes. 👍🏽", "We are 👩‍👩‍👧"],
    "clause": ["I was late,", "I was late;", "Two things:", "“Well,”"],
    "open": ["I was", "I don't", "It was 7", "“I was", "I was (and", "a 3.5", "*", "I was runnin'", "You said “no”"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in ENDINGS.items() for text in texts])
def test_ending(kind, text):
    assert ending(text) == kind
    assert ends_mid_sentence(text) == (kind in {"clause", "open"})


@pytest.mark.parametrize(
    "text", ["We met in a cafe\u0301", "वह घर नहीं"], ids=["combining accent", "combining vowel sign"]
)
def test_a_combining_mark_is_part_of_a_word(text):
    assert ending(text) == "open"


def test_exactly_nine_turns_of_the_seed_stop_in_mid_sentence():
    turns = parse(seed_text()).turns
    assert [number for number, (_, text) in enumerate(turns, 1) if ends_mid_sentence(text)] == CUT_IN_THE_SEED


SPLITS = {
    "plain": "I was late.|You were not.|Why?",
    "title": "Dr. Forger asked.|I said nothing.",
    "titles": "Mr. and Mrs. Pavlik came.|We hid.",
    "latin": "Bring something, e.g. bread.|Or wine.",
    "initial": "J. K. Wright called.|I hung up.",
    "decimal": "It cost 3.50 dollars.|Too much.",
    "number at the end": "It was 7.|Then 8.",
    "time": "He came at 7:30.|I was asleep.",
    "ellipsis going on": "I thought... maybe not.|No.",
    "ellipsis ending": "I thought...|You never asked.",
    "ellipsis character": "I thought…|You never asked.",
    "closing quote": "You said “stop.”|I heard it.",
    "plain closing quote": 'You said "stop."|I heard it.',
    "quote going on": "“Stop!” he said.|I stopped.",
    "bracket": "(I know.)|You do too.",
    "bracket with a small letter": "Yes, I do.|(pauses) I do.",
    "asterisk with a small letter": "Yes, I do.|*sighs* I do.",
    "title before a bracket": "Bring bread, e.g. (this one) here.|Please.",
    "numbers of a list": "1. First we talk.|2. Then we eat.",
    "opening quote": "He left.|“Fine,” I said.",
    "emoji": "I am glad! 🙂 Are you?",
    "dash": "I was going to— no, wait.|Let me finish.",
    "paragraphs": "A heading\n\nAnd text.|More.",
    "open end": "I was late.|And then I",
    "apostrophe": "No, I don't.|You never asked.",
    "typographic apostrophe": "No, I don’t.|You never asked.",
    "possessive": "It was Marcus's.|He took it.",
    "the word no": "He said no.|I cried.",
    "no alone": "No.|I never said that.",
    "the word I": "So did I.|You know it.",
    "two marks": "What?!|You did?",
    "cjk": "你好。 你好吗？",
}


@pytest.mark.parametrize("marked", SPLITS.values(), ids=SPLITS)
def test_sentences(marked):
    expected = [part for piece in marked.split("|") for part in piece.split("\n\n")]
    if marked == SPLITS["emoji"]:
        expected = ["I am glad!", "🙂 Are you?"]
    if marked == SPLITS["cjk"]:
        expected = ["你好。", "你好吗？"]
    assert sentences(marked.replace("|", " ")) == expected


@given(st.text(st.sampled_from("ab AB.!?…,'\"”)*\n-"), max_size=60))
def test_sentences_lose_nothing_but_blanks(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I was late. And then I", "I was late."),
        ("I was late. You said “stop.” And then", "I was late. You said “stop.”"),
        ("I was late.\n\nAnd then", "I was late."),
        ("I was late. No, I don't. And then", "I was late. No, I don't."),
        ("I said no. And then", "I said no."),
        ("Yes, I do. (pauses", "Yes, I do."),
        ("Two things.\n1. First", "Two things."),
        ("I was late.", "I was late."),
        ("I thought...", "I thought..."),
        ("And then I", "And then I"),
        ("First, listen\n\nand then", "First, listen\n\nand then"),
    ],
)
def test_back_to_sentence_end(text, kept):
    assert back_to_sentence_end(text) == kept


@given(st.text(st.sampled_from("ab AB.!?…,'\"”)*\n-"), max_size=60))
def test_back_to_sentence_end_keeps_all_or_ends_well(text):
    kept = back_to_sentence_end(text)
    assert text.startswith(kept)
    assert kept == text or not ends_mid_sentence(kept)


@pytest.mark.parametrize(
    "text", ["." * 8000 + "x", "*" * 8000, "(" * 8000, "a. " * 8000], ids=["dots", "stars", "brackets", "short"]
)
def test_degenerate_text_is_split_in_good_time(text):
    with within(0.5):
        sentences(text)
        ending(text)
