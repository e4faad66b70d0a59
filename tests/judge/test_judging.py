"""Evaluations: planted scores come out exactly, faulty answers are missing, nothing is asked twice, a cap holds."""

import asyncio
import dataclasses
import json
import sqlite3
from contextlib import closing

import pytest

from generator.budget import RunPurse
from generator.errors import CapReached, ProviderRefused, RunInUse, StorageError
from generator.judge.forms import FORMS
from generator.judge.judging import IN_A_ROW
from generator.judge.material import portraits_of
from generator.judge.measures import JUDGED
from generator.judge.scores import scores_of
from generator.judge.store import Store
from tests.builders import couple
from tests.faults.running import dollars
from tests.faults.server import body, error, hang, ok, reset, status
from tests.judge.stand_in import SERVED, StandIn, answer, plain, read_request
from tests.judge.trying import JUDGE, judge, material, rubric, session

RUTH = portraits_of(couple("ruth-harold"))


def planted(rubric, unit, key):
    """A session of 4 therapist turns (1, 4, 7, 10) with known answers."""
    told = {
        "adopts": {"1": "neither", "4": "A", "7": "A", "10": "B"},
        "challenges": {"1": "neither", "4": "B", "7": "B", "10": "both"},
        "depth_a": {"1": None, "4": 5, "7": 3, "10": 4},
        "depth_b": {"1": None, "4": 1, "7": None, "10": 0},
        "interested": {"a.before": 1, "a.after": 5},
        "afraid": {"a.before": 5, "a.after": 1},
        "bond": {"a": 9, "b": 3},
        "voice": {"a": 2, "b": 8},
        "course": {"session": 2},
    }
    return told.get(key, {}).get(unit, plain(rubric, unit, key))


def attempts(path, sql="SELECT outcome, billed FROM attempt ORDER BY id"):
    with closing(sqlite3.connect(path)) as reader:
        return reader.execute(sql).fetchall()


def sessions(number):
    return [material(session(title=f"Session {n}")) for n in range(number)]


def test_planted_scores_are_measured_exactly(tmp_path):
    script = StandIn(planted)
    done = judge(tmp_path / "scores.db", script, [material(portraits=RUTH)], *FORMS)
    assert (done.error, done.counts.ok, sorted(script.asked)) == (None, 7, sorted(FORMS))
    values = done.one.values
    assert values.keys() == JUDGED.keys()
    expected = {
        "fas": 1 / 4, "fas_adjusted": 1 / 4, "brd": 0.5 - 4.0, "cas": -2.0,
        "alliance.a": 19 / 3, "alliance_gap": 2.0, "alliance_bond_gap": 6.0, "alliance_goal_gap": 0.0,
        "panas_positive_change.a": 4, "panas_negative_change.a": -4, "panas_positive_change.b": 0,
        "fidelity.a": 4.0, "fidelity.b": 6.0, "realism": 4.0,
    }  # fmt: skip
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    assert done.one.coverage["brd"] == (8, 8)
    assert attempts(done.path) == [("ok", "yes")] * 7


def test_what_was_answered_is_kept_as_it_came(tmp_path):
    done = judge(tmp_path / "scores.db", StandIn(planted), [material()], "framing")
    ((answer, served, raw, items, content),) = attempts(
        done.path,
        "SELECT answer, model, raw, items, content FROM judgement JOIN rubric ON rubric.hash = judgement.rubric",
    )
    assert json.loads(answer)["turns"][1]["adopts"]["answer"] == "A"
    assert served == SERVED, "who looks sees that no model judged"
    assert json.loads(raw)["choices"][0]["message"]["content"] == answer
    assert ["4", "adopts", "A", None, "This is question number 2, for the two"] in json.loads(items)
    assert content == rubric("framing").content


def test_nothing_is_asked_twice_and_a_changed_rubric_is_asked_alone(tmp_path):
    path, of = tmp_path / "scores.db", sessions(3)
    assert judge(path, StandIn(), of, "framing", "bids").server.count == 6
    again = judge(path, StandIn(), of, "framing", "bids")
    assert (again.server.count, again.counts.kept) == (0, 6)
    more = judge(path, StandIn(), [*of, material(session(4))], "framing", "bids")
    assert more.server.count == 2
    old = rubric("framing")
    changed = type(old)(old.settings.model_copy(update={"asks": "Something else."}), old.files, {})
    script = StandIn(lambda *of: "A" if of[0] == "framing" else plain(*of))
    assert judge(path, script, of, changed, "bids").server.count == 3
    assert script.asked == ["framing"] * 3
    fas = {scored.figures.get("fas") and scored.values["fas"] for scored in scores_of(path).values()}
    assert fas == {1.0, None}, "the new wording's scores, and nothing of the old one beside them"
    assert len([s for s in scores_of(path).values() if s.values["brd"] is not None]) == 4
    assert judge(path, StandIn(), of, "framing", "bids").server.count == 0, "the old wording's scores are still there"
    assert {scored.values["fas"] for scored in scores_of(path).values()} == {0.0}


