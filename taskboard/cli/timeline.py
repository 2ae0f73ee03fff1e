"""The runs of one task as people read them: when what happened, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taskboard.cli.text import Screen, clipped, one_line, padded
from taskboard.cli.when import When
from taskboard.core.deadletter import Story
from taskboard.core.event import Event
from taskboard.core.units import brief

_STEPS = {"validate": "check"}
"""What people call a step."""
_ACTIONS = (("chosen", "start"), ("questions", "ask"), ("skipped", "skip"))
_NAME = 10
_BEFORE = 9
_NOTHING = 0.05
"""Seconds that are not worth telling."""
_ERROR = 3
"""Lines of an error that are shown: its last."""


@dataclass(frozen=True, slots=True)
class Thought:
    """What a decision said of one task. ``action`` is start, ask or skip."""

    seq: int
    at: str
    by: str
    action: str
    reason: str
    executor: str
    model: str
    fallback: str
    outdated: bool
    cost_usd: float | None

    def shape(self) -> dict[str, Any]:
        """As ``show --json`` has it. The cost is of the whole decision."""
        names = ("seq", "at", "by", "action", "reason", "executor", "model", "fallback")
        found = {name: getattr(self, name) or None for name in names}
        return {**found, "outdated": self.outdated, "cost_usd": self.cost_usd}


def thoughts(event: Event, names: frozenset[str]) -> Iterator[Thought]:
    """What a ``decided`` event says of the task that has these names."""
    data = event.data
    for key, action in _ACTIONS:
        for pick in data.get(key) or ():
            if pick.get("task") in names:
                cost = data.get("cost_usd")
                yield Thought(
                    seq=event.seq,
                    at=event.ts,
                    by=str(data.get("by") or ""),
                    action=action,
                    reason=one_line(str(pick.get("reason") or "")),
                    executor=str(pick.get("executor") or ""),
                    model=str(pick.get("model") or ""),
                    fallback=one_line(str(data.get("fallback") or "")),
                    outdated=bool(data.get("outdated")),
                    cost_usd=cost if isinstance(cost, int | float) else None,
                )


def run_lines(
    screen: Screen, story: Story, log: str | None, decided: Sequence[Thought]
) -> Iterator[str]:
    """One run: a heading, what it did and when, its evidence, what it cost, where its log is."""
    when = When(here=screen.tty)
    took = f", {brief(story.seconds)}" if story.seconds is not None else ""
    code = f", exit status {story.exit_code}" if story.exit_code is not None else ""
    cost = f", ${story.cost_usd:.4f}" if story.cost_usd else ""
    head = f"{screen.paint(f'@{story.attempt}', 'bold')} {story.agent}"
    ended = screen.paint(story.outcome, _COLOURS.get(story.outcome, ""))
    yield f"  {head}  {ended}{code}{took}{cost}"
    start = _moment(story.started)
    for thought in decided:
        yield _line(screen, thought.at, start, "decided", thought_line(thought))
    began = f"{when.moment(story.started)} by {story.agent}"
    yield _line(screen, story.started, start, "claimed", began)
    for step in story.steps:
        yield _line(screen, str(step["started"]), start, _name(step), _step(step))
    if story.ended is not None:
        why = f" ({one_line(story.reason)})" if story.reason else ""
        yield _line(screen, story.ended, start, story.outcome, when.moment(story.ended) + why)
    for receipt in story.receipts:
        yield _fit(screen, f"    {receipt_line(receipt)}")
    for line in (story.error or "").strip().split("\n")[-_ERROR:]:
        if line.strip():
            yield screen.paint(_fit(screen, f"    {one_line(line)}"), "failed")
    if log is not None:
        yield screen.paint(f"    log {log}", "dim")


_COLOURS = {
    "completed": "done",
    "failed": "failed",
    "reclaimed": "failed",
    "cancelled": "failed",
    "blocked": "blocked",
    "running": "running",
}


def thought_line(thought: Thought) -> str:
    """``by claude: start with codex, "it is the oldest"``."""
    how = f" with {thought.executor}" if thought.executor else ""
    model = f" ({thought.model})" if thought.model else ""
    instead = f", instead of a model: {thought.fallback}" if thought.fallback else ""
    late = ", too late" if thought.outdated else ""
    reason = f': "{thought.reason}"' if thought.reason else ""
    cost = f"  ${thought.cost_usd:.4f}" if thought.cost_usd else ""
    return f"by {thought.by}: {thought.action}{how}{model}{instead}{late}{reason}{cost}"


def receipt_line(receipt: dict[str, Any]) -> str:
    """``evidence: artifact holds, prices.txt (1.2 kB, 3f2a81b09c4d)``."""
    detail = receipt.get("detail") or {}
    what = detail.get("path") or detail.get("command") or detail.get("url") or detail.get("commit")
    problem = detail.get("problem")
    facts = [str(problem)] if problem else []
    if not problem and isinstance(detail.get("bytes"), int):
        facts.append(f"{detail['bytes']} bytes")
    if not problem and receipt.get("sha256"):
        facts.append(str(receipt["sha256"])[:12])
    state = "holds" if receipt.get("ok") else "does not hold"
    said = f"evidence: {receipt.get('tier')} {state}" + (f", {what}" if what else "")
    return one_line(said + (f" ({', '.join(facts)})" if facts else ""))


def _line(screen: Screen, ts: str, start: datetime | None, name: str, said: str) -> str:
    """One moment, by how long after the claim it was."""
    now = _moment(ts)
    offset = ""
    if now is not None and start is not None:
        seconds = (now - start).total_seconds()
        if abs(seconds) >= _NOTHING:
            offset = f"+{_short(seconds)}" if seconds > 0 else f"-{_short(-seconds)}"
    return _fit(screen, f"    {offset:<{_BEFORE}}{padded(name, _NAME)} {one_line(said)}".rstrip())


def _name(step: dict[str, Any]) -> str:
    name = str(step["step"])
    return one_line(_STEPS.get(name, name))


def _step(step: dict[str, Any]) -> str:
    """How long it took, and how it ended."""
    begin, end = _moment(str(step["started"])), _moment(str(step["ended"] or ""))
    state = str(step["state"])
    if begin is None or end is None:
        return state
    took = _short((end - begin).total_seconds())
    return took if state == "completed" else f"{took}, {state}"


def _short(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else brief(seconds)


def _moment(ts: str) -> datetime | None:
    try:
        return datetime.fromisoformat(ts)
    except ValueError:
        return None


def _fit(screen: Screen, text: str) -> str:
    return text if screen.wide is None else clipped(text, screen.wide - 1)
