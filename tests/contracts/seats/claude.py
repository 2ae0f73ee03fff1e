"""The decider claude before an offline model that proposes what a sensible one would."""

from __future__ import annotations

import json
from contextlib import contextmanager

from taskboard.clock import SystemClock
from taskboard.core.prices import PRICES
from taskboard.decider import Desk
from taskboard.deciders.claude import make
from taskboard.testing.decider import Seat
from taskboard.testing.offline import OfflineModel, text


def answer(ask):
    """Starts what fits, asks about the last, and invents a task besides."""
    state = json.loads(ask.last_user)
    if "candidates" not in state:
        return text('{"ok": true, "reason": "A title was found."}')
    names = [row["task"] for row in state["candidates"]]
    start = [("execute", name) for name in names[: state["free_slots"]]]
    rest = [("ask", name) for name in names[state["free_slots"] :][-1:]]
    found = [*start, *rest, ("execute", "TASK-666")]
    words = {"executor": "", "model": "", "reason": "It is next\u200b."}
    return text(json.dumps({"picks": [{"task": n, "action": a} | words for a, n in found]}))


@contextmanager
def seat(folder):
    with OfflineModel(answer) as model:
        desk = Desk(clock=SystemClock(), environ=model.environ, root=folder, prices=PRICES)
        yield Seat(make=lambda: make(desk))