def test_another_judge_is_asked_anew_and_never_mixed(tmp_path):
    path = tmp_path / "scores.db"
    judge(path, StandIn(), sessions(2), "framing")
    done = judge(
        path, StandIn(lambda *_: "A"), sessions(1), "framing", by=JUDGE.model_copy(update={"temperature": 1.0})
    )
    assert done.server.count == 1
    assert [scored.values["fas"] for scored in scores_of(path).values()] == [1.0], "the judge asked last"
    with closing(Store.read(path)) as store:
        judges = store.judges()
    assert [scored.values["fas"] for scored in scores_of(path, judges[0]).values()] == [0.0, 0.0]


GOOD = StandIn(planted)
NO_ANSWER = {
    "words": ok("The therapist was very fair, I think."),
    "half an object": ok('{"turns": [{"turn": 1, "adop'),
    "other keys": ok('{"ratings": []}'),
    "blank": ok("  \n"),
    "refused": ok(None, refusal="I cannot rate therapy."),
    "500": status(500, b"oops"),
    "reset": reset(),
    "html": body(b"<html>busy</html>"),
    "no choices": body({"choices": []}),
}


@pytest.mark.parametrize("behaviour", NO_ANSWER.values(), ids=NO_ANSWER)
def test_a_failed_answer_is_missing_and_counted_and_asked_again_only_when_told(tmp_path, behaviour):
    """The first of three transcripts has no answer to be had; the others count."""
    path, of = tmp_path / "scores.db", sessions(3)

    def script(number, seen):
        return behaviour if "Session 0" in seen.json["messages"][1]["content"] else GOOD(number, seen)

    done = judge(path, script, of, "framing")
    assert done.error is None
    assert (done.counts.ok, done.counts.invalid + done.counts.failed) == (2, 1)
    scored = done.scores[of[0].hash]
    figure = scored.figures["fas"]
    assert (figure.value, figure.n_valid, figure.n) == (None, 0, 4)
    assert figure.why.startswith("0 of 4 items are valid: ")
    assert [done.scores[each.hash].values["fas"] for each in of[1:]] == [0.25, 0.25]
    assert judge(path, GOOD, of, "framing").server.count == 0
    again = judge(path, GOOD, of, "framing", retry_failed=True)
    assert again.server.count == 1
    assert {scored.values["fas"] for scored in again.scores.values()} == {0.25}


def thin(bad):
    """A stand-in whose first quotations, as many as `bad`, nobody said."""

    def script(number, seen):
        turns = read_request(seen)[1]
        told = {"turns": [
            {"turn": n, "adopts": {"evidence": "this nobody ever said" if i < bad else turns[n - 1][1], "answer": "A"}}
            for i, n in enumerate((1, 4, 7, 10))
        ]}  # fmt: skip
        return ok(json.dumps(told))

    return script


def test_invented_evidence_is_missing_and_too_much_of_it_is_asked_for_again(tmp_path):
    most = judge(tmp_path / "1.db", thin(2), [material()], "framing")
    figure = most.one.figures["fas"]
    assert (most.server.count, most.counts.invalid) == (3, 1), "asked three times with other seeds"
    assert len({seen.json["seed"] for seen in most.server.requests}) == 3
    assert (figure.value, figure.n_valid, figure.n) == (None, 2, 4)
    assert "the evidence does not stand there: this nobody ever said" in figure.why
    ((reason, answer),) = attempts(most.path, "SELECT reason, answer FROM judgement")
    assert reason.endswith("2 of 4 items are valid: the evidence does not stand there: this nobody ever said")
    assert "this nobody ever said" in answer, "the answer stays on record"
    five = material(session(4))
    few = judge(tmp_path / "2.db", lambda n, seen: GOOD(n, seen) if n > 1 else thin(2)(n, seen), [five], "framing")
    assert (few.server.count, few.counts.ok) == (2, 1)


def test_an_answer_that_is_whole_but_for_little_counts_with_its_n(tmp_path):
    six = material(session(5))

    def script(number, seen):
        told = {"turns": [{"turn": n, "adopts": {"evidence": "", "answer": "neither"}} for n in (1, 4, 7, 10, 13)]}
        return ok(json.dumps(told))

    figure = judge(tmp_path / "scores.db", script, [six], "framing").one.figures["fas"]
    assert (figure.value, figure.n_valid, figure.n) == (0.0, 5, 6)


def test_a_refusal_of_all_stops_it_with_one_request(tmp_path):
    done = judge(tmp_path / "scores.db", [error(401, "no")], sessions(5), "framing")
    assert isinstance(done.error, ProviderRefused)
    assert (done.server.count, done.counts.judged) == (1, 0)


