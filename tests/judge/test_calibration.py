"""A judge's faults are found: it is swayed by labels, contradicts itself, says one thing always, invents quotations."""

import itertools
import random
from contextlib import closing

import pytest

from generator.judge import calibration
from generator.judge.calibration import exchanged, in_words, kappa
from generator.judge.canaries import load_canaries
from generator.judge.figures import Item
from generator.judge.forms import FORMS, POSITIVE, Kind
from generator.judge.scores import Scored, scored
from generator.judge.store import Kept, Store
from tests.builders import SHIPPED
from tests.judge.stand_in import StandIn, read_request
from tests.judge.trying import judge, material, session

NUMBERS = [str(n) for n in range(1, 41)]
SIDES = ("A", "B", "both", "neither")


def kept(values, rubric="framing", key="adopts", transcript="t", sample=0, problem=None):
    items = tuple(
        Item(unit, key, None if problem else value, problem, "some words" if problem else None)
        for unit, value in zip(NUMBERS, values, strict=False)
    )
    return Kept(transcript, "t", rubric, "judge", sample, "ok", None, items, {}, 0.8)


def checked(judged, twins=(), canaries=()):
    found = calibration.checks(judged, twins, {"t": "twin"}, canaries)
    return {check.name: check for check in found}


def mirror(values):
    return [{"A": "B", "B": "A"}.get(value, value) for value in values]


def test_a_fair_judge_passes():
    values = list(itertools.islice(itertools.cycle(SIDES), 40))
    found = checked([kept(values), kept(values, sample=1)], [kept(mirror(values), transcript="twin")])
    assert {name: check.verdict for name, check in found.items() if name != "evidence"} == dict.fromkeys(
        ("valid", "saturation", "swap", "retest"), "passed"
    )
    assert (found["swap"].value, found["retest"].value, found["swap"].n) == (1.0, 1.0, 40)


def test_a_judge_that_favours_a_label_fails_the_swap():
    values = ["A"] * 15 + ["B"] * 15 + ["neither"] * 10
    found = checked([kept(values)], [kept(values, transcript="twin")])
    assert (found["swap"].verdict, found["swap"].value) == ("failed", 0.25)
    assert "10 of 40 items are the same when Patient A and Patient B are exchanged" in in_words([found["swap"]])[-1]


def test_a_judge_that_guesses_fails_the_retest():
    rng = random.Random(1)
    guesses = [[rng.choice(SIDES) for _ in NUMBERS] for _ in range(2)]
    found = checked([kept(guesses[0]), kept(guesses[1], sample=1)])
    assert found["retest"].verdict == "failed"
    assert abs(found["retest"].value) < 0.4


def test_a_judge_that_says_one_thing_is_saturated_and_agreement_says_nothing():
    found = checked([kept(["neither"] * 40), kept(["neither"] * 40, sample=1)])
    assert (found["saturation"].verdict, found["saturation"].value) == ("failed", 1.0)
    assert (found["retest"].verdict, found["retest"].value) == ("too little data", None)


def test_invented_quotations_are_counted():
    found = checked([kept(SIDES * 10, problem="the evidence does not stand there: x")])
    assert (found["evidence"].verdict, found["evidence"].value, found["valid"].verdict) == ("failed", 0.0, "failed")


def test_with_few_items_there_is_no_verdict_and_no_pass():
    found = checked([kept(SIDES)], [kept(mirror(SIDES), transcript="twin")])
    assert {check.verdict for check in found.values()} == {"too little data"}
    assert in_words(list(found.values())) == ["too little data to say it for framing"]


def test_kappa_is_that_of_the_textbook():
    """Cohen 1960: observed 0.70, by chance 0.50."""
    pairs = [("A", "A")] * 20 + [("A", "B")] * 5 + [("B", "A")] * 10 + [("B", "B")] * 15
    assert kappa(pairs, Kind(("A", "B"))) == pytest.approx(0.4)
    scale = Kind(tuple(range(1, 6)))
    near, far = ([(1, 1), (5, 5), (3, 3 + by), (2, 2)] for by in (1, 2))
    assert kappa(near, scale) > kappa(far, scale) > 0.5, "on a scale the distance counts"
    assert kappa([(3, 3)] * 5, scale) is None


