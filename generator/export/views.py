"""A session as one role saw it: the messages it was sent, made again from the ledger byte for byte, and its own turns
as the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.batch import kept_prompts
from generator.export.selection import Spoken
from generator.ledger import Ledger
from generator.prompts import PromptSet
from generator.schema.label import PRINCIPALS, Label
from generator.schema.turn import Turn
from generator.session import Session

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """A conversation that ends in one of the role's turns."""

    messages: list[Message]
    turns: tuple[Turn, ...]
    """The role's turns among the messages, in order, the last one at their end."""


class Views:
    """Sessions of a run as `label` saw them."""

    def __init__(self, ledger: Ledger, label: Label) -> None:
        self.label = label
        self._ledger = ledger
        self._prompts: dict[str, PromptSet] = {}
        """By hash; sessions share them."""

    def of(self, spoken: Spoken) -> Iterator[View]:
        """In the `chat` layout one view: a later request begins with the messages of all earlier ones, and own turns
        stand in them as answers. In `script`, where a request is one text, a view for each turn."""
        chat = spoken.row.spec.models.of(self.label).layout == "chat"
        own = tuple(turn for turn in spoken.turns if turn.speaker == self.label)
        session = Session(spoken.row.spec, self._prompts_of(spoken), {})
        for turn in spoken.turns:
            if turn.speaker == self.label and (not chat or turn is own[-1]):
                answer = {"role": "assistant", "content": turn.text}
                yield View([*session.messages(self.label), answer], own if chat else (turn,))
            session.turns.append(turn)

    def _prompts_of(self, spoken: Spoken) -> dict[Label, PromptSet]:
        spec = spoken.row.spec
        hashes = {label: spec.prompts.of(label).hash for label in PRINCIPALS}
        if not self._prompts.keys() >= set(hashes.values()):
            kept = kept_prompts(self._ledger, spec)
            self._prompts |= {hashes[label]: kept[label] for label in PRINCIPALS}
        return {label: self._prompts[hash_] for label, hash_ in hashes.items()}
