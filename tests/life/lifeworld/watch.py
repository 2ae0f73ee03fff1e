"""A daemon in the test's hand: hints about saves, and a scene that ends when the daemon does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lifeworld.table import Wrong


class Hints:
    """The daemon's watch."""

    def __init__(self) -> None:
        self.tell: Callable[[str], None] = lambda _name: None

    def start(self, _folder: Any, _names: Any, tell: Callable[[str], None]) -> None:
        self.tell = tell

    def stop(self) -> None:
        self.tell = lambda _name: None


async def while_it_lives(main: asyncio.Task[None], scene: Any) -> None:
    """Play a scene for as long as the daemon lives."""
    playing = asyncio.ensure_future(scene)
    await asyncio.wait({main, playing}, return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        playing.cancel()
        main.result()
        raise Wrong("the daemon ended by itself")
    playing.result()
