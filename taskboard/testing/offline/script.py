"""What was pushed: replies that wait for the request they are meant for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.reply import Scripted

Answer = Scripted | Callable[[Ask], Scripted]
"""A reply, or a function that makes one of the request."""

When = Callable[[Ask], bool] | Mapping[str, Any] | None
"""Which requests a reply is for: a function, or an object of these keys, all of which must hold:
``has_tools`` and ``structured`` (bool), ``model`` (its beginning), ``tool`` (on offer), ``wire``,
``user_contains`` (anywhere), ``last_user_contains``, ``system_contains``. None: any."""


class Script:
    """The replies that wait. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[list[Any]] = []

    def push(self, *answers: Answer, when: When = None) -> None:
        """Put the answers in line, behind what is in it."""
        fits = _condition(when)
        with self._lock:
            self._waiting += [[fits, answer, 0] for answer in answers]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._waiting.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    def take(self, ask: Ask) -> Scripted | None:
        """The first that is for this request; it leaves the line when it was given often enough.
        None when there is none."""
        with self._lock:
            entry = next((e for e in self._waiting if e[0](ask)), None)
            if entry is None:
                return None
            answer: Scripted = entry[1](ask) if callable(entry[1]) else entry[1]
            entry[2] += 1
            if answer.times is not None and entry[2] >= answer.times:
                self._waiting.remove(entry)
            return answer


def _condition(when: When) -> Callable[[Ask], bool]:
    if when is None:
        return lambda _: True
    if not isinstance(when, Mapping):
        return when
    unknown = when.keys() - _KEYS.keys()
    if unknown:
        raise ValueError(f"push: when has no key {sorted(unknown)}; it takes {sorted(_KEYS)}")
    wanted = dict(when)
    return lambda ask: all(_KEYS[key](ask, value) for key, value in wanted.items())


_KEYS: Mapping[str, Callable[[Ask, Any], bool]] = {
    "has_tools": lambda ask, value: bool(ask.tools) == value,
    "structured": lambda ask, value: (ask.schema is not None) == value,
    "model": lambda ask, value: ask.model.startswith(value),
    "tool": lambda ask, value: ask.tool(value) is not None,
    "wire": lambda ask, value: ask.wire == value,
    "user_contains": lambda ask, value: any(value in said for said in ask.user),
    "last_user_contains": lambda ask, value: value in ask.last_user,
    "system_contains": lambda ask, value: value in ask.system,
}
