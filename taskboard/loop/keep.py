"""Texts are kept before the events that name them, and once more afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taskboard.core.event import Draft, Event
from taskboard.loop.context import Context


async def append_with(
    ctx: Context, texts: Collection[bytes], drafts: Sequence[Draft], *, after: int | None = None
) -> list[Event]:
    """Store the texts, then record the drafts that name them; raises what ``Ledger.append``
    raises. A ``gc`` may have found such a text unused the moment before it was named, and be
    removing it: then it is stored again."""
    for text in texts:
        await ctx.ledger.keep(text)
    events = await ctx.ledger.append(drafts, after=after)
    for text in texts:
        await ctx.ledger.keep(text)
    return events
