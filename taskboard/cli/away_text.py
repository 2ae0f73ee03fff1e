"""``away`` for people: at most 25 lines, the most important first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from taskboard.cli.look import Look
from taskboard.cli.text import Screen, clipped, one_line, width_of
from taskboard.cli.when import When
from taskboard.cli.words import cause, words
from taskboard.cli.yours import asks, steps, yours
from taskboard.core.absence import Absence, Ended
from taskboard.core.event import Event
from taskboard.core.hold import HELD
from taskboard.core.lines import proof_word
from taskboard.core.ready import PRIORITIES
from taskboard.core.state import Kind
from taskboard.core.task import Task
from taskboard.core.units import brief
from taskboard.loop.holder import Holder

MOST = 25
"""Lines, whatever happened."""
_TITLE = 24
"""Columns that titles have, where there is more to say than fits."""

_ASKED = 24
"""Columns that what waits for somebody has at least: its title and what it asks."""


@dataclass(frozen=True, slots=True)
class Away:
    """What there is to tell. ``left`` is the act that a person left with, None when a time was
    asked for or when they have been here all along."""

    seen: Look
    daemon: Holder | None
    since: str
    left: Event | None
    found: Absence
    asked: bool
    cut: bool
    """More lies before it than was looked through for a last act."""


class _Part(NamedTuple):
    """One part of the answer: its rows, and where the rest is to be seen."""

    title: str
    rows: list[str]
    more: str


def of_kind(seen: Look, kind: Kind) -> list[Task]:
    """The tasks that are so now, in the board's order."""
    return [t for t in seen.in_order() if t.kind is kind and not t.hidden]


def failures(told: Away) -> list[Ended]:
    """What has failed and still is so, but for what somebody cancelled."""
    found = told.found.endings(told.found.failed)
    return [end for end in found if end.event.to != "failed:cancelled"]


def away_lines(screen: Screen, told: Away) -> Iterator[str]:
    """At most ``MOST`` lines."""
    head = list(_head(screen, told))
    parts = [part for part in _parts(screen, told) if part.rows]
    yield from head
    room = MOST - len(head)
    for part, count in zip(parts, shares([len(p.rows) for p in parts], room), strict=True):
        yield f"\n{screen.paint(screen.fit(part.title), 'bold')}"
        yield from part.rows[: count if count == len(part.rows) else count - 1]
        if count < len(part.rows):
            yield screen.fit(f"  and {len(part.rows) - count + 1} more: {part.more}")


def shares(lengths: list[int], room: int) -> list[int]:
    """How many lines each part gets of ``room``, of which every part needs two more for its
    heading: one after the other in turn, so that none is crowded out by an earlier one."""
    left = room - 2 * len(lengths)
    counts = [0] * len(lengths)
    while left > 0:
        wanting = [n for n, length in enumerate(lengths) if counts[n] < length]
        if not wanting:
            break
        for n in wanting[:left]:
            counts[n] += 1
            left -= 1
    return counts


def _head(screen: Screen, told: Away) -> Iterator[str]:
    found, seen, when = told.found, told.seen, When(here=screen.tty)
    now = seen.scene.now
    since = datetime.fromisoformat(told.since)
    gone = brief(max((now - since).total_seconds(), 0.0))
    since_when = when.brief(told.since, now)
    if told.left is not None:
        act = words(told.left, when).text
        about = f"{told.left.task} " if told.left.task else ""
        first = f"Away for {gone}, since {since_when} ({about}{act})"
    elif told.asked or told.cut:
        first = f"The last {gone}, since {since_when}"
    else:
        first = f"You have not been away since the ledger began, {gone} ago"
    yield screen.fit(first)
    counts = (
        (len(found.done), "done"),
        (len(failures(told)), "failed"),
        (len(of_kind(seen, Kind.RUNNING)), "running"),
    )
    said = [(f"{n} {kind}", kind) for n, kind in counts if n]
    said += [(f"{found.created} new", "")] if found.created else []
    said += [(f"${found.cost_usd:.2f}", "")] if found.cost_usd else []
    yield screen.listed(said) if said else screen.fit("Nothing was done, nothing failed.")
    if seen.sight.held:
        yield screen.paint(screen.fit(f"Held: {one_line(seen.sight.held)}"), "warning")


def _parts(screen: Screen, told: Away) -> Iterator[_Part]:
    """The most important first."""
    seen = told.seen
    yield _Part("Waits for you", _your_rows(screen, seen), "taskboard status")
    rows = [_row(seen, end, _failure(end)) for end in failures(told)]
    yield _Part(
        "Failed: deadletter/ says how to go on",
        _table(screen, rows, "failed"),
        "taskboard list --status failed",
    )
    yield _Part(
        "Trouble", [screen.fit(f"  {line}") for line in _trouble(screen, told)], "taskboard tail"
    )
    done = sorted(told.found.endings(told.found.done), key=lambda end: _weight(seen, end))
    rows = [_row(seen, end, _proof(end)) for end in done]
    yield _Part(_done_title(done), _table(screen, rows, "done"), "taskboard list --status done")
    rows = [[t.task, one_line(t.title), _since(seen, t)] for t in of_kind(seen, Kind.RUNNING)]
    yield _Part("Goes on", _table(screen, rows, "running"), "taskboard status")


