"""Drift: quiet about what is made alike, loud about what is not, and open about what cannot be told."""

import random
import shutil
from dataclasses import replace

import pytest

from generator import inspection
from generator.api import generate
from generator.assets import shipped_root
from generator.check import drift
from generator.check.drift import FEW_SESSIONS, bands
from generator.format import render
from generator.inspection import inspect, told
from generator.metrics.figures import FIGURES
from generator.profiles import read_profile
from generator.schema.contract import Contract, DriftTerms
from generator.schema.session import Budget
from generator.schema.turn import Transcript
from generator.sources import Source

POOL, SIDE, TRIALS = 40, 8, 100
TERMS = DriftTerms()
BY_NAME = {figure.name: figure for figure in FIGURES}


def spoken(seeds, **settings):
    """Transcripts of rehearsed sessions of one plan."""
    return [generate(seed=seed, **settings).transcript() for seed in seeds]


def inspected(transcripts):
    """What is found in each, as for files of a folder."""
    found = [Source(f"{number:03}.txt", None, render(each).encode()) for number, each in enumerate(transcripts)]
    return inspect(found, {"drift"}, Contract())


def figures(some):
    """The figures of a set; the likeness of its sessions is that within the set."""
    alone = [replace(each, figures=each.figures.model_copy(update={"shared": None})) for each in some]
    return [each.figures for each in inspection._with_likeness(alone)]


def outside(reference, checked, terms=TERMS):
    """The names of the figures that have left their band."""
    return {band.figure.name for band in bands(reference, checked, terms) if band.verdict == "outside"}


def band_of(name, found):
    return next(band for band in found if band.figure.name == name)


@pytest.fixture(scope="module")
def made():
    return spoken(range(POOL))


@pytest.fixture(scope="module")
def pool(made):
    return inspected(made)


@pytest.fixture(scope="module")
def alike(pool):
    """Two disjoint sets of the same settings: the reference and the checked one."""
    return figures(pool[:12]), figures(pool[12:20])


@pytest.fixture(scope="module")
def shorter():
    """Sessions of the same settings but for a turn budget of 90 tokens."""
    return figures(inspected(spoken(range(100, 100 + SIDE), budget=Budget(turn_tokens=90))))


@pytest.fixture(scope="module")
def seed():
    return read_profile(shipped_root() / "seeds" / "profile.json").sessions


def alarms(pool, trials=TRIALS):
    """For every trial, the figures that were reported although both sets are made alike."""
    rng = random.Random(2024)
    for _ in range(trials):
        drawn = rng.sample(pool, 2 * SIDE)
        yield outside(figures(drawn[:SIDE]), figures(drawn[SIDE:]))


def test_runs_of_the_same_settings_are_not_reported_in_95_of_100_trials(pool):
    found = list(alarms(pool))
    assert sum(map(bool, found)) <= TRIALS - 95, [alarm for alarm in found if alarm]


@pytest.mark.parametrize("name", ["likeness", "words.a", "hedges.b", "agreement.a", "affect.therapist", "diversity.a"])
def test_each_figure_keeps_the_confidence_where_it_is_the_only_one(pool, name, monkeypatch):
    monkeypatch.setattr(drift, "FIGURES", (BY_NAME[name],))
    assert sum(map(bool, alarms(pool))) <= 10, "about 5 of 100 are to be expected"


def test_a_smaller_turn_budget_is_caught(pool, shorter):
    found = outside(figures(pool[:SIDE]), shorter)
    assert found >= {"words.a", "words.b", "tokens.a", "tokens.b", "cut_off_rate.a", "cut_off_rate.therapist"}


def test_a_smaller_turn_budget_is_caught_against_the_shipped_seed_profile(seed, shorter):
    expected = {"words.a", "words.b", "tokens.a", "tokens.b", "cut_off_rate.therapist"}
    assert outside(seed, shorter) >= expected
    assert outside(seed, shorter[:1]) >= {"words.a", "words.b", "tokens.a", "tokens.b"}, "one session is enough"


def test_partners_who_agree_at_once_are_caught(made, pool):
    def consenting(transcript):
        turns = [(who, f"You're right. {text}" if who != "Therapist" else text) for who, text in transcript.turns]
        return Transcript(title=transcript.title, structure=transcript.structure, turns=tuple(turns))

    found = outside(figures(pool[:SIDE]), figures(inspected(map(consenting, made[SIDE : 2 * SIDE]))))
    assert found >= {"agreement.a", "agreement.b"}


