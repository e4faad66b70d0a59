"""How a rehearsed partner speaks: an opener that takes up what was said, a body that moves with the hour, a close."""

from __future__ import annotations

import random
from collections.abc import Iterable

from generator.chat.rehearsal.banks import banks
from generator.chat.rehearsal.composer import Composer
from generator.chat.rehearsal.listening import Heard, Spoken, listen, phase_of
from generator.schema.perspective import Perspective

LONG_SHARE = 0.39
"""Share of turns that want more room than the seed's 150 tokens. Set so that the cut-off rate at 150
tokens is the seed's; the budget is not known here."""

SHORT_TOKENS, LONG_TOKENS, CLIPPED_TOKENS = (126, 148), (162, 192), (48, 96)
"""Lengths aimed at: an ordinary turn, one that pours out, a guarded one."""

AT_ONCE = 0.8
"""From this agreeableness on, partners begin to consent to whatever has been said; at 1 they always do. No shipped
prompt set goes so far."""

BODIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "complaint": (
        ("own_complaint", "own_shows", "own_shows"),
        ("hurt", "tired", "disclose_stressor", "disclose_detail", "angle"),
        ("complain", "own_defence", "topic_line", "own_complaint"),
        ("own_shows", "pattern", "own_leak", "hurt"),
    ),
    "exploration": (
        ("own_soft", "own_shows", "own_leak", "own_complaint"),
        ("pattern", "own_part", "understand", "longing"),
        ("topic_line", "disclose_detail", "hurt", "own_defence", "angle"),
        ("own_soft", "understand", "longing", "hope"),
    ),
    "step": (
        ("own_repair", "own_soft", "understand"),
        ("own_part", "longing", "topic_line", "own_leak"),
        ("hope", "doubt", "own_repair", "own_soft"),
        ("thanks", "own_part", "understand"),
    ),
}
"""Acts by phase, in the order in which a turn takes them up."""


def compose(view: Perspective, spoken: Spoken, rng: random.Random) -> str:
    """One turn of the partner whose `view` this is."""
    heard = listen(view, spoken)
    turn = Composer(spoken, _fillers(view, heard, spoken, rng), rng, _voices(view))
    phase = phase_of(view, spoken)
    target = _target_tokens(view, rng)
    closing = _closing(phase, heard, rng)
    room = target - (24 if closing else 0)
    opening = _opening(view, heard, phase, spoken, rng)
    turn.add(*opening, limit=target)
    guard = 0.0 if opening == ("take_up_step",) else 0.5 * view.temperament.guarded**1.5
    missing = _unnamed_particulars(view, spoken)
    for groups in (*_plan_groups(phase, heard, view, rng), BODIES[phase], BODIES[phase], BODIES["exploration"]):
        for acts in groups:
            if turn.length >= room - 12:
                break
            turn.add(*_tempered(acts, view, guard, rng), limit=room + 8, wanting=missing)
            missing = ()
    if closing:
        turn.add(*closing, limit=target + 6 if target > SHORT_TOKENS[1] else SHORT_TOKENS[1])
    return turn.text()


def _opening(view: Perspective, heard: Heard, phase: str, spoken: Spoken, rng: random.Random) -> tuple[str, ...]:
    partners_spoken = {label for label, _ in spoken if label.startswith("Patient")}
    if not partners_spoken:
        return ("first_word",)
    if view.label not in partners_spoken:
        return ("second_word", "second_word", "answer_partner") if heard.asked else ("second_word",)
    agreeable, guarded = view.temperament.agreeable, view.temperament.guarded
    if agreeable > AT_ONCE and rng.random() < (agreeable - AT_ONCE) / (1 - AT_ONCE):
        return ("consent",)
    if heard.fresh_proposal:
        return ("take_up_step",) if rng.random() < 0.25 + 0.7 * agreeable else ("doubt_step",)
    if heard.last == "Therapist":
        return (f"answer_{heard.asked or 'open'}",)
    if heard.asked and rng.random() < 0.6:
        return ("answer_partner",)
    warmth = {"complaint": 0.55, "exploration": 0.85, "step": 1.0}[phase] * agreeable
    if rng.random() < warmth:
        return ("acknowledge",)
    if phase == "step" or rng.random() < 0.3 + 0.3 * guarded:
        return ("acknowledge_guarded",)
    return ("resist",)


