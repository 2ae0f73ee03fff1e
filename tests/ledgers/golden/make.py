"""Make a golden ledger: ``python tests/ledgers/golden/make.py NAME`` (``v1-0.1.0``, say).

Writes ``NAME.jsonl``, a small ledger with every type of event that this version writes, and
``NAME.json``, what it folds to. Done once for a release, and never again for the same name.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from taskboard.core.event import Draft, EventType
from taskboard.core.event import EventType as E
from taskboard.core.segment import seal_draft
from taskboard.core.task import World
from taskboard.ledgers.memory import MemoryLedger
from taskboard.testing.clock import ManualClock
from taskboard.testing.facts import about, created

FOLDER = Path(__file__).parent
TEXT = "5f" * 32
FIELDS = {"status": "ready", "run": "make report", "verify": "test -s out.md", "owner": "siyao"}
RECEIPT = {"tier": "artifact", "run": "r-1", "ok": True, "verified": True, "detail": {"path": "o"}}
USED = {"cost_usd": 0.25, "usage": {"input": 900, "output": 80}}


def claim(number: int, attempt: int, run: str, **data: Any) -> Draft:
    lease = {"ttl_s": 60.0, "expires": None}
    more = {"executor": "shell", "lease": lease, "baseline": {"out.md": None}, **data}
    running = "running:shell-a4b:2026-11-20T12:00Z"
    one = about(E.CLAIMED, number, running, agent="shell-a4b", run=run, attempt=attempt, data=more)
    return msgspec.structs.replace(one, actor="daemon")


def commits() -> Iterator[list[Draft]]:
    """A story in which everything happens once."""
    yield [Draft(type=E.DAEMON_STARTED, data={"pid": 7, "slots": 2, "version": "0.1.0"})]
    yield [
        Draft(type=E.FILE_CHANGED_TRIGGERED, actor="board", data={"digest": "aa", "bytes": 9}),
        created(1, text=TEXT, fields=FIELDS, origin="board", work="77" * 32),
        created(2, fields={"agent": "claude"}, parent="id-1"),
        created(3),
        created(4),
        created(5, origin="git", approved=False),
    ]
    yield [about(E.EDITED, 3, data={"title": "Another title", "fields": {"priority": "high"}})]
    yield [about(E.BLOCKED, 3, "blocked:siyao:brief"), about(E.UNBLOCKED, 3, "ready")]
    yield [about(E.WITHDRAWN, 4, "withdrawn")]
    yield [about(E.RESTORED, 4, "ready"), about(E.CANCELLED, 4, "failed:cancelled")]
    yield [Draft(type=E.PAUSED, actor="siyao"), Draft(type=E.RESUMED, actor="siyao")]
    yield [about(E.DECIDED, 2, data={"by": "claude", "chosen": [], **USED})]
    yield [claim(1, 1, "r-1")]
    step = {"run": "r-1", "step": "generate"}
    yield [
        about(E.STEP_STARTED, 1, **step),
        about(E.ARTIFACT_RECORDED, 1, data={"path": "out.md"}, **step),
        about(E.STEP_FAILED, 1, data={"error": "exit 2"}, **step),
    ]
    failed = {"reason": "exit", "error": "exit 2", "exit_code": 2, "duration_s": 1.5}
    yield [about(E.FAILED, 1, "blocked:retry:2026-11-20T12:01Z", run="r-1", data=failed)]
    yield [about(E.COST_RECORDED, 1, run="r-1", data=USED)]
    yield [about(E.RETRIED, 1, "ready"), claim(1, 2, "r-2")]
    yield [about(E.RECLAIMED, 1, "ready", run="r-2", data={"cause": "dead"}), claim(1, 3, "r-3")]
    yield [about(E.RELEASED, 1, "ready", run="r-3"), claim(1, 4, "r-4")]
    step = {"run": "r-4", "step": "generate"}
    yield [about(E.STEP_STARTED, 1, **step), about(E.STEP_COMPLETED, 1, **step)]
    yield [about(E.VALIDATED, 1, run="r-4", step="validate", data={"receipts": [RECEIPT]})]
    proof = {"receipts": [RECEIPT], "tier": "artifact", "verified": True, "result": "made"}
    yield [about(E.COMPLETED, 1, "done", run="r-4", agent="shell-a4b", data=proof)]
    yield [about(E.TERMINAL_BLOCKED, 1, data={"verb": "ready", "reason": "done"})]
    yield [claim(2, 1, "q-1", executor="claude")]
    asked = {"question": "Which colour?", "note": "Which colour?"}
    yield [about(E.QUESTION_ASKED, 2, run="q-1", data=asked)]
    yield [about(E.BLOCKED, 2, "blocked:siyao:answer", run="q-1", data=asked)]
    yield [about(E.QUESTION_ANSWERED, 2, data={"answer": "9c" * 32}, actor="siyao")]
    yield [about(E.UNBLOCKED, 2, "ready"), claim(2, 2, "q-2", executor="claude")]
    relay = {"from": "claude", "executor": "codex", "reason": "quota"}
    yield [about(E.RELAYED, 2, "ready", run="q-2", data=relay), claim(2, 3, "q-3")]
    yield [about(E.EVIDENCE_BLOCKED, 2, data={"verb": "complete", "reason": "no_evidence"})]
    yield [about(E.DEPENDENCY_BLOCKED, 2, data={"verb": "complete", "open": 1})]
    yield [about(E.TRANSITION_BLOCKED, 2, data={"verb": "claim", "reason": "stale_run"})]
    yield [
        about(E.FAILED, 2, "failed:exhausted_retries", run="q-3", data={"reason": "verdict"}),
        about(E.DEADLETTERED, 2, data={"file": "deadletter/TASK-002.md"}),
    ]
    yield [about(E.REQUEUED, 2, "ready", actor="siyao")]
    yield [about(E.ANOMALY_FLAGGED, 3, data={"doubted": True}), about(E.ESCALATED, 3)]
    yield [about(E.DELIVERED, 1, data={"to": "x"}), about(E.DELIVERY_FAILED, 1, data={"to": "y"})]
    yield [Draft(type=E.GIT_MOVED, data={"git": "4d" * 20})]
    yield [Draft(type=E.LEDGER_REPAIRED, actor="ledger", data={"reason": "torn_tail", "bytes": 3})]
    yield [Draft(type=kind) for kind in sorted(EventType) if kind in EXTRA]
    gone = {"digest": "bb", "gone": ["TASK-003"], "uptime": ["boot-1", 12.5], "git": "4d" * 20}
    yield [Draft(type=E.FILE_CHANGED_TRIGGERED, actor="board", data=gone)]
    yield [Draft(type=E.DAEMON_STOPPED)]


EXTRA = frozenset({E.BOARD_WRITTEN, E.SPACE_FREED})
"""Types that say nothing about a task, and that the fold only counts."""


def told(world: World) -> dict[str, Any]:
    """What a world says, in plain words."""
    facts: dict[str, Any] = {}
    for name, value in vars(world).items():
        if name == "tasks":
            facts[name] = {key: msgspec.structs.asdict(task) for key, task in value.items()}
        elif isinstance(value, dict):
            facts[name] = dict(value)
        else:
            listed = name in ("vouched", "tangled")
            facts[name] = sorted(value) if listed else value
    return json.loads(json.dumps(facts, default=msgspec.to_builtins))


async def make() -> MemoryLedger:
    """The story, told; a sealed file is begun in the middle, as a line like any other."""
    clock = ManualClock()
    ledger = MemoryLedger(clock, device="mac1", board="task-board.md")
    for number, drafts in enumerate(commits()):
        await ledger.append(drafts)
        clock.advance(61.5)
        if number == 9:
            await ledger.append([seal_draft((await ledger.look()).ledger_id, 1, 1)])
    return ledger


def main(name: str) -> None:
    ledger = asyncio.run(make())
    world = asyncio.run(ledger.look())
    place = FOLDER / f"{name}.jsonl"
    if place.exists():
        sys.exit(f"{place} is there already: a golden ledger is never changed.")
    place.write_bytes(b"".join(ledger.lines))
    facts = json.dumps(told(world), indent=1, sort_keys=True)
    place.with_suffix(".json").write_text(facts + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