def test_a_prompt_set_that_agrees_at_once_is_caught(pool, tmp_path):
    shutil.copytree(shipped_root() / "prompts", tmp_path / "prompts")
    settings = tmp_path / "prompts" / "baseline" / "set.yaml"
    text = settings.read_text(encoding="utf-8")
    eager = text.replace("agreeable: 0.75", "agreeable: 1.0").replace("guarded: 0.25", "guarded: 0.0")
    assert eager != text
    settings.write_text(eager, encoding="utf-8")
    prompts = str(tmp_path / "prompts" / "baseline")
    agreeing = figures(inspected(spoken(range(200, 212), prompts=prompts)))
    about_agreement = {"agreement.a", "agreement.b", "first_agreement", "agreement_reached", "first_plan"}
    reference = figures(pool[:12])
    values = {name: (BY_NAME[name].value(reference), BY_NAME[name].value(agreeing)) for name in about_agreement}
    assert outside(reference, agreeing) & about_agreement, values


def test_a_set_compared_with_itself_has_not_drifted(alike):
    reference, _ = alike
    found = bands(reference, reference, TERMS)
    assert {band.verdict for band in found} <= {"inside", "too little data"}
    assert sum(band.verdict == "inside" for band in found) > len(found) / 2


def test_every_figure_has_its_band_in_order(alike):
    assert [band.figure for band in bands(*alike, TERMS)] == list(FIGURES)


def test_a_band_holds_its_reference_and_stays_within_what_is_possible(pool, seed, shorter):
    for reference, checked in ((figures(pool[:5]), shorter), (figures(pool), shorter[:1]), (seed, shorter)):
        for band in bands(reference, checked, TERMS):
            if band.low is not None and band.high is not None:
                assert band.low <= band.reference <= band.high
                assert band.figure.least <= band.low
                assert band.high <= band.figure.most
                assert (band.low, band.high) != (band.figure.least, band.figure.most), "that would be no band"
                if band.figure.share:
                    assert 0 <= band.low <= band.high <= 1
            else:
                assert band.verdict == "too little data"


def test_too_little_data_is_said_and_is_no_pass(seed, shorter):
    found = bands(seed, shorter, TERMS)
    for name in ("turns", "first_agreement", "first_plan", "airtime.a", "likeness", "diversity.b", "affect_range.a"):
        band = band_of(name, found)
        assert (band.verdict, band.basis, band.low, band.high) == ("too little data", "none", None, None), name
    assert band_of("words.a", found).basis == "turns"


@pytest.mark.parametrize("count", range(1, FEW_SESSIONS))
def test_a_few_sessions_give_no_band_to_what_happens_once_a_session(pool, shorter, count):
    found = bands(figures(pool[:count]), shorter, TERMS)
    assert {band.verdict for band in found if not band.figure.by_turn} == {"too little data"}


def test_with_enough_sessions_the_sessions_are_resampled(pool, shorter):
    found = bands(figures(pool[:FEW_SESSIONS]), shorter, TERMS)
    assert band_of("words.a", found).basis == band_of("turns", found).basis == "sessions"


def test_nothing_to_check_is_too_little_data(alike):
    reference, _ = alike
    nothing = bands(reference, [], TERMS)
    assert {(band.verdict, band.found) for band in nothing} == {("too little data", None)}


def test_one_session_has_no_likeness_and_passes_nothing_with_it(pool):
    (alone,) = figures(pool[20:21])
    assert band_of("likeness", bands(figures(pool[:12]), [alone], TERMS)).verdict == "too little data"


def test_a_speaker_who_is_not_there_is_too_little_data(alike):
    reference, checked = alike

    def without_b(session):
        kept = [place for place, speaker in enumerate(session.speaker) if speaker != "Patient B"]
        fields = {name: tuple(v[place] for place in kept) for name, v in session if isinstance(v, tuple)}
        return session.model_copy(update=fields | {"diversity": {}})

    found = bands(reference, [without_b(session) for session in checked], TERMS)
    assert band_of("cut_off_rate.b", found).verdict == "too little data"
    assert band_of("airtime.b", found).verdict == "outside", "that B has no share of the words is known"


def marked(sessions, field, label, wrong, usual=False):
    """The sessions with a fact made the same in all turns of a speaker, but for the first `wrong` of them."""
    changed = []
    for session in sessions:
        values = list(getattr(session, field))
        for place, speaker in enumerate(session.speaker):
            if speaker == label:
                values[place] = not usual if wrong > 0 else usual
                wrong -= 1
        changed.append(session.model_copy(update={field: tuple(values)}))
    return changed