def _table(screen: Screen, rows: list[list[str]], colour: str) -> list[str]:
    shown = rows[:MOST]
    if screen.wide is not None and shown:
        name = max(width_of(row[0]) for row in shown)
        title = min(max(width_of(row[1]) for row in shown), _TITLE)
        room = max(screen.wide - name - title - 8, 20)
        shown = [[row[0], row[1], clipped(row[2], room)] for row in shown]
    lines = screen.table(shown, [colour] * len(shown), indent="  ", flexible=1, paint=2, fits=True)
    return lines + [""] * (len(rows) - len(shown))  # only counted


def _your_rows(screen: Screen, seen: Look) -> list[str]:
    """What waits for this user: what it asks gives way to the command that answers it, until
    that would leave no room for it: then the commands are to be seen in ``taskboard status``."""
    found = yours(seen)
    rows = [[t.task, one_line(t.title), asks(t), steps(seen, t)[0]] for t in found[:MOST]]
    if screen.wide is not None and rows:
        room = screen.wide - 9 - max(width_of(row[0]) + width_of(row[3]) for row in rows)
        if room < _ASKED:
            rows = [row[:3] for row in rows]
            room = max(screen.wide - 7 - max(width_of(row[0]) for row in rows), _ASKED)
        title = min(max(width_of(row[1]) for row in rows), room // 3)
        rows = [
            [row[0], clipped(row[1], title), clipped(row[2], room - title), *row[3:]]
            for row in rows
        ]
    colours = ["blocked"] * len(rows)
    lines = screen.table(rows, colours, indent="  ", flexible=2, paint=2, fits=True)
    return lines + [""] * (len(found) - len(rows))  # only counted


def _row(seen: Look, end: Ended, said: str) -> list[str]:
    task = seen.world.tasks.get(str(end.event.task_id))
    return [str(end.event.task), one_line(task.title) if task is not None else "", said]


def _failure(end: Ended) -> str:
    tried = f" ({end.runs} runs)" if end.runs > 1 else ""
    return f"{cause(end.event)}{tried}"


def _proof(end: Ended) -> str:
    data = end.event.data
    word = proof_word(data.get("tier"), verified=bool(data.get("verified")))
    paths = [str((r.get("detail") or {}).get("path") or "") for r in data.get("receipts") or ()]
    path = next((one_line(p) for p in paths if p), "")
    seconds = data.get("duration_s")
    facts = [
        f"{word} ({data.get('tier')})",
        path,
        brief(seconds) if isinstance(seconds, int | float) and seconds >= 1 else "",
        f"${end.cost_usd:.2f}" if end.cost_usd else "",
    ]
    return "  ".join(fact for fact in facts if fact)


def _done_title(done: list[Ended]) -> str:
    """``Done``, and when they are many, how they are proven."""
    kinds = Counter(
        proof_word(e.event.data.get("tier"), verified=bool(e.event.data.get("verified")))
        for e in done
    )
    told = ", ".join(
        f"{kinds[word]} {word}" for word in ("verified", "ran", "asserted") if kinds[word]
    )
    return f"Done: {told}" if len(done) > 1 else "Done"


def _weight(seen: Look, end: Ended) -> tuple[int, float, int]:
    """What matters more stands first: by priority, by what it cost, the latest first."""
    task = seen.world.tasks.get(str(end.event.task_id))
    word = task.fields.get("priority", "").casefold() if task is not None else ""
    return PRIORITIES.get(word, PRIORITIES[""]), -end.cost_usd, -end.event.seq


def _trouble(screen: Screen, told: Away) -> Iterator[str]:
    """What went wrong with the machine, one line for each kind."""
    found, when, now = told.found, When(here=screen.tty), told.seen.scene.now
    if found.reset:
        names = ", ".join(dict.fromkeys(f"{e.task}@{e.attempt}" for e in found.reset[:5]))
        more = ", ..." if len(found.reset) > 5 else ""
        runs = "1 run was" if len(found.reset) == 1 else f"{len(found.reset)} runs were"
        yield f"{runs} taken back from the dead: {names}{more}"
    if found.crashes:
        times = _times(found.crashes)
        yield f"the daemon ended {times} without a word and was started again"
    if told.daemon is None and found.daemon_starts:
        yield "no daemon works here now: taskboard run"
    for hold in found.holds[-2:]:
        until = when.brief(hold.until, now) if hold.until else "now"
        reason = HELD.get(hold.reason, hold.reason)
        yield f"board held {when.brief(hold.since, now)} to {until}: {reason}"
    if found.refused:
        times = _times(found.refused)
        yield f"evidence was refused {times}: taskboard tail --type evidence_blocked"
    if found.undelivered:
        last = one_line(str(found.undelivered[-1].data.get("reason")))
        times = _times(len(found.undelivered))
        yield f"notify failed {times}, last: {last}"
    if found.repairs:
        yield f"the ledger was repaired {_times(found.repairs)}: taskboard verify"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _since(seen: Look, task: Task) -> str:
    if task.run is None:
        return task.status.text
    age = (seen.scene.now - datetime.fromisoformat(task.run.started)).total_seconds()
    return f"{task.run.agent}, {brief(max(age, 0.0))}"
