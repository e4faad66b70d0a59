"""The couple's panel on sessions in which everything was planted, and that nothing makes a measure stumble."""

import math
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.metrics.agreement import disagrees
from generator.metrics.asked import asked
from generator.metrics.disclosure import disclosed
from generator.metrics.figures import FIGURES
from generator.metrics.gauge import Heard, gap
from generator.metrics.measure import Scales, measure
from generator.metrics.measures import MEASURES, PANEL, measured
from generator.people import People, people_of
from generator.schema.label import LABELS
from tests.builders import couple, spec

LABEL = {"T": "Therapist", "A": "Patient A", "B": "Patient B", "F": "AI_Facilitator"}
LENA_AND_PAUL = People(therapist=("Dr. Ida Holm", "Ida Holm"), a=("Lena Brandt", "Lena"), b=("Paul Brandt", "Paul"))
SCALES = Scales(tokens=len, affect=lambda sentence: sentence.count("good") / 10 - sentence.count("bad") / 10)
COUPLE = couple("daniel-marcus")


def heard(*turns, people=LENA_AND_PAUL, of=None):
    """A session of turns like "A: I know."; `of` is its spec."""
    spoken = tuple((LABEL[turn[0]], turn[3:]) for turn in turns)
    figures = measure("made.txt", "Trust", "LLM Only", spoken, people_of(of) if of else people, SCALES)
    return Heard(spoken, people_of(of) if of else people, figures, of)


def value(name, *turns, **known):
    return measured(heard(*turns, **known))[name]


def filled(count, **at):
    """So many neutral turns, T A B again and again, but for those at the numbers given as `_4="I agree."`."""
    speakers = islice(cycle("TAB"), count)
    return [f"{who}: {at.get(f'_{n}', 'It rained for an hour.')}" for n, who in enumerate(speakers, start=1)]


# All of them


def test_every_figure_of_the_profile_is_a_measure_with_its_bounds():
    for figure in FIGURES:
        one = MEASURES[figure.name]
        assert (one.words, one.least, one.most) == (figure.words, figure.least, figure.most)
        assert one.tolerance == figure.tolerance
    assert list(MEASURES) == [figure.name for figure in FIGURES] + [measure.name for measure in PANEL]


def test_every_measure_says_what_has_to_be_known():
    for one in MEASURES.values():
        for told in (one.definition, one.sign, one.source, one.weakness):
            assert len(told) > 3, one.name
            assert told[-1] == "." or told is one.source, (one.name, told)
        assert one.least < one.most
        assert one.tolerance > 0
    assert len({one.words for one in MEASURES.values()}) == len(MEASURES)


def test_the_figures_are_those_of_one_session():
    one = heard(*filled(9, _4="You're right."))
    values = measured(one)
    for figure in FIGURES:
        assert values[figure.name] == figure.value([one.figures])


