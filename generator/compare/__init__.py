"""Compares runs, or levels of a factor inside a run: paired where the design allows it, with intervals, tests and
verdicts in words. Power beforehand, gates afterwards."""

from generator.compare.comparison import Comparison, Pair, Pairing, Row, Side
from generator.compare.sides import compare_levels, compare_runs

__all__ = ["Comparison", "Pair", "Pairing", "Row", "Side", "compare_levels", "compare_runs"]
