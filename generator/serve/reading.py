"""Reads turns back out of chat messages, in both layouts of `generator.thread` and in looser ones.

Others' turns stand in user messages as paragraphs that begin with a name and a colon; one's own are
assistant messages, or named like the others' in a script that ends in one's own cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from generator.schema.label import Label
from generator.serve.wire import Message

_ANYBODY = re.compile(r"(?:\A|\n\n)([^\W\d_][^:\n]{0,39}):[ \n](?=\S)")
_CUE = re.compile(r"(?:\A|\n\n)([^\W\d_][^:\n]{0,39}):\s*\Z")


def system_prompt(messages: Iterable[Message]) -> str:
    """What the model has been told about itself."""
    return "\n\n".join(message.content for message in messages if message.role in {"system", "developer"})


def stands(name: str, text: str) -> bool:
    """Whether `name` stands in `text` as words of its own."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def cue(messages: Sequence[Message]) -> str | None:
    """The name on which a script ends, for its bearer to go on; None if there is none."""
    match = _CUE.search(messages[-1].content) if messages[-1].role == "user" else None
    return match[1] if match else None


def names_in(messages: Iterable[Message]) -> list[str]:
    """Whatever stands before a colon at the start of a paragraph of user text, in order, each once."""
    found = [match[1] for message in messages if message.role == "user" for match in _ANYBODY.finditer(message.content)]
    return list(dict.fromkeys(found))


def turns(
    messages: Sequence[Message], me: Label, names: Mapping[str, Label], *, opened: bool
) -> list[tuple[Label, str]]:
    """The turns so far, as `me` has them.

    Text without a name is the other side's: the therapist's for a partner, Patient A's for the therapist.
    `opened`: the therapist is told in words without a name how to begin; they are nobody's turn.
    """
    spoken: list[tuple[Label, str]] = []
    other_side: Label = "Patient A" if me == "Therapist" else "Therapist"
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if message.role == "assistant" and message.content:
            spoken.append((me, message.content))
        elif message.role == "user":
            text = _without_cue(message.content, names) if number == last else message.content
            loose, named = _blocks(text, names)
            if loose and (spoken or not opened):
                spoken.append((other_side, loose))
            spoken += named
    return spoken


def _without_cue(text: str, names: Mapping[str, Label]) -> str:
    match = _CUE.search(text)
    return text[: match.start()] if match and match[1] in names else text


def _blocks(text: str, names: Mapping[str, Label]) -> tuple[str, list[tuple[Label, str]]]:
    """The text before the first name, and the named turns.

    Nobody speaks twice in a row: a speaker's own name at a later paragraph belongs to what they say.
    """
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    starts: list[re.Match[str]] = []
    for match in re.finditer(rf"(?:\A|\n\n)({alternatives}):[ \n](?=\S)", text):
        if not starts or names[match[1]] != names[starts[-1][1]]:
            starts.append(match)
    if not starts:
        return text.strip(), []
    ends = [*(match.start() for match in starts[1:]), len(text)]
    named = [(names[match[1]], text[match.end() : end]) for match, end in zip(starts, ends, strict=True)]
    return text[: starts[0].start()].strip(), named
