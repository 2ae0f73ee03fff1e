"""A ledger in memory whose facts are written one after the other, at times a test chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskboard.core.commit import apply, commit
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.task import World
from taskboard.core.units import stamp

START = datetime(2026, 11, 16, 8, tzinfo=UTC)


class Book:
    """Legal facts only: each goes through the fold. ``now`` is seconds since ``START``."""

    START = START

    def __init__(self):
        self.world, self.events, self.now = World(), [], 0.0
        self.write(Draft(type=E.LEDGER_OPENED, actor="ledger", data={"ledger_id": "l"}))

    def write(self, *drafts, device="desk"):
        """One commit."""
        ts = stamp(START + timedelta(seconds=self.now))
        ids = [f"e-{self.world.seq + n}" for n in range(len(drafts))]
        sealed = commit(self.world, drafts, ts=ts, device=device, ids=ids)
        apply(self.world, sealed)
        self.events += [one.event for one in sealed]
        return self.events[-1]

    def at(self, seconds):
        """Time has passed up to here."""
        self.now = float(seconds)
        return self

    def moment(self, seconds):
        return START + timedelta(seconds=seconds)

    def say(self, event, task, to=None, *, actor="daemon", more=(), **data):
        """One fact about a task, with its present run if it has one to carry."""
        found = self.world.named(task)
        run = found.run.run if found is not None and found.run is not None else None
        agent = found.run.agent if run and actor == "daemon" else None
        draft = Draft(
            type=event,
            task_id=f"id-{task}",
            task=task,
            to=to,
            run=run,
            agent=agent,
            actor=actor,
            data=data,
        )
        return self.write(draft, *more)

    def create(self, task, to="ready", *, actor="ann", **fields):
        return self.say(E.CREATED, task, to, actor=actor, title=f"Work {task}", fields=fields)

    def claim(self, task, agent="shell-a4b"):
        attempt = self.world.named(task).attempt + 1
        draft = Draft(
            type=E.CLAIMED,
            task_id=f"id-{task}",
            task=task,
            to=f"running:{agent}:2026-11-16T08:00Z",
            agent=agent,
            run=f"run-{task}-{attempt}",
            attempt=attempt,
            data={"executor": "shell"},
        )
        return self.write(draft)

    def done(self, task, **data):
        facts = {"tier": "check", "verified": True, "evidence_type": "check", **data}
        return self.say(E.COMPLETED, task, "done", **facts)

    def fail(self, task, to="failed:final", **data):
        return self.say(E.FAILED, task, to, **{"reason": "exit", "error": "no", **data})

    def tell(self, event, *, actor="daemon", **data):
        """A fact about no task."""
        return self.write(Draft(type=event, actor=actor, data=data))


@pytest.fixture(scope="session")
def book():
    """Makes an empty one."""
    return Book
