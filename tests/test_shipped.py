"""Everything that is shipped loads, fits together, and keeps its secrets."""

import itertools

import pytest

import generator
from generator import personas
from generator.schema.persona import Couple, Partner
from generator.session import Session
from generator.structures import STRUCTURES
from tests.builders import SHIPPED, couple, layout, prompts_of, spec, therapist, topic

COUPLES, THERAPISTS, TOPICS, PROMPT_SETS = (
    list(SHIPPED.all(k)) for k in ("couple", "therapist", "topic", "prompt set")
)
PARTNERS = ("Patient A", "Patient B")


def first_messages(label, **choice) -> str:
    """All that `label` is sent at the beginning."""
    chosen = spec(**choice)
    session = Session(chosen, prompts_of(chosen), {})
    return "\n".join(message["content"] for message in session.messages(label))


def secrets(partner: Partner) -> set[str]:
    """What nobody else may know before it is said."""
    voice = partner.voice
    return {
        partner.background,
        partner.grievance,
        partner.hides.intention,
        partner.hides.fear,
        *partner.hides.leaks,
        *voice.complaint,
        *voice.defence,
        *voice.soft,
        *voice.repair,
        *(stressor.what for stressor in partner.stressors),
        *(line for stressor in partner.stressors for line in stressor.shows),
    }


def people(pair: Couple) -> dict[str, Partner]:
    return {"Patient A": pair.a, "Patient B": pair.b}


def choices(couple_id):
    """Every way to play a couple: prompt set, structure, layout and one of its topics each."""
    topics = itertools.cycle(couple(couple_id).topics)
    for prompts, structure, shape in itertools.product(PROMPT_SETS, STRUCTURES, ("chat", "script")):
        yield {
            "couple": couple_id,
            "prompts": prompts,
            "structure": structure.name,
            "models": layout(shape),
            "topic": next(topics),
        }


def test_the_package_is_one_folder():
    """Without `__init__.py` any folder called `generator` on the path is merged into it or hides it."""
    assert generator.__file__ is not None


def test_enough_is_shipped():
    assert len(COUPLES) >= 16
    assert len(TOPICS) >= 24
    assert len(THERAPISTS) >= 4
    assert len(PROMPT_SETS) >= 4


def test_every_persona_is_valid():
    personas.check_all(SHIPPED)


@pytest.mark.parametrize("couple_id", COUPLES)
def test_a_couples_topics_exist_and_suit_it(couple_id):
    pair = couple(couple_id)
    assert len(set(pair.topics)) == len(pair.topics)
    assert set(pair.topics) <= set(TOPICS)
    if not pair.shared.parents:
        assert [name for name in pair.topics if topic(name).needs_children] == []


def test_every_topic_is_some_couples():
    used = {name for couple_id in COUPLES for name in couple(couple_id).topics}
    assert set(TOPICS) - used == set()


def test_titles_are_told_apart():
    titles = [topic(name).title for name in TOPICS]
    assert len(set(titles)) == len(titles)


def test_nobody_shares_a_name_with_a_therapist():
    theirs = {name for key in THERAPISTS for name in (therapist(key).name, therapist(key).called)}
    for couple_id in COUPLES:
        for partner in people(couple(couple_id)).values():
            assert {partner.name, partner.called} & theirs == set()


@pytest.mark.parametrize("couple_id", COUPLES)
def test_every_prompt_renders_and_tells_the_speaker_who_they_are(couple_id):
    for choice in choices(couple_id):
        for label, partner in people(couple(couple_id)).items():
            text = first_messages(label, **choice)
            missing = {secret for secret in secrets(partner) if secret not in text}
            assert missing == set(), f"{label} does not know themselves with {choice['prompts']}"
            assert partner.name in text
        text = first_messages("Therapist", **choice)
        assert couple(couple_id).intake in text
        assert all(partner.called in text for partner in people(couple(couple_id)).values())


