"""Who is told that the daemon lives: told by the loop itself, so that silence means it hangs."""

from __future__ import annotations

import math
from typing import Protocol


class Pulse(Protocol):
    """``every``: after so many seconds without news the loop looks up and beats all the same."""

    every: float

    def ready(self) -> None:
        """The first turn is made."""
        ...

    def beat(self) -> None:
        """The loop has come round. Called often: it must cost nothing."""
        ...

    def stopping(self) -> None:
        """It was told to end, and does."""
        ...


class _Silent:
    """Nobody listens."""

    every = math.inf

    def ready(self) -> None: ...

    def beat(self) -> None: ...

    def stopping(self) -> None: ...


NO_PULSE: Pulse = _Silent()
