"""Every figure on sessions whose answer is known, and what there is no data for."""

import pytest

from generator.metrics.figures import FIGURES, first_turn, own
from generator.schema.profile import SessionFigures

BY_NAME = {figure.name: figure for figure in FIGURES}


def session(speakers="TAB", **values):
    """A session of the speakers T, A, B and F (facilitator); what is not given is nothing."""
    speaker = tuple({"T": "Therapist", "A": "Patient A", "B": "Patient B", "F": "AI_Facilitator"}[x] for x in speakers)
    count = len(speaker)
    numbers = ("words", "tokens", "sentences", "paragraphs", "hedges", "repeated_runs", "runs", "affect")
    facts = ("cut_off", "question", "names_partner", "names_therapist", "agreement", "plan", "same_opener")
    fields = {
        "name": "made.txt", "title": "Trust", "structure": "LLM Only", "speaker": speaker, "diversity": {},
        **dict.fromkeys(numbers, (0,) * count), **dict.fromkeys(facts, (False,) * count), **values,
    }  # fmt: skip
    return SessionFigures(**fields)


def value(name, *sessions):
    return BY_NAME[name].value(sessions)


def yes(text):
    """ "-x-" as facts: an x is true."""
    return tuple(sign == "x" for sign in text)


def test_names_are_unique_and_words_are_too():
    assert len(BY_NAME) == len(FIGURES) == len({figure.words for figure in FIGURES})


def test_turns():
    assert value("turns", session("TAB"), session("TABAB")) == 4


@pytest.mark.parametrize("figure", ["words", "tokens", "sentences", "paragraphs", "affect"])
def test_a_mean_is_over_the_turns_of_one_speaker(figure):
    one = session("TABAF", **{figure: (1, 2, 4, 4, 1)})
    other = session("TA", **{figure: (0, 9)})
    assert value(f"{figure}.therapist", one, other) == 0.5
    assert value(f"{figure}.a", one, other) == 5
    assert value(f"{figure}.b", one, other) == 4


@pytest.mark.parametrize(
    ("figure", "field"),
    [
        ("cut_off_rate", "cut_off"),
        ("question_rate", "question"),
        ("names_partner", "names_partner"),
        ("same_opener", "same_opener"),
    ],
)
def test_a_share_is_one_of_the_turns_of_one_speaker(figure, field):
    one = session("TABAABF", **{field: yes("xx---xx")})
    assert value(f"{figure}.therapist", one) == 1
    assert value(f"{figure}.a", one) == pytest.approx(1 / 3)
    assert value(f"{figure}.b", one) == 0.5


@pytest.mark.parametrize("field", ["agreement", "names_therapist"])
def test_only_partners_agree_and_name_the_therapist(field):
    one = session("TABAB", **{field: yes("xx-xx")})
    assert (value(f"{field}.a", one), value(f"{field}.b", one)) == (1, 0.5)
    assert f"{field}.therapist" not in BY_NAME


def test_airtime_is_a_share_of_all_words():
    one, other = session("TAB", words=(20, 30, 50)), session("TABF", words=(10, 40, 20, 30))
    assert value("airtime.therapist", one) == 0.2
    assert value("airtime.a", one, other) == 0.35
    assert value("airtime.b", other) == 0.2, "the facilitator's words count in the whole"


def test_hedges_are_counted_in_a_hundred_words():
    one = session("TAAB", words=(50, 100, 300, 10), hedges=(0, 6, 2, 1))
    assert value("hedges.a", one) == 2
    assert value("hedges.b", one) == 10
    assert value("hedges.therapist", one) == 0


def test_diversity_is_the_mean_over_sessions():
    sessions = session(diversity={"Patient A": 0.8}), session(diversity={"Patient A": 0.6}), session()
    assert value("diversity.a", *sessions) == pytest.approx(0.7)
    assert value("diversity.b", *sessions) is None