@pytest.mark.parametrize("couple_id", COUPLES)
def test_nobody_knows_anothers_secrets(couple_id):
    pair = people(couple(couple_id))
    for choice in choices(couple_id):
        for owner, listener in itertools.product(PARTNERS, ("Therapist", *PARTNERS)):
            if owner == listener:
                continue
            heard = first_messages(listener, **choice).casefold()
            leaked = {secret for secret in secrets(pair[owner]) if secret.casefold() in heard}
            assert leaked == set(), f"{listener} knows what {owner} keeps private, with {choice['prompts']}"


@pytest.mark.parametrize("couple_id", COUPLES)
def test_the_therapist_does_not_know_the_pattern_or_the_couples_history(couple_id):
    shared, pattern = couple(couple_id).shared, couple(couple_id).pattern.description
    for choice in choices(couple_id):
        heard = first_messages("Therapist", **choice)
        assert [fact for fact in (*shared.facts, *shared.good_moments, shared.met, pattern) if fact in heard] == []


@pytest.mark.parametrize("name", THERAPISTS)
def test_every_therapist_can_lead_a_session(name):
    for prompts in PROMPT_SETS:
        text = first_messages("Therapist", therapist=name, prompts=prompts)
        assert therapist(name).name in text
        assert therapist(name).approach in text
        assert therapist(name).approach not in first_messages("Patient A", therapist=name, prompts=prompts)


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_can_be_a_sessions(name):
    for prompts, label in itertools.product(PROMPT_SETS, ("Therapist", *PARTNERS)):
        text = first_messages(label, topic=name, prompts=prompts)
        assert topic(name).about in text
        assert "{name}" not in text


@pytest.mark.parametrize("name", PROMPT_SETS)
def test_prompts_have_one_blank_line_between_sections_and_none_within_a_list(name):
    for label in ("Therapist", *PARTNERS):
        text = first_messages(label, prompts=name)
        assert "\n\n\n" not in text
        assert "\n\n- " not in text
        for heading in ("Who you are\n", "What today is about\n", "How you "):
            assert f"\n\n{heading}" in text


@pytest.mark.parametrize("couple_id", COUPLES)
def test_what_several_may_know_stands_first_and_is_the_same_in_their_prompts(couple_id):
    """An endpoint that has read one speaker's prompt has then read the beginning of the next one's."""
    for prompts, name in itertools.product(PROMPT_SETS, couple(couple_id).topics):
        chosen = spec(couple=couple_id, prompts=prompts, topic=name)
        session = Session(chosen, prompts_of(chosen), {})
        texts = {label: session.messages(label)[0]["content"] for label in ("Therapist", *PARTNERS)}
        common = {label: text.partition("\n\nWho you are\n")[0] for label, text in texts.items()}
        assert common["Patient A"] == common["Patient B"]
        assert texts["Patient A"].startswith(common["Therapist"] + "\n\n")
        assert len(common["Patient A"]) > 3500
        assert len(common["Therapist"]) > 1200


@pytest.mark.parametrize("couple_id", COUPLES)
def test_the_part_of_ones_own_begins_and_ends_with_the_speakers_name(couple_id):
    for prompts in PROMPT_SETS:
        chosen = spec(couple=couple_id, prompts=prompts, topic=couple(couple_id).topics[0])
        session = Session(chosen, prompts_of(chosen), {})
        for label in ("Therapist", *PARTNERS):
            me = chosen.therapist if label == "Therapist" else people(chosen.couple)[label]
            own = session.messages(label)[0]["content"].partition("\n\nWho you are\n")[2]
            assert own.startswith(f"You speak as {me.name}")
            assert own.splitlines()[-1].startswith(f"You are {me.name} throughout")


@pytest.mark.parametrize("name", PROMPT_SETS)
def test_no_prompt_leaves_a_brace_or_an_empty_value(name):
    for label in ("Therapist", *PARTNERS):
        text = first_messages(label, prompts=name)
        assert not any(mark in text for mark in ("{{", "{%", "}}", "None", "[]"))
