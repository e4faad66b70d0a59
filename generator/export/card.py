"""The card of a Hugging Face data set: figures, settings, how it was made, and that every word is synthetic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from generator.export.record import scripted
from generator.export.selection import Selection, Spoken
from generator.export.table import Column
from generator.schema.label import PRINCIPALS
from generator.schema.session import REHEARSAL

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""The Hub's names for sizes, each with the rows it ends at."""
LARGEST = "1M<n<10M"
NO_LICENCE = "unspecified"


class Figures:
    """Counts over the sessions that go into a data set."""

    def __init__(self) -> None:
        self.sessions: Counter[str] = Counter()
        """By status."""
        self.turns = self.cut = self.trimmed = self.repeats = self.scripted = 0
        self.text_tokens = self.prompt_tokens = self.completion_tokens = self.reasoning_tokens = 0
        self.usage_estimated = 0
        self.speakers: Counter[str] = Counter()
        self.models: Counter[tuple[str, str]] = Counter()
        """Turns by the model asked for and the one that answered."""
        self.prompts: Counter[tuple[str, str]] = Counter()
        """Sessions by a prompt set's name and hash."""
        self.settings: dict[str, Counter[str]] = {}
        """Sessions by each setting's value."""
        self.sensitive: Counter[tuple[str, str]] = Counter()
        """Sessions by what is sensitive, "topic grief", and why."""

    def add(self, spoken: Spoken) -> None:
        """Count a session."""
        spec = spoken.row.spec
        self.sessions[spoken.row.status] += 1
        self.scripted += scripted(spoken.turns)
        for kind, what in (("topic", spec.topic), ("couple", spec.couple)):
            if what.sensitive:
                self.sensitive[f"{kind} {what.id}", what.sensitive] += 1
        self.prompts.update({(ref.name, ref.hash) for ref in map(spec.prompts.of, PRINCIPALS)})
        for turn in spoken.turns:
            usage = turn.reply.usage
            self.turns += 1
            self.cut += turn.cut
            self.trimmed += bool(turn.trims)
            self.repeats += turn.repeat
            self.text_tokens += turn.tokens
            self.prompt_tokens += usage.prompt
            self.completion_tokens += usage.completion
            self.reasoning_tokens += usage.reasoning
            self.usage_estimated += usage.estimated
            self.speakers[turn.speaker] += 1
            self.models[spec.models.of(turn.speaker).name, turn.reply.model] += 1
        for name, value in _settings(spec).items():
            self.settings.setdefault(name, Counter())[value] += 1


def card(selection: Selection, figures: Figures, licence: str | None, tables: Mapping[str, Iterable[Column]]) -> str:
    """The text of README.md. `tables`: each table's columns; the first is the one that opens by default."""
    first = next(iter(tables))
    header: dict[str, Any] = {
        "pretty_name": "Simulated couples-therapy sessions",
        "license": licence or "other",
        **({} if licence else {"license_name": NO_LICENCE}),
        "tags": ["synthetic", "dialogue", "couples-therapy", "simulation", "couplesim"],
        "task_categories": ["text-generation"],
        "annotations_creators": ["no-annotation"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "size_categories": [_size(figures.turns)],
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == first else {}),
                "data_files": [{"split": "train", "path": f"data/{name}.parquet"}],
            }
            for name in tables
        ],
    }
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n",
        f"# {header['pretty_name']}\n",
        _what_it_is(figures, licence),
        _figures(selection, figures),
        _made(selection, figures),
        _sensitive(figures),
        *(_columns(name, columns) for name, columns in tables.items()),
    ]
    return "\n".join(parts)


def _what_it_is(figures: Figures, licence: str | None) -> str:
    lines = [
        "**Every word in this data set is synthetic.** Couples, therapists and sessions are invented, and all that is "
        "said in them was written by programs. It is no clinical advice, it shows no real therapy, and it must not be "
        "passed off as real sessions.\n"
    ]
    if figures.scripted:
        lines.append(
            f"**In {figures.scripted:,} of the {figures.sessions.total():,} sessions somebody speaks scripted text** "
            f"out of phrase banks (model `{REHEARSAL}`): no language model wrote it. Use it to try things out, never "
            "as data.\n"
        )
    chosen = f"Licence: `{licence}`." if licence else "No licence has been chosen for this data set (`--license`)."
    return "\n".join([*lines, f"{chosen}\n"])


