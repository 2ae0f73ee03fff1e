"""Telling systemd how the daemon is: ready, alive, ending (the protocol of ``sd_notify(3)``)."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, MutableMapping
from contextlib import suppress


class Notifier:
    """A ``Pulse`` that systemd hears. ``watchdog`` is the time in seconds after which it takes
    silence for death; infinite when it does not listen for that."""

    def __init__(
        self,
        address: str,
        watchdog: float,
        awake: Callable[[], float],
        status: Callable[[], str],
    ) -> None:
        self.every = watchdog / 2
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._awake, self._status = awake, status
        self._told = ""
        self._last = -math.inf

    def ready(self) -> None:
        """The first turn is made."""
        self._last = self._awake()
        self._send(["READY=1", *self._news()])

    def beat(self) -> None:
        """It lives. Said at a quarter of the period at the earliest, with what is new."""
        words, now = self._news(), self._awake()
        if now - self._last >= self.every / 2:
            words.append("WATCHDOG=1")
            self._last = now
        if words:
            self._send(words)

    def stopping(self) -> None:
        """It ends, on purpose."""
        self._send(["STOPPING=1", "STATUS=ends"])

    def _news(self) -> list[str]:
        status = self._status()
        if status == self._told:
            return []
        self._told = status
        return [f"STATUS={status}"]

    def _send(self, words: list[str]) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            door.sendto("\n".join(words).encode(), self._address)


def notifier(
    environ: MutableMapping[str, str], awake: Callable[[], float], status: Callable[[], str]
) -> Notifier | None:
    """One for the systemd that started this process; None when none did. What it was told by is
    taken out of the environment: it is for this process alone."""
    address = environ.pop("NOTIFY_SOCKET", "")
    period = environ.pop("WATCHDOG_USEC", "")
    whose = environ.pop("WATCHDOG_PID", "")
    if not address.startswith(("/", "@")):
        return None
    ours = period.isdecimal() and int(period) > 0 and whose in ("", str(os.getpid()))
    return Notifier(address, int(period) / 1e6 if ours else math.inf, awake, status)
