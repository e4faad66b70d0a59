"""Forks: what is taken over, what it counts as, and what is refused."""

import json
from statistics import fmean

import pytest

from generator import batch
from generator.api import replay
from generator.chat.rehearsal.chat import Rehearsal
from generator.chat.scripted import Scripted
from generator.compare import compare_levels
from generator.compare.measures import all_measures
from generator.continuations import continuations
from generator.errors import InputError, SessionFailed
from generator.fork import BRANCH, UNCHANGED, fork, fork_name
from generator.plan import Plan
from generator.prices import Prices
from generator.schema.label import LABELS
from generator.schema.record import hash_of
from generator.schema.session import Budget, CastPrompts, Prefix, Spec, spoken_hash
from generator.session import Session
from generator.summary import summary
from tests.builders import prompt_set, prompts_of, spec
from tests.runs import begin, carry_out

TURNS, K = 12, 5
CANDID = {"therapist": prompt_set("candid"), "partners": prompt_set("candid")}


def rehearsal(_):
    return dict.fromkeys(LABELS, Rehearsal())


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A run of two sessions, spoken; the second has a budget that ends it early."""
    folder = tmp_path_factory.mktemp("source") / "run"
    tight = spec(turns=TURNS, rng_seed=2, budget=Budget(session_tokens=26_000))
    ledger = begin(folder, spec(turns=TURNS), tight)
    carry_out(ledger, rehearsal)
    yield ledger
    ledger.close()


def begun(folder, expansion):
    return batch.begin(folder, Plan(), expansion, "test")


def spoken(turns):
    return [(turn.speaker, turn.text) for turn in turns]


def test_a_session_without_a_prefix_has_the_id_it_always_had():
    plain = spec()
    names = sorted(set(Spec.model_fields) - {"prefix"})
    values = {name: getattr(plain, name) for name in names}
    parts = {
        name: value.content
        if name == "models"
        else value.canonical
        if hasattr(value, "canonical")
        else json.dumps(value)
        for name, value in values.items()
    }
    assert plain.id == hash_of("{" + ", ".join(f'"{name}": {parts[name]}' for name in names) + "}")
    forked = plain.model_copy(update={"prefix": Prefix(session=plain.id, turns=3, hash="0" * 16, tokens=9)})
    assert forked.id != plain.id
    assert forked.id != forked.model_copy(update={"prefix": forked.prefix.model_copy(update={"turns": 4})}).id


def test_both_branches_begin_with_the_same_turns_and_cost_only_what_follows(source, tmp_path):
    forked = fork(source, [1], K, CANDID)
    ledger = begun(tmp_path / "fork", forked)
    first, second = (row.id for row in ledger.each())
    assert (
        ledger.turns(first)
        == ledger.turns(second)
        == [turn.taken_over() for turn in source.turns(source.session(1).id)[:K]]
    )
    before = summary(ledger, Prices.load().cost)
    assert (before.turns, before.tokens, before.cut, before.taken_over) == (0, 0, 0, 2 * K)
    assert (ledger.counts(), ledger.planned_turns(), ledger.is_untouched()) == ((0, 0), 2 * (TURNS - K), True)
    carry_out(ledger, rehearsal)
    after = summary(ledger, Prices.load().cost)
    assert (after.turns, after.complete, after.taken_over) == (2 * (TURNS - K), 2, 2 * K)
    kept = [turn for id_ in (first, second) for turn in ledger.turns(id_)]
    assert after.tokens == sum(turn.reply.usage.total for turn in kept if turn.reply.attempts)
    assert [row.cell for row in ledger.each()] == [
        {"source": "1", "branch": "unchanged"}, {"source": "1", "branch": "variant"}
    ]  # fmt: skip
    ledger.close()


def test_the_unchanged_branch_of_a_rehearsal_goes_on_as_its_source_did(source, tmp_path):
    """A session's token budget counts what its prefix took, so it ends where its source ended."""
    ledger = begun(tmp_path / "fork", fork(source, [1, 2], K, CANDID))
    carry_out(ledger, rehearsal)
    rows = ledger.sessions()
    assert [row.cell["branch"] for row in rows] == ["unchanged", "variant"] * 2
    for row in rows:
        original = source.session(int(row.cell["source"]))
        theirs, mine = spoken(source.turns(original.id)), spoken(ledger.turns(row.id))
        assert mine[:K] == theirs[:K]
        assert (mine == theirs) is (row.cell["branch"] == "unchanged")
        if row.cell["branch"] == "unchanged":
            assert (row.status, row.reason) == (original.status, original.reason)
    assert [row.status for row in source.each()] == ["complete", "ended"], "the source has one session of each kind"
    ledger.close()


def test_a_role_that_is_not_varied_keeps_its_prompts(source, tmp_path):
    forked = fork(source, [1], K, {"therapist": prompt_set("candid")})
    unchanged, variant = (one.spec.prompts for one in forked.sessions)
    assert unchanged == CastPrompts.all_from(prompt_set().ref)
    assert variant == CastPrompts(therapist=prompt_set("candid").ref, a=prompt_set().ref, b=prompt_set().ref)


def test_every_speaker_of_the_variant_is_asked_with_the_variants_words(source, tmp_path):
    ledger = begun(tmp_path / "fork", fork(source, [1], K, CANDID))
    chats = {}

    def chats_for(of):
        chats[of.id] = Scripted([f"This is line {number}." for number in range(TURNS)])
        return dict.fromkeys(LABELS, chats[of.id])

    carry_out(ledger, chats_for)
    for row in ledger.each():
        name = row.spec.prompts.a.name
        own = Session(row.spec, dict.fromkeys(LABELS, prompt_set(name)), {}, ledger.turns(row.id))
        assert len(chats[row.id].requests) == TURNS - K
        for request in chats[row.id].requests:
            sent = json.loads(b"".join(request.parts))
            assert sent == own.messages(request.perspective.label)[: len(sent) - 1] + sent[-1:]
    ledger.close()


