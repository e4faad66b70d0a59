"""Finds and reads `seeds/contract.yaml`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from generator import strict_yaml
from generator.assets import Assets
from generator.check import RULES
from generator.errors import InputError
from generator.metrics.figures import FIGURES
from generator.schema.contract import Contract

CONTRACT = "contract.yaml"


def load_contract(path: Path | None, assets: Assets) -> Contract:
    """The contract in `path`; None: the one in seeds/, a user's own first.

    Raises InputError with every problem's place, codes and figures that do not exist included.
    """
    path = path or assets.seed(CONTRACT)
    document = strict_yaml.read(path)
    contract = strict_yaml.validate(document, Contract, str(path))
    problems = [
        *_unknown(path, document, ("severities",), contract.severities, RULES),
        *_unknown(path, document, ("drift", "tolerance"), contract.drift.tolerance, [each.name for each in FIGURES]),
    ]
    if problems:
        raise InputError(*problems)
    return contract


def _unknown(
    path: Path, document: strict_yaml.Document, at: tuple[str, ...], names: Iterable[str], known: Iterable[str]
) -> list[str]:
    known = list(known)
    problems = []
    for name in names:
        if name not in known:
            line, column = document.keys[(*at, name)]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; `couplesim check --help` tells where they are listed"
            problems.append(f"{path}:{line}:{column}: {'.'.join(at)}: there is no {name!r}{hint}")
    return problems