def _figures(selection: Selection, figures: Figures) -> str:
    estimated = f" (in {figures.usage_estimated:,} turns estimated)" if figures.usage_estimated else ""
    rows = {
        "sessions": figures.sessions.total(),
        **{f"sessions, {status}": count for status, count in sorted(figures.sessions.items())},
        **{f"left out, {status}": count for status, count in sorted(selection.left_out.items())},
        "turns": figures.turns,
        **{f"turns, {label}": figures.speakers[label] for label in sorted(figures.speakers)},
        "turns cut off by their token budget": figures.cut,
        "turns trimmed": figures.trimmed,
        "turns that repeat an earlier one of their session": figures.repeats,
        "tokens of text": figures.text_tokens,
        f"tokens of all requests{estimated}": figures.prompt_tokens,
        f"tokens of all replies{estimated}": figures.completion_tokens,
        "of them, hidden reasoning": figures.reasoning_tokens,
    }
    return f"## Figures\n\n{_table(('figure', 'value'), [(name, f'{value:,}') for name, value in rows.items()])}"


def _made(selection: Selection, figures: Figures) -> str:
    run = selection.run
    models = [(asked, served, f"{turns:,}") for (asked, served), turns in sorted(figures.models.items())]
    prompts = [(name, hash_, f"{sessions:,}") for (name, hash_), sessions in sorted(figures.prompts.items())]
    settings = [(name, _few(values)) for name, values in figures.settings.items()]
    return (
        "## How it was made\n\n"
        f"By {run.made_by}, run `{run.id}`, begun {run.began}. A therapist and two partners talk in turn, each spoken "
        "for by a model that is sent an invented persona, what that person may know, and what has been said. Each turn "
        "has a token budget; a turn that ran out of it is kept as it is, in mid-sentence if need be (`cut`). What was "
        "taken away from a reply is marked (`trimmed`).\n\n"
        f"{_table(('model asked for', 'model that answered', 'turns'), models)}\n"
        f"{_table(('prompt set', 'hash', 'sessions'), prompts)}\n"
        f"{_table(('setting', 'values, with their sessions'), settings)}"
    )


def _sensitive(figures: Figures) -> str:
    told = [(what, why, f"{count:,}") for (what, why), count in sorted(figures.sensitive.items())]
    body = (
        _table(("what", "why it may distress a reader", "sessions"), told)
        if told
        else "None of the material is marked.\n"
    )
    return f"## Sensitive material\n\n{body}"


def _columns(name: str, columns: Iterable[Column]) -> str:
    rows = [(f"`{each.name}`", each.type, each.meaning) for each in columns]
    return f"## Columns of `{name}`\n\n{_table(('column', 'type', 'meaning'), rows)}"


def _settings(spec: Any) -> dict[str, str]:
    cast = [spec.models.of(label) for label in PRINCIPALS]
    budget = spec.budget.model_dump(exclude_none=True)
    return {
        "couple": spec.couple.id,
        "therapist": spec.therapist.id,
        "topic": spec.topic.id,
        "structure": spec.structure,
        "first speaker": spec.first,
        "turns planned": str(spec.turns),
        "budget": ", ".join(f"{name} {value}" for name, value in budget.items()),
        "temperature (therapist, A, B)": ", ".join(
            "default" if model.temperature is None else f"{model.temperature:g}" for model in cast
        ),
        "layout (therapist, A, B)": ", ".join(model.layout for model in cast),
        "own labels": spec.labels,
    }


def _few(values: Counter[str], most: int = 40) -> str:
    told = [f"{value} ({count:,})" for value, count in sorted(values.items())]
    return "; ".join(told[:most]) + (f"; and {len(told) - most} more" if len(told) > most else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _size(rows: int) -> str:
    return next((name for end, name in SIZES if rows < end), LARGEST)
