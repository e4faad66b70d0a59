"""What is judged: transcripts, with what their runs know of the people in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.batch import transcript_path
from generator.errors import InputError
from generator.format import render
from generator.ledger import Ledger
from generator.reading import decode, read
from generator.schema.label import Label
from generator.schema.persona import Couple, Partner
from generator.schema.record import Record, hash_of
from generator.schema.turn import Transcript
from generator.session import transcript_of
from generator.sources import shown, sources


class Said(Record):
    """One turn."""

    n: int
    """From 1."""
    label: Label
    text: str


class Portrait(Record):
    """A partner as their persona has them."""

    label: Label
    persona: Partner


class Scene(Record):
    """A session as the templates of rubrics see it."""

    title: str
    turns: tuple[Said, ...]
    portraits: tuple[Portrait, ...] = ()
    """Of both partners; empty where the personas are not on record."""


@dataclass(frozen=True)
class Material:
    """One transcript to be judged."""

    name: str
    """As it is shown."""
    home: Path
    """The folder in which its scores are kept."""
    transcript: Transcript
    portraits: tuple[Portrait, ...] = ()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the transcript in the seed format."""
        return hash_of_transcript(self.transcript)

    @cached_property
    def scene(self) -> Scene:
        """What the templates see."""
        said = (Said(n=n, label=label, text=text) for n, (label, text) in enumerate(self.transcript.turns, start=1))
        return Scene(title=self.transcript.title, turns=tuple(said), portraits=self.portraits)

    @property
    def subject(self) -> str:
        """Hash of the personas; empty where there are none."""
        return hash_of("".join(portrait.canonical for portrait in self.portraits)) if self.portraits else ""

    @property
    def therapist_turns(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(n for n, (label, _) in enumerate(self.transcript.turns, start=1) if label == "Therapist")

    @property
    def shares(self) -> dict[str, float]:
        """Patient A's share of the words that both partners have spoken before each of the therapist's turns, by the
        turn's number; one half before anybody has."""
        words = {"Patient A": 0, "Patient B": 0}
        found = {}
        for n, (label, text) in enumerate(self.transcript.turns, start=1):
            if label == "Therapist":
                both = sum(words.values())
                found[str(n)] = words["Patient A"] / both if both else 0.5
            elif label in words:
                words[label] += len(text.split())
        return found


def hash_of_transcript(transcript: Transcript) -> str:
    """SHA-256 of the transcript in the seed format, by which its scores are found."""
    return hashlib.sha256(render(transcript).encode()).hexdigest()


def materials(paths: Sequence[Path], left_out: list[str]) -> Iterator[Material]:
    """The transcripts that the paths name, each once, read as they are asked for: of a run its finished sessions, of
    any other folder the runs in it and the `*.txt` right in it. What cannot be judged is told in `left_out`. Raises
    InputError where a path names nothing."""
    seen: set[tuple[Path, str]] = set()
    for path in paths:
        for material in _of(path, left_out):
            known = (material.home.resolve(), material.hash + material.subject)
            if known not in seen:
                seen.add(known)
                yield material


def _of(path: Path, left_out: list[str]) -> Iterator[Material]:
    if path.name == "ledger.db" and path.is_file():
        path = path.parent
    if (path / "ledger.db").is_file():
        yield from _run(path, left_out)
        return
    inside = sorted(each.parent for each in path.glob("*/ledger.db")) if path.is_dir() else []
    for run in inside:
        yield from _run(run, left_out)
    texts = [path] if not path.is_dir() else sorted(path.glob("*.txt")) if inside else [path]
    found = sources(texts) if texts else None
    for source in found.found if found else ():
        home = source.path.parent if source.path else Path.cwd()
        text, flaws = decode(source.read())
        reading = read(text)
        turns = tuple((turn.label, turn.text) for turn in reading.turns if turn.label and turn.text)
        transcript = Transcript(title=reading.title or "-", structure=reading.structure or "-", turns=turns)
        problem = flaws[0].message if flaws else _unfit(transcript)
        if any(turn.label is None and turn.text for turn in reading.turns):
            problem = "a part of it stands under a label that is nobody's"
        if problem:
            left_out.append(f"{source.name}: {problem}; couplesim check tells more")
        else:
            yield Material(source.name, home, transcript)
    left_out += found.left_out if found else ()


def _run(folder: Path, left_out: list[str]) -> Iterator[Material]:
    unfinished = 0
    with closing(Ledger.read(folder)) as ledger:
        for row in ledger.each():
            if row.status not in {"complete", "ended"}:
                unfinished += 1
                continue
            transcript = transcript_of(row.spec, ledger.turns(row.id))
            name = shown(transcript_path(folder, row))
            yield Material(name, folder, transcript, portraits_of(row.spec.couple))
    if unfinished:
        number = "1 session is" if unfinished == 1 else f"{unfinished} sessions are"
        left_out.append(f"{folder}: {number} not finished; `couplesim resume {folder}` goes on with them")


def portraits_of(couple: Couple) -> tuple[Portrait, ...]:
    """Both partners."""
    return (
        Portrait(label="Patient A", persona=couple.a),
        Portrait(label="Patient B", persona=couple.b),
    )


def _unfit(transcript: Transcript) -> str | None:
    labels = {label for label, _ in transcript.turns}
    if not {"Therapist", "Patient A", "Patient B"} <= labels:
        return "not all three of therapist, Patient A and Patient B speak in it"
    try:
        render(transcript)
    except (ValueError, InputError) as exc:
        return str(exc)
    return None
