"""Takes a run's sessions out of its ledger, for other tools. The ledger is only read."""

from generator.export.formats import FORMATS, ROLES, Outcome, Wish, export, place_of, to_stream

__all__ = ["FORMATS", "ROLES", "Outcome", "Wish", "export", "place_of", "to_stream"]
