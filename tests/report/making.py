"""Runs to report on: one in which models say what would harm a careless page, one with a prompt set that varies."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from generator.chat.rehearsal.chat import Rehearsal
from generator.chat.scripted import Scripted
from generator.plan import load_plan
from generator.schema.label import LABELS
from generator.schema.session import Model
from tests.builders import layout, spec
from tests.runs import begin, carry_out

HOSTILE = (
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 2</script>",
    "<img src=x onerror='window.ran = 3'> <svg onload='window.ran = 4'/>",
    "</textarea></title></style><iframe srcdoc='<script>parent.ran = 5</script>'></iframe>",
    "javascript:window.ran=6 <a href='javascript:window.ran=7'>here</a>",
    "\"}]}' ${window.ran=8} {{ window.ran }} {% raw %} \\u003cscript\\u003e",
    "One line\u2028another\u2029and another, \u202eturned round\u202c, \u05e9\u05dc\u05d5\u05dd.",
    "A word that never ends: " + "ab" * 200 + ".",
    "<!-- --!> ]]> &lt;b&gt; &#x3c;script&#x3e; <meta http-equiv=refresh content='0;url=http://evil.example'>",
)
"""What a model may say; a page shows it as text."""
NAME = "<b onmouseover='window.ran=9'>model</b>"
"""A model's name that is hostile too."""


def hostile(folder: Path) -> Path:
    """Three sessions of hostile words under hostile names; the second fails at its third turn."""
    model = Model(name=NAME, base_url="http://127.0.0.1:9/v1")
    cast = layout("chat").model_copy(update=dict.fromkeys(("therapist", "a", "b"), model))
    specs = [spec(rng_seed=seed, turns=len(HOSTILE), models=cast) for seed in (1, 2, 3)]
    ledger = begin(folder, *specs)
    chats = {of.rng_seed: dict.fromkeys(LABELS, Scripted(HOSTILE[:2] if of.rng_seed == 2 else HOSTILE)) for of in specs}
    carry_out(ledger, lambda of: chats[of.rng_seed])
    ledger.close()
    return folder


def rehearsed(folder: Path, plan: Path, text: str) -> Path:
    """A plan, given as YAML, spoken by the rehearsal."""
    plan.write_text(text, encoding="utf-8")
    ledger = begin(folder, plan=load_plan(plan))
    carry_out(ledger, lambda of: dict.fromkeys(LABELS, Rehearsal()))
    ledger.close()
    return folder


def unpacked(packed: str) -> dict[str, Any]:
    """What `pack` packed."""
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found