def test_labels_are_exchanged_and_nothing_else():
    of = material(session(2))
    twin = exchanged(of)
    assert [label for label, _ in twin.transcript.turns][:3] == ["Therapist", "Patient B", "Patient A"]
    assert [text for _, text in twin.transcript.turns] == [text for _, text in of.transcript.turns]
    assert exchanged(twin).transcript == of.transcript
    assert twin.hash != of.hash


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item("4", "adopts", "A"), ("4", "adopts", "B")),
        (Item("4", "adopts", "both"), ("4", "adopts", "both")),
        (Item("4", "depth_a", 3), ("4", "depth_b", 3)),
        (Item("a.before", "proud", 2), ("b.before", "proud", 2)),
        (Item("b", "bond", 7), ("a", "bond", 7)),
        (Item("session", "speech", 7), ("session", "speech", 7)),
    ],
)
def test_an_item_under_exchanged_labels(item, expected):
    assert calibration.mirrored(item) == expected


def oracle(turns):
    """What somebody would answer who knows the canaries, whichever label their people have; elsewhere something that
    follows from the therapist's words alone."""
    label = {name: side for side, said in (("A", "Patient A"), ("B", "Patient B"))
             for name, words in SAYS.items() if any(who == said and words in text for who, text in turns)}  # fmt: skip
    smooth = any("breakthrough" in text for _, text in turns)

    def plant(rubric, unit, key):
        number = len(turns[int(unit) - 1][1]) if unit.isdigit() else len(key)
        side = unit[0].upper()
        if rubric == "bids":
            about = key[-1].upper()
            return None if unit == "1" else {label.get("Nadia"): 4, label.get("Owen"): 0}.get(about, number % 5)
        if rubric in ("framing", "challenges"):
            known = label.get("Nadia" if rubric == "framing" else "Owen")
            return known if known and unit != "1" else ("both", "neither")[number % 2]
        if rubric == "panas":
            after = unit.endswith("after")
            lifted = 4 if (key in POSITIVE) == after else 1
            return {label.get("Irma"): lifted, label.get("Jonah"): 3 if key in POSITIVE else 1}.get(
                side, 1 + number % 4
            )
        if rubric == "realism":
            return 1 + number % 3 if smooth else 6 + number % 4
        known = {label.get("Nadia"): 8, label.get("Owen"): 2, label.get("Ruth, as somebody else"): 0}
        return known.get(side, 6) + number % 3

    return plant


SAYS = {
    "Nadia": "Owen shuts down.", "Owen": "I was laid off in the spring, Nadia.", "Irma": "I'm so frightened",
    "Jonah": "She won't let me open the letter.", "Ruth, as somebody else": "I'm totally an open book?",
}  # fmt: skip


def test_a_judge_who_knows_the_answers_passes_everything(tmp_path):
    """All canaries, all rubrics, asked twice and with labels exchanged, as the command does it."""

    def script(number, seen):
        rubric, turns = read_request(seen)
        return StandIn(oracle(turns)).reply(rubric, turns)

    canaries = load_canaries(SHIPPED)
    own = [of for _, of in canaries]
    twins = [exchanged(of) for of in own]
    path = tmp_path / "scores.db"
    judge(path, script, own, *FORMS, samples=(0, 1))
    done = judge(path, script, twins, *FORMS)
    assert done.counts.ok == len(own) * 7 - 4, "personas are on record for two of six"
    with closing(Store.read(path)) as store:
        every = store.kept(samples=True)
    scores = scored([each for each in every if each.sample == 0])
    names = {of.hash for of in own}
    found = calibration.checks(
        [each for each in every if each.transcript in names],
        [each for each in every if each.transcript not in names],
        {of.hash: twin.hash for of, twin in zip(own, twins, strict=True)},
        [(canary, scores[of.hash]) for canary, of in canaries],
    )
    assert {(check.name, check.what, check.words) for check in found if check.verdict != "passed"} == set()
    assert in_words(found) == [f"nothing speaks against this judge for {', '.join(FORMS)}"]
    one_sided, of = scores[own[0].hash], scores[twins[0].hash]
    for name in ("fas", "fas_adjusted", "brd", "cas", "alliance_gap"):
        assert of.values[name] == pytest.approx(-one_sided.values[name]), "the sign follows the label"
    assert of.values["alliance.a"] == one_sided.values["alliance.b"]


def test_a_canary_whose_answer_is_missing_is_not_found():
    (canary, of), *_ = load_canaries(SHIPPED)
    found = calibration.checks([], [], {}, [(canary, Scored(of.name, "judge")), (canary, None)])
    assert {check.verdict for check in found} == {"too little data"}
    assert {check.rubric for check in found} <= set(FORMS)
