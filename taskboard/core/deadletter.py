"""A dead letter: one Markdown file that tells a person why a task failed and how to go on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taskboard.core.event import Event
from taskboard.core.lines import one_line
from taskboard.core.state import Kind
from taskboard.core.task import Task
from taskboard.core.units import brief

_ENDS = frozenset({"failed", "reclaimed", "completed", "released", "relayed", "cancelled"})


class Story(msgspec.Struct):
    """One run as its events tell it. ``tail`` is the end of its log."""

    run: str
    attempt: int
    agent: str
    started: str
    executor: str = ""
    round: int = 1
    ended: str | None = None
    outcome: str = "running"
    reason: str | None = None
    error: str | None = None
    exit_code: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    device: str = ""
    log: str | None = None
    receipts: list[dict[str, object]] = msgspec.field(default_factory=list)
    steps: list[dict[str, object]] = msgspec.field(default_factory=list)
    tail: str = ""


def stories(events: Sequence[Event]) -> list[Story]:
    """The runs of one task, oldest first, from its events in order."""
    found: dict[str, Story] = {}
    round_number = 1
    for event in events:
        if event.type == "requeued":
            round_number += 1
        if event.run is None:
            continue
        if event.type == "claimed":
            found[event.run] = Story(
                run=event.run,
                attempt=event.attempt or 0,
                agent=event.agent or "",
                started=event.ts,
                executor=str(event.data.get("executor", "")),
                round=round_number,
                device=event.device,
            )
        story = found.get(event.run)
        if story is not None:
            _tell(story, event)
    return list(found.values())


def _tell(story: Story, event: Event) -> None:
    data = event.data
    paid = data.get("cost_usd")
    if isinstance(paid, int | float):  # each step has a bill of its own
        story.cost_usd = round((story.cost_usd or 0.0) + paid, 8)
    if event.step is not None:
        _tell_step(story, event)
    if event.type in _ENDS or event.type == "blocked":
        story.ended, story.outcome = event.ts, event.type
        story.reason = data.get("reason") or data.get("cause")
        story.error = data.get("error")
        story.exit_code = data.get("exit_code")
        story.seconds = data.get("duration_s")
        story.receipts = list(data.get("receipts") or ())


def _tell_step(story: Story, event: Event) -> None:
    known = next((s for s in story.steps if s["step"] == event.step), None)
    if known is None:
        known = {"step": event.step, "state": "running", "started": event.ts, "ended": None}
        story.steps.append(known)
    if event.type in ("step_completed", "step_failed"):
        known["state"] = event.type.removeprefix("step_")
        known["ended"] = event.ts


def dead_letter(task: Task, runs: Sequence[Story], text: str) -> str:
    """The letter of ``task``: what to do, what it was, and every run. ``text`` is the section a
    person wrote."""
    parts = [_head(task, runs), _task(text), *(_run(r) for r in reversed(runs))]
    return "\n".join(parts)


def shows(letter: bytes, seq: int) -> bool:
    """Whether a letter on disk already shows the task as of event ``seq``."""
    return f"<!-- ledger: seq {seq} -->".encode() in letter


def _head(task: Task, runs: Sequence[Story]) -> str:
    last = runs[-1] if runs else None
    reason = one_line((last.error or last.reason or "").strip()) if last else ""
    lines = [
        f"# {task.task} {one_line(task.title)}",
        "",
        f"<!-- ledger: seq {task.since} -->",
        "",
    ]
    if task.kind is Kind.FAILED:
        lines += [
            f"**{task.status.text}** after {task.spent} spent attempt(s)."
            + (f" Last error: {reason}" if reason else ""),
            "",
            "To try it again, mend the cause and then either:",
            "",
            f"- type `ready` as the status of {task.task} in `task-board.md`, or",
            f"- run `taskboard ready {task.task}`.",
            "",
        ]
    else:
        lines += [f"Requeued (round {task.round}): it is `{task.status.text}` now.", ""]
    cost = sum(r.cost_usd or 0.0 for r in runs)
    if cost:
        lines += [f"Cost so far: ${cost:.4f}.", ""]
    return "\n".join(lines)


def _task(text: str) -> str:
    return "\n".join(["## The task", "", _fenced(text), ""])


def _run(story: Story) -> str:
    took = f", {brief(story.seconds)}" if story.seconds is not None else ""
    lines = [
        f"## Attempt {story.attempt} (round {story.round}): {story.outcome}",
        "",
        f"- agent: {story.agent}",
        f"- started: {story.started}{took}",
        f"- run: `.taskboard/runs/{story.run}`",
    ]
    if story.reason:
        lines.append(f"- reason: {one_line(story.reason)}")
    if story.exit_code is not None:
        lines.append(f"- exit code: {story.exit_code}")
    if story.cost_usd is not None:
        lines.append(f"- cost: ${story.cost_usd:.4f}")
    for receipt in story.receipts:
        state = "ok" if receipt.get("ok") else "refused"
        lines.append(f"- receipt: {receipt.get('tier')} {state}")
    if story.error:
        lines += ["", "Error:", "", _fenced(story.error)]
    if story.tail:
        lines += ["", "End of its log:", "", _fenced(story.tail)]
    return "\n".join([*lines, ""])


def _fenced(text: str) -> str:
    """The text in a fence longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    body = text if text.endswith("\n") else text + "\n"
    return f"{fence}text\n{body}{fence}"
