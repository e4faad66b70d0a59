"""What sets two prompt sets apart: in their files, and in what a role is sent."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from generator.preflight import messages
from generator.prompts import ROLES, PromptSet
from generator.schema.label import PRINCIPALS, ROLE_OF, Label
from generator.schema.session import Spec
from generator.sentences import sentences

CONTEXT = 1
"""Lines shown around a change."""

_OF_A_ROLE = {f"{role}.j2" for role in ROLES}
"""Templates that only one role's prompts are made from; all others may be included by any."""

Prompts = Mapping[Label, PromptSet]
"""The prompt set of each speaker."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a prompt set that is not the same in both."""

    roles: tuple[Label, ...]
    """Whose prompts are made from it."""
    file: str
    diff: tuple[str, ...]
    """Unified, sentence by sentence, without its header: lines that begin with "-", "+", " " or "@@". Line by line
    where no sentence differs."""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What one role is sent before the session's first word."""

    role: Label
    tokens: tuple[int, int]
    """Of the first request: an estimate."""
    diff: tuple[str, ...]
    """As of a file; empty if the same is sent."""


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """How the prompts of one side become those of the other."""

    files: tuple[FileChange, ...]
    """Settings and templates that differ."""
    sent: tuple[RoleChange, ...]
    """Every role, also where nothing differs."""

    @property
    def same_files(self) -> bool:
        """Whether both sides' prompts come from the same files, word for word."""
        return not self.files

    @property
    def same_sent(self) -> bool:
        """Whether the same is sent to every role."""
        return not any(each.diff for each in self.sent)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"same_files": self.same_files, "same_sent": self.same_sent, **asdict(self)}


def prompt_diff(old: Prompts, new: Prompts, spec: Spec) -> PromptDiff:
    """From `old` to `new`, rendered for the people of `spec`."""
    return PromptDiff(tuple(_files(old, new)), tuple(_sent(old, new, spec)))


def named(prompts: Prompts) -> str:
    """For people: name and hash of the set, or of each speaker's where they differ."""
    names = [f"{prompts[label].settings.name} ({prompts[label].ref.hash})" for label in PRINCIPALS]
    return names[0] if len(set(names)) == 1 else " / ".join(names)


def _files(old: Prompts, new: Prompts) -> Iterator[FileChange]:
    """Speakers whose sets are the same on both sides are told of together."""
    whose: dict[tuple[str, str], list[Label]] = {}
    for label in PRINCIPALS:
        whose.setdefault((old[label].ref.hash, new[label].ref.hash), []).append(label)
    for roles in whose.values():
        before, after = _texts(old[roles[0]]), _texts(new[roles[0]])
        for file in sorted({*before, *after}):
            readers = tuple(label for label in roles if file not in _OF_A_ROLE or file == f"{ROLE_OF[label]}.j2")
            was, is_ = before.get(file, ""), after.get(file, "")
            if readers and was != is_:
                diff = _unified(_sentences(was), _sentences(is_)) or _unified(was.split("\n"), is_.split("\n"))
                yield FileChange(readers, file, diff)


def _texts(prompts: PromptSet) -> dict[str, str]:
    settings = prompts.settings.model_dump(mode="json")
    return {**prompts.files, "set.yaml": "\n".join(_lines(settings))}


def _lines(settings: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Settings a line each, so that each is compared by itself."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{at}{name}.")
        else:
            yield f"{at}{name}: {value}"


def _sent(old: Prompts, new: Prompts, spec: Spec) -> Iterator[RoleChange]:
    before, after = messages(spec, old), messages(spec, new)
    for label in PRINCIPALS:
        (was, was_tokens), (is_, is_tokens) = before[label], after[label]
        yield RoleChange(label, (was_tokens, is_tokens), _unified(_sentences(_text(was)), _sentences(_text(is_))))


def _text(sent: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(message["content"] for message in sent)


def _sentences(text: str) -> list[str]:
    """A paragraph is mostly one line: compared by lines, nobody would see what has changed in it."""
    return [sentence for line in text.split("\n") for sentence in sentences(line)]


def _unified(before: list[str], after: list[str]) -> tuple[str, ...]:
    return tuple(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[2:]