TURNS = st.lists(
    st.tuples(
        st.sampled_from(LABELS),
        st.one_of(
            st.text(min_size=1, max_size=80),
            st.sampled_from(
                (
                    "Lena, what do you need?", "I agree. Let's walk on Sunday.", "“You never listen,” he said.", "?!…",
                    "No. That's not fair, Paul.", "I'm sorry about the furnace filter.", "good " * 60, "Fine.", "Paul",
                    "It sounds as if both of you are tired. How is it for you, Lena?", "’", "can't won't n't 'd",
                )
            ),
        ),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(TURNS, st.booleans())
def test_whatever_is_said_every_value_is_in_its_range_or_missing(turns, from_a_run):
    of = spec() if from_a_run else None
    people = people_of(of) if of else LENA_AND_PAUL
    bounded = Scales(tokens=len, affect=lambda sentence: math.tanh(SCALES.affect(sentence)))
    figures = measure("made.txt", "", "", turns, people, bounded)
    values = measured(Heard(turns, people, figures, of))
    assert values.keys() == MEASURES.keys()
    for name, one in values.items():
        assert one is None or (math.isfinite(one) and MEASURES[name].least <= one <= MEASURES[name].most), (name, one)


def test_without_turns_all_is_missing_but_what_is_known():
    values = measured(heard())
    assert {name for name, one in values.items() if one is not None} <= {
        "turns", "agreement_reached", "plan_reached", "time_to_agreement", "time_to_plan",
    }  # fmt: skip


def test_without_a_spec_what_hangs_on_it_is_missing():
    values = measured(heard(*filled(12)))
    hanging = [name for name in MEASURES if name.startswith(("demand_withdraw", "disclosed", "time_to_disclosure"))]
    assert len(hanging) == 7
    assert {values[name] for name in hanging} == {None}


# Agreement and plans


@pytest.mark.parametrize(
    ("name", "said"), [("agreement", "You're right, I was late."), ("plan", "Let's walk on Sunday.")]
)
@pytest.mark.parametrize("turn", [2, 3, 5, 14, 30])
def test_the_time_to_the_first_one_is_where_it_was_planted(name, said, turn):
    turns = filled(30, **{f"_{turn}": said})
    assert value(f"first_{name}", *turns) == turn
    assert value(f"time_to_{name}", *turns) == (turn - 1) / 30
    assert value(f"{name}_reached", *turns) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("agreement", "You're right, I was late."), ("plan", "Let's walk on Sunday.")]
)
def test_what_never_comes_takes_the_whole_session(name, said):
    turns = filled(30, _1=said, _4="It's late.")
    assert value(f"first_{name}", *turns) is None, "a therapist's own does not count"
    assert value(f"time_to_{name}", *turns) == 1
    assert value(f"{name}_reached", *turns) == 0


def test_the_agreement_ratio_is_what_was_planted():
    turns = filled(30, _2="I agree.", _3="I disagree.", _5="You're right.", _6="That makes sense.", _1="I disagree.")
    assert value("agreement_ratio", *turns) == 3 / 4
    assert value("agreement_rate", *turns) == 3 / 20
    assert value("agreement_ratio", *filled(30)) is None
    assert value("agreement_ratio", "A: I disagree about Monday. Sunday, though, that's a good idea.") == 1 / 2


@pytest.mark.parametrize(
    "text",
    """No. It was Tuesday.
No, Paul, it wasn't.
I disagree.
I don't agree with any of that.
I don't see it that way.
I don't think that's fair.
That’s not true, and you know it.
That's not what I said.
You're wrong about that.
Yes, but you were late.
Maybe, but I was alone.
Not really. I slept.
I can't accept that.
No deal.""".splitlines(),
)
def test_disagrees(text):
    assert disagrees(text)


@pytest.mark.parametrize(
    "text",
    """No, you're right.
No, I know.
No one came.
Nobody said so.
I agree.
You said “that's not fair” and left.
Is that not fair?
I don't know.
When that doesn't work I go out.
There's no doubt about it.
You're not wrong.""".splitlines(),
)
def test_does_not_disagree(text):
    assert not disagrees(text)


# Whom the therapist turns to


def test_addressee_accuracy_is_what_was_planted():
    right, wrong = ("T: Lena, what happened?", "A: I left."), ("T: What happened, Lena?", "B: She left.")
    both, nobody = ("T: What do you both need?", "A: Air."), ("T: And what happened then?", "B: It rained.")
    said = ("T: Lena, you look tired.", "B: She is.")
    assert value("addressee_accuracy", *right, *right, *right, *wrong, *both, *nobody, *said) == 3 / 4
    assert value("addressee_accuracy", *both, *nobody, *said) is None
    assert value("addressee_accuracy", *right, "T: Paul, and you?") == 1, "nobody follows"
    assert value("addressee_accuracy", "T: Paul, and you?", "F: A pause may help.", *wrong) == 0


def test_who_is_asked_is_the_one_partner_named_in_the_questions():
    assert asked("Paul, I hear you. Lena, what happened?", LENA_AND_PAUL) == ("Patient A", "Lena, what happened?")
    assert asked("What happened, Lena? And to you, Paul?", LENA_AND_PAUL) is None
    assert asked("Lena, what do the two of you need?", LENA_AND_PAUL) is None
    assert asked("Lena, I hear you.", LENA_AND_PAUL) is None


