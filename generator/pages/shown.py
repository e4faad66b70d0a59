"""A session as a page shows it: its turns with what was cut off, trimmed, found and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.ledger import SessionRow
from generator.metrics.disclosure import first_told
from generator.people import PARTNERS
from generator.schema.finding import Finding, Severity
from generator.schema.label import LABELS, PRINCIPALS, Label
from generator.schema.session import REHEARSAL, Spec
from generator.schema.turn import Trim, TrimKind, Turn
from generator.sentences import sentences

SIGNS: dict[Label, str] = {"Therapist": "■", "Patient A": "●", "Patient B": "▲", "AI_Facilitator": "◆"}
"""A sign for each speaker, the same as the markers in pictures; it tells them apart without colour."""

CLASSES: dict[Label, str] = {
    "Therapist": "therapist",
    "Patient A": "partner-a",
    "Patient B": "partner-b",
    "AI_Facilitator": "facilitator",
}
"""Each speaker's class in the stylesheet."""

TRIMMED: dict[TrimKind, str] = {
    "label": "own label at the start",
    "speaker": "another speaker's lines",
    "controls": "characters that cannot stand in a file",
    "budget": "beyond the budget",
}
"""What each kind of trim took away, for people; that line breaks were put in order is not shown."""

CUT_OFF = "cut-off"
"""The finding that says what the mark of a cut-off says already."""

SAID_ANYWAY = {"couple", "topic", "therapist", "structure", "prompts", "model"}
"""Factors whose level a session shows in any case."""

HEADER_LINES = 4
"""Lines of a transcript before its first label."""


@dataclass(frozen=True, slots=True)
class ShownTrim:
    """Something that was taken away from a reply."""

    what: str
    """For people: "another speaker's lines"."""
    removed: str
    """The text that was taken away; the numbers of characters that cannot be shown."""


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """What a check has to say of a turn, or of the session."""

    code: str
    severity: Severity
    message: str
    words: str
    """The words concerned; empty if the message says it all."""


@dataclass(frozen=True, slots=True)
class ShownDisclosure:
    """Something of the speaker's persona that comes out in a turn for the first time."""

    how: str
    """For people: "tells", or "hints at what stays hidden"."""
    what: str
    """The particular; or the line of the persona in which what they hide leaks out."""


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One turn."""

    n: int
    speaker: Label
    name: str
    """What the speaker is called."""
    paragraphs: tuple[str, ...]
    tokens: int
    cut: bool
    """The turn ended because its token budget ran out."""
    notes: tuple[str, ...] = ()
    """What else is to be said of it: "over its budget", "repeats an earlier turn"."""
    trims: tuple[ShownTrim, ...] = ()
    findings: tuple[ShownFinding, ...] = ()
    told: tuple[ShownDisclosure, ...] = ()
    """What of the speaker's persona comes out here for the first time."""


@dataclass(frozen=True, slots=True)
class ShownSession:
    """One session."""

    key: str
    """Tells it from all others of the page; letters, digits and hyphens."""
    run: str
    """The run, as it is shown."""
    number: int
    """Of the session in its run."""
    title: str
    """The topic's."""
    structure: str
    couple: str
    """Id, as are topic and therapist."""
    topic: str
    therapist: str
    people: str
    """"Daniel and Marcus with Dr. Anya Forger"."""
    prompts: str
    """The prompt set's name, or each speaker's where they differ."""
    model: str
    """The model's name, or each speaker's where they differ."""
    cell: tuple[tuple[str, str], ...]
    """Factors that are varied, and the session's levels, without those that stand in a field of their own."""
    status: str
    """complete, ended, failed or open."""
    reason: str
    """Why it ended or failed; empty otherwise."""
    message: str
    """The reason for people; empty if there is none."""
    sensitive: tuple[str, ...]
    """Why it may distress a reader."""
    scripted: bool
    """Whether somebody speaks the rehearsal's scripted text."""
    turns: tuple[ShownTurn, ...]
    findings: tuple[ShownFinding, ...] = ()
    """Those about the session as a whole."""
    codes: tuple[str, ...] = ()
    """The codes of all findings, each once, in order."""

    @property
    def end(self) -> str:
        """How it ended, in one word or two: "complete", "failed: context_full"."""
        return f"{self.status}: {self.reason}" if self.reason else self.status

    @property
    def cut(self) -> int:
        """Turns cut off."""
        return sum(turn.cut for turn in self.turns)


