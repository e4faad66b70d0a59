"""Checks of transcripts: the grammar of the file, the conduct of the session. Pure: bytes in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from generator.check import drift, grammar
from generator.check.conduct import FAMILIES
from generator.check.rule import Case, Hit, Known, Rule
from generator.people import People, infer
from generator.reading import decode, read
from generator.schema.contract import Contract
from generator.schema.finding import Finding, Level
from generator.schema.reading import Reading

RULES: dict[str, Rule] = {
    rule.code: rule for rules in (grammar.RULES, *(family.RULES for family in FAMILIES), drift.RULES) for rule in rules
}
"""All rules by their code, level by level."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One transcript, read and checked."""

    reading: Reading
    people: People
    findings: tuple[Finding, ...]
    """By line."""


def check(
    path: str,
    raw: bytes,
    levels: Collection[Level],
    contract: Contract,
    known: Known | None,
    count_tokens: Callable[[str], int],
) -> Checked:
    """Check the bytes of one transcript at the levels `format` and `conduct`. Never fails, whatever the bytes.

    `path` names it in findings; `known` is what its run says of it, None for a transcript from elsewhere.
    """
    text, bad_bytes = decode(raw)
    reading = read(text) if text or not bad_bytes else Reading("", "", (), (), ())
    reading = replace(reading, flaws=(*bad_bytes, *reading.flaws))
    people = known.people if known else infer([(turn.label, turn.text) for turn in reading.turns])
    case = Case(reading, people, contract, known, count_tokens)
    hits = sorted(_hits(case, levels), key=lambda hit: hit.line)
    findings = (finding(hit, path, contract) for hit in hits)
    return Checked(reading, people, tuple(found for found in findings if found is not None))


def finding(hit: Hit, path: str, contract: Contract) -> Finding | None:
    """The hit as a finding, with the contract's severity; None if the contract has switched its rule off."""
    rule = RULES[hit.code]
    severity = contract.severities.get(hit.code, rule.severity)
    if severity == "off":
        return None
    return Finding(
        code=hit.code,
        level=rule.level,
        severity=severity,
        path=path,
        line=hit.line or None,
        message=hit.message,
        words=hit.words,
        remedy=rule.remedy,
    )


def _hits(case: Case, levels: Collection[Level]) -> Iterator[Hit]:
    if "format" in levels:
        yield from grammar.find(case)
    if "conduct" in levels:
        for family in FAMILIES:
            yield from family.find(case)