def test_gaps_in_asking_and_naming_are_what_was_planted():
    turns = (
        "T: Lena, what happened?", "A: I left.", "T: Lena, where to?", "A: Out.", "T: Lena, and then?", "A: I ran.",
        "T: And what about you, Paul?", "B: I stayed.", "T: Thank you, Paul.", "A: Paul, look at me.",
    )  # fmt: skip
    assert value("asked_gap", *turns) == (3 - 1) / 4
    assert value("naming_gap", *turns) == (3 - 2) / 5
    assert value("mutual_naming_gap", *turns) == 1 / 4 - 0
    assert value("naming_gap", "T: Hello.", "A: Hello.") is None


# Balance, by side and by role


@pytest.mark.parametrize(("a", "b"), [(30, 10), (10, 30), (7, 7), (5, 0)])
def test_the_airtime_gap_is_what_was_planted(a, b):
    turns = [f"A: {'word ' * a}", *([f"B: {'word ' * b}"] if b else []), f"T: {'word ' * 50}"]
    assert value("airtime_gap", *turns) == (a - b) / (a + b)


def test_a_gap_of_nothing_is_missing():
    assert gap(0, 0) is None
    assert value("airtime_gap", "T: Hello.") is None


@pytest.mark.parametrize(("pursuer", "sign"), [("A", 1), ("B", -1)])
def test_demand_and_withdrawal_are_by_role_as_planted(pursuer, sign):
    pattern = COUPLE.pattern.model_copy(update={"pursuer": pursuer})
    of = spec(couple=COUPLE.model_copy(update={"pattern": pattern}))
    turns = ("A: Where were you? I waited good hours.", "A: I sat up late and waited there.", "B: It was bad.")
    assert value("demand_withdraw.words", *turns, of=of) == sign * (7 - 3) / (7 + 3)
    assert value("demand_withdraw.questions", *turns, of=of) == sign * (1 / 2)
    assert value("demand_withdraw.affect", *turns, of=of) == pytest.approx(sign * (0.05 / 2 - -0.1))
    assert value("demand_withdraw.words", "A: I know.", of=of) is None, "one of them says nothing"


def test_reactivity_is_how_affect_goes_with_what_the_other_said():
    moods = ("good", "bad", "good good", "bad bad", "good good good", "rain", "bad")
    echo = [turn for mood in moods for turn in (f"B: {mood}", "T: I see.", f"A: {mood}")]
    opposite = {"good": "bad", "bad": "good"}
    against = [f"A: {' '.join(opposite.get(word, word) for word in turn[3:].split())}" if turn[0] == "A" else turn
               for turn in echo]  # fmt: skip
    assert value("reactivity.a", *echo) == pytest.approx(1)
    assert value("reactivity.a", *against) == pytest.approx(-1)
    assert value("reactivity.a", *echo[:15]) is None, "five answers are too few"
    assert value("reactivity.a", *(["B: good", "A: bad"] * 9)) is None, "nothing varies"
    assert value("reactivity.b", *echo) is not None


# What partners bring up


def test_particulars_are_found_with_their_turns():
    of = spec()
    turns = filled(
        12,
        _2="I thought about the afternoon bed meeting.",
        _3="You and your green clipboard!",
        _5="The furnace filters, all of them. The bed, this afternoon, was a meeting.",
        _8="My grandmother had a cooker, a pressure cooker.",
        _12="My fathers' lunch pail is on the alley. The light is off.",
    )
    one = heard(*turns, of=of)
    found = disclosed(one, "Patient A")
    assert {what: turn for what, turn in found.items() if turn} == {
        "the afternoon bed meeting": 2,
        "the furnace filter": 5,
        "my grandmother's pressure cooker": 8,
    }
    assert {what: turn for what, turn in disclosed(one, "Patient B").items() if turn} == {"my father's lunch pail": 12}
    values = measured(one)
    count = len(COUPLE.a.particulars)
    assert values["disclosed.a"] == 3 / count
    assert values["first_disclosure.a"] == 2
    assert values["time_to_disclosure.a"] == pytest.approx((1 / 12 + 4 / 12 + 7 / 12 + (count - 3)) / count)
    assert values["first_disclosure.b"] == 12


def test_a_session_in_which_nothing_comes_up():
    values = measured(heard(*filled(12), of=spec()))
    assert (values["disclosed.a"], values["time_to_disclosure.a"], values["first_disclosure.a"]) == (0, 1, None)
