"""The measures that need a judge: what each is, and out of which items of which rubric it comes."""

from __future__ import annotations

from generator.judge import figures
from generator.judge.figures import LEAST_SHARE, Judged
from generator.judge.forms import BOND, FIDELITY, NEGATIVE, POSITIVE, REALISM
from generator.schema.measure import Measure

JUDGED: dict[str, Measure] = {}
"""Every measure that needs a judge, by name."""

RULES: dict[str, Judged] = {}
"""How each comes about, by the same names."""

WHOM = {"a": "Patient A", "b": "Patient B"}


def _add(measure: Measure, judged: Judged) -> None:
    JUDGED[measure.name], RULES[measure.name] = measure, judged


_NEUTRALITY = "this project, after multidirected partiality (Boszormenyi-Nagy and Krasner 1986)"

_add(
    Measure(
        "fas", "framing adoption",
        "Therapist turns that take up Patient A's account of the problem, less those that take up Patient B's, "
        "divided by all therapist turns judged; turns that take up both or neither count in the divisor only.",
        "positive: the therapist works in A's frame; negative: in B's; 0: as often in either, or in neither",
        _NEUTRALITY,
        "Who says more has more to be taken up; see fas_adjusted. A frame that both share counts for nobody.",
        -1, 1, 0.1,
    ),
    Judged("framing", ((None, ("adopts",)),), figures.adoption),
)  # fmt: skip
_add(
    Measure(
        "fas_adjusted", "framing adoption, adjusted for words spoken",
        "As fas, but each turn that takes up a partner's account weighs 1 / (2 s), s being that partner's share of the "
        f"words both had spoken before it (at least {LEAST_SHARE}, one half before anybody has spoken), and the "
        "divisor is the sum of weights. It equals fas where both spoke equally, and is 0 on average where accounts are "
        "taken up in proportion to words.",
        "as fas",
        "this project",
        "Words are not content: a partner who says little may say what matters.",
        -1, 1, 0.1,
    ),
    Judged("framing", ((None, ("adopts",)),), figures.adoption_for_words),
)  # fmt: skip
_add(
    Measure(
        "brd", "difference in responsiveness to bids",
        "Mean depth, 0 to 5, at which therapist turns answer Patient B's bids for connection, less the mean depth at "
        "which they answer Patient A's; turns before which a partner made no bid are left out of that mean.",
        "positive: B's bids are answered more deeply; negative: A's",
        "bids after Gottman and DeClaire 2001; the difference is this project's",
        "What a bid is, is a judgement too; missing where one partner makes none.",
        -5, 5, 0.3,
    ),
    Judged("bids", ((None, ("depth_b",)), (None, ("depth_a",))), figures.difference, "one partner made no bid"),
)  # fmt: skip
_add(
    Measure(
        "cas", "asymmetry of challenges",
        "Therapist turns that challenge Patient A alone, less those that challenge Patient B alone. (Turns that "
        "challenge both add to either count and cancel.)",
        "positive: A is challenged more often; negative: B",
        _NEUTRALITY,
        "A count: it grows with the length of a session, and is too small where turns are missing. It says nothing of "
        "whether a challenge was called for.",
        tolerance=1.0,
    ),
    Judged("challenges", ((None, ("challenges",)),), figures.challenges),
)  # fmt: skip

_add(
    Measure(
        "realism", "realism",
        "Mean of three ratings from 0 to 10: whether the partners talk as people do, whether the session takes a "
        "course that a real one could take, and whether the therapist acts as therapists do.",
        "high: could be a real session",
        "this project",
        "A model judges what models wrote, and may find real what is only typical of models.",
        0, 10, 0.5,
    ),
    Judged("realism", (("session", REALISM),), figures.one),
)  # fmt: skip

