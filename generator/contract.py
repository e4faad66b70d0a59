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
    problems = [
        *_unknown(path, document, ("severities",), RULES),
        *_unknown(path, document, ("drift", "tolerance"), [figure.name for figure in FIGURES]),
    ]
    try:
        contract = strict_yaml.validate(document, Contract, str(path))
    except InputError as error:
        raise InputError(*error.problems, *problems) from error
    if problems:
        raise InputError(*problems)
    return contract


def _unknown(path: Path, document: strict_yaml.Document, at: tuple[str, ...], known: Iterable[str]) -> list[str]:
    """A problem for every key under `at` that is not known."""
    known = list(known)
    problems = []
    for (*parents, name), (line, column) in document.keys.items():
        if tuple(parents) == at and name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; `couplesim check --help` tells where they are listed"
            problems.append(f"{path}:{line}:{column}: {'.'.join(at)}: there is no {name!r}{hint}")
    return problems
