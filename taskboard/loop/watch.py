"""Noticing saves: watchdog on the board's folder, told to an asyncio loop.

Only names matter here, never what the event says happened: editors save in too many ways. A
missed event costs time and nothing else, for the daemon also polls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class Changes(Protocol):
    """A source of hints that something may have changed."""

    def start(self, folder: Path, names: frozenset[str], tell: Callable[[str], None]) -> None:
        """Call ``tell(name)`` in the running loop whenever one of ``names`` in ``folder`` may
        have changed."""
        ...

    def stop(self) -> None: ...


class FolderWatch:
    """``Changes`` by watchdog's observer thread."""

    def __init__(self) -> None:
        self._observer: object | None = None

    def start(self, folder: Path, names: frozenset[str], tell: Callable[[str], None]) -> None:
        from watchdog.events import (
            FileClosedEvent,
            FileCreatedEvent,
            FileDeletedEvent,
            FileModifiedEvent,
            FileMovedEvent,
            FileSystemEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer

        loop = asyncio.get_running_loop()

        class Handler(FileSystemEventHandler):
            """Runs in the observer's thread; hands names over to the loop."""

            def on_any_event(self, event: FileSystemEvent) -> None:
                for path in (event.src_path, event.dest_path):
                    name = Path(str(path)).name if path else ""
                    if name in names and not loop.is_closed():
                        loop.call_soon_threadsafe(tell, name)

        # Stopping tells of an emitter that is no longer active; nobody can act on that.
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)
        # That a file was looked at is not asked for: we look ourselves, and would wake ourselves.
        changes = [FileClosedEvent, FileCreatedEvent, FileDeletedEvent, FileModifiedEvent]
        changes.append(FileMovedEvent)
        observer = Observer()
        observer.schedule(Handler(), str(folder), recursive=False, event_filter=changes)
        observer.daemon = True
        observer.start()
        self._observer = observer

    def stop(self) -> None:
        observer = self._observer
        if observer is not None:
            observer.stop()  # type: ignore[attr-defined]
            observer.join(5)  # type: ignore[attr-defined]
            self._observer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Debounce:
    """When a noticed save counts as finished: quiet for ``quiet`` seconds, at most ``limit``
    after the first change. Times are the awake clock's."""

    def __init__(self, quiet: float, limit: float) -> None:
        self._quiet, self._limit = quiet, limit
        self._first: float | None = None
        self._last = 0.0

    def touch(self, now: float) -> None:
        """Something changed."""
        if self._first is None:
            self._first = now
        self._last = now

    def clear(self) -> None:
        """What had changed was dealt with."""
        self._first = None

    @property
    def pending(self) -> bool:
        """A change was noticed and not yet dealt with."""
        return self._first is not None

    def due(self) -> float | None:
        """When the pending change counts as finished; None when nothing is pending."""
        if self._first is None:
            return None
        return min(self._last + self._quiet, self._first + self._limit)
