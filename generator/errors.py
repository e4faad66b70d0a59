"""Everything that can go wrong, drawn as one tree.

    CouplesimError                 base; the command line catches it once and prints it without a traceback
    |- InputError            (2)   the user's files or words; nothing was sent to a model
    |- SessionFailed         (3)   one session cannot go on; it is kept and other sessions may go on
    |- CapReached            (4)   the run's cap in tokens or money leaves no room for the next request
    |- ProviderRefused       (5)   the endpoint refuses: key, model, quota, unreachable
    |- StorageError          (6)   the disk or the ledger
    |  `- DiskFull                 a file could not grow
    `- RunInUse              (7)   another process writes this run
    AttemptFailed                  one request went wrong; the retry loop decides; never leaves `chat/`

The number is the exit code. Foreign errors are translated into these at one border each, with `from exc`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.schema.turn import Turn, Usage


class CouplesimError(Exception):
    """Base of all errors a caller may meet. `str(error)` says what, where and what to do."""

    exit_code = 1


class InputError(CouplesimError):
    """Bad input. Holds every problem found, one line each, so that all can be mended at once."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SessionFailed(CouplesimError):
    """A session that cannot go on. `reason` is a stable word: context_full, refused, empty, bad_reply,
    reply_too_large, no_tokens_left, timeout, held_up, unavailable, rate_limited, rejected,
    prefix_lost."""

    exit_code = 3

    def __init__(self, reason: str, message: str, turns: Sequence[Turn] = ()) -> None:
        self.reason = reason
        self.turns = turns
        """What had been spoken, where nothing else keeps it (the Python API)."""
        super().__init__(message)


class CapReached(CouplesimError):
    """The next request could pass the run's cap in tokens or money; nothing more is sent."""

    exit_code = 4


class ProviderRefused(CouplesimError):
    """The endpoint refuses in a way that no retry mends."""

    exit_code = 5


class StorageError(CouplesimError):
    """The ledger or a transcript cannot be read or written."""

    exit_code = 6


class DiskFull(StorageError):
    """There is no room for what has to be written, or not as much as a quota allows."""


class RunInUse(CouplesimError):
    """Another process holds the run's lock."""

    exit_code = 7


@dataclass(slots=True)
class AttemptFailed(Exception):
    """One request that brought no usable reply."""

    kind: str
    """Stable word, recorded with the attempt."""
    message: str
    """For people; never holds a key."""
    tries: int = 6
    """How many attempts of a turn may fail in this way before the session fails; 1 is no retry."""
    refusal: bool = False
    """True if the whole run must stop (`ProviderRefused`), not this session alone."""
    counts: bool = True
    """False if the failure does not use up the attempts (rate limits), only the time."""
    wait_seconds: float | None = None
    """What the endpoint asked us to wait; None if it did not say."""
    congestion: bool = False
    """True if the endpoint is asked too much at a time: fewer requests under way mend it."""
    billed: str = "no"
    """"no", "yes" or "unknown": whether the endpoint may have charged for it."""
    usage: Usage | None = None
    """What it took, where it was billed and the endpoint answered; None otherwise."""

    def __str__(self) -> str:
        return self.message
