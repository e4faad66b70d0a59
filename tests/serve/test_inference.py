"""Who is to speak and what has been said, read back out of the messages alone."""

import json

import pytest

from generator.chat.rehearsal.chat import compose
from generator.serve import wire
from generator.serve.inference import ANY_TOPIC, understand
from tests.builders import SHIPPED, layout, speak, spec
from tests.serve.conftest import rehearse

COUPLES = list(SHIPPED.all("couple"))
THERAPISTS = list(SHIPPED.all("therapist"))
TOPICS = list(SHIPPED.all("topic"))
SETS = list(SHIPPED.all("prompt set"))
THERAPIST = {"role": "system", "content": "You are a kind, experienced couples therapist."}


def from_messages(messages):
    return understand(wire.Body(model="rehearsal", messages=messages))


def user(text):
    return {"role": "user", "content": text}


def assert_read_back(requests):
    for request in requests:
        view, spoken = from_messages(json.loads(request.messages))
        assert spoken == list(request.spoken)
        known = request.perspective.model_copy(update={"structure": view.structure})
        assert view == known


@pytest.mark.parametrize("shape", ["chat", "script"])
@pytest.mark.parametrize("number", range(len(COUPLES)))
def test_every_role_of_every_couple_is_recognised_and_every_turn_read_back(number, shape):
    half = SETS[(number + (shape == "script")) % 2 :: 2]
    for place, prompts in enumerate(half):
        turn = number + 5 * place
        session = spec(
            couple=COUPLES[number],
            therapist=THERAPISTS[turn % len(THERAPISTS)],
            topic=TOPICS[turn % len(TOPICS)],
            prompts=prompts,
            models=layout(shape),
            turns=6,
            first="AB"[number % 2],
        )
        assert_read_back(speak(session, lambda request: f"Turn {len(request.spoken)}.\n\nIt is 7:30: late.")[1])


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_recognised_for_both_roles(topic):
    assert_read_back(speak(spec(topic=topic, turns=2), ["One.", "Two."])[1])


@pytest.mark.parametrize("shape", ["chat", "script"])
@pytest.mark.parametrize("structure", ["LLM Only", "Sequential"])
def test_a_rehearsed_hour_is_read_back_exactly(shape, structure):
    assert_read_back(rehearse(spec(models=layout(shape), structure=structure))[1])


@pytest.mark.parametrize("shape", ["chat", "script"])
def test_stray_labels_kept_as_in_the_seed_are_part_of_the_turn(shape):
    def reply(request):
        name = request.perspective.me.name
        return f"{name}: So, {len(request.spoken)}.\n\n{name}: And again.\n\nWe talked about: nothing."

    session, requests = speak(spec(models=layout(shape), labels="keep", turns=12), reply)
    assert session.turns[1].text.startswith("Daniel Haskell: So, 1.\n\nDaniel Haskell: And")
    assert_read_back(requests)


def test_the_field_is_taken_as_it_is():
    _, requests = rehearse(spec(prompts="candid", turns=8))
    for request in requests:
        field = {"perspective": request.perspective.model_dump(mode="json"), "spoken": list(request.spoken)}
        body = wire.Body(model="rehearsal", messages=[user("?")], couplesim=json.loads(json.dumps(field)))
        assert understand(body) == (request.perspective, list(request.spoken))


def test_a_therapist_nobody_knows_has_no_names():
    messages = [THERAPIST, user("We fight about money."), {"role": "assistant", "content": "Go on."}, user("No.")]
    view, spoken = from_messages(messages)
    assert view.label == "Therapist"
    assert (view.therapist.name, view.a.called, view.b.called, view.intake, view.practice) == ("", "", "", None, None)
    assert view.topic == ANY_TOPIC
    assert spoken == [("Patient A", "We fight about money."), ("Therapist", "Go on."), ("Patient A", "No.")]


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("You are Dr. Jane Roe, a warm and patient counselor.", "Therapist"),
        ("Act as a couple's therapist.", "Therapist"),
        ("You are the therapist.", "Therapist"),
        ("You are Patient B. The therapist speaks first.", "Patient B"),
        ("You are tired. The therapist has just asked you something.", "Patient A"),
        ("You are a patient of the therapist.", "Patient A"),
        ("You are a helpful assistant.", "Patient A"),
        ("You are writing the spoken words of Keisha Ballard, married to Dwayne Pritchard.", "Patient B"),
        ("You are Dwayne. You are married to Keisha. (Dwayne Pritchard, Keisha Ballard)", "Patient A"),
        ("You are Kit Lindqvist and see Dwayne Pritchard and Keisha Ballard.", "Therapist"),
    ],
)
def test_roles_are_told_by_the_system_prompt(prompt, label):
    view, _ = from_messages([{"role": "system", "content": prompt}, user("Hello.")])
    assert view.label == label


def test_strangers_keep_their_names_if_the_prompt_has_them():
    system = {"role": "system", "content": "You are a couples therapist. Ann Lee and Bob Ray are here. Note well."}
    view, spoken = from_messages([system, user("Ann Lee: I am sad.\n\nBob Ray: Me too.\n\nNote this: it is late.")])
    assert (view.a.called, view.b.called) == ("Ann", "Bob")
    assert spoken == [("Patient A", "I am sad."), ("Patient B", "Me too.\n\nNote this: it is late.")]


def test_a_strangers_script_ends_in_their_cue():
    system = {"role": "system", "content": "Write what Ann Lee says next to Bob Ray."}
    view, spoken = from_messages([system, user("Bob Ray:\nWhy?\n\nAnn Lee:\nBecause.\n\nBob Ray:\nOh.\n\nAnn Lee:\n")])
    assert view.label == "Patient A"
    assert view.a.name == "Ann Lee"
    assert [text for _, text in spoken] == ["Why?", "Because.", "Oh."]
    assert spoken[1][0] == "Patient A"


def test_a_transcript_can_be_gone_on_with():
    session, _ = rehearse(spec(turns=6))
    pasted = "\n\n".join(f"{turn.speaker}:\n{turn.text}" for turn in session.turns)
    view, spoken = from_messages([THERAPIST, user(f"{pasted}\n\nPatient B:")])
    assert view.label == "Patient B"
    assert spoken == [(turn.speaker, turn.text) for turn in session.turns]


def test_a_couple_without_a_topic_speaks_of_its_usual_one_and_a_topic_needs_no_couple():
    names = {"role": "system", "content": "You are Marcus Wright, here with Daniel Haskell."}
    assert from_messages([names, user("Hello.")])[0].topic.title == "Work/Home Role Strain"
    view, _ = from_messages([{"role": "system", "content": "You are a therapist. Topic: Jealousy."}, user("Hello.")])
    assert view.topic.title == "Jealousy"
    assert view.topic.questions
    assert not any("{" in question for question in view.topic.questions)


@pytest.mark.parametrize("prompt", ["You are a therapist.", "You are a husband.", "You are Kit Lindqvist, therapist."])
def test_the_nameless_have_something_to_say_for_an_hour(prompt):
    messages = [{"role": "system", "content": prompt}]
    said = []
    for turn in range(14):
        messages.append(user(f"I do not know what to say about the {turn} evenings, it is hard. What do you need?"))
        view, spoken = from_messages(messages)
        said.append(compose(view, spoken, turn))
        assert len(said[-1].split()) > 12
        assert not set("{}[]|") & set(said[-1])
        messages.append({"role": "assistant", "content": said[-1]})
    assert len(set(said)) == len(said)
