"""The sentences in which the cues of the panel stand, to be read by somebody who counts the false alarms.

Run: python -m benchmarks.cues PATH... (transcripts, folders or runs)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from generator.metrics.agreement import DISSENT
from generator.metrics.conflict import KINDS
from generator.metrics.technique import ADVICE, REFLECTION, SUMMARY
from generator.people import PARTNERS
from generator.reading import decode, read
from generator.sources import sources

CUES = (
    *((kind.name, PARTNERS, kind.cues) for kind in KINDS),
    ("dissent", PARTNERS, DISSENT),
    ("reflection", ("Therapist",), REFLECTION),
    ("summary", ("Therapist",), SUMMARY),
    ("advice", ("Therapist",), ADVICE),
)


def hits(paths: list[Path]) -> Iterator[tuple[str, str, int, str]]:
    """What is found, in which transcript and turn, and the sentence."""
    for source in sources(paths).found:
        for turn in read(decode(source.read())[0]).turns:
            for name, speakers, cues in CUES:
                if turn.label in speakers:
                    yield from ((name, source.name, turn.n, sentence) for sentence in cues.found(turn.text))


if __name__ == "__main__":
    for name, place, turn, sentence in sorted(hits([Path(arg) for arg in sys.argv[1:]])):
        print(f"{name}\t{Path(place).name}:{turn}\t{sentence}")
