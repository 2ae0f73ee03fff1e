"""How a stream cuts a text."""

from __future__ import annotations

CHUNK = 24
"""Characters of text in an event of a stream."""


def chunks(said: str) -> list[str]:
    """The pieces a stream sends a text in."""
    return [said[at : at + CHUNK] for at in range(0, len(said), CHUNK)]
