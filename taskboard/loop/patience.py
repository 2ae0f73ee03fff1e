"""Not fighting with another program about the same lines."""

from __future__ import annotations

_REACTION = 10.0
"""Seconds after a write within which losing it is taken for an answer to it."""

_FREE = 2
"""How often the same is written again without waiting."""

_MOST = 3600.0


class Patience:
    """When the same may be written again that somebody took off the board.

    A formatter or generator that answers each write by taking our lines off would be answered
    for ever. Each such round doubles the time to the next, from 8 s to an hour; news is never put
    off, and a save that is no such answer (an old buffer, some time later) ends the waiting.
    Times are the awake clock's. It lasts as long as the process: a command starts with none.
    """

    def __init__(self) -> None:
        self._wrote: float | None = None
        self._rounds = 0
        self._noticed = False
        self.retry_at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until the same may be written again; 0 when it may now."""
        if self._wrote is None:
            return 0.0
        if not self._noticed:
            self._noticed = True
            self._rounds = self._rounds + 1 if now - self._wrote < _REACTION else 0
        if self._rounds <= _FREE:
            return 0.0
        self.retry_at = self._wrote + min(2.0**self._rounds, _MOST)
        return max(0.0, self.retry_at - now)

    def wrote(self, now: float, *, again: bool) -> None:
        """The board was written, with news or the same ``again``."""
        self._wrote, self._noticed, self.retry_at = now, False, None
        if not again:
            self._rounds = 0