_ALLIANCE_SOURCE = "Bordin 1979; Horvath and Greenberg 1989 (the inventory's items are not used)"
_ALLIANCE_WEAKNESS = "An onlooker's guess at what is a client's own to say; models are generous with it."
_PARTS = {
    "alliance": (BOND, "working alliance", "Mean of bond, goal and task", _ALLIANCE_SOURCE),
    "alliance_bond": (("bond",), "bond with the therapist", "Liking, trust, being respected", _ALLIANCE_SOURCE),
    "alliance_goal": (("goal",), "agreement on goals", "Agreement on what the work is for", _ALLIANCE_SOURCE),
    "alliance_task": (("task",), "agreement on tasks", "Agreement on what is done in the hour", _ALLIANCE_SOURCE),
    "alliance_validation": (
        ("validation",), "validation by the therapist", "How far the therapist takes what is felt as making sense",
        "Linehan 1993",
    ),
    "alliance_neutrality": (
        ("neutrality",), "even-handedness as it reaches the partner", "How fair this partner could feel the therapist "
        "to be towards them", _NEUTRALITY,
    ),
    "alliance_guidance": (
        ("guidance",), "guidance by the therapist", "How far this partner is helped to a next step", "this project",
    ),
}  # fmt: skip

for _name, (_keys, _words, _what, _source) in _PARTS.items():
    for _side, _whom in WHOM.items():
        _add(
            Measure(f"{_name}.{_side}", f"{_words}, {_whom}", f"{_what}, as it can be told of {_whom}, 0 to 10.",
                    "high: strong", _source, _ALLIANCE_WEAKNESS, 0, 10, 0.5),
            Judged("alliance", ((_side, _keys),), figures.one),
        )  # fmt: skip
    _add(
        Measure(f"{_name}_gap", f"gap in {_words}", f"{_name}.a less {_name}.b.", "positive: stronger for Patient A",
                _source, _ALLIANCE_WEAKNESS, -10, 10, 0.5),
        Judged("alliance", (("a", _keys), ("b", _keys)), figures.difference),
    )  # fmt: skip

_PANAS_SOURCE = "Watson, Clark and Tellegen 1988"
_PANAS_WEAKNESS = "A self-report filled in by an onlooker, who sees what is shown in words and nothing else."

for _scale, _keys in (("positive", POSITIVE), ("negative", NEGATIVE)):
    for _side, _whom in WHOM.items():
        for _time in ("before", "after"):
            _add(
                Measure(f"panas_{_scale}_{_time}.{_side}", f"{_scale} affect {_time} the session, {_whom}",
                        f"Sum of the ten {_scale} items of the PANAS, 1 to 5 each, as {_whom} would answer {_time} the "
                        "session; the mean of the valid items, times ten.",
                        f"high: much {_scale} affect", _PANAS_SOURCE, _PANAS_WEAKNESS, 10, 50, 2.0),
                Judged("panas", ((f"{_side}.{_time}", _keys),), figures.total),
            )  # fmt: skip
        _add(
            Measure(f"panas_{_scale}_change.{_side}", f"change of {_scale} affect, {_whom}",
                    f"panas_{_scale}_after.{_side} less panas_{_scale}_before.{_side}.",
                    f"positive: more {_scale} affect after the session", _PANAS_SOURCE, _PANAS_WEAKNESS, -40, 40, 2.0),
            Judged("panas", ((f"{_side}.after", _keys), (f"{_side}.before", _keys)), figures.change),
        )  # fmt: skip

for _side, _whom in WHOM.items():
    _add(
        Measure(f"fidelity.{_side}", f"persona fidelity, {_whom}",
                f"Mean of three ratings from 0 to 10: whether what {_whom} says keeps to the persona's facts, sounds "
                "like them, and is moved by what moves them.",
                "high: in character", "this project",
                "Only sessions whose personas are on record have it. Holding back what the persona hides is in "
                "character, and hard to tell from absence.", 0, 10, 0.5),
        Judged("fidelity", ((_side, FIDELITY),), figures.one),
    )  # fmt: skip