@pytest.mark.parametrize(
    ("name", "field", "usual"), [("cut_off_rate", "cut_off", False), ("question_rate", "question", True)]
)
@pytest.mark.parametrize("count", [1, 8, 12], ids=lambda count: f"{count} reference sessions")
def test_a_share_that_never_varied_tolerates_one_case(pool, name, field, usual, count):
    reference = marked(figures(pool[:count]), field, "Therapist", 0, usual)
    checked = figures(pool[12:20])
    one, many = (marked(checked, field, "Therapist", wrong, usual) for wrong in (1, 50))
    assert band_of(f"{name}.therapist", bands(reference, one, TERMS)).verdict == "inside"
    assert band_of(f"{name}.therapist", bands(reference, many, TERMS)).verdict == "outside"


def widths(found):
    return {band.figure.name: band.high - band.low for band in found if band.high is not None and band.low is not None}


def test_more_reference_sessions_of_the_same_spread_make_narrower_bands(pool, shorter):
    few = figures(pool[:6])
    many = [session.model_copy(update={"title": f"copy {n}"}) for n in range(5) for session in few]
    before, after = widths(bands(few, shorter, TERMS)), widths(bands(many, shorter, TERMS))
    assert set(before) <= set(after)
    assert all(after[name] <= before[name] + 1e-9 for name in before)
    narrower = {name for name in before if after[name] < before[name] * 0.9}
    assert narrower >= {"words.a", "words.b", "hedges.a", "affect.b", "diversity.a", "agreement.a"} & set(before)


def test_more_checked_sessions_make_narrower_bands(pool):
    reference, checked = figures(pool[:12]), figures(pool[12:20])
    one, eight = widths(bands(reference, checked[:1], TERMS)), widths(bands(reference, checked, TERMS))
    assert all(eight[name] <= one[name] + 1e-9 for name in one)
    assert eight["hedges.a"] < one["hedges.a"]


@pytest.mark.parametrize("size", [1, 4, 12])
def test_a_tolerance_of_the_contract_widens(pool, size):
    reference, checked = figures(pool[:size]), figures(pool[12:20])
    before = band_of("words.a", bands(reference, checked, TERMS))
    terms = DriftTerms(tolerance={"words.a": 60})
    after = band_of("words.a", bands(reference, checked, terms))
    assert (after.low, after.high) == (before.reference - 60, before.reference + 60)
    unchanged = bands(reference, checked, terms)
    assert [band for band in unchanged if band.figure.name != "words.a"] == [
        band for band in bands(reference, checked, TERMS) if band.figure.name != "words.a"
    ]


def test_a_band_is_never_narrower_than_the_tolerance_of_its_figure(alike):
    reference, _ = alike
    for band in bands(reference * 50, reference * 50, TERMS):
        if band.low is not None and band.high is not None:
            assert band.high >= min(band.reference + band.figure.tolerance, band.figure.most) - 1e-9
            assert band.low <= max(band.reference - band.figure.tolerance, band.figure.least) + 1e-9


def test_a_tolerance_of_everything_leaves_no_band(alike):
    band = band_of("cut_off_rate.a", bands(*alike, DriftTerms(tolerance={"cut_off_rate.a": 1})))
    assert (band.verdict, band.low) == ("too little data", None)


def test_more_confidence_makes_wider_bands(alike):
    loose, usual, strict = (widths(bands(*alike, DriftTerms(confidence=x))) for x in (0.5, 0.95, 0.999))
    for name in strict:
        assert loose[name] <= usual[name] <= strict[name]
    assert loose["hedges.a"] < usual["hedges.a"] < strict["hedges.a"]


def test_the_order_of_sessions_does_not_matter(alike):
    reference, checked = alike
    rng = random.Random(5)
    for size in (4, 12):
        ours = reference[:size]
        before = bands(ours, checked, TERMS)
        after = bands(rng.sample(ours, size), rng.sample(checked, len(checked)), TERMS)
        for one, other in zip(before, after, strict=True):
            for name in ("reference", "low", "high", "found"):
                value = getattr(one, name)
                expected = None if value is None else pytest.approx(value, rel=1e-9)
                assert getattr(other, name) == expected, (one.figure.name, name)


def test_the_same_sets_always_give_the_same_bands(alike):
    assert bands(*alike, TERMS) == bands(*alike, TERMS)


def test_a_figure_that_left_its_band_is_told_with_both_values(pool, shorter):
    band = band_of("cut_off_rate.therapist", bands(figures(pool[:SIDE]), shorter, TERMS))
    band = replace(band, reference=0.41, found=0.72, low=0.3, high=0.55)
    assert told(band) == "The therapist's cut-off rate 0.41 to 0.72 (band 0.30 to 0.55)"
