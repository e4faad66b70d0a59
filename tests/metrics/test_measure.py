"""The figures of one session, turn by turn, and those of the seed."""

from pathlib import Path

import pytest

from generator import affect, tokens
from generator.assets import shipped_root
from generator.format import parse
from generator.inspection import figures_of
from generator.metrics.figures import FIGURES
from generator.metrics.measure import Scales, measure
from generator.people import People
from generator.profiles import read_profile
from tests.builders import seed_text

LENA_AND_PAUL = People(therapist=("Dr. Ida Holm", "Ida Holm"), a=("Lena Brandt", "Lena"), b=("Paul",))
SCALES = Scales(tokens=len, affect=lambda sentence: 0.5 if "good" in sentence else -0.1)


def measured(*turns, people=LENA_AND_PAUL):
    return measure("made.txt", "Trust", "LLM Only", turns, people, SCALES)


SESSION = (
    ("Therapist", "Hello, Lena and Paul. I'm Ida Holm.\n\nWhat brings you here?"),
    ("Patient A", "Maybe Paul can say it. I was up late with"),
    ("Patient B", "You're right. That was not good."),
    ("Therapist", "What brings you here, then?"),
    ("Patient A", "Maybe Paul can walk with me on Sunday, Ida."),
    ("Patient B", "We’ll walk on Sunday…"),
)


def test_a_small_session_has_the_figures_that_can_be_counted_by_hand():
    found = measured(*SESSION)
    assert (found.name, found.title, found.structure) == ("made.txt", "Trust", "LLM Only")
    assert found.speaker == ("Therapist", "Patient A", "Patient B") * 2
    assert found.words == (11, 10, 6, 5, 9, 4)
    assert found.tokens == tuple(len(text) for _, text in SESSION)
    assert found.sentences == (3, 2, 2, 1, 1, 1)
    assert found.paragraphs == (2, 1, 1, 1, 1, 1)
    assert found.cut_off == (False, True, False, False, False, False)
    assert found.question == (True, False, False, True, False, False)
    assert found.names_partner == (True, True, False, False, True, False)
    assert found.names_therapist == (False, False, False, False, True, False)
    assert found.agreement == (False, False, True, False, False, False)
    assert found.plan == (False, False, False, False, False, True)
    assert found.hedges == (0, 1, 0, 0, 1, 0)
    assert found.same_opener == (False, False, False, False, True, False)
    assert found.repeated_runs == (0, 0, 0, 0, 0, 0)
    assert found.runs == (7, 6, 2, 1, 5, 0)
    assert found.affect == (-0.1, -0.1, 0.2, -0.1, -0.1, -0.1)
    assert found.diversity == {}, "nobody speaks fifty words"
    assert found.shared is None, "it is alone"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Why?", True),
        ("Why?!", True),
        ("“Why?”", True),
        ("(Why?) ", True),
        ("*Why?*\n", True),
        ("为什么？", True),
        ("Why? I know.", False),
        ("Why", False),
        ("I know.", False),
    ],
)
def test_a_question_is_what_ends_in_one(text, asked):
    assert measured(("Therapist", text)).question == (asked,)


def test_naming_knows_whole_words_and_the_right_people():
    def named(label, text):
        found = measured((label, text))
        return found.names_partner[0], found.names_therapist[0]

    assert named("Patient A", "I saw Paul.") == (True, False)
    assert named("Patient A", "I saw Paula.") == (False, False)
    assert named("Patient A", "I said: Lena, go home.") == (False, False), "one's own name is not the other's"
    assert named("Patient B", "Brandt was her name. Ida knows.") == (True, True)
    assert named("Therapist", "I'm Ida.") == (False, False)
    assert named("Therapist", "And you, Paul’s wife?") == (True, False)


def test_nobody_is_named_where_no_names_are_known():
    found = measured(*SESSION, people=People())
    assert not any(found.names_partner + found.names_therapist)


def test_openers_are_counted_for_each_speaker():
    found = measured(
        ("Patient A", "I was late. Yes."),
        ("Patient B", "I was late."),
        ("Patient A", "I was late, so what?"),
        ("Patient A", "I was early."),
        ("Patient B", "I WAS late!"),
    )
    assert found.same_opener == (False, False, True, False, True)


def test_two_silences_do_not_open_alike():
    assert measured(("Patient A", "…"), ("Patient A", "...")).same_opener == (False, False)


def test_repeated_runs_are_those_of_earlier_turns():
    found = measured(("Patient A", "we were late at school again"), ("Patient B", "Yes: we were late at school."))
    assert (found.repeated_runs, found.runs) == ((0, 1), (2, 2))


def test_diversity_needs_fifty_words():
    text = " ".join(f"word{number}" for number in range(25))
    assert measured(("Patient A", text)).diversity == {}
    assert measured(("Patient A", text), ("Patient A", text)).diversity == {"Patient A": 0.5}


def test_another_speaker_is_measured_and_belongs_to_none_of_the_three():
    found = measured(("AI_Facilitator", "Please, both of you, take a breath, and good."), *SESSION)
    assert found.speaker[0] == "AI_Facilitator"
    assert [figure.name for figure in FIGURES if figure.value([found]) is None] == [
        figure.name for figure in FIGURES if figure.value([measured(*SESSION)]) is None
    ]


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    path = tmp_path_factory.mktemp("seed") / "seed.txt"
    path.write_bytes(seed_text().encode())
    (found,) = figures_of([path])
    return found


def test_the_shipped_profile_is_what_measuring_the_seed_gives(seed):
    (shipped,) = read_profile(Path(shipped_root(), "seeds", "profile.json")).sessions
    assert seed.model_copy(update={"name": shipped.name}) == shipped


def test_the_sums_of_the_seed(seed):
    assert len(seed.speaker) == 31
    assert sum(seed.words) == 3556
    assert seed.speaker == tuple(
        {"T": "Therapist", "A": "Patient A", "B": "Patient B"}[x] for x in "TABABTA" * 4 + "TAB"
    )
    cut = [speaker for speaker, was_cut in zip(seed.speaker, seed.cut_off, strict=True) if was_cut]
    assert (cut.count("Therapist"), cut.count("Patient A"), cut.count("Patient B")) == (0, 4, 5)
    at_budget = {n for n, count in enumerate(seed.tokens, 1) if count == 150}
    assert {n for n, was_cut in enumerate(seed.cut_off, 1) if was_cut} <= at_budget
    assert max(seed.tokens) == 150
    questions = [asked for asked, speaker in zip(seed.question, seed.speaker, strict=True) if speaker == "Therapist"]
    assert (sum(questions), len(questions)) == (8, 9)
    assert sum(count > 1 for count in seed.paragraphs) == 3
    assert round(sum(seed.repeated_runs) / sum(seed.runs), 3) == 0.018


def test_the_seed_is_measured_with_the_real_scales(seed):
    turns = parse(seed_text()).turns
    assert seed.tokens == tuple(tokens.count(text) for _, text in turns)
    assert all(-1 <= value <= 1 for value in seed.affect)
    assert affect.score("I love you.") > 0