def _plan_groups(
    phase: str, heard: Heard, view: Perspective, rng: random.Random
) -> Iterable[tuple[tuple[str, ...], ...]]:
    if phase != "step":
        return ()
    if heard.proposal is None or heard.proposal_age > 8:
        return ((("propose",),),) if rng.random() < 0.35 + 0.6 * view.temperament.agreeable else ()
    if heard.fresh_proposal or rng.random() < 0.4:
        return ((("commit", "worry_about_step"),),)
    return ()


def _closing(phase: str, heard: Heard, rng: random.Random) -> tuple[str, ...]:
    if rng.random() < 0.25:
        return ()
    if phase == "step":
        return ("close_ask_late",) if rng.random() < 0.4 and heard.proposal else ("close_late", "close_wish")
    return ("close_ask_early",) if rng.random() < 0.35 else ("close_wish",)


def _tempered(acts: tuple[str, ...], view: Perspective, guard: float, rng: random.Random) -> tuple[str, ...]:
    if rng.random() < guard:
        return ("stay", "own_defence") if view.topic.sensitive else ("deflect", "stay", "own_defence")
    pattern = {True: "pattern_pursue", False: "pattern_withdraw", None: "hurt"}[view.pursues]
    return tuple(pattern if act == "pattern" else act for act in acts)


def _target_tokens(view: Perspective, rng: random.Random) -> int:
    if rng.random() < max(0.0, view.temperament.guarded - 0.4):
        return rng.randint(*CLIPPED_TOKENS)
    return rng.randint(*(LONG_TOKENS if rng.random() < LONG_SHARE else SHORT_TOKENS))


def _voices(view: Perspective) -> dict[str, tuple[str, ...]]:
    persona = view.persona
    own: dict[str, Iterable[str]] = {"topic_line": view.topic.lines}
    if persona is not None:
        own |= {
            "own_complaint": persona.voice.complaint,
            "own_defence": persona.voice.defence,
            "own_soft": persona.voice.soft,
            "own_repair": persona.voice.repair,
            "own_leak": persona.hides.leaks,
            "own_shows": [line for stressor in persona.stressors for line in stressor.shows],
        }
    return banks() | {act: tuple(_literal(line) for line in lines) for act, lines in own.items()}


def _literal(line: str) -> str:
    return line.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")


def _fillers(view: Perspective, heard: Heard, spoken: Spoken, rng: random.Random) -> dict[str, str]:
    said = " ".join(text for _, text in spoken).casefold()
    found = {"concern": view.topic.concern}
    if view.other.called:
        found["partner"] = view.other.called
    quotes = heard.quotes.get(view.other.label, ())
    if quotes and heard.last == view.other.label:
        found["theirs"] = rng.choice(quotes)
    pools: dict[str, Iterable[str]] = {"angle": view.topic.angles}
    if view.persona is not None:
        pools["detail"] = view.persona.particulars
        stressor = rng.choice(view.persona.stressors)
        found |= {"stressor": stressor.what, "since": stressor.since}
    if view.shared is not None:
        pools["moment"] = view.shared.good_moments
    for slot, pool in pools.items():
        fresh = [filler for filler in pool if filler.casefold() not in said]
        if fresh:
            found[slot] = rng.choice(fresh)
    new_steps = [step for step in view.topic.first_steps if step.casefold() not in said]
    step = (
        heard.proposal if heard.proposal and heard.proposal_age <= 8 else rng.choice(new_steps) if new_steps else None
    )
    return found | ({"step": step} if step else {})


def _unnamed_particulars(view: Perspective, spoken: Spoken) -> tuple[str, ...]:
    if view.persona is None:
        return ()
    said = " ".join(text for label, text in spoken if label == view.label).casefold()
    unnamed = tuple(detail for detail in view.persona.particulars if detail.casefold() not in said)
    return unnamed if len(view.persona.particulars) - len(unnamed) < 4 else ()
