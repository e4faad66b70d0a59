"""The pages say what the ledgers say, whatever state those are in, and change nothing."""

import hashlib
import html
import json
import re
import shutil
import time
from pathlib import Path

import pytest

from generator import batch
from generator.chat.rehearsal.chat import Rehearsal
from generator.fork import fork
from generator.inspection import check_paths
from generator.ledger import Ledger, changes
from generator.plan import Plan, load_plan
from generator.schema.label import LABELS
from tests.builders import prompt_set
from tests.export.conftest import NUMBER, SPECS, make
from tests.report.making import rehearsed
from tests.runs import begin, carry_out
from tests.test_ledger import turn
from tests.view.serving import ask, viewer

PLAN = """
factors:
  prompts: [baseline, candid]
  couple: [daniel-marcus, ruth-harold]
repeats: 2
turns: 9
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("view") / "outputs" / "run")


@pytest.fixture(scope="module")
def outputs(made, tmp_path_factory):
    """Runs of all kinds: one with everything in it, a design, one inside another folder, one that is damaged, and one
    of 128 sessions of which nothing has been said."""
    folder = made.folder.parent
    rehearsed(folder / "design", folder.parent / "plan.yaml", PLAN)
    rehearsed(folder / "trials" / "first", folder.parent / "small.yaml", "turns: 3")
    many = folder.parent / "many.yaml"
    many.write_text("factors:\n  couple: all\nrepeats: 8\n", encoding="utf-8")
    begin(folder / "many", plan=load_plan(many)).close()
    (folder / "damaged").mkdir()
    (folder / "damaged" / "ledger.db").write_bytes(b"no ledger")
    (folder / "notes").mkdir()
    return folder


@pytest.fixture(scope="module")
def base(outputs):
    with viewer(outputs) as url:
        yield url


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def checked(base: str, run: str) -> None:
    """Wait until all sessions of a run have been checked."""
    deadline = time.monotonic() + 60
    while "Being checked" in ask(base, f"/run/{run}/checks").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_all_runs_are_listed_the_damaged_one_with_its_remedy(base, outputs):
    rows = {row[0]: row[1:] for row in ask(base, "/").cells()}
    assert set(rows) == {"damaged", "design", "many", "run", "trials:first"}
    ledgers = {name: Ledger.read(outputs / name) for name in ("design", "many", "run")}
    begun = {name: ledger.made_by[1] for name, ledger in ledgers.items()}
    assert [begun[name] for name in rows if name in begun] == sorted(begun.values(), reverse=True)
    for ledger in ledgers.values():
        ledger.close()
    assert rows["run"][1:] == ["stopped", "7", "2 complete, 1 ended by budget, 2 failed, 2 open"]
    assert rows["design"][1:] == ["finished", "8", "8 complete"]
    assert rows["many"][1:] == ["stopped", "128", "128 open"]
    assert "couplesim repair" in rows["damaged"][0]
    assert ask(base, "/run/damaged").status == 500
    assert "couplesim repair" in ask(base, "/run/damaged").words


def test_sessions_are_chosen_by_what_they_are(base):
    page = ask(base, "/run/design")
    assert page.numbers == [1, 2, 3, 4, 5, 6, 7, 8]
    assert page.options("prompts") == {"baseline": 4, "candid": 4}
    assert page.options("couple") == {"daniel-marcus": 4, "ruth-harold": 4}
    assert page.options("end") == {"complete": 8}
    assert "model rehearsal" in page.words, "what is the same everywhere is no choice"
    assert page.options("model") == {}
    with_candid = ask(base, "/run/design?prompts=candid")
    assert [row[3] for row in with_candid.cells()] == ["candid"] * 4
    both = ask(base, "/run/design?prompts=candid&couple=ruth-harold&end=")
    assert [row[1:4] for row in both.cells()] == [["ruth-harold", "grief", "candid"]] * 2
    assert ask(base, "/run/design?prompts=nothing").options("prompts") == {"baseline": 4, "candid": 4, "nothing": 0}
    assert "No session is like that" in ask(base, "/run/design?prompts=nothing").words
    assert ask(base, "/run/design?unknown=1&page=none").numbers == page.numbers


def test_sessions_are_chosen_by_how_they_ended(base):
    assert ask(base, "/run/run").options("end") == {
        "complete": 2, "ended: session_tokens": 1, "failed: refused": 2, "open": 2
    }  # fmt: skip
    assert ask(base, "/run/run?end=failed%3A+refused").numbers == [NUMBER["failed"], NUMBER["failed at once"]]
    assert ask(base, "/run/run?end=open&model=gpt-4o%2Fsmall%2Fsmall").numbers == [NUMBER["open"], NUMBER["silent"]]


def test_sessions_are_chosen_by_what_was_found_in_them(base, outputs):
    ask(base, "/run/design")
    checked(base, "design")
    report = check_paths(outputs / "design", levels={"format", "conduct"})
    by_session = [{found.code for found in each.findings} for each in report.transcripts]
    codes = set().union(*by_session)
    assert codes
    for code in codes:
        expected = [number for number, found in enumerate(by_session, start=1) if code in found]
        assert ask(base, f"/run/design?finding={code}").numbers == expected
    counted = {code: sum(code in found for found in by_session) for code in codes}
    none = sum(not found for found in by_session)
    assert ask(base, "/run/design").options("finding") == counted | ({"none": none} if none else {})


def test_sessions_with_holes_are_not_checked_and_said_to_be_so(base):
    ask(base, "/run/run")
    checked(base, "run")
    rows = {int(row[0]): row[-1] for row in ask(base, "/run/run").cells()}
    for name in ("failed", "failed at once", "open", "silent"):
        assert rows[NUMBER[name]] == "not whole, not checked"
    assert "not" not in rows[NUMBER["complete"]]


def test_many_sessions_come_in_pages(base):
    first, last = ask(base, "/run/many"), ask(base, "/run/many?page=3")
    assert first.numbers == list(range(1, 51))
    assert last.numbers == list(range(101, 129))
    assert ask(base, "/run/many?page=999").numbers == last.numbers
    assert ask(base, "/run/many?page=-4").numbers == first.numbers
    chosen = ask(base, "/run/many?couple=ruth-harold&page=1")
    assert len(chosen.numbers) == 8
    assert "51 to 100 of 128" in ask(base, "/run/many?page=2").words


def test_cells_are_counted_and_lead_to_their_sessions(base):
    page = ask(base, "/run/design/cells")
    assert [row[1:] for row in page.cells()] == [
        ["daniel-marcus", "baseline", "2", "0", "0"], ["daniel-marcus", "candid", "2", "0", "0"],
        ["ruth-harold", "baseline", "2", "0", "0"], ["ruth-harold", "candid", "2", "0", "0"],
    ]  # fmt: skip
    address = html.unescape(re.findall(r'<th scope="row"><a href="([^"#]+)', page.text)[3])
    assert [row[1:4] for row in ask(base, address).cells()] == [["ruth-harold", "grief", "candid"]] * 2


def test_a_session_is_shown_with_all_that_is_on_record(base, made):
    page = ask(base, f"/run/run/session/{NUMBER['complete']}")
    ledger = made.read()
    turns = ledger.turns(SPECS["complete"].id)
    ledger.close()
    assert page.text.count('<li class="turn ') == len(turns)
    assert page.text.count(">cut off<") == sum(each.cut for each in turns) > 0
    assert page.text.count("<b>trimmed</b>") == sum(bool(each.trims) for each in turns) > 0
    for each in turns:
        for paragraph in each.text.split("\n\n"):
            assert html.escape(paragraph, quote=False).replace('"', "&#34;").replace("'", "&#39;") in page.text
    for fact in (
        "daniel-marcus",
        "work-home-role-strain",
        "anya-forger",
        "gpt-4o",
        "small",
        SPECS["complete"].prompts.a.hash,
    ):
        assert fact in page.words
    failed = ask(base, f"/run/run/session/{NUMBER['failed']}").words
    assert "failed: refused" in failed
    assert "none: it is not whole" in failed
    assert "Nothing has been said in it yet" in ask(base, f"/run/run/session/{NUMBER['silent']}").words


def test_steps_lead_through_the_sessions_that_were_chosen(base):
    page = ask(base, "/run/design/session/4?prompts=candid")
    steps = re.findall(r'rel="(prev|next)" href="([^"]+)"', page.text)
    chosen = ask(base, "/run/design?prompts=candid").numbers
    at = chosen.index(4)
    assert dict(steps) == {
        "prev": f"/run/design/session/{chosen[at - 1]}?prompts=candid",
        "next": f"/run/design/session/{chosen[at + 1]}?prompts=candid",
    }


def test_every_prompt_is_shown_as_it_was_sent(base, made):
    """Both layouts, all turns: the texts of the messages are those of the request that was made."""
    compared = 0
    for name in ("complete", "script"):
        for n, request in enumerate(made.requests[SPECS[name].rng_seed], start=1):
            *shown, reply = ask(base, f"/run/run/session/{NUMBER[name]}/turn/{n}").blocks()
            assert shown == [message["content"] for message in json.loads(request.messages)]
            assert reply
            compared += 1
    assert compared == 22


def test_a_prompt_says_what_is_new_in_it(base):
    page = ask(base, f"/run/run/session/{NUMBER['complete']}/turn/4")
    assert "The first 2 are those of its request for turn 2" in page.words
    assert page.text.count("id=new") == 1
    assert "id=new" not in ask(base, f"/run/run/session/{NUMBER['complete']}/turn/1").text


def test_of_a_turn_that_was_taken_over_nothing_is_said_to_have_been_sent(outputs, tmp_path):
    """In a fork with other prompts the earlier turns were said under the source's; the first own request holds them."""
    source = Ledger.read(outputs / "design")
    candid = prompt_set("candid")
    forked = fork(source, [1], 5, {"therapist": candid, "partners": candid})
    ledger = batch.begin(tmp_path / "fork", Plan(), forked, "test")
    carry_out(ledger, lambda of: dict.fromkeys(LABELS, Rehearsal()))
    ledger.close()
    source.close()
    with viewer(tmp_path / "fork") as base:
        session = ask(base, "/run/fork/session/2")
        assert session.text.count("taken over ·") == 5
        assert "9 of 9" in session.words
        before, after = (ask(base, f"/run/fork/session/2/turn/{n}") for n in (5, 6))
        assert len(before.blocks()) == 1
        assert "and taken over" in before.words
        assert len(after.blocks()) > 2
        assert "id=new" not in after.text


