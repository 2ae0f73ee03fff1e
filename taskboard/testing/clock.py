"""Time and dice in a test's hand, and an event loop whose waits take no time."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  seeded: a test repeats itself
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

from taskboard.clock import make_uuid7

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class ManualClock:
    """``Clock`` that stands still until it is moved; its dice are seeded."""

    def __init__(self, start: datetime | None = None, *, seed: int = 0) -> None:
        self.wall = start or datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.since_boot = 1000.0
        self.since_awake = 900.0
        self._dice = random.Random(seed)  # noqa: S311  seeded: a test repeats itself

    def now(self) -> datetime:
        """Wall time; settable as ``wall``."""
        return self.wall

    def boot(self) -> float:
        """Seconds since boot; settable as ``since_boot``."""
        return self.since_boot

    def awake(self) -> float:
        """Seconds awake; settable as ``since_awake``."""
        return self.since_awake

    def uuid(self) -> str:
        """The next UUIDv7 of this seed at this moment."""
        return make_uuid7(int(self.wall.timestamp() * 1000), self._dice.randbytes(10))

    def random(self) -> float:
        """The next number of this seed."""
        return self._dice.random()

    def advance(self, seconds: float) -> None:
        """Time passes, awake."""
        self.since_awake += seconds
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """The lid is closed for ``seconds``."""
        self.since_boot += seconds
        self.wall += timedelta(seconds=seconds)

    def reboot(self, seconds: float = 60.0) -> None:
        """The machine starts again; the caller changes the boot id."""
        self.wall += timedelta(seconds=seconds)
        self.since_boot = self.since_awake = 1.0

    def nanoseconds(self) -> int:
        """Wall time for a ``SimDisk``."""
        return int(self.wall.timestamp() * 1_000_000) * 1000


class _Waits(selectors.DefaultSelector):
    """Moves the clock instead of waiting."""

    clock: ManualClock

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("every task waits and no timer runs: this would wait for ever")
        if timeout > 0:
            self.clock.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a ``ManualClock``: a wait moves the clock to the next timer. No real
    input or output; what would go to a thread runs in turn, so that every run is the same."""

    def __init__(self, clock: ManualClock) -> None:
        waits = _Waits()
        waits.clock = clock
        self._clock = clock
        super().__init__(waits)

    def time(self) -> float:
        """The clock's seconds awake."""
        return self._clock.awake()

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002  whatever it is, it is not asked
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Run ``func`` in the loop's next round."""
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(_settle, future, func, args)
        return future


def _settle(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if future.cancelled():
        return
    try:
        future.set_result(func(*args))
    except BaseException as trouble:  # noqa: BLE001  a simulated crash belongs to who waits
        future.set_exception(trouble)


def run_virtual(main: Coroutine[Any, Any, T], clock: ManualClock) -> T:
    """``asyncio.run`` on virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)
