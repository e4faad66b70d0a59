"""A comparison in words: what was compared and how, and what came of each measure."""

from __future__ import annotations

import json
from itertools import groupby

from generator.compare.comparison import Comparison, Pairing, Row, Side
from generator.compare.reckoning import couples_needed
from generator.compare.statistics import ALPHA

_DESIGNS = {
    "paired": "paired",
    "paired by couple": "paired by couple, each couple's mean with its mean on the other side",
    "couple by couple": "not paired, since the sides have different couples; a couple's mean counts once",
    "unpaired": "not paired, since too few sessions have a counterpart",
}


def preamble(found: Comparison) -> list[str]:
    """What has to be known before any figure, one sentence each: the same prompts first."""
    several = len(found.pairings) > 1
    said = []
    for pairing in found.pairings:
        to = f"{pairing.side}: " if several else ""
        if "prompts" not in pairing.kinds:
            said.append(f"{to}the prompts are the same on both sides")
        said.append(to + _differences(pairing))
        said.append(to + _pairing(pairing))
    if scripted := [side.name for side in found.sides if side.scripted]:
        said.append(f"scripted rehearsal text, written by no language model: {', '.join(scripted)}")
    return said + _judges(found.sides) + _format(found.sides)


def sentence(row: Row, found: Comparison) -> str:
    """What came of a measure: "candid: agreement ratio 0.21 lower than baseline (0.45 to 0.24) [-0.30, -0.12]"."""
    show = row.measure.shown
    said = f"{row.side}: {row.measure.words}"
    values = f"{show(row.reference)} to {show(row.value)}"
    interval = f" [{show(row.low)}, {show(row.high)}]" if row.low is not None else ""
    match row.verdict:
        case "higher" | "lower" if row.difference is not None:
            by = show(abs(row.difference))
            return f"{said} {by} {row.verdict} than {found.reference}{interval}, {values}"
        case "same":
            return f"{said} the same, {values}{interval}"
        case "no difference found":
            corrected = row.p is not None and row.p <= ALPHA
            found_none = f"no difference once corrected for {_tests(found)}" if corrected else "no difference found"
            return f"{said}: {found_none}, {values}{interval}"
        case "too few sessions":
            return f"{said}: too few sessions to tell, {values}{interval} ({row.n}; {_needed(found)})"
        case "missing":
            return f"{said}: too few values to tell, {row.n} of {row.n_of}"
        case _:
            return f"{said} {values}{interval}"


def _needed(found: Comparison) -> str:
    return f"at least {couples_needed(_number(found))} pairs for {_tests(found)}"


def _tests(found: Comparison) -> str:
    number = _number(found)
    return f"{number} test{'s' * (number != 1)}"


def _number(found: Comparison) -> int:
    return max(1, len(found.family) * len(found.pairings))


def _differences(pairing: Pairing) -> str:
    if not pairing.kinds:
        return "nothing differs but chance: the sessions have the same specs"
    named = [name for name in pairing.differs if name.partition(".")[0] in pairing.kinds]
    grouped = {
        kind: [name.partition(".")[2] for name in names if "." in name]
        for kind, names in groupby(named, lambda name: name.partition(".")[0])
    }
    told = ", ".join(f"{kind} ({', '.join(parts)})" if parts else kind for kind, parts in grouped.items())
    if len(pairing.kinds) > 1:
        return f"more than one thing differs, and any of them may be the cause: {told}"
    return f"what differs: {told}"


def _pairing(pairing: Pairing) -> str:
    what = {"paired": "pairs of sessions", "paired by couple": "couples", "couple by couple": "couples"}
    counted = f"{pairing.units} {what.get(pairing.design, 'sessions')}"
    said = f"{_DESIGNS[pairing.design]}: {counted}"
    if pairing.design == "paired":
        if pairing.couples:
            said += f" of {pairing.couples} couple{'s' * (pairing.couples != 1)}"
        alike = [*pairing.shared, *([] if "rng_seed" in pairing.differs else ["seed"])]
        said += f", alike in {', '.join(alike)}" if alike else ""
        said += ", with other seeds" if "rng_seed" in pairing.differs else ""
        if 0 < pairing.couples < pairing.units:
            said += (
                "; chance is reckoned by couples, so it speaks for others like them"
                if pairing.by_couple
                else "; too few couples to speak for others: it holds for these"
            )
    if pairing.left_out:
        said += f"; {pairing.left_out} sessions without a counterpart are left out"
    return said


def _judges(sides: tuple[Side, ...]) -> list[str]:
    judges = {side.name: json.loads(side.judge)["model"] for side in sides if side.judge}
    if not judges:
        return []
    if len({side.judge for side in sides}) == 1:
        return [f"judged by {next(iter(judges.values()))}"]
    told = ", ".join(f"{side.name} by {judges.get(side.name, 'nobody')}" for side in sides)
    return [f"not judged alike, so what needs a judge cannot be compared: {told}"]


def _format(sides: tuple[Side, ...]) -> list[str]:
    counts = [(side, side.broken) for side in sides if side.broken is not None]
    if not counts:
        return []
    if not any(broken for _, broken in counts):
        return ["same format: no session has an error of format or conduct"]
    told = ", ".join(f"{broken} of {side.sessions} in {side.name}" for side, broken in counts)
    return [f"format: sessions with errors of format or conduct: {told}; `couplesim check` shows them"]
