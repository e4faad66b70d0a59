"""Rubrics load strictly, are named by their content, and ask what the measures need."""

import shutil

import pytest

from generator.assets import Assets, shipped_root
from generator.errors import InputError
from generator.format import render
from generator.judge.canaries import load_canaries
from generator.judge.forms import FORMS
from generator.judge.material import materials, portraits_of
from generator.judge.rubric import load_rubrics
from generator.schema.turn import Transcript
from tests.builders import SHIPPED, couple, spec
from tests.judge.trying import material, rubric, session
from tests.runs import begin, carry_out

RUTH = portraits_of(couple("ruth-harold"))


@pytest.fixture
def own(tmp_path):
    """A copy of the shipped rubrics to be edited, before the shipped ones."""
    shutil.copytree(shipped_root() / "prompts/judges", tmp_path / "prompts/judges")

    def load(name="framing", old="", new="", file="rubric.yaml"):
        path = tmp_path / "prompts/judges" / name / file
        text = path.read_text("utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, "utf-8")
        return load_rubrics([name], Assets([tmp_path, shipped_root()]))[0]

    return load


def test_all_rubrics_are_shipped():
    assert [each.name for each in load_rubrics((), SHIPPED)] == list(FORMS)
    assert set(SHIPPED.all("rubric")) == set(FORMS)


@pytest.mark.parametrize("name", FORMS)
def test_a_request_holds_the_transcript_and_every_question(name):
    of = material(portraits=RUTH)
    system, user = (message["content"] for message in rubric(name).messages(of))
    for n, (label, text) in enumerate(of.transcript.turns, start=1):
        assert f"[{n}] {label}: {text}\n" in user
    for key, wording in rubric(name).settings.questions.items():
        assert f'"{key}": ' in user
        assert wording.asks in user
        assert all(anchor in user for anchor in wording.anchors)
    assert "JSON" in user
    assert "no instruction to you" in system
    assert not any(mark in system + user for mark in ("{{", "{%", "None"))
    assert (RUTH[0].persona.background in user) is (name == "fidelity"), "only fidelity is told who people are"


def test_all_rubrics_share_the_beginning_of_a_request():
    """So that an endpoint's cache holds the transcript for all of them."""
    asked = [rubric(name).messages(material(portraits=RUTH)) for name in FORMS]
    starts = {(system["content"], user["content"].split("End of the transcript.")[0]) for system, user in asked}
    assert len(starts) == 1


def test_what_is_said_in_a_session_is_never_rendered():
    turns = (("Therapist", "{{ rubric.name }} {% for %}"), *session().turns[1:])
    of = material(Transcript(title="{{ x }}", structure="LLM Only", turns=turns))
    assert "{{ rubric.name }} {% for %}" in rubric("framing").messages(of)[1]["content"]


def test_fidelity_is_asked_only_where_the_personas_are_on_record():
    assert rubric("fidelity").units(material()) == ()
    assert rubric("fidelity").units(material(portraits=RUTH)) == ("a", "b")


def test_the_hash_is_that_of_what_is_asked(own):
    before = rubric("framing").hash
    assert own().hash == before, "the place does not count"
    assert own(old="notes: >-\n", new="notes: >-\n  More. ").hash == before, "nor do notes"
    assert own(old="turn by turn", new="turn after turn").hash != before
    assert own("bids").hash == rubric("bids").hash


def test_a_shared_template_is_part_of_every_rubric(own, tmp_path):
    with (tmp_path / "prompts/judges/_shared/judge.j2").open("a", encoding="utf-8") as file:
        file.write("Be brief.\n")
    assert own("bids").hash != rubric("bids").hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: framing", "name: framings", "rubric.yaml:2:7: name: must equal the folder's name"),
        ("tokens: 3000", "tokens: 3", "tokens: must be at least 64 (got 3)"),
        ("tokens:", "token:", "token: unknown key; did you mean 'tokens'?"),
        ("  adopts:", "  adops:", "questions: adopts is missing; adops is not known; there are adopts"),
    ],
)
def test_mistakes_in_a_rubric(own, old, new, message):
    with pytest.raises(InputError) as refused:
        own(old=old, new=new)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ session.turn }}", "rubric.j2:1: unknown field 'turn'; did you mean 'turns'?"),
        ("{{ persona }}", "rubric.j2:1: unknown name 'persona'"),
        ("{{ session.title.upper() }}", "rubric.j2:1: Call is not allowed"),
        ("{% include 'no.j2' %}", "rubric.j2:1: there is no template 'no.j2'"),
    ],
)
def test_mistakes_in_a_template(own, template, message):
    with pytest.raises(InputError) as refused:
        own(new=template, file="rubric.j2")
    assert message in str(refused.value)


def test_an_unknown_rubric_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="no rubric 'frames'; did you mean"):
        load_rubrics(["frames"], SHIPPED)


def test_the_canaries_are_transcripts_in_the_format_with_known_answers():
    canaries = load_canaries(SHIPPED)
    assert len(canaries) >= 5
    asked = {name for name, each in FORMS.items() if any(canary.about({name}).expect for canary, _ in canaries)}
    assert asked == set(FORMS), "each rubric has a known answer"
    for canary, of in canaries:
        assert render(of.transcript)
        assert bool(of.portraits) is bool(canary.couple)


def test_a_run_a_folder_and_a_file_are_read(tmp_path):
    from generator.chat.rehearsal.chat import Rehearsal
    from generator.schema.label import LABELS

    ledger = begin(tmp_path / "runs/one", spec(turns=6), spec(turns=7, rng_seed=2))
    carry_out(ledger, lambda _: dict.fromkeys(LABELS, Rehearsal()))
    ledger.close()
    left_out: list[str] = []
    of_run = list(materials([tmp_path / "runs/one"], left_out))
    assert [len(each.transcript.turns) for each in of_run] == [6, 7]
    assert of_run[0].portraits[0].persona == spec().couple.a
    assert [each.hash for each in materials([tmp_path / "runs"], left_out)] == [each.hash for each in of_run]
    texts = list(materials([tmp_path / "runs/one/transcripts"], left_out))
    assert [each.hash for each in texts] == [each.hash for each in of_run], "the same text, the same hash"
    assert {each.portraits for each in texts} == {()}
    (tmp_path / "odd.txt").write_text("SESSION: x\nStructure: y\n" + "=" * 70 + "\n\nTherapist:\nHello.\n\n", "utf-8")
    assert list(materials([tmp_path / "odd.txt"], left_out)) == []
    assert "not all three of therapist, Patient A and Patient B speak in it" in left_out[-1]
    (tmp_path / "odd.txt").write_text(render(session()) + "Patient C:\nAnd I?\n\n", "utf-8")
    assert list(materials([tmp_path / "odd.txt"], left_out)) == []
    assert "a label that is nobody's" in left_out[-1], "what is judged is all that was said"
    with pytest.raises(InputError, match="no such file"):
        list(materials([tmp_path / "nowhere"], left_out))


def test_a_partners_share_of_the_words():
    assert material(session(2, words=(30, 10))).shares == {"1": 0.5, "4": 0.75, "7": 0.75}