def test_two_sessions_stand_side_by_side_turn_by_turn(base):
    page = ask(base, "/run/design/session/1?beside=2")
    rows = re.findall(
        r'<ul class="row turns" aria-label="Turn (\d+)">(.*?)</ul>\n</div>|<ul class="row turns"', page.text
    )
    assert len(rows) == 9
    across = ask(base, f"/run/design/session/1?beside={NUMBER['ended']}&with=run")
    assert across.status == 200
    assert "run run" in across.words
    assert "no turn" in across.words
    assert ask(base, "/run/design/session/1?beside=99").status == 404
    assert ask(base, "/run/design/session/1?beside=1&with=nowhere").status == 404


def test_the_partner_of_a_pair_is_one_step_away(base):
    links = re.findall(r'href="([^"]*beside=[^"]*)">(.*?)</a>', ask(base, "/run/design/session/1").text)
    found = {re.sub(r"<[^>]+>", "", words): address for address, words in links}
    assert set(found) == {"prompts candid", "couple ruth-harold", "repeat 2"}
    right = re.findall(r"prompt set (\w+)", ask(base, html.unescape(found["prompts candid"])).words)
    assert right[:2] == ["baseline", "candid"]


def test_how_a_run_stands_is_what_status_says(base):
    words = ask(base, "/run/run/standing?whole=1").words
    for told in (
        "34 of 77 (44 %)",
        "2 complete, 1 ended by budget, 2 failed, 2 open",
        "couplesim resume",
        "--retry-failed",
    ):
        assert told in words
    part = ask(base, "/run/run/standing").text
    assert '<progress max="77" value="34"' in part
    assert "data-next" not in part, "nobody is at work on it"


