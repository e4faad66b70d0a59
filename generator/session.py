"""The loop: who speaks next, what they are sent, what comes back, what becomes of it.

It alone asks a chat to speak. No disk, no print, no environment: whoever iterates commits each turn
before asking for the next.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import partial

from generator import clean, tokens
from generator.budget import Purse, asked_tokens, spoken_tokens
from generator.chat.protocol import UNLOGGED, AttemptLog, Chat, Request
from generator.errors import SessionFailed
from generator.perspective import perspective
from generator.prompts import PromptSet
from generator.schema.label import Label
from generator.schema.perspective import Perspective
from generator.schema.session import Spec, spoken_hash
from generator.schema.turn import Reply, Transcript, Trim, Turn
from generator.sentences import back_to_sentence_end, ends_mid_sentence
from generator.structures import structure_named
from generator.thread import Said, Spoken, Thread


class Session:
    """One session being spoken. Iterate `run()`; afterwards `end` says how it came to its end."""

    def __init__(
        self,
        spec: Spec,
        prompts: Mapping[Label, PromptSet],
        chats: Mapping[Label, Chat],
        turns: Iterable[Turn] = (),
        attempts: AttemptLog = UNLOGGED,
        keep_turns: bool = True,
    ) -> None:
        """`prompts`, `chats`: whose words, and who speaks, for each label. `turns`: what has been spoken already, to go
        on from there. `keep_turns`: False where whoever iterates keeps them, so that many sessions take less room."""
        self.spec = spec
        self.turns: list[Turn] = []
        """What has been spoken; without `keep_turns`, nothing."""
        self.end: str | None = None
        """"complete", "session_tokens"; None while it runs. A failure is raised as SessionFailed."""
        self._chats = chats
        self._attempts = attempts
        self._structure = structure_named(spec.structure)(spec.first, spec.turns)
        self._purse = Purse(spec.budget.session_tokens, spec.prefix.tokens if spec.prefix else 0)
        self._prompts = prompts
        self._perspectives: dict[Label, Perspective] = {}
        self._threads: dict[Label, Thread] = {}
        self._absorbed: dict[Label, int] = {}
        self._labels: dict[Label, clean.Names] = {}
        self._cleaned_last: tuple[tuple[Label | None, str], tuple[str, tuple[Trim, ...]]] = ((None, ""), ("", ()))
        self._keep_turns = keep_turns
        self._said: list[Said] = []
        self._speakers: list[Label] = []
        for turn in turns:
            self.take_in(turn)
            self._purse.charge(turn.reply)

    async def run(self) -> AsyncGenerator[Turn, None]:
        """Speak turn after turn. Raises SessionFailed or ProviderRefused; turns yielded before stand."""
        self._require_prefix()
        while label := self._structure.next(self._speakers):
            thread = self._thread(label)
            asked = asked_tokens(self.spec.budget, label, self.spec.models.of(label))
            if not self._purse.allows(thread.prompt_tokens, asked):
                self.end = "session_tokens"
                return
            turn = await self._speak(label, thread, asked)
            self.take_in(turn)
            yield turn
        self.end = "complete"

    def more(self) -> bool:
        """Whether the structure has a next speaker."""
        return self._structure.next(self._speakers) is not None

    def transcript(self) -> Transcript:
        """What has been spoken, as the transcript format holds it."""
        return transcript_from(self.spec, Spoken(self._said))

    def messages(self, label: Label) -> list[dict[str, str]]:
        """What `label` would be sent now."""
        return self._thread(label).messages()

    def prompt_tokens(self, label: Label) -> int:
        """Estimate of the tokens in what `label` would be sent now."""
        return self._thread(label).prompt_tokens

    def take_in(self, turn: Turn) -> None:
        """A turn has been spoken, here or elsewhere: it is history from now on."""
        if self._keep_turns:
            self.turns.append(turn)
        self._said.append(Said.of(turn.speaker, turn.text, turn.tokens))
        self._speakers.append(turn.speaker)

    def _require_prefix(self) -> None:
        """What was to be taken over is never spoken anew under other prompts."""
        prefix = self.spec.prefix
        if prefix is None:
            return
        begun = Spoken(self._said)[: prefix.turns]
        if spoken_hash(begun) != prefix.hash:
            raise SessionFailed(
                "prefix_lost",
                f"turns 1 to {prefix.turns}, taken over from session {prefix.session}, are not all there; fork again",
            )

    async def _speak(self, label: Label, thread: Thread, asked: int | None) -> Turn:
        model = self.spec.models.of(label)
        if model.context_tokens is not None and thread.prompt_tokens + (asked or 0) > model.context_tokens:
            raise SessionFailed(
                "context_full",
                f"turn {len(self._said) + 1}: the prompt of {label} has about {thread.prompt_tokens} tokens and the "
                f"reply may take {asked or 0}; {model.name} has room for {model.context_tokens}",
            )
        request = Request(
            model=model,
            parts=thread.encoded(),
            max_tokens=asked,
            seed=random.Random(f"{self.spec.rng_seed}:{len(self._said)}").randrange(2**30),
            prompt_tokens=thread.prompt_tokens,
            what=f"turn {len(self._said) + 1}, {label}",
            perspective=self._perspective(label),
            spoken=Spoken(tuple(self._said)),
            attempts=self._attempts,
            usable=lambda text: bool(self._cleaned(label, text)[0]),
        )
        reply = await self._chats[label].speak(request)
        self._purse.charge(reply)
        turn = self._turn(label, reply, asked)
        if turn is None:
            message = f"turn {len(self._said) + 1}, {label}: {model.name} gave no words of the speaker's own"
            await self._attempts.fail("empty", message, "yes", reply.usage)
            raise SessionFailed("empty", message)
        return turn

    def _turn(self, label: Label, reply: Reply, asked: int | None) -> Turn | None:
        text, trims = self._cleaned(label, reply.text)
        text, end, by_budget = self._within_budget(label, text, reply.end, asked)
        if not text:
            return None
        model = self.spec.models.of(label).name
        given, count = reply.usage.completion - reply.usage.reasoning, tokens.count(text, model)
        said = Said.of(label, text, count)
        return Turn(
            n=len(self._said) + 1,
            speaker=label,
            text=text,
            end=end,
            cut=end == "length" and (bool(by_budget) or not any(trim.kind == "speaker" for trim in trims)),
            mid_sentence=ends_mid_sentence(text),
            tokens=count,
            over_budget=asked is not None and given > asked,
            trims=(*trims, *by_budget),
            repeat=any(said.escaped == earlier.escaped for earlier in self._said),
            reply=reply,
        )

    def _cleaned(self, label: Label, text: str) -> tuple[str, tuple[Trim, ...]]:
        """Asked twice of a reply: whether it can become a turn, and what the turn is."""
        if (label, text) != self._cleaned_last[0]:
            if label not in self._labels:
                self._labels[label] = clean.names_for(self.spec, label)
            self._cleaned_last = ((label, text), clean.clean(text, self._labels[label], self.spec.labels))
        return self._cleaned_last[1]

    def _within_budget(self, label: Label, text: str, end: str, asked: int | None) -> tuple[str, str, tuple[Trim, ...]]:
        """Cut here whatever the endpoint was allowed beyond the spoken budget, by policy or as head-room."""
        budget, model = self.spec.budget, self.spec.models.of(label).name
        limit = spoken_tokens(budget, label)
        kept = text
        if limit is not None and limit != asked:
            kept = tokens.cut(text, limit, model).strip()
            end = "length" if kept != text else end
        if budget.cut == "sentence" and end == "length":
            kept = back_to_sentence_end(kept)
        trims = (Trim(kind="budget", removed=text[len(kept) :]),) if kept != text else ()
        return kept, end, trims

    def _thread(self, label: Label) -> Thread:
        if label not in self._threads:
            view, model = self._perspective(label), self.spec.models.of(label)
            names = {person.label: person.name for person in (view.therapist, view.a, view.b)}
            self._threads[label] = Thread(
                label=label,
                names=names,
                system=self._prompts[label].system(view),
                opening=self._prompts[label].opening(view) if label == "Therapist" else "",
                layout=model.layout,
                count=partial(tokens.count, model_name=model.name),
            )
            self._absorbed[label] = 0
        thread = self._threads[label]
        for said in self._said[self._absorbed[label] :]:
            thread.absorb(said)
        self._absorbed[label] = len(self._said)
        return thread

    def _perspective(self, label: Label) -> Perspective:
        if label not in self._perspectives:
            self._perspectives[label] = perspective(self.spec, label, self._prompts[label].settings.temperament)
        return self._perspectives[label]


def transcript_of(spec: Spec, turns: Iterable[Turn]) -> Transcript:
    """The turns under the spec's title and structure."""
    return transcript_from(spec, ((turn.speaker, turn.text) for turn in turns))


def transcript_from(spec: Spec, spoken: Iterable[tuple[Label, str]]) -> Transcript:
    """What was spoken, under the spec's title and structure."""
    return Transcript(title=spec.topic.title, structure=spec.structure, turns=tuple(spoken))