def test_a_judge_that_only_talks_is_not_paid_for_ever(tmp_path):
    done = judge(tmp_path / "scores.db", [ok("Lovely session!")], sessions(60), "framing", at_a_time=1)
    assert isinstance(done.error, ProviderRefused)
    assert f"{IN_A_ROW} judgements in a row came to nothing" in str(done.error)
    assert done.server.count == 3 * IN_A_ROW


def test_a_cap_holds_and_a_higher_one_goes_on(tmp_path):
    """Side by side; what a request can take at most is set aside, and what was taken before counts."""
    path, of = tmp_path / "scores.db", sessions(12)
    taken = []

    def script(number, seen):
        turns = read_request(seen)[1]
        usage = {"prompt_tokens": len(seen.body) // 4, "completion_tokens": 150}
        taken.append((usage["prompt_tokens"] * 10 + 150 * 30) / 1e6)
        return ok(json.dumps(answer("framing", turns, plain)), usage=usage)

    purse = RunPurse(cost=0.2, price=dollars)
    done = judge(path, script, of, "framing", purse=purse)
    assert isinstance(done.error, CapReached)
    assert 0 < done.counts.ok < 12
    assert sum(taken) <= 0.2
    assert purse.cost == pytest.approx(sum(taken))
    with closing(Store.read(path)) as store:
        before = sum(dollars(each.model, each.usage) for each in store.taken())
    assert before == pytest.approx(sum(taken))
    again = judge(path, script, of, "framing", purse=RunPurse(cost=5, price=dollars, spent_cost=before))
    assert (again.error, done.counts.ok + again.counts.ok) == (None, 12)
    assert done.server.count + again.server.count == 12


def test_a_stop_lets_requests_under_way_finish_and_it_goes_on_later(tmp_path):
    path, of = tmp_path / "scores.db", sessions(10)

    async def stop_soon(server, stop):
        while server.count < 3:
            await asyncio.sleep(0.01)
        stop.request()

    done = judge(path, StandIn(), of, "framing", at_a_time=2, during=stop_soon)
    assert (done.error, done.server.count) == (None, done.counts.ok)
    assert done.counts.ok < 10
    again = judge(path, StandIn(), of, "framing")
    assert (again.counts.kept, again.server.count) == (done.counts.ok, 10 - done.counts.ok)


def test_what_was_sent_and_never_answered_counts_at_its_most(tmp_path):
    """As after a kill: the attempt is on record without an end."""
    path = tmp_path / "scores.db"
    judge(path, StandIn(), sessions(1), "framing")
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE attempt SET outcome = NULL, billed = 'unknown', completion_tokens = 3000, estimated = 1")
    with closing(Store.read(path)) as store:
        (taken,) = store.taken()
    assert (taken.usage.completion, taken.usage.estimated) == (3000, True)


def test_two_sessions_alike_are_judged_once(tmp_path):
    done = judge(tmp_path / "scores.db", StandIn(), [material(), dataclasses.replace(material(), name="b")], "framing")
    assert done.server.count == 1


def test_fidelity_is_judged_anew_for_other_personas(tmp_path):
    path = tmp_path / "scores.db"
    judge(path, StandIn(), [material(portraits=RUTH)], "fidelity", "framing")
    others = portraits_of(couple("mei-jonas"))
    script = StandIn()
    judge(path, script, [material(portraits=others)], "fidelity", "framing")
    assert script.asked == ["fidelity"]


def test_one_writer_and_any_reader(tmp_path):
    path = tmp_path / "scores.db"
    with closing(Store.open(path)):
        with pytest.raises(RunInUse, match=r"scores\.db in use by pid"):
            Store.open(path)
        assert scores_of(path) == {}
    Store.open(path).close()


@pytest.mark.parametrize("content", [b"", b"something else", b"SQLite format 3\0" + bytes(84)])
def test_what_is_no_store_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "scores.db"
    path.write_bytes(content)
    for open_ in (Store.open, Store.read):
        with pytest.raises(StorageError, match="left untouched"):
            open_(path)
    assert path.read_bytes() == content


def test_a_store_of_a_newer_version_is_left_untouched(tmp_path):
    path = tmp_path / "scores.db"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="made by a newer couplesim"):
        Store.open(path)


def test_a_hanging_judge_ends(tmp_path):
    def script(number, seen):
        return hang() if "Session 0" in seen.json["messages"][1]["content"] else GOOD(number, seen)

    old = rubric("framing")
    short = type(old)(old.settings.model_copy(update={"tokens": 64}), old.files, {})
    done = judge(tmp_path / "scores.db", script, sessions(2), short, deadline_seconds=0.2 - 64 / 5)
    assert (done.error, done.counts.ok, done.counts.failed) == (None, 1, 1)