def test_nothing_is_written(base, outputs):
    before = digest(outputs)
    for address in ("/", "/run/run", "/run/run/cells", "/run/run/standing", "/run/run/checks", "/run/damaged",
                    "/run/run/session/1", "/run/run/session/1?beside=2", "/run/run/session/1/turn/1"):  # fmt: skip
        ask(base, address)
    checked(base, "run")
    assert digest(outputs) == before


def test_a_run_that_goes_on_is_seen_as_it_is(made, tmp_path):
    folder = Path(shutil.copytree(made.folder, tmp_path / "run"))
    with viewer(folder) as base:
        assert ask(base, "/").headers["location"] == "/run/run"
        before = ask(base, "/run/run")
        assert {int(row[0]): row[-4] for row in before.cells()}[NUMBER["silent"]] == "0 of 11"
        ledger = Ledger.open(folder)
        try:
            ledger.write(changes.commit_turn, SPECS["silent"].id, turn(1, "Good evening."), "gpt-4o", None)
            ledger.write(changes.end_session, SPECS["open"].id, "failed", "empty", "nothing was said")
            after = ask(base, "/run/run")
            assert {int(row[0]): row[-4] for row in after.cells()}[NUMBER["silent"]] == "1 of 11"
            assert after.options("end")["failed: empty"] == 1
            assert "Good evening." in ask(base, f"/run/run/session/{NUMBER['silent']}").words
            part = ask(base, "/run/run/standing").text
            assert "running: pid" in part
            assert 'data-next="2' in part
        finally:
            ledger.close()
        assert "data-next" not in ask(base, "/run/run/standing").text


def test_another_run_in_the_same_place_is_another_run(outputs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(outputs / "trials" / "first", folder)
    with viewer(tmp_path) as base:
        assert ask(base, "/run/run").numbers == [1]
        shutil.rmtree(folder)
        assert ask(base, "/run/run").status == 404
        shutil.copytree(outputs / "design", folder)
        assert ask(base, "/run/run").numbers == list(range(1, 9))
