"""A report of a check in other people's formats: JSON, JUnit, annotations."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from generator.cli.terminal import safe
from generator.inspection import Inspected, Report
from generator.schema.finding import Finding, at_least
from generator.schema.label import LABELS, Label

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def facts(transcripts: Sequence[Inspected]) -> str:
    """Turns and cut-offs by speaker: "31 turns (Therapist 9, Patient A 13, Patient B 9), cut off: ..."."""
    turns = Counter(label for each in transcripts for label in each.labels)
    cut = Counter(label for each in transcripts for label in each.cut_off)
    words = f"{sum(turns.values())} turns"
    if turns:
        words += f" ({_by_speaker(turns)})"
    return f"{words}, cut off: {_by_speaker(cut)}" if cut else words


def as_json(report: Report) -> str:
    """The whole report as one JSON object."""
    data = {
        "transcripts": [
            {
                "path": each.name,
                "turns": len(each.labels),
                "speakers": each.labels,
                "cut_off": Counter(each.cut_off),
            }
            for each in report.transcripts
        ],
        "counts": Counter(found.severity for found in report.findings),
        "findings": [found.model_dump(mode="json") for found in report.findings],
        "reference": report.reference or None,
        "drift": [
            {
                "figure": band.figure.name,
                "words": band.figure.words,
                "reference": band.reference,
                "low": band.low,
                "high": band.high,
                "found": band.found,
                "basis": band.basis,
                "verdict": band.verdict,
            }
            for band in report.drift
        ],
        "left_out": report.left_out,
    }
    return json.dumps(data, ensure_ascii=False, indent=2)


def as_annotations(report: Report, notes: bool) -> Iterator[str]:
    """Workflow commands of GitHub Actions, one a finding."""
    for found in report.findings:
        if notes or found.severity != "note":
            place = "" if found.level == "drift" else f"file={_property(found.path)},line={found.line or 1},"
            text = f"{found.message}. {found.remedy}"
            yield safe(f"::{_COMMANDS[found.severity]} {place}title={_property(found.code)}::{_escaped(text)}")


def as_junit(report: Report, fail_on: str) -> str:
    """A JUnit report: one case a transcript and one for drift; findings at or above `fail_on` are failures."""
    suite = ElementTree.Element("testsuite", name="couplesim check")
    cases = [(each.name, each.findings) for each in report.transcripts]
    if report.drift:
        cases.append((report.reference, report.drift_findings))
    failures = 0
    for name, findings in cases:
        case = ElementTree.SubElement(suite, "testcase", classname="couplesim.check", name=_plain(name))
        failing = [found for found in findings if fail_on != "never" and at_least(found.severity, fail_on)]  # type: ignore[arg-type]
        failures += bool(failing)
        if failing:
            message = _plain(f"{len(failing)} findings, the first: {failing[0].message}")
            failure = ElementTree.SubElement(case, "failure", type=failing[0].code, message=message)
            failure.text = _plain("\n".join(map(_line, failing)))
        others = [found for found in findings if found not in failing]
        if others:
            ElementTree.SubElement(case, "system-out").text = _plain("\n".join(map(_line, others)))
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _line(found: Finding) -> str:
    words = f" | {found.words}" if found.words else ""
    return f"{found.place}: {found.severity}: {found.code}: {found.message}{words}. {found.remedy}"


def _by_speaker(counts: Counter[Label | None]) -> str:
    return ", ".join(f"{label or 'unknown'} {counts[label]}" for label in (*LABELS, None) if counts[label])


def _plain(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
