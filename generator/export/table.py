"""Tidy tables: one of turns, one of sessions. The columns are named, typed and explained here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.budget import spoken_tokens
from generator.export.record import NO_PART_OF_A_SESSION, scripted
from generator.export.selection import Run, Spoken
from generator.format import render
from generator.schema.label import PRINCIPALS, ROLE_OF, Label
from generator.schema.session import Spec
from generator.schema.turn import Turn
from generator.session import transcript_of

Type = Literal["text", "texts", "number", "decimal", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: Type
    """texts: a list of them."""
    meaning: str


Row = dict[str, Any]
OfSession = Callable[[Run, Spoken], Any]
OfTurn = Callable[[Spec, Turn], Any]

_SESSION: dict[Column, OfSession] = {
    Column("synthetic", "flag", "always true: every word is synthetic"): lambda run, s: True,
    Column("scripted", "flag", "the rehearsal's scripted text is in it, which no language model wrote"):
        lambda run, s: scripted(s.turns),
    Column("run", "text", "which run it is from"): lambda run, s: run.id,
    Column("session", "text", "the session's id, a hash of all that determines it"): lambda run, s: s.row.id,
    Column("number", "number", "position in the run, from 1"): lambda run, s: s.row.number,
    Column("repeat", "number", "which of its cell's sessions it is, from 1"): lambda run, s: s.row.repeat,
    Column("status", "text", "complete; ended (by a budget, as asked); failed or open (with holes)"):
        lambda run, s: s.row.status,
    Column("reason", "text", "why it ended or failed; missing otherwise"): lambda run, s: s.row.reason,
    Column("sensitive", "texts", "why it may distress a reader; empty if nothing out of the ordinary"):
        lambda run, s: list(s.row.spec.sensitive),
    Column("couple", "text", "the couple's id"): lambda run, s: s.row.spec.couple.id,
    Column("therapist", "text", "the therapist's id"): lambda run, s: s.row.spec.therapist.id,
    Column("topic", "text", "the topic's id"): lambda run, s: s.row.spec.topic.id,
    Column("structure", "text", "who speaks next"): lambda run, s: s.row.spec.structure,
    Column("first", "text", "the partner who speaks first: A or B"): lambda run, s: s.row.spec.first,
}  # fmt: skip

_TURN: dict[Column, OfTurn] = {
    Column("turn", "number", "position in the session, from 1"): lambda spec, t: t.n,
    Column("speaker", "text", "the label in the transcript"): lambda spec, t: t.speaker,
    Column("role", "text", "therapist or partner"): lambda spec, t: ROLE_OF[t.speaker],
    Column("person", "text", "the speaker's name"): lambda spec, t: _person(spec, t.speaker),
    Column("text", "text", "what was said, as in the transcript"): lambda spec, t: t.text,
    Column("tokens", "number", "tokens of the text, counted by couplesim"): lambda spec, t: t.tokens,
    Column("budget_tokens", "number", "tokens the turn was allowed; missing: no limit"):
        lambda spec, t: spoken_tokens(spec.budget, t.speaker),
    Column("end", "text", "end reason: stop, length, ..."): lambda spec, t: t.end,
    Column("cut", "flag", "ended because its token budget ran out"): lambda spec, t: t.cut,
    Column("mid_sentence", "flag", "stops in mid-sentence"): lambda spec, t: t.mid_sentence,
    Column("over_budget", "flag", "the endpoint gave more tokens than it was asked for"): lambda spec, t: t.over_budget,
    Column("repeats", "flag", "equals an earlier turn of its session"): lambda spec, t: t.repeat,
    Column("trimmed", "texts", "what was taken away from the reply: label, speaker, controls, layout, budget"):
        lambda spec, t: [trim.kind for trim in t.trims],
    Column("model", "text", "the model asked for"): lambda spec, t: spec.models.of(t.speaker).name,
    Column("served_model", "text", "the model that the endpoint says has answered"): lambda spec, t: t.reply.model,
    Column("fingerprint", "text", "the endpoint's system fingerprint; missing if it gave none"):
        lambda spec, t: t.reply.fingerprint,
    Column("temperature", "decimal", "as asked for; missing: the endpoint's default"):
        lambda spec, t: spec.models.of(t.speaker).temperature,
    Column("prompt_set", "text", "the prompt set of the speaker's prompts"):
        lambda spec, t: spec.prompts.of(t.speaker).name,
    Column("prompt_hash", "text", "and the hash of its content"): lambda spec, t: spec.prompts.of(t.speaker).hash,
    Column("prompt_tokens", "number", "tokens of the request"): lambda spec, t: t.reply.usage.prompt,
    Column("cached_tokens", "number", "part of them that the endpoint had cached"):
        lambda spec, t: t.reply.usage.cached,
    Column("completion_tokens", "number", "tokens of the reply, hidden reasoning included"):
        lambda spec, t: t.reply.usage.completion,
    Column("reasoning_tokens", "number", "part of them that was hidden reasoning"):
        lambda spec, t: t.reply.usage.reasoning,
    Column("usage_estimated", "flag", "the endpoint gave no figures; these were counted by couplesim"):
        lambda spec, t: t.reply.usage.estimated,
    Column("latency_seconds", "decimal", "from sending the request to the reply's last byte"):
        lambda spec, t: t.reply.latency_seconds,
    Column("attempts", "number", "requests sent for this turn; 0: taken over from another session"):
        lambda spec, t: t.reply.attempts,
}  # fmt: skip

_SESSION_ONLY: dict[Column, OfSession] = {
    Column("title", "text", "the transcript's SESSION line"): lambda run, s: s.row.spec.topic.title,
    Column("labels", "text", "own labels at the start of a turn: strip or keep"): lambda run, s: s.row.spec.labels,
    Column("cut_policy", "text", "who cuts at the budget: server, client, sentence, none"):
        lambda run, s: s.row.spec.budget.cut,
    Column("rng_seed", "number", "seeds every random choice; beyond 2^53"): lambda run, s: s.row.spec.rng_seed,
    Column("planned_turns", "number", "turns it has if nothing ends it earlier"): lambda run, s: s.row.spec.turns,
    Column("turns", "number", "turns it has"): lambda run, s: len(s.turns),
    Column("taken_over_turns", "number", "of them, the first ones that a fork took over from another session"):
        lambda run, s: s.row.spec.prefix.turns if s.row.spec.prefix else 0,
    Column("cut_turns", "number", "of them, cut off"): lambda run, s: sum(turn.cut for turn in s.turns),
    Column("models", "texts", "the models asked for: therapist, Patient A, Patient B"):
        lambda run, s: [s.row.spec.models.of(label).name for label in PRINCIPALS],
    Column("prompt_sets", "texts", "name@hash of the prompt sets: therapist, Patient A, Patient B"):
        lambda run, s: [f"{ref.name}@{ref.hash}" for ref in map(s.row.spec.prompts.of, PRINCIPALS)],
    Column("transcript", "text", "the whole transcript in the seed format"):
        lambda run, s: render(transcript_of(s.row.spec, s.turns)),
    Column("spec", "text", "all that determines the session as JSON: people, topic, models, budget"):
        lambda run, s: _public(s.row.spec),
}  # fmt: skip


class Tables:
    """The tables of a run whose sessions have these factors."""

    def __init__(self, run: Run, factors: Sequence[str]) -> None:
        self._run = run
        self._cell = {
            Column(f"cell_{name}", "text", f"the session's level of the factor {name}"): name for name in factors
        }
        self.of_turns = (*_SESSION, *self._cell, *_TURN)
        self.of_sessions = (*_SESSION, *self._cell, *_SESSION_ONLY)

    def turns(self, spoken: Spoken) -> list[Row]:
        """A row for each turn of a session."""
        shared = self._shared(spoken)
        spec = spoken.row.spec
        return [{**shared, **{column.name: of(spec, turn) for column, of in _TURN.items()}} for turn in spoken.turns]

    def session(self, spoken: Spoken) -> Row:
        """The row of a session."""
        own = {column.name: of(self._run, spoken) for column, of in _SESSION_ONLY.items()}
        return {**self._shared(spoken), **own}

    def _shared(self, spoken: Spoken) -> Row:
        row = {column.name: of(self._run, spoken) for column, of in _SESSION.items()}
        levels: Mapping[str, str] = spoken.row.cell
        return row | {column.name: levels.get(factor) for column, factor in self._cell.items()}


def _person(spec: Spec, label: Label) -> str | None:
    people = {"Therapist": spec.therapist.name, "Patient A": spec.couple.a.name, "Patient B": spec.couple.b.name}
    return people.get(label)


def _public(spec: Spec) -> str:
    """The spec for a stranger: without what says something of the machine it was made on."""
    hidden = {role: {*unsaid, "base_url"} for role, unsaid in NO_PART_OF_A_SESSION["models"].items()}
    return spec.model_dump_json(exclude={"models": hidden})
