"""The ledger: one SQLite file a run, the only state. Transcripts are a view of it."""

from generator.ledger.index import End, Entry, Tally
from generator.ledger.ledger import Ledger
from generator.ledger.reading import Unanswered
from generator.ledger.rows import SessionRow, Status

__all__ = ["End", "Entry", "Ledger", "SessionRow", "Status", "Tally", "Unanswered"]