def test_a_fork_can_be_forked(source, tmp_path):
    ledger = begun(tmp_path / "fork", fork(source, [1], K, CANDID))
    carry_out(ledger, rehearsal)
    again = fork(ledger, [1, 2], K + 2, {"therapist": prompt_set("balanced")})
    assert len({one.key for one in again.sessions}) == len({one.spec.id for one in again.sessions}) == 4
    second = begun(tmp_path / "second", again)
    carry_out(second, rehearsal)
    assert second.by_status()["complete"] == 4
    assert [spoken(second.turns(row.id))[: K + 2] for row in second.each()][::2] == [
        spoken(ledger.turns(row.id))[: K + 2] for row in ledger.each()
    ]
    for each in (ledger, second):
        each.close()


def test_what_followed_is_measured_and_nothing_before(source, tmp_path):
    """Turns and words are those from the fork on; the branches are a pair that differs in its prompts alone."""
    ledger = begun(tmp_path / "fork", fork(source, [1], K, CANDID))
    carry_out(ledger, rehearsal)
    ledger.close()
    found = continuations(tmp_path / "fork")
    assert [(case.number, case.factors["source"], case.factors["branch"]) for case in found.cases] == [
        (1, "1", "unchanged"), (2, "1", "variant")
    ]  # fmt: skip
    assert {case.values["turns"] for case in found.cases} == {TURNS - K}
    tail = [turn.text for turn in source.turns(source.session(1).id)[K:] if turn.speaker == "Patient A"]
    assert found.cases[0].values["words.a"] == pytest.approx(fmean(len(text.split()) for text in tail), abs=0.01)
    compared = compare_levels(found, BRANCH, all_measures(), ["words.a"], UNCHANGED)
    (pairing,) = compared.pairings
    assert (pairing.design, pairing.units, pairing.shared) == ("paired", 1, ())
    assert set(pairing.differs) == {"prompts.therapist", "prompts.a", "prompts.b"}


def test_a_run_that_is_no_fork_has_no_continuations(source):
    with pytest.raises(InputError, match="no finished session of a fork"):
        continuations(source.folder)


def test_a_forks_session_can_be_replayed(source, tmp_path):
    ledger = begun(tmp_path / "fork", fork(source, [1], K, CANDID))
    carry_out(ledger, rehearsal)
    turns = ledger.turns(ledger.session(2).id)
    ledger.close()
    again = replay(tmp_path / "fork", 2)
    assert again.turns == turns


def test_turns_that_are_lost_are_not_spoken_anew(source):
    one = fork(source, [1], K, CANDID).sessions[1]
    chat = Scripted(["Never asked for."])
    for turns in ([], one.prefix[:-1], [*one.prefix[:-1], one.prefix[-1].model_copy(update={"text": "Other."})]):
        session = Session(one.spec, prompts_of(one.spec), dict.fromkeys(LABELS, chat), turns)
        with pytest.raises(SessionFailed, match=f"turns 1 to {K}, taken over .* are not all there"):
            anext(session.run()).send(None)
    assert chat.requests == []


def test_another_fork_takes_the_place_of_one_in_which_nothing_was_said(source, tmp_path):
    begun(tmp_path / "fork", fork(source, [1, 2], K, CANDID)).close()
    later = begun(tmp_path / "fork", fork(source, [1], K + 1, CANDID))
    assert [len(later.turns(row.id)) for row in later.each()] == [K + 1] * 2
    carry_out(later, rehearsal)
    later.close()
    with pytest.raises(InputError, match=r"holds another run; changed: prefix\.hash"):
        begun(tmp_path / "fork", fork(source, [1], K, CANDID))
    assert not (tmp_path / "fork/plan.yaml").exists(), "a fork's sessions follow from no plan"


def test_a_name_says_what_was_forked_and_changes_with_it(source):
    one, same, other = (fork(source, [1], turn, CANDID) for turn in (K, K, K + 1))
    assert fork_name(source, one.sessions) == fork_name(source, same.sessions) != fork_name(source, other.sessions)
    assert fork_name(source, one.sessions).startswith("run_fork-")


@pytest.mark.parametrize(
    ("numbers", "turn", "variant", "message"),
    [
        ([3], K, CANDID, "has sessions 1 to 2, not 3"),
        ([1], TURNS, CANDID, f"session 1: it has {TURNS} turns in all, so nothing is left to be spoken after turn 12"),
        ([1, 2], TURNS - 1, CANDID, "session 2: it ended early and has "),
        ([1], K, {"partners": prompt_set()}, "it is spoken with these prompts already (baseline, word for word)"),
    ],
)  # fmt: skip
def test_what_cannot_be_forked_is_told(source, numbers, turn, variant, message):
    with pytest.raises(InputError) as caught:
        fork(source, numbers, turn, variant)
    assert message in str(caught.value)


def test_a_prefix_is_told_by_who_said_what():
    said = [("Therapist", "Good."), ("Patient A", "Fine.")]
    assert spoken_hash(said) == spoken_hash(iter(said))
    assert len({spoken_hash(said), spoken_hash(said[:1]), spoken_hash([("Patient B", "Good."), said[1]])}) == 3
