"""Exports of one JSON object a line: everything of a session, and what one role saw of it."""

import io
import json

import pytest

from generator.export import ROLES, Wish, to_stream
from generator.format import parse
from generator.schema.session import Spec
from generator.schema.turn import Turn
from tests.child import couplesim, rows, served
from tests.export.conftest import NUMBER, SPECS, Made
from tests.faults.server import ok


def exported(made: Made, *wish) -> list[dict]:
    """The export's objects."""
    stream, ledger = io.StringIO(), made.read()
    to_stream(ledger, Wish(*wish), stream)
    ledger.close()
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


def sent_to(made: Made, session: str, label: str) -> list[bytes]:
    """The messages of all requests for a role in a session, in order, as they were sent."""
    return [each.messages for each in made.requests[SPECS[session].rng_seed] if each.perspective.label == label]


def encoded(messages: list[dict[str, str]]) -> bytes:
    return json.dumps(messages, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_record_has_everything(made):
    ledger = made.read()
    records = exported(made, "jsonl", None, True)
    assert [record["number"] for record in records] == [1, 2, 3, 4, 6], "nothing was said in the others"
    for record in records:
        row = ledger.session(record["number"])
        turns = ledger.turns(row.id)
        assert record["synthetic"] is True
        assert (record["id"], record["status"], record["reason"], record["message"]) == (
            row.id, row.status, row.reason, row.message
        )  # fmt: skip
        assert (record["cell"], record["repeat"]) == (dict(row.cell), row.repeat)
        assert record["sensitive"] == list(row.spec.sensitive)
        assert Spec.model_validate(record["spec"]).id == row.id, "all that determines it is there"
        again = [Turn.model_validate(each) for each in record["turns"]]
        assert again == [
            turn.model_copy(update={"reply": turn.reply.model_copy(update={"raw": b""})}) for turn in turns
        ]
        assert "MY_KEY" not in json.dumps(record)
    assert records[0]["turns"][4]["text"] != records[0]["turns"][4]["reply"]["text"], "as it came, beside as it stands"
    assert records[0]["turns"][2]["reply"]["attempts"] == 2
    assert records[1]["sensitive"]
    assert [record["transcript"] is None for record in records] == [False, False, False, True, True]


def test_generate_prints_the_same_record(tmp_path):
    done = couplesim(tmp_path, "generate", "--turns", 3, "--out", "run", "--json", "-q")
    printed = json.loads(done.stdout)
    out = couplesim(tmp_path, "export", "run", "--format", "jsonl", "--out", "-")
    assert json.loads(out.stdout) == {**printed, "transcript": printed["transcript"].removeprefix("run/")}
    assert (printed["scripted"], printed["models"]["Patient A"]) == (True, "rehearsal")
    assert out.stderr == "sessions: 1 session, 3 turns; every word is synthetic\n"


@pytest.mark.parametrize("role", ROLES)
def test_messages_are_what_was_sent_byte_for_byte(made, role):
    sent: dict[int, list[bytes]] = {}
    for each in exported(made, "messages", role):
        *messages, answer = each["messages"]
        assert answer["role"] == "assistant"
        sent.setdefault(int(each["metadata"]["number"]), []).append(encoded(messages))
    assert sent == {
        NUMBER["complete"]: sent_to(made, "complete", ROLES[role])[-1:],
        NUMBER["script"]: sent_to(made, "script", ROLES[role]),
        NUMBER["ended"]: sent_to(made, "ended", ROLES[role])[-1:],
    }


def test_own_turns_are_the_answers_and_cut_ones_are_named(made):
    ledger = made.read()
    for label in ROLES.values():
        role = next(role for role, each in ROLES.items() if each == label)
        for each in exported(made, "messages", role):
            metadata = each["metadata"]
            turns = ledger.turns(metadata["session"])
            own = [turn for turn in turns if turn.n in json.loads(metadata["turns"])]
            assert {turn.speaker for turn in own} == {label}
            assert [message["content"] for message in each["messages"] if message["role"] == "assistant"] == [
                turn.text for turn in own
            ]
            assert json.loads(metadata["cut_turns"]) == [turn.n for turn in own if turn.cut]
            assert metadata["synthetic"] == "true"
            assert all(isinstance(value, str) for value in metadata.values())


def test_messages_over_http_are_what_the_endpoint_received(tmp_path):
    with served(lambda n, seen: ok(f'This is answer {n}; "and" so on, 🙂.')) as server:
        options = ("--model", "m", "--base-url", server.url, "--turns", 8, "--out", "run", "-q")
        assert couplesim(tmp_path, "generate", *options).returncode == 0
        received = [seen.json["messages"] for seen in server.requests]
    speakers = [speaker for (speaker,) in rows(tmp_path / "run", "SELECT speaker FROM turn ORDER BY n")]
    for role, label in ROLES.items():
        (conversation,) = exported(Made(tmp_path / "run", {}), "messages", role)
        last = max(n for n, speaker in enumerate(speakers) if speaker == label)
        assert conversation["messages"][:-1] == received[last]


def test_sharegpt_is_the_same_in_other_words(made):
    for role in ROLES:
        for shared, sent in zip(exported(made, "sharegpt", role), exported(made, "messages", role), strict=True):
            assert [each["value"] for each in shared["conversations"]] == [each["content"] for each in sent["messages"]]
            said = [each["from"] for each in shared["conversations"]]
            assert said[:3] == ["system", "human", "gpt"]
            assert set(said[1:]) == {"human", "gpt"}
            assert shared["synthetic"] is True


def test_a_role_that_has_not_spoken_is_counted(made):
    ledger = made.read()
    outcome = to_stream(ledger, Wish("messages", "b", True), io.StringIO())
    assert (outcome.sessions, outcome.incomplete, outcome.silent) == (4, 1, 3)
    ledger.close()


def test_no_role_is_told_what_only_another_knows(made):
    """The view of one partner holds nothing of the other's prompt."""
    for each in exported(made, "messages", "a"):
        spec = SPECS["script"] if each["metadata"]["number"] == "2" else SPECS["complete"]
        said = json.dumps(each["messages"], ensure_ascii=False)
        assert spec.couple.a.hides.fear in said
        assert spec.couple.b.hides.fear not in said


def test_transcripts_can_be_made_of_records(made):
    ledger = made.read()
    for record in exported(made, "jsonl"):
        text = (made.folder / record["transcript"]).read_text(encoding="utf-8")
        assert list(parse(text).turns) == [(turn["speaker"], turn["text"]) for turn in record["turns"]]
    ledger.close()