def shown_session(
    key: str,
    run: str,
    row: SessionRow,
    turns: Sequence[Turn],
    findings: Sequence[Finding] = (),
) -> ShownSession:
    """A session out of a ledger, for a page; `findings` are those of its transcript, by line."""
    spec, of_turn = row.spec, _by_turn(findings, turns)
    told = _told(spec, turns)
    return ShownSession(
        key=key,
        run=run,
        number=row.number,
        title=spec.topic.title,
        structure=spec.structure,
        couple=spec.couple.id,
        topic=spec.topic.id,
        therapist=spec.therapist.id,
        people=f"{spec.couple.a.called} and {spec.couple.b.called} with {spec.therapist.name}",
        prompts=spec.prompts.name,
        model=model_of(spec),
        cell=tuple((factor, level) for factor, level in row.cell.items() if factor not in SAID_ANYWAY),
        status=row.status,
        reason=row.reason or "",
        message=row.message or "",
        sensitive=spec.sensitive,
        scripted=any(turn.reply.model == REHEARSAL for turn in turns),
        turns=tuple(_turn(spec, turn, of_turn.get(turn.n, ()), told.get(turn.n, ())) for turn in turns),
        findings=tuple(map(_finding, of_turn.get(None, ()))),
        codes=tuple(sorted({finding.code for finding in findings})),
    )


def model_of(spec: Spec) -> str:
    """The name of the model that speaks in a session; each speaker's, in order, where they differ."""
    names = [spec.models.of(label).name for label in PRINCIPALS]
    return names[0] if len(set(names)) == 1 else "/".join(names)


def _turn(spec: Spec, turn: Turn, findings: Sequence[Finding], told: Sequence[ShownDisclosure]) -> ShownTurn:
    names = dict.fromkeys(LABELS, "") | {
        "Therapist": spec.therapist.called,
        "Patient A": spec.couple.a.called,
        "Patient B": spec.couple.b.called,
    }
    return ShownTurn(
        n=turn.n,
        speaker=turn.speaker,
        name=names[turn.speaker],
        paragraphs=tuple(turn.text.split("\n\n")),
        tokens=turn.tokens,
        cut=turn.cut,
        notes=tuple(_notes(turn)),
        trims=tuple(_trim(trim) for trim in turn.trims if trim.kind in TRIMMED),
        findings=tuple(_finding(each) for each in findings if not (turn.cut and each.code == CUT_OFF)),
        told=tuple(told),
    )


def _notes(turn: Turn) -> list[str]:
    notes = ["over its budget"] if turn.over_budget else []
    notes += ["repeats an earlier turn"] if turn.repeat else []
    return notes + ([f"after {turn.reply.attempts} requests"] if turn.reply.attempts > 1 else [])


def _trim(trim: Trim) -> ShownTrim:
    if trim.kind == "controls":
        return ShownTrim(TRIMMED[trim.kind], " ".join(f"U+{ord(letter):04X}" for letter in trim.removed))
    return ShownTrim(TRIMMED[trim.kind], trim.removed)


def _finding(finding: Finding) -> ShownFinding:
    return ShownFinding(finding.code, finding.severity, finding.message, finding.words)


def _told(spec: Spec, turns: Sequence[Turn]) -> dict[int, list[ShownDisclosure]]:
    """What of the personas comes out for the first time in a turn, by its number: particulars, and leaks of what a
    partner hides, each known by its longest sentence."""
    spoken = [(turn.speaker, turn.text) for turn in turns]
    found: dict[int, list[ShownDisclosure]] = {}
    for label, partner in zip(PARTNERS, (spec.couple.a, spec.couple.b), strict=True):
        meant = {particular: ShownDisclosure("tells", particular) for particular in partner.particulars}
        for leak in partner.hides.leaks:
            meant[max(sentences(leak), key=len)] = ShownDisclosure("hints at what stays hidden", leak)
        for words, turn in first_told(spoken, label, list(meant)).items():
            if turn is not None:
                found.setdefault(turn, []).append(meant[words])
    return found


def _by_turn(findings: Sequence[Finding], turns: Sequence[Turn]) -> dict[int | None, list[Finding]]:
    """The findings by the number of the turn on whose lines they stand; None: on no turn's."""
    turn_of: dict[int, int] = {}
    line = HEADER_LINES + 1
    for turn in turns:
        lines = turn.text.count("\n") + 3
        turn_of |= dict.fromkeys(range(line, line + lines), turn.n)
        line += lines
    found: dict[int | None, list[Finding]] = {}
    for finding in findings:
        found.setdefault(turn_of.get(finding.line or 0), []).append(finding)
    return found