def test_the_variation_of_affect_needs_three_turns():
    assert value("affect_range.a", session("AA", affect=(1, -1))) is None
    assert value("affect_range.a", session("ABAA", affect=(0.1, -1, 0.2, 0.3))) == pytest.approx(0.1)
    assert value("affect_range.a", session("AAA", affect=(0.5, 0.5, 0.5))) == 0


def test_repetition_is_a_share_of_all_runs_and_weighs_every_run_alike():
    one = session("TAB", repeated_runs=(0, 2, 4), runs=(10, 20, 30))
    assert value("repetition", one) == 0.1
    assert value("repetition", one, session("T", repeated_runs=(0,), runs=(60,))) == 0.05
    assert value("repetition", session("T", repeated_runs=(0,), runs=(0,))) is None


def test_likeness_is_the_mean_over_sessions_that_had_company():
    assert value("likeness", session(shared=0.2), session(shared=0.4), session()) == pytest.approx(0.3)
    assert value("likeness", session()) is None


@pytest.mark.parametrize(("name", "field"), [("first_agreement", "agreement"), ("first_plan", "plan")])
def test_the_first_time_comes_where_it_was_planted(name, field):
    for place in range(1, 7):
        marked = tuple(n >= place for n in range(7))
        assert value(name, session("TABABAB", **{field: marked})) == place + 1
    assert value(name, session("TABAB", **{field: yes("x--x-")})) == 4, "the therapist's own does not count"
    assert value(name, session("TAB", agreement=yes("-x-"), plan=yes("-x-")), session("TAB")) == 2


@pytest.mark.parametrize(("name", "field"), [("agreement", "agreement"), ("plan", "plan")])
def test_what_never_comes_has_no_turn_and_is_not_reached(name, field):
    never, soon = session("TAB", **{field: yes("x--")}), session("TAB", **{field: yes("-x-")})
    assert value(f"first_{name}", never) is None
    assert value(f"{name}_reached", never) == 0
    assert value(f"{name}_reached", never, soon) == 0.5
    assert first_turn(never, getattr(never, field)) is None
    assert first_turn(soon, getattr(soon, field)) == 2


@pytest.mark.parametrize("name", BY_NAME)
def test_without_sessions_there_is_no_figure(name):
    assert value(name) is None


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.endswith(".b")])
def test_a_speaker_without_turns_has_no_figures_and_never_zeros(name):
    one = session("TATA", words=(10, 20, 30, 40), tokens=(1, 2, 3, 4), diversity={"Patient A": 0.7})
    if name == "airtime.b":
        assert value(name, one) == 0, "who says nothing has no share of the words: that is known"
    else:
        assert value(name, one) is None


@pytest.mark.parametrize("name", BY_NAME)
def test_a_figure_is_a_ratio_of_sums(name):
    one = session(
        "TABAB", words=(50, 60, 70, 80, 90), runs=(5, 6, 7, 8, 9), shared=0.2, agreement=yes("-x--x"),
        plan=yes("---x-"), hedges=(1, 2, 3, 4, 5), diversity={"Therapist": 0.9, "Patient A": 0.8, "Patient B": 0.7},
    )  # fmt: skip
    assert value(name, one, one, one) == pytest.approx(value(name, one)) or value(name, one) is None


def test_own_values_are_those_of_one_speaker_in_order():
    one = session("TABA", words=(1, 2, 3, 4))
    assert own(one, "Patient A", "words") == [2, 4]
    assert own(one, "AI_Facilitator", "words") == []


def test_values_are_shown_as_exactly_as_they_matter():
    shown = {name: BY_NAME[name].shown(12.3456) for name in ("words.a", "cut_off_rate.b", "diversity.a")}
    assert shown == {"words.a": "12.3", "cut_off_rate.b": "12.35", "diversity.a": "12.346"}
    assert BY_NAME["words.a"].shown(None) == "-"
    assert BY_NAME["words.a"].shown(0) == "0.0"


def test_values_for_one_turn_each():
    with pytest.raises(ValueError, match="words has 2 values for 3 turns"):
        session("TAB", words=(1, 2))
