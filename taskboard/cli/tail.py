"""``tail``: the ledger as it is, or in words; followed like ``tail -F``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.look import look
from taskboard.cli.refusal import REFUSALS, refusal_facts
from taskboard.cli.text import one_line
from taskboard.core.event import Event, EventType
from taskboard.core.lines import proof_word
from taskboard.errors import Corrupt, Usage

_LOOK_EVERY = 0.2
"""Seconds between two looks at a ledger that is followed: one ``stat`` each."""


def tail(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as it grows.")] = False,
    task: Annotated[str | None, typer.Option(metavar="ID", help="Only this task.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="T", help="Only this type of event.")
    ] = None,
    lines: Annotated[
        int | None, typer.Option("-n", "--lines", metavar="N", help="Only the last N.")
    ] = None,
) -> None:
    """The ledger: with --json its lines unchanged, otherwise one readable line an event."""
    if lines is not None and lines < 0:
        raise Usage("--lines must not be less than 0.", hint="taskboard tail -n 20")
    if type_ is not None:
        _require_type(type_)
    call = Call.of(ctx)
    reader = _Reader(call, task.upper() if task else None, type_)

    async def work(app: App) -> None:
        if task is not None:
            reader.task_id = (await look(app)).task(task).task_id
        await reader.print_last(app, lines)
        if follow:
            await reader.follow(app)

    call.run(work, writable=False)


def _require_type(name: str) -> None:
    """Raise ``Usage`` for a type that no event has, with those it may have been meant for."""
    known = [event.value for event in EventType]
    if name in known:
        return
    near = get_close_matches(name, known, 3, 0.5) or [k for k in known if name in k][:3]
    hint = f"taskboard tail --type {near[0]}" if near else f"One of {', '.join(known)}."
    also = f" Near it: {', '.join(near)}." if near else ""
    raise Usage(f"No event is of type {name}.{also}", hint=hint)


class _Reader:
    """Reads on from where it was. ``after`` is the last event that was looked at, ``task_id`` the
    task that is asked for: it may have had other names."""

    def __init__(self, call: Call, task: str | None, type_: str | None) -> None:
        self._call, self._task, self._type = call, task, type_
        self.after = 0
        self.task_id: str | None = None

    async def print_last(self, app: App, count: int | None) -> None:
        """Print what is there, or its last ``count`` events."""
        if count is None:
            await self._print_new(app)
            return
        from collections import deque

        found: deque[tuple[Event, bytes]] = deque(maxlen=count)
        async for event, line in app.ctx.history.read():
            self.after = event.seq
            if self._wanted(event):
                found.append((event, line))
        for event, line in found:
            self._print(event, line)
        sys.stdout.flush()

    async def follow(self, app: App) -> None:
        """Print as the ledger grows, for ever. A ledger that another file has taken the place
        of is read from its beginning."""
        current = app
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self._print_new(current)
            except Corrupt as error:
                if error.code != "ledger_rollback":
                    raise
                current.ledger.close()
                current = self._call.open(writable=False)
                self.after = 0

    async def _print_new(self, app: App) -> None:
        async for event, line in app.ctx.history.read(self.after):
            self.after = event.seq
            if self._wanted(event):
                self._print(event, line)
        sys.stdout.flush()

    def _wanted(self, event: Event) -> bool:
        named = self._task is None or (event.task or "").upper() == self._task
        if not named and (self.task_id is None or event.task_id != self.task_id):
            return False
        return self._type is None or event.type == self._type

    def _print(self, event: Event, line: bytes) -> None:
        if self._call.json:
            sys.stdout.flush()
            sys.stdout.buffer.write(line)
        else:
            sys.stdout.write(told(event) + "\n")


def told(event: Event) -> str:
    """One event in a line: when, what about, what happened, by whom."""
    parts = [event.type]
    if event.step:
        parts.append(event.step)
    if event.from_ and event.to and event.from_ != event.to:
        parts.append(f"{event.from_} -> {event.to}")
    elif event.to and not event.from_:
        parts.append(f"-> {event.to}")
    if event.run and event.attempt:
        parts.append(f"@{event.attempt}")
    parts += _facts(event)
    if event.actor not in ("daemon", "ledger"):
        parts.append(f"by {event.actor}")
    when = event.ts[:19].replace("T", " ")
    return f"{one_line(when)}  {one_line(event.task or '-'):<9} {one_line(' '.join(parts))}"


def _decided(data: Mapping[str, Any]) -> Iterator[str]:
    """Who decided, what it came to, and what it cost."""
    yield f"by {data.get('by')}"
    if data.get("fallback"):
        yield f"(instead of a model: {data['fallback']})"
    if data.get("outdated"):
        yield "too late: the board had changed"
    words = (("chosen", "start"), ("questions", "ask about"), ("skipped", "skip"))
    said = [f"{word} {_names(data[key])}" for key, word in words if data.get(key)]
    if not data.get("outdated"):
        yield "; ".join(said) or "start nothing"
    if data.get("dropped"):
        yield f"({data['dropped']} of its proposals do not count)"
    if data.get("usage"):
        cost = data.get("cost_usd")
        yield f"${cost:.4f}" if isinstance(cost, int | float) else "at a price nobody knows"


def _names(picks: list[dict[str, Any]]) -> str:
    shown = [" with ".join(filter(None, (p["task"], p.get("executor")))) for p in picks[:3]]
    more = f" and {len(picks) - 3} more" if len(picks) > 3 else ""
    return ", ".join(shown) + more


def _facts(event: Event) -> list[str]:
    data = event.data
    refused = event.type in REFUSALS
    if event.type == "decided":
        return [f[:120] for f in _decided(data)]
    found = refusal_facts(event) if refused else []
    if event.type == "relayed":
        found.append(f"{data.get('from')} -> {data.get('executor')}")
    keys = ("note",) if refused else ("reason", "cause", "title", "note")
    found += [str(data[key]) for key in keys if data.get(key)]
    if event.type == "completed" and data.get("tier"):
        word = proof_word(data["tier"], verified=bool(data.get("verified")))
        found.append(f"({word}: {data['tier']})")
    if event.type == "file_changed_triggered":
        found.append(f"{data.get('bytes')} bytes")
        if data.get("held"):
            found.append(f"held: {data['held']}")
    return [f[:120] for f in found[:2]]
