"""Whole checks as a pytest user calls them: reports, references, runs, one process or many."""

import os
import threading

import pytest

from generator import inspection
from generator.assets import shipped_root
from generator.errors import InputError
from generator.inspection import check_paths, figures_of, inspect, measured_paths, measures_of
from generator.metrics.measures import MEASURES
from generator.profiles import write_profile
from generator.reading import RULE
from generator.schema.contract import Contract
from generator.schema.profile import Profile
from generator.sources import sources
from tests.builders import seed_text
from tests.test_sources import make_run

EXEMPLARS = shipped_root() / "seeds" / "exemplars"
HEAD = f"SESSION: Trust\nStructure: Sequential\n{RULE}\n\n"
SMALL = HEAD + "Therapist:\nHello. Why are you here?\n\nPatient A:\nI was late.\n\nPatient B:\nYou were, and I\n\n"
LEVELS = {"format", "conduct", "drift"}


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Thirty transcripts, one of them broken: more than are read in one process."""
    folder = tmp_path_factory.mktemp("copies")
    texts = [path.read_bytes() for path in sorted(EXEMPLARS.glob("*.txt"))]
    for number in range(29):
        (folder / f"{number:02}.txt").write_bytes(texts[number % len(texts)])
    (folder / "29.txt").write_bytes(b"\xff\xfe no transcript\r\nTherapist: hi\r\n")
    return folder


def codes(report):
    return {found.code for found in report.findings}


def test_as_a_test_would_call_it():
    report = check_paths(EXEMPLARS)
    assert not report.at_least("error"), report


def test_the_seed_has_no_error(tmp_path):
    path = tmp_path / "seed.txt"
    path.write_bytes(seed_text().encode())
    report = check_paths(path)
    assert not report.at_least("error"), report
    (one,) = report.transcripts
    assert (len(one.labels), one.cut_off.count("Patient A"), one.cut_off.count("Patient B"), len(one.cut_off)) == (
        31, 4, 5, 9,
    )  # fmt: skip
    assert not [band for band in report.drift if band.verdict == "outside"], "it is its own reference"


def test_a_report_reads_as_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(SMALL.replace("Patient A:", "Patient C:"), encoding="utf-8")
    report = check_paths(path, levels={"format"})
    (finding,) = report.at_least("error")
    assert str(report) == f"{path}:8: error: unknown-label: {finding.message}"
    path.write_text(SMALL, encoding="utf-8")
    assert str(check_paths(path, levels={"format"})) == "no findings"


def test_levels_can_be_chosen(copies):
    assert {found.level for found in check_paths(copies).findings} == LEVELS
    for level in sorted(LEVELS):
        report = check_paths(copies, levels={level})
        assert {found.level for found in report.findings} == {level}
        assert bool(report.drift) == (level == "drift")
        assert all((each.figures is None) == (level != "drift") for each in report.transcripts[:29])


def test_findings_come_by_transcript_and_line_and_drift_last(copies):
    found = check_paths(copies).findings
    told = [(each.path, each.line or 0) for each in found if each.level != "drift"]
    assert told == sorted(told)
    assert [each.level for each in found].index("drift") == len(told)


@pytest.fixture
def alone():
    """No thread of another test is alive: beside threads nothing is forked."""
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others:
        pytest.skip(f"threads of other tests are alive ({', '.join(others)}); beside threads nothing is forked")


@pytest.fixture
def in_processes(monkeypatch):
    """Inspects in one process or in many, as said, and tells whether there were many."""
    begun = []
    real = inspection.ProcessPoolExecutor
    monkeypatch.setattr(
        inspection, "ProcessPoolExecutor", lambda *args, **kwargs: begun.append(1) or real(*args, **kwargs)
    )

    def run(paths, at_most_in_one):
        monkeypatch.setattr(inspection, "IN_ONE_PROCESS", at_most_in_one)
        begun.clear()
        return inspect(sources(paths).found, LEVELS, Contract(), panel=True), bool(begun)

    return run


@pytest.mark.skipif(os.cpu_count() == 1, reason="needs processors")
@pytest.mark.usefixtures("alone")
def test_many_processes_find_what_one_finds(copies, in_processes):
    many, were_many = in_processes([copies], inspection.IN_ONE_PROCESS)
    one, was_many = in_processes([copies], 1000)
    assert (were_many, was_many) == (True, False), threading.enumerate()
    assert many == one
    assert [each.name for each in many] == [str(copies / f"{number:02}.txt") for number in range(30)]


@pytest.mark.skipif(os.cpu_count() == 1, reason="needs processors")
@pytest.mark.usefixtures("alone")
def test_a_file_that_vanishes_is_told_from_any_process(tmp_path):
    for number in range(26):
        (tmp_path / f"{number:02}.txt").write_text(SMALL, encoding="utf-8")
    found = sources([tmp_path]).found
    (tmp_path / "20.txt").unlink()
    with pytest.raises(InputError, match=r"20\.txt: cannot be read"):
        inspect(found, LEVELS, Contract())


def test_threads_are_not_forked(copies, in_processes):
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        _, were_many = in_processes([copies], inspection.IN_ONE_PROCESS)
    finally:
        done.set()
        thread.join()
    assert not were_many


def test_likeness_is_that_to_the_others_of_the_set(tmp_path):
    (text,) = [path.read_bytes() for path in sorted(EXEMPLARS.glob("*.txt"))[:1]]
    other = sorted(EXEMPLARS.glob("*.txt"))[1].read_bytes()
    for name, raw in (("a", text), ("b", text), ("c", other)):
        (tmp_path / f"{name}.txt").write_bytes(raw)
    same = figures_of([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert [each.shared for each in same] == [1, 1]
    a, b, c = (each.shared for each in figures_of([tmp_path]))
    assert a == b == pytest.approx((1 + c) / 2, abs=1e-3)
    assert c < 0.1
    (alone,) = figures_of([tmp_path / "a.txt"])
    assert alone.shared is None


def test_measures_are_taken_only_where_they_are_asked_for(tmp_path):
    (tmp_path / "a.txt").write_text(SMALL, encoding="utf-8")
    (checked,) = check_paths(tmp_path).transcripts
    assert (checked.measures, checked.traces) == ({}, ())
    (asked,) = measured_paths([tmp_path])
    assert asked.figures == checked.figures
    assert asked.measures.keys() == MEASURES.keys()
    assert asked.measures["turns"] == len(checked.labels)


def test_a_runs_measures_know_the_personas_and_stand_under_the_sessions_numbers(tmp_path):
    made = make_run(tmp_path / "run", repeats=3, turns=9)
    made[1].unlink()
    left_out = []
    found = measures_of(tmp_path / "run", left_out)
    assert list(found) == [1, 3]
    assert len(left_out) == 1
    assert all(values["disclosed.a"] is not None for values in found.values())

    (one,) = measured_paths([made[0]])
    assert one.number == 1, "a transcript in the run's folder is known to the run"
    within = {"likeness", "near_duplicates"}
    assert {name: one.measures[name] for name in MEASURES if name not in within} == {
        name: found[1][name] for name in MEASURES if name not in within
    }
    assert {one.measures[name] for name in within} == {None}, "it is alone"

    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_bytes(made[0].read_bytes())
    (foreign,) = measured_paths([elsewhere])
    assert (foreign.number, foreign.measures["disclosed.a"]) == (None, None)
    assert foreign.measures["airtime_gap"] == one.measures["airtime_gap"]


def test_what_stands_in_another_transcript_of_the_set_is_measured_within_the_set(tmp_path):
    text, other = (path.read_bytes() for path in sorted(EXEMPLARS.glob("*.txt"))[:2])
    for name, raw in (("a", text), ("b", text), ("c", other)):
        (tmp_path / f"{name}.txt").write_bytes(raw)
    a, b, c = (each.measures for each in measured_paths([tmp_path]))
    assert (a["near_duplicates"], b["near_duplicates"], c["near_duplicates"]) == (1, 1, 0)
    assert a["likeness"] == pytest.approx((1 + c["likeness"]) / 2, abs=1e-3)


def test_measures_of_what_is_no_transcript_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"Nothing here.")
    with pytest.raises(InputError, match="no transcript: there is no turn in it"):
        measured_paths([tmp_path])


def test_files_of_the_same_name_in_two_folders_are_two(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(SMALL, encoding="utf-8")
    report = check_paths(tmp_path / "one", tmp_path / "two")
    assert [each.figures.shared for each in report.transcripts] == [1, 1]


def test_figures_of_what_is_no_transcript_are_refused(copies, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"Nothing here.")
    with pytest.raises(InputError) as caught:
        figures_of([tmp_path])
    assert caught.value.problems == tuple(
        f"{tmp_path / name}.txt: no transcript: there is no turn in it" for name in "ab"
    )


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"hello", HEAD.encode(), b"Therapist:", b"\n" * 50])
def test_whatever_the_bytes_there_is_a_report(raw):
    report = check_paths("-", standard_input=raw)
    assert report.at_least("error")
    assert {band.verdict for band in report.drift} <= {"too little data", "outside", "inside"}
    assert {found.path for found in report.findings if found.level == "format"} == {"-"}


def test_figures_without_data_are_named_and_passed_over(tmp_path):
    (tmp_path / "a.txt").write_text(SMALL, encoding="utf-8")
    report = check_paths(tmp_path, levels={"drift"})
    (unknown,) = [found for found in report.drift_findings if found.code == "drift-unknown"]
    named = set(unknown.words.split(", "))
    assert named == {band.figure.name for band in report.drift if band.verdict == "too little data"}
    assert {"turns", "first_agreement", "likeness"} <= named
    assert unknown.message == f"{len(named)} of {len(report.drift)} figures have too little data"


def test_drift_says_what_was_compared(tmp_path):
    reference = tmp_path / "mine.json"
    write_profile(reference, Profile(sessions=figures_of([EXEMPLARS])))
    one = next(iter(sorted(EXEMPLARS.glob("*.txt"))))
    assert check_paths(one, reference=reference).reference == f"1 transcript against {reference} (4 sessions)"
    alone = check_paths(EXEMPLARS, levels={"drift"}, reference=one)
    assert alone.reference == f"4 transcripts against {one} (1 session)"
    assert {found.path for found in alone.drift_findings} == {alone.reference}


def test_a_reference_is_a_profile_a_folder_with_one_or_transcripts(tmp_path):
    write_profile(tmp_path / "profile.json", Profile(sessions=figures_of([EXEMPLARS])))
    by_file, by_folder, by_transcripts = (
        check_paths(EXEMPLARS, levels={"drift"}, reference=path).drift
        for path in (tmp_path / "profile.json", tmp_path, EXEMPLARS)
    )
    assert by_file == by_folder == by_transcripts


def test_a_reference_that_holds_nothing_is_refused(tmp_path):
    write_profile(tmp_path / "profile.json", Profile(sessions=()))
    with pytest.raises(InputError, match="holds no session to compare with"):
        check_paths(EXEMPLARS, reference=tmp_path)
    with pytest.raises(InputError, match="there is no such file or folder"):
        check_paths(EXEMPLARS, reference=tmp_path / "none")
    assert check_paths(EXEMPLARS, levels={"format"}, reference=tmp_path / "none").findings == (), "nobody asked"


def test_a_contract_changes_and_silences_findings(tmp_path):
    (tmp_path / "a.txt").write_text(SMALL, encoding="utf-8")
    contract = tmp_path / "contract.yaml"
    usual = check_paths(tmp_path / "a.txt", levels={"conduct"})
    severities = {found.code: found.severity for found in usual.findings}
    assert (severities["turn-count"], severities["cut-off"]) == ("warning", "note")
    contract.write_text("severities: {turn-count: off, cut-off: error}\n", encoding="utf-8")
    changed = check_paths(tmp_path / "a.txt", levels={"conduct"}, contract=contract)
    assert "turn-count" not in codes(changed)
    assert [found.code for found in changed.at_least("error")] == ["cut-off"]
    contract.write_text("turns: {least: 1, most: 3}\n", encoding="utf-8")
    assert "turn-count" not in codes(check_paths(tmp_path / "a.txt", levels={"conduct"}, contract=contract))
    contract.write_text("severities: {drift: off, drift-unknown: off}\n", encoding="utf-8")
    assert check_paths(tmp_path / "a.txt", levels={"drift"}, contract=contract).findings == ()


def test_paths_may_be_text(tmp_path):
    (tmp_path / "a.txt").write_text(SMALL, encoding="utf-8")
    assert check_paths(str(tmp_path)).findings == check_paths(tmp_path).findings


def test_a_run_is_judged_by_what_it_asked_for(tmp_path):
    first, _ = make_run(tmp_path, turns=9, budget={"turn_tokens": 90})
    report = check_paths(tmp_path, levels={"format", "conduct"})
    assert not report.at_least("warning"), report
    cuts = [found.message for found in report.findings if found.code == "cut-off"]
    assert cuts
    assert all(message.endswith(", at the budget of 90 tokens") for message in cuts), cuts

    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_bytes(first.read_bytes())
    from_elsewhere = check_paths(elsewhere, levels={"format", "conduct"})
    assert "turn-count" in codes(from_elsewhere), "the contract asks for 25 to 35"
    assert any(found.message.endswith(" tokens of 150") for found in from_elsewhere.findings)

    whole = first.read_text(encoding="utf-8")
    first.write_text(whole[: whole.rindex("Patient")], encoding="utf-8")
    (count,) = [found for found in check_paths(first).findings if found.code == "turn-count"]
    assert count.message == "8 turns; the run asked for 9"


def test_a_session_that_its_budget_ended_has_turns_enough(tmp_path):
    make_run(tmp_path, repeats=1, turns=30, budget={"session_tokens": 6000})
    assert "turn-count" not in codes(check_paths(tmp_path, levels={"conduct"}))


def test_what_was_left_out_is_in_the_report(tmp_path):
    make_run(tmp_path, repeats=2, spoken=1)
    assert len(check_paths(tmp_path).left_out) == 1
